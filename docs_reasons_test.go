package main

import (
	"errors"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// Every reason code that the source can write is in the documents, with its exit code and its verdict, and no other.

const (
	troubleshooting = "docs/troubleshooting.md"
	exitCodesPage   = "docs/exit-codes.md"
)

// A reasonEnd is how a run with some reason code ends.
type reasonEnd struct {
	exit    int
	verdict string
}

// A reasonReader collects reason codes from Go source. Where a code is handed on in a field, it reads what the field can hold.
type reasonReader struct {
	t      *testing.T
	consts map[string]string   // of packages provider and result, by name
	held   map[string][]string // codes that a type holds, or that a call hands on
	ends   map[string]reasonEnd
}

// reasons returns how a run ends with each reason code.
func reasons(t *testing.T) map[string]reasonEnd {
	t.Helper()
	r := &reasonReader{t: t, consts: map[string]string{}, held: map[string][]string{}, ends: map[string]reasonEnd{}}
	var files []*ast.File
	for _, dir := range []string{"runner/provider", "runner/result", "runner/gate", "runner", "reporters", "."} {
		paths, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if !strings.HasSuffix(path, "_test.go") {
				files = append(files, parseGo(t, filepath.ToSlash(path)))
			}
		}
	}
	for _, visit := range []func(ast.Node) bool{r.readConst, r.readHeld, r.readConclusion} {
		for _, f := range files {
			ast.Inspect(f, visit)
		}
	}
	r.askConclusions()
	return r.ends
}

func (r *reasonReader) readConst(n ast.Node) bool {
	if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
		for i, name := range v.Names {
			if literal, ok := v.Values[i].(*ast.BasicLit); ok {
				r.consts[name.Name] = strings.Trim(literal.Value, `"`)
			}
		}
	}
	return true
}

// holders are the types whose field Code becomes a reason code, with the expression that hands it on.
var holders = map[string]string{"stuckError": "stuck.Code", "limitError": "limit.Code", "ConfigError": "e.Code"}

func (r *reasonReader) readHeld(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CompositeLit:
		if by, ok := holders[lastName(n.Type)]; ok {
			r.held[by] = append(r.held[by], r.text(field(n, "Code")))
		}
	case *ast.CallExpr:
		if lastName(n.Fun) == "doubt" {
			r.held["j.Code"] = append(r.held["j.Code"], r.text(n.Args[0]))
		}
	}
	return true
}

// readConclusion reads the literals of result.Conclusion. One without a code is completed elsewhere, and asked for by askConclusions.
func (r *reasonReader) readConclusion(n ast.Node) bool {
	c, ok := n.(*ast.CompositeLit)
	if !ok || lastName(c.Type) != "Conclusion" || field(c, "ReasonCode") == nil || source(field(c, "ReasonCode")) == "e.Code" {
		return true
	}
	exit, err := strconv.Atoi(r.text(field(c, "ExitCode")))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, code := range r.codes(field(c, "ReasonCode")) {
		r.note(code, reasonEnd{exit, r.text(field(c, "Verdict"))})
	}
	return true
}

func (r *reasonReader) note(code string, end reasonEnd) {
	if known, ok := r.ends[code]; ok && known != end {
		r.t.Errorf("reason code %s ends with %v and with %v", code, known, end)
	}
	r.ends[code] = end
}

// codes returns the reason codes that an expression may stand for.
func (r *reasonReader) codes(e ast.Expr) []string {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		var list []string
		for _, end := range map[string][]string{
			"job_":   {string(provider.StatusFailed), string(provider.StatusCancelled)},
			"until_": result.StageNames()[:3],
		}[r.text(sum.X)] {
			list = append(list, r.text(sum.X)+end)
		}
		if len(list) > 0 {
			return list
		}
	}
	if held := r.held[source(e)]; len(held) > 0 {
		return held
	}
	return []string{r.text(e)}
}

// text returns the text of a literal or a constant.
func (r *reasonReader) text(e ast.Expr) string {
	if literal, ok := e.(*ast.BasicLit); ok {
		return strings.Trim(literal.Value, `"`)
	}
	value, ok := r.consts[lastName(e)]
	if !ok {
		r.t.Fatalf("the test can't tell what reason code, exit code or verdict %s stands for", source(e))
	}
	return value
}

// askConclusions asks package runner what it makes of every error whose code is not a literal.
func (r *reasonReader) askConclusions() {
	errs := []error{diag.List{{Message: "x"}}, errors.New("x"), runner.ErrInterrupted}
	for kind := provider.KindUnknown; kind <= provider.KindUnavailable; kind++ {
		errs = append(errs, &provider.Error{Kind: kind})
	}
	for _, code := range r.held["e.Code"] {
		errs = append(errs, &provider.ConfigError{Code: code})
	}
	for _, err := range errs {
		c := runner.ConclusionOf(err)
		r.note(c.ReasonCode, reasonEnd{c.ExitCode, string(c.Verdict)})
	}
}

