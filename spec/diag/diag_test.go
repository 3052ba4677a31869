package diag_test

import (
	"errors"
	"strings"
	"testing"

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
