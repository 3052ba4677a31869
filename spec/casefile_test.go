package spec_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ftrun/spec"
	"ftrun/spec/diag"
)

// loadCases loads a pipeline whose test mapping begins with the given lines, among the given files.
func loadCases(t testing.TB, test string, files map[string]string) (*spec.Pipeline, error) {
	t.Helper()
	all := map[string]string{
		".git/HEAD": "",
		"d.jsonl":   "",
		"p.yaml":    "version: 1\nbase_model: m\ndataset: d.jsonl\ntest:\n" + test,
	}
	for name, text := range files {
		all[name] = text
	}
	t.Chdir(tree(t, all))
	return spec.Load("p.yaml", spec.LoadOptions{})
}

func TestCaseFilesMeanTheSame(t *testing.T) {
	const (
		yaml = "# our suite\n- id: one\n  question: One?\n  answer: 010\n  tags: [a, b.c]\n  vars: {x: 1, y_2: \"true\"}\n  must_pass: true\n  system_prompt: off\n  repeat: 2\n" +
			"- {question: \"Zwö?\", answer: \"two\\nlines\"}\n"
		jsonl = "\n" + `{"id": "one", "question": "One?", "answer": "010", "tags": ["a", "b.c"], "vars": {"x": 1, "y_2": "true"}, "must_pass": true, "system_prompt": "off", "repeat": 2}` + "\n\n" +
			`{"question": "Zw\u00f6?", "answer": "two\nlines"}` + "\r\n"
		csv = "\ufeffid,question,answer,tags,vars.x,vars.y_2,must_pass,system_prompt,repeat\none,One?,010,a | b.c,1,true,TRUE,off,2\n" +
			",Zwö?,\"two\nlines\",,,,,,\n"
	)
	json := "[" + strings.ReplaceAll(strings.TrimSpace(jsonl), "\n\n", ",\n") + "]"
	for name, text := range map[string]string{"c.yaml": yaml, "c.YML": yaml, "c.jsonl": jsonl, "c.json": json, "sub/c.csv": csv,
		"c.tsv": strings.ReplaceAll(csv, ",", "\t"), "c.Json.GZ": gzipped(t, json), "c.jsonl.gz": gzipped(t, jsonl), "c.tsv.gz": gzipped(t, strings.ReplaceAll(csv, ",", "\t"))} {
		p, err := loadCases(t, "  assert: [{contains: a}]\n  cases: {file: "+name+"}\n", map[string]string{name: text})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkComplete(t, p)
		got := p.Test.Cases
		for i := range got {
			if got[i].Pos.File != filepath.FromSlash(name) || got[i].Pos.Line == 0 || len(got[i].Assertions) != 1 {
				t.Errorf("%s: %+v", name, got[i])
			}
			got[i].Pos, got[i].Assertions = diag.Position{}, nil
		}
		want := []spec.Case{
			{
				ID: "one", Question: "One?", Answer: "010", Tags: []string{"a", "b.c"}, Vars: map[string]string{"x": "1", "y_2": "true"},
				MustPass: true, SystemPrompt: new(string), Repeat: spec.Repeat{Times: 2, Need: 2},
			},
			{ID: got[1].ID, Question: "Zwö?", Answer: "two\nlines", Repeat: spec.Repeat{Times: 1, Need: 1}},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
		if got[1].ID != "case-e0606b181a20" {
			t.Errorf("%s: id %s", name, got[1].ID)
		}
	}
}

// gzipped compresses text.
func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCaseFilesAreMixed keeps the order of the pipeline file, and knows which files there were.
func TestCaseFilesAreMixed(t *testing.T) {
	p, err := loadCases(t, "  - {id: a, question: A, answer: a}\n  - {file: [b.jsonl, c.yaml]}\n  - {id: d, question: D, answer: d}\n", map[string]string{
		"b.jsonl": `{"id": "b", "question": "B", "assert": [{"not_contains": "x", "weight": 2}, {"text_similarity": {"pass_threshold": 0.5, "reference": "b"}}]}`,
		"c.yaml":  "- {id: c, messages: [{role: user, content: C}], answer: c}\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range p.Test.Cases {
		ids = append(ids, k.ID)
	}
	if strings.Join(ids, "") != "abcd" || !reflect.DeepEqual(p.Test.CaseFiles, []string{"b.jsonl", "c.yaml"}) {
		t.Errorf("cases %q of %q", ids, p.Test.CaseFiles)
	}
	if a := p.Test.Cases[1].Assertions; len(a) != 2 || a[0].Kind != "not_contains" || a[0].Weight != 2 || a[1].Kind != "text_similarity" {
		t.Errorf("assertions %+v", a)
	}
	if p.Thresholds[0].String() != "pass_rate == 1" || len(p.Thresholds) != 3 {
		t.Errorf("thresholds %v", p.Thresholds)
	}
}

func TestCaseFileProblems(t *testing.T) {
	const cases = "  cases:\n    - {id: here, question: Q, answer: a}\n    - {file: "
	for name, test := range map[string]struct{ file, text, want string }{
		"every problem of a file": {"c.jsonl", `{"question": "a", "anwser": "b"}
{"question": 1, "answer": null}
nonsense
{"question": "a", "assert": [{"contains": "a"}, {"contians": "a"}], "tags": ["x y"], "vars": {"n": {"o": 1}}}
["a"]
{"id": "here", "question": "Z", "answer": "z"}
{"question": "Q", "answer": "a"}
{"id": "three", "question": "a", "question": "b"}
`, `c.jsonl:1:29: row 1.anwser: unknown key, did you mean "answer"?
c.jsonl:2:27: row 2.answer: want text, found nothing
c.jsonl:3:2: row 3: not JSON: invalid character 'o' in literal null (expecting 'u')
c.jsonl:4:50: row 4.assert[1].contians: unknown grader, did you mean "contains"?
c.jsonl:4:78: row 4.tags[0]: want a tag of A-Z, a-z, 0-9, _, . and -, found "x y"
c.jsonl:4:100: row 4.vars.n: want text, found a mapping
c.jsonl:5:1: row 5: want a JSON object, found an array
c.jsonl:6:8: row 6.id: "here" is the id of p.yaml:6:7 already
c.jsonl:8:34: row 8: the key "question" occurs twice`},
		"the same content as in another file": {"c.yaml", "- {question: B, answer: b}\n- {question: B, answer: b}\n- {id: here, question: b, answer: b}\n",
			`c.yaml:2:3: [1]: the same question and answer as [0]
c.yaml:3:8: [2].id: "here" is the id of p.yaml:6:7 already`},
		"no list": {"c.yaml", "cases:\n  - {question: B, answer: b}\n", `c.yaml:1:1: want a list of cases, found a mapping
	take the key away: the file is the list itself`},
		"a word":        {"c.yaml", "cases\n", "c.yaml:1:1: want a list of cases, found \"cases\"\n\tbegin each case with \"- \""},
		"an empty list": {"c.yaml", "[]\n", "c.yaml:1:1: an empty list\n\twrite at least one case, with a question"},
		"an empty file": {"c.yaml", "", "c.yaml: the file is empty\n\twrite a list of cases, each with a question"},
		"two documents": {"c.yaml", "- {question: B, answer: b}\n---\n- {question: B, answer: b}\n", "c.yaml:2:1: a second document begins here\n\tkeep one list of cases a file"},
		"no YAML":       {"c.yaml", "- {question: B\n", "c.yaml:1: not valid YAML: did not find expected ',' or '}'\n\t*"},
		"no rows":       {"c.jsonl", "", "c.jsonl: the file is empty"},
		"an object":     {"c.json", ` {"cases": [{"question": "a", "answer": "b"}]}`, "c.json:1: want a list of cases, found an object\n\tbegin the file with [, or name it .jsonl where every line is a case"},
		"deep":          {"c.jsonl", `{"question": "a", "answer": "b", "tools": [{"type": "function", "function": ` + strings.Repeat(`{"a":`, 70) + "1" + strings.Repeat("}", 70) + "}]}", "c.jsonl:1:77: row 1.tools[0].function: missing key \"name\"\nc.jsonl:1:387: row 1: nested deeper than 64 levels"},
		"columns": {"c.csv", "id,prompt,anwser,assert,colour,messages,,vars.x\n,a,b,c,d,e,f,g\n,a,b,c,d,e,f,g\n", "c.csv:1:4: column.prompt: unknown column, did you mean \"question\"?\nc.csv:1:11: column.anwser: unknown column, did you mean \"answer\"?\n" +
			"c.csv:1:18: column.assert: unknown column\nc.csv:1:25: column.colour: unknown column\nc.csv:1:32: column.messages: unknown column\n" +
			"c.csv:1:41: column.\"\": a column without a name"},
		"cells":           {"c.csv", "question,answer,must_pass,repeat,tags,vars.1\na,b,yes,2x,a b,\n,b,,,,\nc,d,,,,e\n\"d\ne\",,,,,\n", "c.csv:2:5: row 1.must_pass: want true or false, found \"yes\"\nc.csv:2:9: row 1.repeat: want a whole number, found \"2x\"\nc.csv:2:12: row 1.tags[0]: want a tag of A-Z, a-z, 0-9, _, . and -, found \"a b\"\nc.csv:3:1: row 2: missing key \"question\"\nc.csv:4:8: row 3.vars.1: want a name of A-Z, a-z, 0-9 and _ that begins with no digit, found \"1\"\nc.csv:5:1: row 4: a case needs an answer or an assertion\n\twithout either, nothing can be said of what the model replies"},
		"missing":         {"none.jsonl", "", "p.yaml:7:14: test.cases[1].file: there is no file \"none.jsonl\"\n\tpaths are relative to the folder of the pipeline file"},
		"outside":         {"../c.jsonl", "", "p.yaml:7:14: test.cases[1].file: \"../c.jsonl\" leads outside the repository of the pipeline file\n\t*"},
		"git":             {".git/HEAD.csv", "", "p.yaml:7:14: test.cases[1].file: \".git/HEAD.csv\" leads into a .git folder, which may hold credentials\n\t*"},
		"an odd ending":   {"c.txt", "", "p.yaml:7:14: test.cases[1].file: want a file of cases that ends in .yaml, .yml, .jsonl, .json, .csv or .tsv, found \"c.txt\"\n\tall but YAML may be compressed, and then end in .gz or .zst besides"},
		"compressed YAML": {"c.yaml.gz", "", "p.yaml:7:14: test.cases[1].file: want a file of cases that ends in .yaml, .yml, .jsonl, .json, .csv or .tsv, found \"c.yaml.gz\"\n\t*"},
		"not compressed":  {"c.JSONL.gz", "{}", "c.JSONL.gz:1: is not compressed by gzip, though its name ends in .gz\n\ttake .gz off its name if it is text"},
		"named twice":     {"[c.jsonl, ./c.jsonl]", `{"question": "a", "answer": "b"}`, "p.yaml:7:24: test.cases[1].file[1]: \"./c.jsonl\" is named twice"},
		"a folder":        {"d.csv", "/", "p.yaml:7:14: test.cases[1].file: want a file, found the folder \"d.csv\""},
		"a shared prompt": {"c.jsonl", `{"question": "a", "answer": "b", "system_prompt": "x", "messages": []}`, "c.jsonl:1:68: row 1.messages: question and messages exclude each other\n\t*"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			switch {
			case name == "missing" || name == "outside":
			case name == "named twice":
				files["c.jsonl"] = test.text
			case test.text == "/":
				files[test.file+"/x"] = ""
			default:
				files[test.file] = test.text
			}
			_, err := loadCases(t, cases+test.file+"}\n", files)
			list, _ := errors.AsType[diag.List](err)
			var got []string
			for _, d := range list {
				text := d.String()
				if d.Hint != "" && (strings.Contains(test.want, "\n\t")) {
					text += "\n\t" + d.Hint
				}
				got = append(got, text)
			}
			if !matches(test.want, strings.Join(got, "\n")) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), test.want)
			}
		})
	}
}

