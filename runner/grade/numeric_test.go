package grade

import (
	"bufio"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// numericArgs returns arguments as the spec fills them: defaults first.
func numericArgs(set func(*Numeric)) *Numeric {
	a := &Numeric{Which: whichLast}
	set(a)
	return a
}

func TestNumbersIn(t *testing.T) {
	tests := map[string]string{ // text to its numbers
		"":                                   "",
		"none at all, not even one":          "",
		"42":                                 "42",
		"It is 42.":                          "42",
		"3.14, -2.5 and .5":                  "3.14 -2.5 0.5",
		"1,234.5 and 12,345,678":             "1234.5 12345678",
		"12,34,567 lakh":                     "1234567",
		"1,2,3":                              "1 2 3",
		"1,2345":                             "1 2345",
		"1234,567":                           "1234 567",
		"1,234,56":                           "1234 56",
		"1\u202f234\u00a0567":                "1234567",
		"1'234'567 and 1’000":                "1234567 1000",
		"$5, -$5, $-5, €1,000.50, 5€":        "5 -5 -5 1000.50 5",
		"USD42 Rs50 and 12%":                 "42 50 12",
		"\u22123 and \ufe634 and \uff0d5":    "-3 -4 -5",
		"+7":                                 "7",
		"5-3 5 - 3 (5)-3 x-3 2020\u20132021": "5 3 5 3 5 3 3 2020 2021",
		"= -3; (-4)":                         "-3 -4",
		"2024-01-05":                         "2024 01 05",
		"6e23 1.5E-3 2e+2 3em":               "6e23 1.5e-3 2e+2 3",
		"6.02×10^23 6.02 x 10^{-23} 2·10⁻³ 3 * 10**2 4 \\times 10^5": "6.02e23 6.02e-23 2e-3 3e2 4e5",
		"3 x 10":                 "3 10",
		"H2O GPT-4 x2 snake_1":   "4",
		"共42个，４３ ٤٤ ४५":          "42 43 44 45",
		"1.2.3":                  "1.2 3",
		"1/2":                    "1 2",
		"10km 1st 0x1F":          "10 1 0",
		"<<48/2=24>>24":          "48 2 24 24",
		"\\boxed{42} **43**":     "42 43",
		"--5":                    "5",
		"12:30":                  "12 30",
		"\xff1\xc0":              "1",
		"1e5000":                 "1e5000",
		strings.Repeat("9", 401): strings.Repeat("9", 401),
	}
	for text, want := range tests {
		list, normal := numbersIn(text)
		var got []string
		for _, n := range list {
			got = append(got, n.text())
			if n.start < 0 || n.start >= n.end || n.end > len(normal) {
				t.Errorf("%q: %q from %d to %d", text, n.text(), n.start, n.end)
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%q: got %q, want %q", text, joined, want)
		}
	}
}

func TestNumeric(t *testing.T) {
	value := func(v string) *Numeric { return numericArgs(func(a *Numeric) { a.Value = v }) }
	answer := func(set func(*Numeric)) *Numeric { return numericArgs(set) }
	tests := []struct {
		args      *Numeric
		output    string
		reference string
		pass      bool
		reason    string
	}{
		{value("42"), "It is 42.", "", true, "42 is 42"},
		{value("42"), "It is 42.0.", "", true, "42.0 is 42"},
		{value("1,234.50"), "about $1234.5", "", true, "1234.5 is 1234.50"},
		{value("42"), "It is 41.", "", false, "41 is not 42"},
		{value("42"), "42, or rather 43", "", false, "43 is not 42"},
		{value("42"), "I don't know.", "", false, `no number in "I don't know."`},
		{value("42"), "", "", false, `no number in an empty output`},
		{value("-42"), "\u221242", "", true, "-42 is -42"},
		{value("9007199254740993"), "9007199254740992", "", false, "9007199254740992 is not 9007199254740993"},
		{value("010"), "10", "", true, "10 is 010"},
		{value("42"), "1e5000", "", false, `a number too large to compute with in "1e5000"`},
		{value("42"), "#### 42\nThat was 6 times 7.", "", true, "42 is 42"},
		{value("42"), "####$42.00", "", true, "42.00 is 42"},
		{value("42"), "#### **42**", "", true, "42 is 42"},
		{value("42"), "#### 1. Multiply\n6 x 7\n#### 2. Done\nSo it is 42", "", true, "42 is 42"},
		{value("42"), "#### 41\n#### 42 apples\n43", "", true, "42 is 42"},
		{value("42"), "#### unknown, perhaps 42", "", true, "42 is 42"},

		{answer(func(*Numeric) {}), "so 72", "Natalia sold 48/2 = <<48/2=24>>24\n#### 72", true, "72 is 72"},
		{answer(func(*Numeric) {}), "#### 72", "72", true, "72 is 72"},
		{answer(func(a *Numeric) { a.Reference = "{{item.total}} apples" }), "7", "8", true, "7 is 7"},

		{answer(func(a *Numeric) { a.Value, a.Tolerance = "1", 0.1 }), "1.1", "", true, "1.1 is within 0.1 of 1"},
		{answer(func(a *Numeric) { a.Value, a.Tolerance = "1", 0.1 }), "1.10001", "", false, "1.10001 is not within 0.1 of 1"},
		{answer(func(a *Numeric) { a.Value, a.RelativeTolerance = "-200", 0.01 }), "-198", "", true, "-198 is within 2 of -200"},
		{answer(func(a *Numeric) { a.Value, a.RelativeTolerance, a.Tolerance = "200", 0.01, 5 }), "205", "", true, "205 is within 5 of 200"},

		{answer(func(a *Numeric) { a.Value, a.Which = "6", whichFirst }), "6 times 7", "", true, "6 is 6"},
		{answer(func(a *Numeric) { a.Value, a.Which = "6", whichOnly }), "6 times 7", "", false, `more than one number, such as 6 and 7, in "6 times 7"`},
		{answer(func(a *Numeric) { a.Value, a.Which = "6", whichOnly }), "6, yes, 6.0", "", true, "6.0 is 6"},

		{answer(func(a *Numeric) { a.Value, a.Unit = "5", "km" }), "5 km in 2 hours", "", true, "5 is 5"},
		{answer(func(a *Numeric) { a.Value, a.Unit = "5", "km" }), "5 kmh", "", false, `no number with the unit "km" in "5 kmh"`},
		{answer(func(a *Numeric) { a.Value, a.Unit = "5", "m" }), "5km", "", false, `no number with the unit "m" in "5km"`},
		{answer(func(a *Numeric) { a.Value, a.Unit = "5", "$" }), "2 for $5", "", true, "5 is 5"},
		{answer(func(a *Numeric) { a.Value, a.Unit = "5", "%" }), "5 % of 3", "", true, "5 is 5"},
		{answer(func(a *Numeric) { a.Unit = "km" }), "5 km", "5", true, "5 is 5"},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
			continue
		}
		s := Sample{Output: tt.output, Reference: tt.reference, Vars: map[string]string{"total": "7"}}
		want := Grade{Pass: tt.pass, Reason: tt.reason}
		if tt.pass {
			want.Score = 1
		}
		if got, err := tt.args.Grader().Grade(t.Context(), s, Services{}); err != nil || got != want {
			t.Errorf("%v of %q:\n got %+v, %v\nwant %+v", tt.args, tt.output, got, err, want)
		}
	}
}

// TestNumericNegated: an answer without a number is wrong, and no proof that the number is another.
func TestNumericNegated(t *testing.T) {
	args := numericArgs(func(a *Numeric) { a.Value = "42" })
	for output, pass := range map[string]bool{"41": true, "42": false, "I don't know": false, "": false, "1e999999": false} {
		got, err := args.Negated().Grade(t.Context(), Sample{Output: output}, Services{})
		if got = Negate(got); err != nil || got.Pass != pass || got.Pass != (got.Score == 1) {
			t.Errorf("not 42 of %q: %+v, %v", output, got, err)
		}
	}
}

func TestNumericReferenceWithoutNumber(t *testing.T) {
	args := numericArgs(func(*Numeric) {})
	for _, reference := range []string{"", "no idea", "1e999"} {
		if got, err := args.Grader().Grade(t.Context(), Sample{Output: "42", Reference: reference}, Services{}); err == nil || got.Pass {
			t.Errorf("against %q: %+v", reference, got)
		}
	}
	if !args.NeedsReference() || numericArgs(func(a *Numeric) { a.Value = "1" }).NeedsReference() ||
		numericArgs(func(a *Numeric) { a.Reference = "{{item.total}}" }).NeedsReference() {
		t.Error("NeedsReference is wrong")
	}
}

// gsm8kAnswers returns the answers of the test half of GSM8K, or skips where it is not there.
func gsm8kAnswers(t testing.TB) []string {
	t.Helper()
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared")
	}
	file, err := os.Open(filepath.Join(folder, "data", "gsm8k_test.jsonl"))
	if err != nil {
		t.Skip("needs gsm8k_test.jsonl, set FTRUN_TESTDATA: ", err)
	}
	defer file.Close()
	var answers []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct{ Answer string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, row.Answer)
	}
	return answers
}

