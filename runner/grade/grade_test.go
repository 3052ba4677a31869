package grade

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

func TestKinds(t *testing.T) {
	kinds := Kinds()
	if !slices.IsSortedFunc(kinds, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted")
	}
	for _, k := range kinds {
		if _, ok := k.New().(fmt.Stringer); !ok {
			t.Errorf("%s: arguments have no String method", k.Name)
		}
		if k.New() == k.New() {
			t.Errorf("%s: New returns shared arguments", k.Name)
		}
		if len(k.New().Check()) == 0 {
			t.Errorf("%s: empty arguments are a problem", k.Name)
		}
	}
	kinds[0] = Kind{}
	if Kinds()[0].Name == "" {
		t.Error("a caller changed the table")
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		args   Args
		output string
		pass   bool
		reason string
	}{
		{&Equals{"Paris"}, " Paris\r\n", true, `equals "Paris"`},
		{&Equals{"Paris\n"}, "Paris", true, `equals "Paris"`},
		{&Equals{"Paris"}, "paris", false, `"paris" is not "Paris"`},
		{&Equals{"Paris"}, "Paris.", false, `"Paris." is not "Paris"`},
		{&Equals{"a b"}, "a  b", false, `"a  b" is not "a b"`},
		{&Equals{"Paris"}, " \n", false, `an empty output is not "Paris"`},
		{&Equals{"\u00e9"}, "e\u0301", false, `"e` + "\u0301" + `" is not "é"`},
		{&Equals{strings.Repeat("x", 200) + "y"}, strings.Repeat("x", 200) + "z", false,
			`differs after 200 equal runes: "…xxxxxxxxxxxxxxxxxxxxz" is not "…xxxxxxxxxxxxxxxxxxxxy"`},

		{&Contains{"light"}, "needs light.", true, `contains "light"`},
		{&Contains{"light"}, "needs Light.", false, `"needs Light." does not contain "light"`},
		{&Contains{" "}, "ab", false, `"ab" does not contain " "`},
		{&Contains{"x"}, "", false, `an empty output does not contain "x"`},

		{&IContains{"LIGHT"}, "needs lIghT", true, `contains "LIGHT"`},
		{&IContains{"ΣΊΣΥΦΟΣ"}, "ο σίσυφος", true, `contains "ΣΊΣΥΦΟΣ"`},
		{&IContains{"300 K"}, "300 \u212a", true, `contains "300 K"`},
		{&IContains{"straße"}, "STRASSE", false, `"STRASSE" does not contain "straße"`},
		{&IContains{"i"}, "ı", false, `"ı" does not contain "i"`},
		{&IContains{"dark"}, "light", false, `"light" does not contain "dark"`},

		{&StartsWith{"Answer: "}, "\n Answer: 4", true, `starts with "Answer: "`},
		{&StartsWith{"Answer: "}, "Answer:4", false, `"Answer:4" does not start with "Answer: "`},
		{&StartsWith{"\n4"}, "42", true, `starts with "4"`},
		{&StartsWith{"x"}, "", false, `an empty output does not start with "x"`},
		{&EndsWith{"42\n"}, "it is 42 \n", true, `ends with "42"`},
		{&EndsWith{"42"}, "it is 42.", false, `"it is 42." does not end with "42"`},
		{&EndsWith{"x"}, " ", false, `an empty output does not end with "x"`},
		{&EndsWith{"42"}, strings.Repeat("a", 100) + "bc", false, `"…` + strings.Repeat("a", 78) + `bc" does not end with "42"`},

		{&Regex{`\d{2,3}`}, "room 101", true, `"101" matches "\d{2,3}"`},
		{&Regex{`^\d+$`}, "room 101", false, `"room 101" does not match "^\d+$"`},
		{&Regex{`a.b`}, "a\nb", false, `"a\nb" does not match "a.b"`},
		{&Regex{`(?s)a.b`}, "a\nb", true, `"a\nb" matches "(?s)a.b"`},
		{&Regex{`(?m)^b`}, "a\nb", true, `"b" matches "(?m)^b"`},
		{&Regex{`(?i)PARIS`}, "paris", true, `"paris" matches "(?i)PARIS"`},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
			continue
		}
		want := Grade{Pass: tt.pass, Reason: tt.reason}
		if tt.pass {
			want.Score = 1
		}
		got, err := tt.args.Grader().Grade(Sample{Output: tt.output, Reference: "never looked at"})
		if err != nil || got != want {
			t.Errorf("%v of %q:\n got %+v, %v\nwant %+v", tt.args, tt.output, got, err, want)
		}
		if tt.args.NeedsReference() {
			t.Errorf("%v needs a reference", tt.args)
		}
	}
}

