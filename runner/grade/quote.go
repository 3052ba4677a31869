package grade

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// How much of an output or a value is shown, in runes.
const (
	reasonRunes  = 80
	nameRunes    = 200 // of a value in an assertion's name: long patterns often begin alike
	excerptRunes = 40  // of a part of a value
	beforeRunes  = 20  // of what stands before the place that matters
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

// showAround quotes as much of an output as show does, from shortly before its rune number at.
func showAround(output string, at int) string {
	if runeOffset(output, reasonRunes) == len(output) || at <= beforeRunes {
		return show(output)
	}
	return showFrom(output, at-beforeRunes)
}

// showFrom quotes text from a rune on.
func showFrom(text string, rune int) string {
	return quoteHead("…"+text[runeOffset(text, rune):], reasonRunes)
}

// show is quoteHead for an output in a reason.
func show(output string) string {
	if strings.TrimSpace(output) == "" {
		return "an empty output"
	}
	return quoteHead(output, reasonRunes)
}
