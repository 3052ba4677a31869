package diag_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ftrun/spec/diag"
)

func TestPosition(t *testing.T) {
	for want, p := range map[string]diag.Position{
		"":        {},
		"a.yaml":  {File: "a.yaml", Col: 3},
		"a:2":     {File: "a", Line: 2},
		"a:2:3":   {File: "a", Line: 2, Col: 3},
		"C:\\a:1": {File: `C:\a`, Line: 1},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v: got %q, want %q", p, got, want)
		}
	}
}

func TestListIsSortedError(t *testing.T) {
	var l diag.List
	if err := l.Err(); err != nil {
		t.Fatalf("an empty list is an error: %v", err)
	}
	at := func(file string, line, col int) diag.Position { return diag.Position{File: file, Line: line, Col: col} }
	l.Addf(at("b", 1, 1), "", "last")
	l.Addf(at("a", 10, 1), "k", "fifth %q", "x")
	l.Addf(at("a", 2, 9), "", "fourth")
	l.Addf(at("a", 2, 1), "k", "third")
	l.Addf(at("a", 2, 1), "", "second")
	l.Add(diag.Diagnostic{Pos: at("a", 0, 0), Message: "first", Hint: "mend it"})
	const want = `a: first
a:2:1: second
a:2:1: k: third
a:2:9: fourth
a:10:1: k: fifth "x"
b:1:1: last`
	err := l.Err()
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if list, ok := errors.AsType[diag.List](err); !ok || len(list) != 6 {
		t.Errorf("not a list of 6: %v", err)
	}
}

func TestFprint(t *testing.T) {
	var b strings.Builder
	err := diag.Fprint(&b, diag.List{
		{Pos: diag.Position{File: "a", Line: 1}, Path: "row 1", Message: "one"},
		{Message: "two", Hint: "mend it"},
	})
	if want := "a:1: row 1: one\ntwo\n  hint: mend it\n"; err != nil || b.String() != want {
		t.Errorf("got %q, %v, want %q", b.String(), err, want)
	}
	if err := diag.Fprint(brokenWriter{}, diag.List{{Message: "a"}}); err == nil {
		t.Error("a failed write is no error")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestSuggest(t *testing.T) {
	keys := []string{"test", "train", "n_epochs", "base_model", "question", "icontains", "contains"}
	for word, want := range map[string]string{
		"tset":                    "test",
		"TEST":                    "test",
		"tests":                   "test",
		"te":                      "",
		"n-epochs":                "n_epochs",
		"n_epoch":                 "n_epochs",
		"basemodel":               "base_model",
		"qeustion":                "question",
		"icontain":                "icontains",
		"contain":                 "contains",
		"colour":                  "",
		"":                        "",
		"x":                       "",
		strings.Repeat("x", 1000): "",
	} {
		if got := diag.Suggest(word, keys); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := diag.Suggest("a", nil); got != "" {
		t.Errorf("without candidates: %q", got)
	}
}

func TestErrDropsDuplicates(t *testing.T) {
	pos := diag.Position{File: "a", Line: 1, Col: 1}
	a, b := diag.Diagnostic{Pos: pos, Message: "m", Hint: "h"}, diag.Diagnostic{Pos: pos, Message: "m", Hint: "other"}
	l := diag.List{a, b, a, b}
	for range 2 { // the list itself stays whole
		if got, _ := errors.AsType[diag.List](l.Err()); !slices.Equal(got, diag.List{a, b}) {
			t.Errorf("got %v", got)
		}
	}
}

func TestFold(t *testing.T) {
	row := func(n int, message string) diag.Diagnostic {
		return diag.Diagnostic{Pos: diag.Position{File: "a.jsonl", Line: n + 1}, Path: fmt.Sprintf("row %d", n), Message: message, Hint: "mend it"}
	}
	key := func(line int) diag.Diagnostic {
		return diag.Diagnostic{Pos: diag.Position{File: "p.yaml", Line: line, Col: 3}, Path: "test[0].x", Message: "unknown key"}
	}
	file := diag.Diagnostic{Pos: diag.Position{File: "b"}, Message: "m"}
	for name, test := range map[string]struct {
		most int
		list diag.List
		want string
	}{
		"empty":         {2, nil, ""},
		"few":           {2, diag.List{row(1, "a"), row(2, "a")}, "a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:3: row 2: a\n  hint: mend it\n"},
		"one is listed": {1, diag.List{key(1), key(2)}, "p.yaml:1:3: test[0].x: unknown key\np.yaml:2:3: test[0].x: unknown key\n"},
		"two groups": {1, diag.List{row(1, "a"), row(2, "b"), row(3, "a"), row(4, "b"), row(5, "c"), row(6, "a"), row(7, "b")},
			"a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:3: row 2: b\n  hint: mend it\n" +
				"a.jsonl:4: a: the same in 2 more rows, the last at a.jsonl:7\na.jsonl:5: b: the same in 2 more rows, the last at a.jsonl:8\n" +
				"a.jsonl:6: row 5: c\n  hint: mend it\n"},
		"spec": {0, diag.List{key(1), key(2), key(9)}, "p.yaml:1:3: test[0].x: unknown key\np.yaml:2:3: unknown key: the same in 2 more places, the last at p.yaml:9\n"},
		"rows that are met twice": {1, diag.List{row(1, "a"), row(1, "a"), row(2, "a"), row(2, "a"), row(3, "a"), row(3, "a")},
			"a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:2: a: the same in 2 more rows, the last at a.jsonl:4\n"},
		"one row": {1, diag.List{row(1, "a"), row(2, "a"), row(2, "a")}, "a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:3: a: the same in 1 more row, the last at a.jsonl:3\n"},
		"all in a row that is listed": {1, diag.List{row(1, "a"), row(1, "a"), row(1, "a")},
			"a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:2: a: the same in 2 more places, the last at a.jsonl:2\n"},
		"rows and the file": {1, diag.List{row(1, "a"), row(2, "a"), {Pos: diag.Position{File: "a.jsonl"}, Message: "a", Hint: "mend it"}},
			"a.jsonl:2: row 1: a\n  hint: mend it\na.jsonl:3: a: the same in 2 more places\n"},
		"no lines":  {1, diag.List{file, file, file}, "b: m\nb: m: the same in 2 more places\n"},
		"two files": {1, diag.List{key(1), {Pos: diag.Position{File: "q.yaml"}, Message: "unknown key"}}, "p.yaml:1:3: test[0].x: unknown key\nq.yaml: unknown key\n"},
	} {
		before := slices.Clone(test.list)
		var b strings.Builder
		if err := diag.Fprint(&b, test.list.Fold(test.most)); err != nil || b.String() != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, b.String(), test.want)
		}
		if !slices.Equal(before, test.list) {
			t.Errorf("%s: the list changed", name)
		}
	}
}

func TestFoldManyIsFast(t *testing.T) {
	var l diag.List
	for i := range 100_000 {
		message := "always the same"
		if i%2 == 1 {
			message = fmt.Sprintf("different %d", i)
		}
		l.Addf(diag.Position{File: "a", Line: i + 1}, "", "%s", message)
	}
	start := time.Now()
	folded := l.Fold(3)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %s", took)
	}
	if len(folded) != 50_004 || !slices.IsSortedFunc(folded, func(a, b diag.Diagnostic) int { return a.Pos.Line - b.Pos.Line }) {
		t.Errorf("%d problems", len(folded))
	}
}