func TestTextSimilarity(t *testing.T) {
	const reference = "police killed the gunman"
	tests := []struct {
		args   TextSimilarity
		sample Sample
		want   Grade
	}{
		{TextSimilarity{RougeLMetric, "", 0.5}, Sample{"police kill the gunman", reference}, Grade{0.75, true, "rouge_l is 0.75, at least 0.5"}},
		{TextSimilarity{RougeLMetric, "", 0.75}, Sample{"police kill the gunman", reference}, Grade{0.75, true, "rouge_l is 0.75, at least 0.75"}},
		{TextSimilarity{RougeLMetric, "", 0.8}, Sample{"police kill the gunman", reference}, Grade{0.75, false, "rouge_l is 0.75, below 0.8"}},
		{TextSimilarity{RougeLMetric, reference, 1}, Sample{reference, "something else"}, Grade{1, true, "rouge_l is 1, at least 1"}},
		{TextSimilarity{RougeLMetric, "1 2", 0.6667}, Sample{"1", ""}, Grade{2. / 3, false, "rouge_l is 0.666, below 0.6667"}},
		{TextSimilarity{RougeLMetric, "", 0.1}, Sample{"", reference}, Grade{0, false, "rouge_l is 0, below 0.1"}},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", &tt.args, problems)
		}
		if got, err := tt.args.Grader().Grade(tt.sample); err != nil || got != tt.want {
			t.Errorf("%v of %+v = %+v, %v, want %+v", &tt.args, tt.sample, got, err, tt.want)
		}
		if want := tt.args.Reference == ""; tt.args.NeedsReference() != want {
			t.Errorf("NeedsReference() = %v, want %v", !want, want)
		}
	}
}

