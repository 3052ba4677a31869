package wordchars

import (
	"testing"
	"unicode"
)

func TestKindOf(t *testing.T) {
	for text, want := range map[string]Kind{
		" \t\n.,;-+#%'\"(«„…€°\U0001F600\u200B\uFFFD": Between,
		"aZ09éßΣя٣½ⅷªאहपअ한글":                          Part,
		"\u0301\u0327\u093F\u05B0\u20DD":              OnPart,
		"漢字ひらカターｰｶ々〇ไทยที่ລາວខ្មែရ်":                  Whole,
	} {
		for _, r := range text {
			if got := KindOf(r); got != want {
				t.Errorf("%q (%U) is of kind %d, want %d", r, r, got, want)
			}
		}
	}
}

// TestLowerASCII: for bytes of ASCII it says what KindOf says.
func TestLowerASCII(t *testing.T) {
	for c := range byte(0x80) {
		want := byte(unicode.ToLower(rune(c)))
		if KindOf(rune(c)) == Between {
			want = 0
		}
		if got := LowerASCII(c); got != want {
			t.Errorf("%q becomes %q, want %q", c, got, want)
		}
	}
	for c := 0x80; c <= 0xFF; c++ {
		if LowerASCII(byte(c)) != 0 {
			t.Errorf("byte %#x is taken for a letter", c)
		}
	}
}