// TestNumericOnGSM8K: every answer is right by its own number, as GSM8K's own code reads it, and wrong with another number.
func TestNumericOnGSM8K(t *testing.T) {
	answers := gsm8kAnswers(t)
	if len(answers) != 1319 {
		t.Errorf("%d answers, want 1319", len(answers))
	}
	official := regexp.MustCompile(`#### (-?[0-9.,]+)`) // grade-school-math/grade_school_math/dataset.py
	g := numericArgs(func(*Numeric) {}).Grader()
	for _, answer := range answers {
		number := official.FindStringSubmatch(answer)[1]
		text, _, _ := strings.Cut(answer, "####")
		for output, pass := range map[string]bool{
			answer:                                 true,
			number:                                 true,
			text + "So the answer is $" + number:   true,
			text + "\n####" + number + " dollars.": true,
			text + "\n#### " + other(t, number):    false,
			other(t, number):                       false,
			text + "\n#### " + number + "7":        false,
			"The answer is -" + number:             strings.Trim(number, "0") == "",
			"I can't say.":                         false,
		} {
			got, err := g.Grade(t.Context(), Sample{Output: output, Reference: answer}, Services{})
			if err != nil || got.Pass != pass {
				t.Errorf("%q against %q: %+v, %v", output, number, got, err)
			}
		}
	}
}

