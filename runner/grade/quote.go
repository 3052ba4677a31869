package grade

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// How much of an output or a value is shown, in runes.
const (
	reasonRunes = 80
	nameRunes   = 40
)

// quoteHead quotes the first runes of text, escaping whatever could act on a terminal, a log or a report.
func quoteHead(text string, runes int) string {
	if end := runeOffset(text, runes); end < len(text) {
		return strconv.Quote(text[:end] + "…")
	}
	return strconv.Quote(text)
}

// quoteTail quotes the last runes of text.
func quoteTail(text string, runes int) string {
	start := len(text)
	for ; runes > 0 && start > 0; runes-- {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	if start > 0 {
		return strconv.Quote("…" + text[start:])
	}
	return strconv.Quote(text)
}

// runeOffset returns where the rune number n of text begins, or the length of text where it is shorter.
func runeOffset(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}

// show is quoteHead for an output in a reason.
func show(output string) string {
	if strings.TrimSpace(output) == "" {
		return "an empty output"
	}
	return quoteHead(output, reasonRunes)
}
