package result_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ftrun/runner/result"
)

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const head = `{"schema": "ftrun.results/v1"`
	for in, want := range map[string]string{
		``:                           "the results, at byte 0: the file ends in the middle",
		`[]`:                         `the results, at byte 1: there is no "{"`,
		`{`:                          "the results, at byte 1: the file ends in the middle",
		`{"schema": "x"}`:            `the format is "x", not "ftrun.results/v1"`,
		`{"schema": 1}`:              `the format is 1, not "ftrun.results/v1"`,
		`{}`:                         `the format is "", not "ftrun.results/v1"`,
		head + `} {}`:                "the end, at byte 32: something follows",
		head + `} wat`:               "the end, at byte 31: something follows",
		head + `, "name": tr`:        `field "name", at byte 37: the file ends in the middle`,
		head + `, "exit_code": "a"}`: `"exit_code" can't be a string`,
		head + `, "cases": null}`:    `the cases, at byte 44: there is no "["`,
		head + `, "cases": [`:        "the cases, at byte 41: the file ends in the middle",
		head + `, "cases": [{"id": "a"}, {"id": "b", "gen`: "case 2, at byte 52: the file ends in the middle",
		head + `, "cases": [{"id": "a"}, {"id": 7}]}`:      `case 2, at byte 52: "id" can't be a number`,
		head + `, "cases": [{"id": "a"}, 7]}`:              `case 2, at byte 52: it can't be a number`,
		head + `, "cases": [{"id": "a"} {"id": "b"}]}`:     `case 2, at byte 53: expected comma after array element`,
		head + `, "cases": [], "cases": []}`:               "the cases, at byte 51: they are there twice",
	} {
		if _, err := result.Read(strings.NewReader(in)); err == nil || err.Error() != "read results: "+want {
			t.Errorf("%s:\n got %v\nwant read results: %s", in, err, want)
		}
	}
	run, err := result.Read(strings.NewReader(`{"cases": [{"id": "a", "later": 2}], "schema": "ftrun.results/v1", "SCHEMA": "x", "later": 1}`))
	if err != nil || run.Cases.Len() != 1 || run.Schema != result.Schema {
		t.Errorf("fields of later versions, in another order: %+v, %v", run, err)
	}
}

// earlier is what a version wrote that knew no baseline but the base model.
const earlier = `{
  "schema": "ftrun.results/v1", "verdict": "pass", "exit_code": 0,
  "thresholds": [{"expression": "pass_rate >= 50%", "value": 0.5, "wanted": 0.5, "verdict": "pass", "reason": "", "default": false}],
  "comparison": {"baseline": "gpt-4.1-mini-2025-04-14", "summary": {"cases": 5}, "fixed": 1, "broken": 1},
  "cases": [
    {"id": "a", "status": "passed", "baseline": {"status": "failed"}},
    {"id": "b", "status": "failed", "baseline": {"status": "passed"}},
    {"id": "c", "status": "failed", "baseline": {"status": "failed"}},
    {"id": "d", "status": "scored", "baseline": {"status": "scored"}},
    {"id": "e", "status": "errored", "baseline": {"status": "passed"}},
    {"id": "f", "status": "passed", "baseline": null}
  ]
}`