func field(c *ast.CompositeLit, name string) ast.Expr {
	for _, e := range c.Elts {
		if pair, ok := e.(*ast.KeyValueExpr); ok && lastName(pair.Key) == name {
			return pair.Value
		}
	}
	return nil
}

// lastName returns the name that a plain or qualified expression ends with.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	default:
		return ""
	}
}

// source returns a plain or qualified name as it stands in the source.
func source(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		return lastName(s.X) + "." + s.Sel.Name
	}
	return lastName(e)
}

// TestEveryReasonIsExplained compares the reason codes of the source with the pages, both ways.
func TestEveryReasonIsExplained(t *testing.T) {
	ends := reasons(t)
	if len(ends) < 40 {
		t.Fatalf("only %d reason codes were found", len(ends))
	}
	documented := map[string]bool{}
	for _, s := range troubles(t) {
		for _, code := range s.codes {
			documented[code] = true
			if end, ok := ends[code]; ok && end.exit != s.exit {
				t.Errorf("%s: %s ends with exit code %d, and %d is written", s.at, code, end.exit, s.exit)
			}
		}
	}
	sameSet(t, troubleshooting, slices.Collect(maps.Keys(documented)), slices.Collect(maps.Keys(ends)))
}

// TestExitCodePage compares the rows of exit code, verdict and reason codes with the source, both ways.
func TestExitCodePage(t *testing.T) {
	var documented, real []string
	for _, row := range table(t, exitCodesPage, "exit", "verdict", "reason codes") {
		for _, code := range code(row[2]) {
			documented = append(documented, row[0]+" "+strings.Trim(row[1], "`")+" "+code)
		}
	}
	for code, end := range reasons(t) {
		real = append(real, strconv.Itoa(end.exit)+" "+end.verdict+" "+code)
	}
	sameSet(t, exitCodesPage, documented, real)

	var acted []string
	for _, row := range table(t, exitCodesPage, "exit", "what CI should do") {
		acted = append(acted, row[0])
	}
	sameSet(t, exitCodesPage+", what CI should do", acted, exitCodes(t))
}

// A trouble is a section of the page: messages, and how a run ends with them.
type trouble struct {
	at       string
	messages []string
	exit     int
	codes    []string
	warning  bool // the run goes on
}

var troubleLine = regexp.MustCompile("^(?:Exit (\\d+), reason codes? ((?:`\\w+`(?:, | or )?)+)|(Exit \\d+ of `ftrun \\w+`|A warning|A note))\\.")

// troubles returns the sections of the page whose heading is a message.
func troubles(t *testing.T) []trouble {
	t.Helper()
	var list []trouble
	lines := strings.Split(readDocument(t, troubleshooting), "\n")
	for i, line := range lines {
		if message, ok := strings.CutPrefix(line, "### `"); ok {
			s := trouble{at: troubleshooting + ":" + strconv.Itoa(i+1), messages: []string{strings.TrimSuffix(message, "`")}}
			m := troubleLine.FindStringSubmatch(lines[i+2])
			if m == nil {
				t.Fatalf("%s: the section does not begin with its exit and reason codes", s.at)
			}
			s.exit, _ = strconv.Atoi(m[1])
			s.codes, s.warning = code(m[2]), m[1] == ""
			list = append(list, s)
		} else if message, ok := strings.CutPrefix(line, "- `"); ok && len(list) > 0 {
			message, _, _ = strings.Cut(message, "`")
			list[len(list)-1].messages = append(list[len(list)-1].messages, message)
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s has no sections", troubleshooting)
	}
	return list
}

var verb = regexp.MustCompile(`%[-+#0-9.]*[a-z]`)

// ownTexts returns the texts in the source, with … for what differs.
func ownTexts(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for path := range goSources(t) {
		if strings.HasSuffix(path, "_test.go") || strings.Contains(path, "providertest") {
			continue
		}
		ast.Inspect(parseGo(t, path), func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					b.WriteString(strings.ReplaceAll(verb.ReplaceAllString(text, "…"), "%%", "%") + "\n")
				}
			}
			return true
		})
	}
	return b.String()
}

// TestMessagesAreOurs looks the fixed words of every message on the page up in the source, so that a message that is reworded there
// is reworded here. A message that the tool only passes on is shown by a run.
func TestMessagesAreOurs(t *testing.T) {
	texts := ownTexts(t)
	for _, s := range troubles(t) {
		for _, message := range s.messages {
			if slices.ContainsFunc(provocations, func(p provocation) bool { return p.message == message }) {
				continue
			}
			for part := range strings.SplitSeq(message, "…") {
				part = strings.Trim(part, ` "():`)
				if len(part) > 3 && !strings.Contains(texts, part) {
					t.Errorf("%s: nothing in the source says %q", s.at, part)
				}
			}
		}
	}
	if _, err := os.Stat(filepath.FromSlash(troubleshooting)); err != nil {
		t.Error(err)
	}
}
