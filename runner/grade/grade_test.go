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
		if (k.Scalar == "") == (k.Example == "") {
			t.Errorf("%s: want either a scalar form or an example", k.Name)
		}
		if len(k.New().Check()) == 0 && !k.New().NeedsReference() {
			t.Errorf("%s: empty arguments are a problem, unless the case's answer says what is missing", k.Name)
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
		{&Equals{Value: new("Paris")}, " Paris\r\n", true, `equals "Paris"`},
		{&Equals{Value: new("Paris\n")}, "Paris", true, `equals "Paris"`},
		{&Equals{Value: new("Paris")}, "paris", false, `"paris" is not "Paris"`},
		{&Equals{Value: new("Paris")}, "Paris.", false, `"Paris." is not "Paris"`},
		{&Equals{Value: new("a b")}, "a  b", false, `"a  b" is not "a b"`},
		{&Equals{Value: new("Paris")}, " \n", false, `an empty output is not "Paris"`},
		{&Equals{Value: new("\u00e9")}, "e\u0301", false, `"e` + "\u0301" + `" is not "é"`},
		{&Equals{Value: new(strings.Repeat("x", 200) + "y")}, strings.Repeat("x", 200) + "z", false,
			`differs after 200 equal runes: "…xxxxxxxxxxxxxxxxxxxxz" is not "…xxxxxxxxxxxxxxxxxxxxy"`},

		{&Contains{Value: new("light")}, "needs light.", true, `in "needs light."`},
		{&Contains{Value: new("light")}, "needs Light.", false, `not in "needs Light."`},
		{&Contains{Value: new(" ")}, "ab", false, `not in "ab"`},
		{&Contains{Value: new("x")}, "", false, `not in an empty output`},

		{&IContains{Value: new("LIGHT")}, "needs lIghT", true, `in "needs lIghT"`},
		{&IContains{Value: new("ΣΊΣΥΦΟΣ")}, "ο σίσυφος", true, `in "ο σίσυφος"`},
		{&IContains{Value: new("300 K")}, "300 \u212a", true, "in \"300 \u212a\""},
		{&IContains{Value: new("straße")}, "STRASSE", false, `not in "STRASSE"`},
		{&IContains{Value: new("i")}, "ı", false, `not in "ı"`},
		{&IContains{Value: new("dark")}, "light", false, `not in "light"`},

		{&Contains{Value: new("É")}, strings.Repeat("é", 100) + "É" + strings.Repeat("x", 100), true,
			`in "…` + strings.Repeat("é", 20) + "É" + strings.Repeat("x", 58) + `…"`},
		{&IContains{Value: new("X")}, strings.Repeat("\xff", 100) + "x", true, `in "…` + strings.Repeat(`\xff`, 20) + `x"`},
		{&Contains{Value: new("y")}, strings.Repeat("x", 81), false, `not in "` + strings.Repeat("x", 80) + `…"`},

		{&StartsWith{Value: new("Answer: ")}, "\n Answer: 4", true, `at the start of "Answer: 4"`},
		{&StartsWith{Value: new("Answer: ")}, "Answer:4", false, `not at the start of "Answer:4"`},
		{&StartsWith{Value: new("\n4")}, "42", true, `at the start of "42"`},
		{&StartsWith{Value: new("x")}, "", false, `not at the start of an empty output`},
		{&EndsWith{Value: new("42\n")}, "it is 42 \n", true, `at the end of "it is 42"`},
		{&EndsWith{Value: new("42")}, "it is 42.", false, `not at the end of "it is 42."`},
		{&EndsWith{Value: new("x")}, " ", false, `not at the end of an empty output`},
		{&EndsWith{Value: new("42")}, strings.Repeat("a", 100) + "bc", false, `not at the end of "…` + strings.Repeat("a", 78) + `bc"`},

		{&Regex{`\d{2,3}`}, "room 101", true, `matched "101"`},
		{&Regex{`^\d+$`}, "room 101", false, `no match in "room 101"`},
		{&Regex{`a.b`}, "a\nb", false, `no match in "a\nb"`},
		{&Regex{`(?s)a.b`}, "a\nb", true, `matched "a\nb"`},
		{&Regex{`(?m)^b`}, "a\nb", true, `matched "b"`},
		{&Regex{`(?i)PARIS`}, "paris", true, `matched "paris"`},
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
		got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: tt.output, Reference: "never looked at"}, Services{})
		if err != nil || got != want {
			t.Errorf("%v of %q:\n got %+v, %v\nwant %+v", tt.args, tt.output, got, err, want)
		}
		if tt.args.NeedsReference() {
			t.Errorf("%v needs a reference", tt.args)
		}
	}
}

