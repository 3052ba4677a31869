package reporters

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                   "",
		"plain text, \n\n two lines\n":       "plain text, \n\n two lines\n",
		"a\tb":                               "a    b",
		"dos\r\nline":                        "dos\nline",
		"over\rwritten":                      `over\rwritten`,
		"\r::error::x":                       `\r::error::x`,
		"\x1b[31mred\x1b[0m \x00 \u0085":     "\uFFFD[31mred\uFFFD[0m \uFFFD \uFFFD",
		"bad \xff utf8, \ufffe, \U0001ffff":  "bad \uFFFD utf8, \uFFFD, \uFFFD",
		"abc\u202edef \u2028 \ufeff":         `abc\u202edef \u2028 \ufeff`,
		"::error::x\n  ::x\n\u00a0\u200b::x": "\\::error::x\n  \\::x\n\u00a0\u200b\\::x",
		"a ::b:: c :: d":                     "a ::b:: c :: d",
		"##[error]a ###[b] ####[":            `##\[error]a ###\[b] ####\[`,
		"x ##vso[task.complete] ##team ":     `x ##\vso[task.complete] ##team `,
		"##\u202e[error]":                    `##\u202e[error]`,
		"##\r\n[error]":                      "##\n[error]",
		"漢字 naïve 🌍 e\u0301":                 "漢字 naïve 🌍 e\u0301",
	} {
		if got := block(in); got != want {
			t.Errorf("block(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a\nb\r\nc":      `a\nb\nc`,
		"\n::error::x":   `\n::error::x`,
		"::error::x":     `\::error::x`,
		"##\n[error]":    `##\n[error]`,
		" kept blanks  ": " kept blanks  ",
	} {
		if got := line(in); got != want {
			t.Errorf("line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in      string
		columns int
		want    string
	}{
		{"  hello\n", 10, "hello"},
		{"hello world", 11, "hello world"},
		{"hello world", 10, "hello w..."},
		{"漢字漢字漢字", 12, "漢字漢字漢字"},
		{"漢字漢字漢字", 11, "漢字漢字..."},
		{"é́é́é́", 3, "é́é́é́"},
		{"hello", 2, ".."},
		{"hello", 0, ""},
		{strings.Repeat("x", 1<<20), 6, "xxx..."},
	} {
		got := brief(test.in, test.columns)
		if got != test.want || textWidth(got) > test.columns {
			t.Errorf("brief(%.20q, %d) = %q, want %q", test.in, test.columns, got, test.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\r\n::b", "\u2028::x##[error]", "\x1b[2J\xff", "#\x00#[", "####vso[", "##\u200b[", "\t::", "\ufeff::x", "]]>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		checkClean(t, s, block(s), block)
		one := line(s)
		checkClean(t, s, one, line)
		if strings.Contains(one, "\n") {
			t.Errorf("line(%q) has two lines: %q", s, one)
		}
		short := brief(s, 30)
		checkClean(t, s, short, line)
		if textWidth(short) > 30 {
			t.Errorf("brief(%q, 30) = %q takes %d columns", s, short, textWidth(short))
		}
	})
}

// checkClean checks what must hold of everything that a cleaning function returns.
func checkClean(t *testing.T, in, out string, clean func(string) string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("%q became invalid UTF-8: %q", in, out)
	}
	if again := clean(out); again != out {
		t.Errorf("%q became %q, and that %q", in, out, again)
	}
	if strings.Contains(out, "##[") {
		t.Errorf("%q became %q, with a command", in, out)
	}
	for _, l := range strings.Split(out, "\n") {
		if strings.ContainsFunc(l, unicode.IsControl) {
			t.Errorf("%q became %q, with control characters", in, out)
		}
		if strings.HasPrefix(strings.TrimLeftFunc(l, unicode.IsSpace), "::") {
			t.Errorf("%q became %q, with a command", in, out)
		}
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		-1: "0.0s", 0: "0.0s", 0.44: "0.4s", 9.94: "9.9s", 9.96: "10s", 59.4: "59s", 59.6: "1m00s", 185: "3m05s", 3599.6: "1h00m", 7380: "2h03m", 90000: "25h00m",
	} {
		if got := took(inSeconds(seconds)); got != want {
			t.Errorf("%v seconds took %q, want %q", seconds, got, want)
		}
	}
}
