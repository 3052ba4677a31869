package secrets

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A sample is a text and what gitleaks finds in it: the rule and the secret, in order.
type sample struct {
	Text  string
	Found [][2]string
}

// readSamples reads what the program in gen wrote.
func readSamples(t testing.TB, path string) []sample {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var list []sample
	for d := json.NewDecoder(z); ; {
		var s sample
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
}

// foundBy returns what all rules find, as a sample has it.
func foundBy(text string) [][2]string {
	var found [][2]string
	for _, f := range load().find(text) {
		found = append(found, [2]string{f.rule.ID, f.secret})
		if text[f.offset:f.offset+len(f.secret)] != f.secret {
			found = append(found, [2]string{f.rule.ID, "is not where it is said to be"})
		}
	}
	slices.SortFunc(found, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return found
}

// TestFindsWhatGitleaksFinds holds every rule to what gitleaks finds in texts that match the rule, or nearly. The tests of the program in gen name
// another file, with fresh texts. Secrets are not printed, here as anywhere.
func TestFindsWhatGitleaksFinds(t *testing.T) {
	path := os.Getenv("FTRUN_SECRETS_SAMPLES")
	if path == "" {
		path = filepath.Join("testdata", "samples.json.gz")
	}
	seen := map[string]bool{}
	samples := readSamples(t, path)
	for i, s := range samples {
		for _, f := range s.Found {
			seen[f[0]] = true
		}
		if found := foundBy(s.Text); !slices.Equal(found, s.Found) {
			t.Errorf("sample %d of %d bytes: gitleaks finds %v, and here are %v", i, len(s.Text), ids(s.Found), ids(found))
		}
	}
	for _, r := range load().rules.Rules {
		if !seen[r.ID] {
			t.Errorf("no sample has what %s finds", r.ID)
		}
	}
	t.Logf("%d samples, %d rules", len(samples), len(seen))
}

// ids returns what may be shown of findings.
func ids(found [][2]string) []string {
	var list []string
	for _, f := range found {
		list = append(list, f[0]+" "+Redact(f[1]))
	}
	return list
}