// other returns another number, by a little.
func other(t *testing.T, number string) string {
	r, ok := new(big.Rat).SetString(strings.ReplaceAll(number, ",", ""))
	if !ok {
		t.Fatalf("%q is no number", number)
	}
	return r.Add(r, big.NewRat(1, 100)).FloatString(2)
}

// TestNumericOnHostileText bounds time where looking back or ahead at every number would take hours.
func TestNumericOnHostileText(t *testing.T) {
	const size = 1 << 18
	args := numericArgs(func(a *Numeric) { a.Value, a.Unit, a.Tolerance = "1", "km", 1 })
	for name, unit := range map[string]string{
		"digits": "9", "groups": "1,111", "pairs": "1,11", "ones": "1,", "letters": "a1", "word": "a", "signs": "-+$", "points": "1.", "marks": "#### 1", "exponents": "1e", "powers": "1×10^",
		"superscripts": "⁹", "units": "1 km", "blanks": " ", "invalid": "\xff1",
	} {
		text := strings.Repeat(unit, size/len(unit))
		start := time.Now()
		for _, output := range []string{text, "1" + text, text + "1 km"} {
			if _, err := args.Grader().Grade(t.Context(), Sample{Output: output}, Services{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func FuzzNumeric(f *testing.F) {
	f.Add("#### 1,234.5 km", "1234.5", "km")
	f.Add("-$5e-3 × 10⁻³", "1e-400", "$")
	f.Add("12,34,567 \u2212.5\xff", "####", "")
	f.Fuzz(func(t *testing.T, output, value, unit string) {
		for _, which := range []string{whichLast, whichFirst, whichOnly} {
			args := &Numeric{Value: value, Which: which, Unit: unit, Tolerance: 0.5, RelativeTolerance: 0.1}
			if args.Check() != nil {
				return
			}
			g, err := args.Grader().Grade(t.Context(), Sample{Output: output}, Services{})
			if value != "" && err != nil {
				t.Errorf("%v", err)
			}
			if g.Score != 0 && g.Score != 1 || g.Pass != (g.Score == 1) {
				t.Errorf("%+v", g)
			}
			turned, _ := args.Negated().Grade(t.Context(), Sample{Output: output}, Services{})
			if turned = Negate(turned); g.Pass && turned.Pass {
				t.Errorf("%q is and is not %q", output, value)
			}
			if unit == "" && value != "" && which == whichLast {
				if self, _ := args.Grader().Grade(t.Context(), Sample{Output: value}, Services{}); !self.Pass {
					t.Errorf("%q is not itself: %+v", value, self)
				}
			}
		}
	})
}

func BenchmarkNumeric(b *testing.B) {
	output := strings.Repeat("Natalia sold 48/2 = <<48/2=24>>24 clips in May. ", 5) + "#### 72"
	g := numericArgs(func(a *Numeric) { a.Value = "72" }).Grader()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = g.Grade(b.Context(), Sample{Output: output}, Services{})
	}
}
