package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
)

// lessons returns what a file teaches, a line each.
func lessons(t *testing.T, c dataset.Config) []string {
	t.Helper()
	found := map[int][]string{} // by row
	var mu sync.Mutex
	err := dataset.Scan(t.Context(), c, func() func(dataset.Lesson) {
		return func(l dataset.Lesson) {
			mu.Lock()
			defer mu.Unlock()
			found[l.Row] = append(found[l.Row], fmt.Sprintf("%d at %d:%d: %s -> %s", l.Row, l.Line, l.Col, l.Question, l.Answer))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[row]...)
	}
	return list
}

func TestScan(t *testing.T) {
	for name, test := range map[string]struct {
		file, text string
		want       []string
	}{
		"questions and answers": {"d.jsonl", "\n" + `{"question": "q1", "answer": "a1"}` + "\n" + `{"question": "q2", "answer": 42, "system": "s"}`,
			[]string{"1 at 2:1: q1 -> a1", "2 at 3:1: q2 -> 42"}},
		"csv": {"d.csv", "prompt,completion\nq1,\"a\nb\"\nq2,a2\n", []string{"1 at 2:1: q1 -> a\nb", "2 at 4:1: q2 -> a2"}},
		"rows that are refused": {"d.jsonl", `{"question": "q1", "answer": "a1"}` + "\nno json\n" + `{"question": ""}` + "\n" + `{"question": "q4", "answer": "a4"}`,
			[]string{"1 at 1:1: q1 -> a1", "4 at 4:1: q4 -> a4"}},
		"several turns": {"d.jsonl", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"},
{"role": "user", "content": "q2"}, {"role": "assistant", "content": "a2"}]}`, nil}, // a row of JSONL is one line
		"several turns in one line": {"d.jsonl", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"}, ` +
			`{"role": "user", "content": "q2"}, {"role": "assistant", "content": "a2"}]}`, []string{"1 at 1:1: q1 -> a1", "1 at 1:1: q2 -> a2"}},
		"turns that are not learnt": {"d.jsonl", `{"messages": [{"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1", "weight": 0}, ` +
			`{"role": "user", "content": "q2"}, {"role": "assistant", "content": "a2", "weight": 1}]}`, []string{"1 at 1:1: q2 -> a2"}},
		"a greeting first": {"d.jsonl", `{"messages": [{"role": "assistant", "content": "hello"}, {"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"}]}`,
			[]string{"1 at 1:1: q1 -> a1"}},
		"a tool": {"d.jsonl", `{"messages": [{"role": "user", "content": "q1"}, {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, ` +
			`{"role": "tool", "tool_call_id": "1", "content": "t"}, {"role": "assistant", "content": "a1"}]}`, []string{"1 at 1:1: q1 -> ", "1 at 1:1: q1 -> a1"}},
		"content parts": {"d.jsonl", `{"messages": [{"role": "user", "content": [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": {"url": "https://u"}}, ` +
			`{"type": "text", "text": "1"}]}, {"role": "assistant", "content": "a1"}]}`, []string{"1 at 1:1: q\n1 -> a1"}},
	} {
		if diff := cmp.Diff(test.want, lessons(t, config(t, write(t, test.file, test.text)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestScanSeesWhatIsPrepared compares the lessons of a file with its training examples.
func TestScanSeesWhatIsPrepared(t *testing.T) {
	c := config(t, write(t, "d.jsonl", qaPad+`{"question":"last","answer":"a"}`))
	prepared, _ := prepare(t, c)
	if got := lessons(t, c); len(got) != prepared.Stats.Training || got[10] != "11 at 11:1: last -> a" {
		t.Errorf("%d lessons of %d examples: %v", len(got), prepared.Stats.Training, got)
	}
}

func TestScanEnds(t *testing.T) {
	c := config(t, write(t, "d.jsonl", qaPad))
	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := dataset.Scan(ctx, c, func() func(dataset.Lesson) {
		return func(dataset.Lesson) { cancel(stop) }
	})
	if !errors.Is(err, stop) {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkScan reads GSM8K as the search for test cases does.
func BenchmarkScan(b *testing.B) {
	c := config(b, gsm8k(b))
	b.ReportAllocs()
	for b.Loop() {
		if err := dataset.Scan(b.Context(), c, func() func(dataset.Lesson) { return func(dataset.Lesson) {} }); err != nil {
			b.Fatal(err)
		}
	}
}
