// Command gen writes rules.json, the rules by which package secrets finds secrets, out of those of gitleaks, and samples.json.gz, texts with
// what gitleaks finds in them. It is a module of its own, so that what gitleaks needs is no dependency of ftrun.
//
// A newer set of rules is one command, in this folder: go get github.com/zricethezav/gitleaks/v8@latest && go mod tidy && go run .
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
)

const gitleaks = "github.com/zricethezav/gitleaks/v8"

// What samples.json.gz is made from.
const (
	committedSeed = 1
	committedEach = 3
)

func main() {
	detector := must(detect.NewDetectorDefaultConfig())
	for name, content := range map[string][]byte{
		"rules.json": rulesFile(detector.Config, source()),
		filepath.Join("testdata", "samples.json.gz"): pack(samples(detector, committedSeed, committedEach)),
	} {
		if err := os.WriteFile(filepath.Join("..", name), content, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
}

// rulesFile returns the content of rules.json: a line for each rule.
func rulesFile(c config.Config, source string) []byte {
	f := file{Source: source, Allow: allowsOf(c.Allowlists)}
	for _, id := range slices.Sorted(maps.Keys(c.Rules)) {
		if r := c.Rules[id]; ofText(r) {
			f.Rules = append(f.Rules, ruleOf(r))
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"source\": %s,\n\"allow\": %s,\n\"rules\": [\n", line(f.Source), line(f.Allow))
	for i, r := range f.Rules {
		b.WriteString(line(r))
		if i < len(f.Rules)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString("]}\n")
	return b.Bytes()
}

func line(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// source returns gitleaks with the version that go.mod asks for.
func source() string {
	info, _ := debug.ReadBuildInfo()
	for _, d := range info.Deps {
		if d.Path == gitleaks {
			return d.Path + " " + d.Version
		}
	}
	panic("gitleaks is not among the modules of this program")
}

// ofText says whether a rule applies to a text that is in no file. Rules of paths do not, nor what would need other rules.
func ofText(r config.Rule) bool {
	if len(r.RequiredRules) > 0 || r.SkipReport {
		panic(r.RuleID + ": a rule that needs others, which package secrets does not know")
	}
	return r.Regex != nil && r.Path == nil
}

func ruleOf(r config.Rule) rule {
	out := rule{
		ID: r.RuleID, Title: titleOf(r.RuleID), Regexp: r.Regex.String(), Group: r.SecretGroup, Entropy: r.Entropy, Allow: allowsOf(r.Allowlists),
	}
	f, ok, err := anchorsOf(out.Regexp)
	if err != nil {
		panic(fmt.Sprint(r.RuleID, ": ", err))
	}
	keywords := slices.Sorted(slices.Values(r.Keywords))
	switch {
	case ok && (f.rare() || len(keywords) == 0):
		out.Anchors, out.Before, out.After = f.anchors, bounded(f.before), bounded(f.after)
		if len(keywords) > 0 && !implied(keywords, f.anchors) {
			out.Keywords = keywords
		}
	case len(keywords) > 0: // any keyword, anywhere in the text
		out.Anchors, out.Before, out.After = []anchor{{Words: keywords}}, -1, -1
	default:
		panic(r.RuleID + ": nothing is in every match, and there is no keyword")
	}
	return out
}

// farthest is how far a match is followed from its anchor, in bytes, where its expression sets no limit: longer than private keys are.
const farthest = 16 << 10

func bounded(n int) int {
	if n < 0 {
		return farthest
	}
	return n
}

// implied says whether every anchor has a keyword in it.
func implied(keywords []string, anchors []anchor) bool {
	for _, a := range anchors {
		for _, w := range a.Words {
			if !slices.ContainsFunc(keywords, func(k string) bool { return strings.Contains(strings.ToLower(w), k) }) {
				return false
			}
		}
	}
	return true
}

// allowsOf leaves out what is about paths and commits, and what asks for one of these besides.
func allowsOf(lists []*config.Allowlist) []allow {
	var out []allow
	for _, l := range lists {
		if l.MatchCondition == config.AllowlistMatchAnd {
			if len(l.Paths) == 0 && len(l.Commits) == 0 && len(l.Regexes) > 0 && len(l.StopWords) > 0 {
				panic("an allowlist that asks for an expression and a word, which package secrets does not know")
			}
			if len(l.Paths) > 0 || len(l.Commits) > 0 {
				continue
			}
		}
		if len(l.Regexes) == 0 && len(l.StopWords) == 0 {
			continue
		}
		a := allow{Target: l.RegexTarget, Regexp: joined(l.Regexes), Words: slices.Sorted(slices.Values(l.StopWords))}
		out = append(out, a)
	}
	return out
}

// joined makes one expression of several, as gitleaks does: a flag at the start of one goes for those after it as well.
func joined(list []*regexp.Regexp) string {
	var all []string
	for _, re := range list {
		all = append(all, re.String())
	}
	if len(all) == 0 {
		return ""
	}
	return "(?:" + strings.Join(all, "|") + ")"
}
