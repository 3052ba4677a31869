package secrets

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// These look like keys and are none: of the right form, made up here, in pieces, so that nobody who looks for keys in this repository finds them.
var (
	awsKey    = "AKIA" + "Q5RT7MWZ2LKX4NP6"
	githubKey = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
)

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string // rule and secret
	}{
		"none":                {"The key to the city, a token of thanks, was passed on. She said: a password, they access it.", nil},
		"empty":               {"", nil},
		"short":               {"key", nil},
		"alone":               {awsKey, []string{"aws-access-token " + awsKey}},
		"after other letters": {"schlüssel: " + awsKey + ".", []string{"aws-access-token " + awsKey}},
		"two, in order":       {githubKey + " and " + awsKey, []string{"github-pat " + githubKey, "aws-access-token " + awsKey}},
		"one twice":           {awsKey + " " + awsKey, []string{"aws-access-token " + awsKey, "aws-access-token " + awsKey}},
		"in a word":           {"X" + awsKey, nil},
		"an example":          {"AKIAIOSFODNN7EXAMPLE", nil},
		"allowed":             {awsKey + " # gitleaks:allow", nil},
		"allowed elsewhere":   {"gitleaks:allow\n" + awsKey, []string{"aws-access-token " + awsKey}},
		"little entropy":      {"ghp_" + strings.Repeat("a", 36), nil},
		"the secret alone":    {"password = \"q8Zr4Tn1Wx7Lp0\"", []string{"generic-api-key q8Zr4Tn1Wx7Lp0"}},
		"a word":              {"password = \"hunter-of-words\"", nil},
		"better than generic": {"token=" + githubKey, []string{"github-pat " + githubKey}},
		"needs its keyword":   {strings.Repeat("4f1c9be07a", 4), nil},
		"has its keyword":     {"sourcegraph " + strings.Repeat("4f1c9be07a", 4), []string{"sourcegraph-access-token " + strings.Repeat("4f1c9be07a", 4)}},
	} {
		var got []string
		for _, f := range Find(c.text) {
			got = append(got, f.Rule+" "+c.text[f.Offset:f.Offset+f.Len])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %d of %d, in %v", name, len(got), len(c.want), Find(c.text))
		}
	}
}

// TestFindsEachPlaceOnce has two rules that look alike.
func TestFindsEachPlaceOnce(t *testing.T) {
	secret := strings.Repeat("q8zr4tn1wx7lp0v5", 2)
	if all, once := load().find("bittrex: "+secret), Find("bittrex: "+secret); len(all) != 2 || len(once) != 1 || once[0].Rule != "bittrex-access-key" {
		t.Errorf("%d found, %v left", len(all), once)
	}
}

func TestFindAtOnce(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, s := range readSamples(t, "testdata/samples.json.gz")[:100] {
				if len(s.Found) > 0 && len(Find(s.Text)) == 0 {
					t.Error("nothing found")
				}
			}
		})
	}
	all.Wait()
}

// TestFindingsKeepTheSecret: what a finding says can be printed.
func TestFindingsKeepTheSecret(t *testing.T) {
	for _, s := range readSamples(t, "testdata/samples.json.gz") {
		for _, f := range Find(s.Text) {
			secret := s.Text[f.Offset : f.Offset+f.Len]
			if said := fmt.Sprintf("%+v", f); strings.Contains(said, secret) {
				t.Errorf("a finding of %s shows its secret", f.Rule)
			}
			if f.Title == "" || len(f.Title) > 60 || !strings.HasPrefix(f.Title, "a") && !strings.HasPrefix(f.Title, "the ") && !strings.HasPrefix(f.Title, "something ") {
				t.Errorf("%s has the title %q", f.Rule, f.Title)
			}
		}
	}
}

func TestRedact(t *testing.T) {
	for secret, want := range map[string]string{
		"":              "****",
		"abc":           "****",
		"abcd":          "a****",
		"hunter22":      "hu****",
		awsKey:          "AKIA****",
		"ääääää":        "ä****",
		"\xff\xfe\xfd1": "*****",
	} {
		if got := Redact(secret); got != want {
			t.Errorf("Redact(%q) = %q, want %q", secret, got, want)
		}
	}
}

// FuzzSieves holds the sieves to their promise: what they let through is all that the expressions would find in the whole text by themselves. A
// text in which Unicode has another "k" or "s" is not looked at.
func FuzzSieves(f *testing.F) {
	for i, s := range readSamples(f, "testdata/samples.json.gz") {
		if i%7 == 0 && len(s.Text) < 600 {
			f.Add(s.Text)
		}
	}
	e := load()
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\u017F\u212A") || len(text) > 512 {
			t.Skip("letters that fold into ASCII, or a text too long for the slow side")
		}
		var slow []finding
		for _, r := range e.rules.Rules {
			if r.Before < 0 && !slices.ContainsFunc(r.Anchors[0].Words, func(k string) bool { return strings.Contains(strings.ToLower(text), k) }) {
				continue
			}
			slow = append(slow, e.apply(r, text, []window{{to: len(text)}})...)
		}
		if fast, slow := e.find(text), dropGeneric(slow); !slices.Equal(fast, slow) {
			t.Errorf("%d found, and %d in the whole text", len(fast), len(slow))
		}
	})
}