func TestReadEarlierVersions(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.json")
	if err := os.WriteFile(path, []byte(earlier), 0o644); err != nil {
		t.Fatal(err)
	}
	whole, err := result.Read(strings.NewReader(earlier))
	if err != nil {
		t.Fatal(err)
	}
	file, streamed, err := result.OpenCases(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := &result.Comparison{
		Baseline: "gpt-4.1-mini-2025-04-14", Kind: result.KindBase, Summary: result.Summary{Cases: 5}, Cases: 4, Fixed: 1, Broken: 1, Same: 1,
		FixedCases: []string{"a"}, BrokenCases: []string{"b"},
	}
	for _, run := range []*result.Run{whole, streamed} {
		if diff := cmp.Diff(want, run.Comparison); diff != "" {
			t.Errorf("the comparison (-want +got):\n%s", diff)
		}
		if run.Cases.Len() != 6 || len(run.Thresholds) != 1 || run.Thresholds[0].Unit != "" {
			t.Errorf("%+v", run)
		}
	}
	if diff := cmp.Diff(whole.Cases, result.Cases(result.CaseList(collect(t, file)))); diff != "" {
		t.Errorf("the cases, read at once and one by one (-once +one by one):\n%s", diff)
	}
}

// TestOpenCases also reads twice at once, and what was there before another file took its place.
func TestOpenCases(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "results.json")
	var want result.CaseList
	for i := range 500 {
		want = append(want, numbered(i))
	}
	if err := os.WriteFile(path, []byte(write(t, &result.Run{Name: "before", Cases: want})), 0o644); err != nil {
		t.Fatal(err)
	}
	file, run, err := result.OpenCases(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if run.Name != "before" || file.Len() != 500 || run.Cases != result.Cases(file) {
		t.Errorf("%s with %d cases", run.Name, file.Len())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for outer, err := range file.All() {
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]result.Case(want), collect(t, file), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("read again during %s (-want +got):\n%s", outer.ID, diff)
		}
		break
	}
}

func TestOpenCasesErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.json")
	whole := write(t, &result.Run{Cases: result.CaseList{numbered(0), numbered(1)}})
	if err := os.WriteFile(cut, []byte(whole[:len(whole)-40]), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.json"): "no such file",
		dir:                             "not a regular file",
		cut:                             "case 2, at byte",
	} {
		if _, _, err := result.OpenCases(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v does not say %q", path, err, want)
		}
	}
}

// TestReadBoundsMemory gives the reader a case without an end.
func TestReadBoundsMemory(t *testing.T) {
	t.Parallel()
	endless := io.MultiReader(strings.NewReader(`{"schema": "ftrun.results/v1", "cases": [{"id": "`), repeat('x'))
	for _, err := range result.ReadCases(endless) {
		if want := "read results: case 1, at byte 41: larger than 32 MiB"; err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

// repeat is a reader of the same byte for ever.
type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// FuzzRead checks that the two ways to read a file agree, and that what was read reads the same when it is written again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(earlier))
	f.Add([]byte(`{"schema": "ftrun.results/v1", "cases": [{"id": "a", "repeats": [{"repeats": [{}]}]}, 1]}`))
	f.Add([]byte(`{"cases": [], "schema": "ftrun.results/v1", "comparison": {"kind": ""}, "contamination": {}, "Cases": 1}`))
	f.Add([]byte("{\"schema\": \"ftrun.results/v1\", \"cases\": [{\"id\": \"\xff\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		run, err := result.Read(bytes.NewReader(data))
		var cases result.CaseList
		var caseErr error
		for c, err := range result.ReadCases(bytes.NewReader(data)) {
			if caseErr != nil {
				t.Fatal("cases after an error")
			}
			if caseErr = err; err == nil {
				cases = append(cases, c)
			}
		}
		if err != nil {
			return // what is wrong with the head, the reader of the cases need not see
		}
		if caseErr != nil || !slices.EqualFunc(cases, run.Cases.(result.CaseList), func(a, b result.Case) bool { return cmp.Equal(a, b) }) {
			t.Fatalf("read whole %+v; one by one %+v, %v", run.Cases, cases, caseErr)
		}
		first := write(t, run)
		again, err := result.Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("can't read what was written: %v\n%s", err, first)
		}
		if second := write(t, again); first != second {
			t.Fatalf("written again, it differs:\n%s", cmp.Diff(first, second))
		}
	})
}

// BenchmarkReadCases reads 10,000 cases one by one; the memory it takes is that of one.
func BenchmarkReadCases(b *testing.B) {
	cases := make(result.CaseList, 10_000)
	for i := range cases {
		cases[i] = numbered(i)
		cases[i].Question = strings.Repeat("a word ", 200)
	}
	var buf bytes.Buffer
	if err := result.Write(&buf, &result.Run{Cases: cases}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for c, err := range result.ReadCases(bytes.NewReader(buf.Bytes())) {
			if err != nil {
				b.Fatal(fmt.Errorf("after %s: %w", c.ID, err))
			}
			n++
		}
		if n != len(cases) {
			b.Fatalf("%d cases", n)
		}
	}
}