func TestCheck(t *testing.T) {
	similarity := func(metric string, threshold float64) Args {
		return &TextSimilarity{EvaluationMetric: metric, PassThreshold: threshold}
	}
	const threshold = "required: a score above 0 and up to 1, such as 0.5"
	tests := []struct {
		args Args
		want Problem
	}{
		{&Equals{" \n"}, Problem{"value", "empty; want the whole answer"}},
		{&Contains{}, Problem{"value", "empty; want the text to look for"}},
		{&StartsWith{" "}, Problem{"value", "empty; want the beginning of the answer"}},
		{&Regex{}, Problem{"value", "empty; want a pattern"}},
		{&Regex{"a(?=b)"}, Problem{"value", `"(?=": RE2 has no lookahead; use one assertion for each part, all of which must hold`}},
		{&Regex{"a(?!b)"}, Problem{"value", `"(?!": RE2 has no lookahead; put what must not occur into a not_regex of its own`}},
		{&Regex{"(?<=a)b"}, Problem{"value", `"(?<=a)b": RE2 has no lookbehind; write what stands before into the pattern, as a search needs no captures`}},
		{&Regex{"(?<!a)b"}, Problem{"value", `"(?<!a)b": RE2 has no lookbehind; put what must not occur into a not_regex of its own`}},
		{&Regex{`(a)\1`}, Problem{"value", `"\1": RE2 has no backreferences; write the alternatives out`}},
		{&Regex{"(?>a)"}, Problem{"value", `"(?>": RE2 has no atomic groups, and needs none: it never backtracks; write (?:`}},
		{&Regex{"a++"}, Problem{"value", `"++": RE2 has no possessive quantifiers, and needs none: it never backtracks; drop the last +`}},
		{&Regex{"a{2001}"}, Problem{"value", `"{2001}": a repeat count goes up to 1000, nested ones multiplied`}},
		{&Regex{`\Z`}, Problem{"value", `"\Z": RE2 writes the end of the text \z, or $`}},
		{&Regex{"[a"}, Problem{"value", `"[a": missing closing ]`}},
		{&Regex{`a\`}, Problem{"value", "trailing backslash at end of expression"}},
		{similarity(RougeLMetric, 0), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, -1), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, 1.01), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, math.NaN()), Problem{"pass_threshold", threshold}},
		{similarity("meteor", 1), Problem{"evaluation_metric", `"meteor" is not supported by this version; want rouge_l`}},
		{similarity("rouge_5", 1), Problem{"evaluation_metric", `"rouge_5" is not supported by this version; want rouge_l`}},
		{similarity("ROUGE-L", 1), Problem{"evaluation_metric", `unknown metric "ROUGE-L", did you mean "rouge_l"?`}},
		{similarity("perplexity", 1), Problem{"evaluation_metric", `unknown metric "perplexity"; want rouge_l`}},
		{similarity("", 1), Problem{"evaluation_metric", `unknown metric ""; want rouge_l`}},
	}
	for _, tt := range tests {
		if got := tt.args.Check(); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%v:\n got %q\nwant %q", tt.args, got, tt.want)
		}
	}
	if got := similarity("x", 0).Check(); len(got) != 2 {
		t.Errorf("want every problem at once, got %q", got)
	}
}

func TestNegate(t *testing.T) {
	got := Negate(Grade{Score: 0.75, Pass: true, Reason: "rouge_l is 0.75, at least 0.5"})
	if want := (Grade{Score: 0.25, Reason: "rouge_l is 0.75, at least 0.5"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := Negate(got); again.Score != 0.75 || !again.Pass {
		t.Errorf("negated twice: %+v", again)
	}
}

func TestNames(t *testing.T) {
	for want, args := range map[string]fmt.Stringer{
		`icontains "light"`:                           &IContains{"light"},
		`regex "^\d+ \x1b"`:                           &Regex{"^\\d+ \x1b"},
		`equals "two\nlines"`:                         &Equals{"two\nlines"},
		`contains "` + strings.Repeat("é", 40) + `…"`: &Contains{strings.Repeat("é", 41)},
		`text_similarity rouge_l >= 0.5`:              &TextSimilarity{EvaluationMetric: RougeLMetric, PassThreshold: 0.5},
	} {
		if got := args.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestReasonsAreHarmless feeds text that would act on a terminal, a log or a page, and text without end.
func TestReasonsAreHarmless(t *testing.T) {
	hostile := []string{
		"\x1b[2J\x1b]0;title\a", "a\r::error::b\n##[group]", "\u202e\u2066gnp.exe", "]]>\x00", "\xff\xfe\xc0",
		strings.Repeat("\U0010ffff", 1000), strings.Repeat("a\n", 5_000), "\ufeff",
	}
	for _, text := range hostile {
		for _, args := range []Args{
			&Equals{text}, &Equals{"x"}, &Contains{text}, &Contains{"x"}, &IContains{text}, &StartsWith{text}, &StartsWith{"x"},
			&EndsWith{text}, &EndsWith{"x"}, &Regex{"(?s).*"}, &Regex{"[^\x00-\U0010ffff]"}, &TextSimilarity{RougeLMetric, text, 0.5},
		} {
			g, err := args.Grader().Grade(Sample{Output: text, Reference: text})
			if err != nil || g.Score < 0 || g.Score > 1 {
				t.Errorf("%T of %.20q: %+v, %v", args, text, g, err)
			}
			for _, shown := range []string{g.Reason, fmt.Sprint(args)} {
				if strings.ContainsFunc(shown, func(r rune) bool { return r != ' ' && !strconv.IsPrint(r) }) || !utf8.ValidString(shown) {
					t.Errorf("%T shows %q", args, shown)
				}
				if n := utf8.RuneCountInString(shown); n > 2000 {
					t.Errorf("%T shows %d runes", args, n)
				}
			}
		}
	}
}

func TestGradersAreSafeForConcurrentUse(t *testing.T) {
	graders := []Grader{
		(&Equals{"a"}).Grader(), (&IContains{"A"}).Grader(), (&Regex{"a"}).Grader(), (&TextSimilarity{RougeLMetric, "a", 1}).Grader(),
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				for _, g := range graders {
					if grade, err := g.Grade(Sample{Output: "a"}); err != nil || !grade.Pass {
						t.Errorf("%T: %+v, %v", g, grade, err)
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkConditions(b *testing.B) {
	output := strings.Repeat("Plants turn light into sugar. ", 20)
	for _, args := range []Args{&Equals{"x"}, &Contains{"dark"}, &IContains{"DARK"}, &Regex{`dark\d+`}} {
		b.Run(fmt.Sprintf("%T", args), func(b *testing.B) {
			g := args.Grader()
			for b.Loop() {
				_, _ = g.Grade(Sample{Output: output})
			}
		})
	}
}