func similarityTo(reference *string, threshold float64) *TextSimilarity {
	return &TextSimilarity{Texts: Texts{Reference: reference}, EvaluationMetric: RougeLMetric, PassThreshold: threshold}
}

func TestTextSimilarity(t *testing.T) {
	const reference = "police killed the gunman"
	tests := []struct {
		args   *TextSimilarity
		sample Sample
		want   Grade
	}{
		{similarityTo(nil, 0.5), Sample{Output: "police kill the gunman", Reference: reference}, Grade{0.75, true, "rouge_l is 0.75, at least 0.5"}},
		{similarityTo(nil, 0.75), Sample{Output: "police kill the gunman", Reference: reference}, Grade{0.75, true, "rouge_l is 0.75, at least 0.75"}},
		{similarityTo(nil, 0.8), Sample{Output: "police kill the gunman", Reference: reference}, Grade{0.75, false, "rouge_l is 0.75, below 0.8"}},
		{similarityTo(new(reference), 1), Sample{Output: reference, Reference: "something else"}, Grade{1, true, "rouge_l is 1, at least 1"}},
		{similarityTo(new("1 2"), 0.6667), Sample{Output: "1", Reference: ""}, Grade{2. / 3, false, "rouge_l is 0.666, below 0.6667"}},
		{similarityTo(nil, 0.1), Sample{Output: "", Reference: reference}, Grade{0, false, "rouge_l is 0, below 0.1"}},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
		}
		if got, err := tt.args.Grader().Grade(t.Context(), tt.sample, Services{}); err != nil || got != tt.want {
			t.Errorf("%v of %+v = %+v, %v, want %+v", tt.args, tt.sample, got, err, tt.want)
		}
		if want := tt.args.Reference == nil; tt.args.NeedsReference() != want {
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
		{&Equals{Value: new(" \n")}, Problem{"value", "empty; want the whole answer"}},
		{&Contains{Value: new("")}, Problem{"value", "empty; want the text to look for"}},
		{&StartsWith{Value: new(" ")}, Problem{"value", "empty; want the beginning of the answer"}},
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
		{&Regex{"\bpage\b"}, Problem{"value", `double quotes turn \b into a backspace: write the pattern in single quotes`}},
		{&Regex{"a\x00"}, Problem{"value", `double quotes turn \0 into a NUL: write the pattern in single quotes`}},
		{&Regex{"\u2029{Greek}"}, Problem{"value", `double quotes turn \P into a line break: write the pattern in single quotes`}},
		{&Regex{"\x01[a"}, Problem{"value", `a control character: write it as \x{01}, and the pattern in single quotes`}},
		{&Regex{`a\`}, Problem{"value", "trailing backslash at end of expression"}},
		{similarity(RougeLMetric, 0), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, -1), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, 1.01), Problem{"pass_threshold", threshold}},
		{similarity(RougeLMetric, math.NaN()), Problem{"pass_threshold", threshold}},
		{&ContainsAny{}, Problem{"values", "empty; want a list of texts to look for"}},
		{&IContainsAll{[]string{"a", ""}}, Problem{"values[1]", "empty; want a text to look for"}},
		{&StringCheck{}, Problem{"operation", "required: eq, ne, like, ilike"}},
		{&StringCheck{Operation: "regex"}, Problem{"operation", `unknown operation "regex"; want eq, ne, like, ilike`}},
		{&StringCheck{Operation: "Like"}, Problem{"operation", `unknown operation "Like", did you mean "like"?`}},
		{&StringCheck{Operation: "like", Texts: Texts{Reference: new("")}}, Problem{"reference", "empty; leave it out for the answer of the case"}},
		{&StringCheck{Operation: "eq", Texts: Texts{Input: new("")}}, Problem{"input", "empty; leave it out for the text of the answer"}},
		{&StringCheck{Operation: "eq", Texts: Texts{Input: new("{{x")}}, Problem{"input", `"{{x" has no end; close it with }}`}},
		{&Levenshtein{}, Problem{"max_distance", "required, or min_similarity: how far from the reference an answer may be"}},
		{&Levenshtein{MaxDistance: new(-1)}, Problem{"max_distance", "want 0 or more, found -1"}},
		{&Levenshtein{MinSimilarity: new(0.0)}, Problem{"min_similarity", "want a score above 0 and up to 1, such as 0.8, found 0"}},
		{&Levenshtein{MinSimilarity: new(math.NaN())}, Problem{"min_similarity", "want a score above 0 and up to 1, such as 0.8, found NaN"}},
		{similarity("cosine", 1), Problem{"embedding_model", "required for cosine: a model of embeddings, such as text-embedding-3-small"}},
		{similarity("ROUGE-L", 1), Problem{"evaluation_metric", `unknown metric "ROUGE-L", did you mean "rouge_l"?`}},
		{similarity("perplexity", 1), Problem{"evaluation_metric", `unknown metric "perplexity"; want bleu, cosine, fuzzy_match, gleu, meteor, rouge_1, rouge_2, rouge_3, rouge_4, rouge_5, rouge_l`}},
		{similarity("", 1), Problem{"evaluation_metric", `unknown metric ""; want bleu, cosine, fuzzy_match, gleu, meteor, rouge_1, rouge_2, rouge_3, rouge_4, rouge_5, rouge_l`}},
	}
	for _, tt := range tests {
		if got := tt.args.Check(); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%v:\n got %q\nwant %q", tt.args, got, tt.want)
		}
	}
	for _, pattern := range []string{"a\tb\r\nc", `\bpage\b`, `\x07\a`, "é\u00a0"} {
		if got := (&Regex{pattern}).Check(); got != nil {
			t.Errorf("%q: %v", pattern, got)
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
		`icontains "light"`:                           &IContains{Value: new("light")},
		`regex "^\d+ \x1b"`:                           &Regex{"^\\d+ \x1b"},
		`equals "two\nlines"`:                         &Equals{Value: new("two\nlines")},
		`contains "` + strings.Repeat("é", 200) + `"`: &Contains{Value: new(strings.Repeat("é", 200))},
		`regex "` + strings.Repeat("é", 200) + `…"`:   &Regex{strings.Repeat("é", 201)},
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
		for _, args := range append(textGraders(text), &Equals{Value: new("x")}, &IContains{Value: new(text)}, &Regex{"(?s).*"}, &Regex{"[^\x00-\U0010ffff]"},
			&ContainsAll{[]string{text, text, text, text, text}}, &StringCheck{Operation: "ilike", Texts: Texts{Input: new(text), Reference: new(text)}},
			&StringCheck{Operation: "like", Texts: Texts{Reference: new(text + "x")}}, &TextSimilarity{EvaluationMetric: RougeLMetric, PassThreshold: 0.5}) {
			g, err := args.Grader().Grade(t.Context(), Sample{Output: text, Reference: text}, Services{})
			if err != nil || g.Score < 0 || g.Score > 1 {
				t.Errorf("%T of %.20q: %+v, %v", args, text, g, err)
			}
			for _, shown := range []string{g.Reason, fmt.Sprint(args)} {
				if strings.ContainsFunc(shown, func(r rune) bool { return r != ' ' && !strconv.IsPrint(r) }) || !utf8.ValidString(shown) {
					t.Errorf("%T shows %q", args, shown)
				}
				if n := utf8.RuneCountInString(shown); n > 2100 { // 200 runes of a value, each as long as \U0010ffff
					t.Errorf("%T shows %d runes", args, n)
				}
			}
		}
	}
}

func TestGradersAreSafeForConcurrentUse(t *testing.T) {
	sample := Sample{Output: "a b c", Reference: "a B d"}
	var graders []Grader
	var alone []Grade
	for _, args := range append(textGraders("a"), &Regex{"a"}) {
		g := args.Grader()
		want, err := g.Grade(t.Context(), sample, Services{})
		if err != nil {
			t.Fatal(err)
		}
		graders, alone = append(graders, g), append(alone, want)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				for i, g := range graders {
					if got, err := g.Grade(t.Context(), sample, Services{}); err != nil || got != alone[i] {
						t.Errorf("%T: %+v, %v, alone %+v", g, got, err, alone[i])
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkConditions(b *testing.B) {
	output := strings.Repeat("Plants turn light into sugar. ", 20)
	for _, args := range []Args{&Equals{Value: new("x")}, &Contains{Value: new("dark")}, &IContains{Value: new("DARK")}, &Regex{`dark\d+`}} {
		b.Run(fmt.Sprintf("%T", args), func(b *testing.B) {
			g := args.Grader()
			for b.Loop() {
				_, _ = g.Grade(b.Context(), Sample{Output: output}, Services{})
			}
		})
	}
}