// matches compares texts; a "*" at the end of what is wanted stands for anything.
func matches(want, got string) bool {
	if head, ok := strings.CutSuffix(want, "*"); ok {
		return strings.HasPrefix(got, head)
	}
	return got == want
}

// TestParseLeavesCaseFiles: without files nothing is said that depends on all cases.
func TestParseLeavesCaseFiles(t *testing.T) {
	src := "version: 1\nbase_model: m\ndataset: d.jsonl\ntest: {min_cases: 9, cases: {file: c.jsonl}}\nthresholds: ['pass_rate{tag:x} >= 1', pass_rate no_significant_drop, f.mean > 0.5]\n"
	p, err := spec.Parse("p.yaml", []byte(src))
	if err != nil || len(p.Test.Cases) != 0 || !reflect.DeepEqual(p.Test.CaseFiles, []string{"c.jsonl"}) || len(p.Thresholds) != 3 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestCaseFileLimits bounds what a stranger's files can cost.
func TestCaseFileLimits(t *testing.T) {
	var b strings.Builder
	for i := range 100_002 {
		fmt.Fprintf(&b, "{\"question\":\"%d\",\"answer\":\"a\"}\n", i)
	}
	_, err := loadCases(t, "  - {file: c.jsonl}\n", map[string]string{"c.jsonl": b.String()})
	wantProblem(t, err, "c.jsonl:100001:1: row 100001: more than 100000 cases", "")

	large := "[\"" + strings.Repeat("x", 33<<20) + "\"]"
	_, err = loadCases(t, "  - {file: [a.json, b.json]}\n", map[string]string{"a.json": large, "b.json": large})
	list, _ := errors.AsType[diag.List](err)
	if last := list[len(list)-1]; last.Message != "the files of cases are larger than 64 MiB together" {
		t.Errorf("%v", list)
	}

	blank := gzipped(t, strings.Repeat("\n", 33<<20)+`{"question": "a", "answer": "b"}`)
	if _, err = loadCases(t, "  - {file: [a.jsonl.gz]}\n", map[string]string{"a.jsonl.gz": blank}); err != nil {
		t.Errorf("one file below the limit: %v", err)
	}
	_, err = loadCases(t, "  - {file: [a.jsonl.gz, b.jsonl.gz]}\n", map[string]string{"a.jsonl.gz": blank, "b.jsonl.gz": blank})
	list, _ = errors.AsType[diag.List](err)
	if len(list) != 1 || list[0].Message != "the files of cases are larger than 64 MiB together" || list[0].Path != "test[0].file[1]" {
		t.Errorf("%v", list)
	}
}

func TestResultsFile(t *testing.T) {
	const test = "  baseline: {results: r.json}\n  cases: [{question: a, answer: b}]\n"
	for text, want := range map[string]string{
		"{\n  \"schema\": \"ftrun.results/v1\",\n  \"name\": 1": "",
		"{\"schema\": \"ftrun.results/v2\"}":                    `p.yaml:5:23: test.baseline.results: "r.json" is no results.json of ftrun`,
		"[\"schema\", \"ftrun.results/v1\"]":                    `p.yaml:5:23: test.baseline.results: "r.json" is no results.json of ftrun`,
		"":                                                      `p.yaml:5:23: test.baseline.results: "r.json" is no results.json of ftrun`,
	} {
		p, err := loadCases(t, test, map[string]string{"r.json": text})
		if want == "" {
			if err != nil || p.ResultsPath() != "r.json" || p.Test.Baseline.Kind != spec.BaselineResults {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		wantProblem(t, err, want, "name the results.json that a run has written into its --out folder")
	}
	_, err := loadCases(t, test, nil)
	wantProblem(t, err, `p.yaml:5:23: test.baseline.results: there is no file "r.json"`, "paths are relative to the folder of the pipeline file")
}

func FuzzCaseFile(f *testing.F) {
	for _, seed := range []struct{ ext, text string }{
		{".yaml", "- {question: a, answer: b}\n"}, {".jsonl", `{"question": "a", "assert": [{"contains": "\ud800"}]}`},
		{".csv", "question,answer,tags,vars.x\na,b,\"c|d\",e\n"}, {".json", `[{"messages": [{"role": "user", "content": "a"}], "answer": "b"}]`},
		{".jsonl", `{"question": "a", "answer": "b", "tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": [1e400]}}}]}`},
	} {
		f.Add(seed.ext, []byte(seed.text))
		f.Add(".tsv", []byte(strings.ReplaceAll(seed.text, ",", "\t")))
		f.Add(".jsonl.gz", []byte(gzipped(f, seed.text)))
	}
	f.Fuzz(func(t *testing.T, extension string, text []byte) {
		switch extension {
		case ".yaml", ".jsonl", ".json", ".csv", ".tsv", ".jsonl.gz":
		default:
			return
		}
		dir := t.TempDir()
		for name, text := range map[string]string{
			"p.yaml": "version: 1\ntrain: off\ntest: {model: m, cases: {file: c" + extension + "}}\nthresholds: [mean_score > 0.5]\n", "c" + extension: string(text),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, err := spec.Load(filepath.Join(dir, "p.yaml"), spec.LoadOptions{})
		if err == nil {
			checkComplete(t, p)
			return
		}
		list, ok := errors.AsType[diag.List](err)
		if !ok || len(list) == 0 {
			t.Fatalf("%T %v", err, err)
		}
		for _, d := range list {
			lines := 4 + lineEnds(extension, text)
			if d.Message == "" || strings.ContainsAny(d.String()+d.Hint, "\r\n") || d.Pos.Line > lines {
				t.Errorf("%q %q", d, d.Hint)
			}
		}
	})
}

// lineEnds counts the line ends of a file, as far as it can be unpacked.
func lineEnds(extension string, text []byte) int {
	if strings.HasSuffix(extension, ".gz") {
		unpacked, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return 0
		}
		text, _ = io.ReadAll(unpacked) // what came before an error counts
	}
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r"))
}

// BenchmarkLoadCases reads 10,000 cases with an assertion for all of them.
func BenchmarkLoadCases(b *testing.B) {
	var jsonl, csv, yaml strings.Builder
	csv.WriteString("id,question,answer,tags,vars.city\n")
	for i := range 10_000 {
		fmt.Fprintf(&jsonl, `{"id": "c%d", "question": "What is %[1]d plus one, and why?", "answer": "It is %d.", "tags": ["math"], "vars": {"city": "Paris"}}`+"\n", i, i+1)
		fmt.Fprintf(&csv, "c%d,\"What is %[1]d plus one, and why?\",It is %d.,math,Paris\n", i, i+1)
		fmt.Fprintf(&yaml, "- {id: c%d, question: 'What is %[1]d plus one, and why?', answer: It is %d., tags: [math], vars: {city: Paris}}\n", i, i+1)
	}
	texts := map[string]string{".jsonl": jsonl.String(), ".csv": csv.String(), ".yaml": yaml.String()}
	for extension, text := range texts {
		b.Run(extension[1:], func(b *testing.B) {
			if _, err := loadCases(b, "  assert: [{contains: a}]\n  cases: {file: c"+extension+"}\n", map[string]string{"c" + extension: text}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if p, err := spec.Load("p.yaml", spec.LoadOptions{}); err != nil || len(p.Test.Cases) != 10_000 {
					b.Fatal(err)
				}
			}
		})
	}
}
