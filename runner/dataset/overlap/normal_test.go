package overlap_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"ftrun/runner/dataset/overlap"
)

func TestNormalize(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		" \t\n.,;!?":                 "",
		"🎉 👍🏽":                       "",
		"What is  DNA?":              "what is dna",
		"“What’s that?”":             "what s that",
		"**What** is _this_?":        "what is this",
		"a-b/c":                      "a b c",
		"COVID-19":                   "covid 19",
		"Natalia's 48 clips cost $5": "natalia s 48 clips cost 5",
		"1,000":                      "1 000",

		"7 - 5":       "7 - 5",
		"7-5":         "7 - 5",
		"7 − 5":       "7 - 5",
		"7 × 5":       "7 * 5",
		"7 * 5":       "7 * 5",
		"7 ÷ 5 = ?":   "7 / 5",
		"-5":          "- 5",
		"x > 5":       "x > 5",
		"½":           "1 / 2",
		"5% of 60":    "5% of 60",
		"C++ or C#?":  "c++ or c#",
		"x+y":         "x y",
		"# A heading": "a heading",

		"ＦＵＬＬ　ｗｉｄｔｈ":        "full width",
		"ﬁne x²":            "fine x2",
		"CAFE\u0301":        "café",
		"café":              "café",
		"ΟΔΟΣ οδος":         "οδοσ οδοσ",
		"photo\u00adgraphy": "photography",
		"zero\u200bwidth":   "zerowidth",
		"水的沸点是多少？":          "水 的 沸 点 是 多 少",
		"ｶﾞラス":              "ガ ラ ス",
		"GPT是什么":            "gpt 是 什 么",
		"кот и пёс":         "кот и пёс",
		"नमस्ते दुनिया":     "नमस्ते दुनिया",
		"\u0301 a":          "a",
		"a \xff b":          "a b",
	} {
		if got := overlap.Normalize(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

// FuzzNormalize holds that a normal form is its own, and has single blanks between its words.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"What is DNA?", "7 − 5 ½ −½", "C++5 c+++ 5%5 #+", "İ ΟΔΟΣ H\u0331 ﷺ", "ｶﾞ゙ ก็ 水\u0301", "a\u200d\u0301b", "\xff\u0301", "- - -5\t-5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := overlap.Normalize(text)
		if twice := overlap.Normalize(once); twice != once {
			t.Errorf("%q becomes %q, and that %q", text, once, twice)
		}
		if !utf8.ValidString(once) || strings.Contains(once, "  ") || strings.TrimSpace(once) != once {
			t.Errorf("%q becomes %q", text, once)
		}
		for _, same := range []string{" " + text, text + "\n", text + " 🎉"} {
			if got := overlap.Normalize(same); got != once && utf8.ValidString(text) {
				t.Errorf("%q becomes %q, and %q becomes %q", text, once, same, got)
			}
		}
	})
}
