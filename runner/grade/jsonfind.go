package grade

import "strings"

// findJSON returns the first JSON object or array in a text that says more: what stands in its first block fenced by ```json, or else what begins at
// the first { or [ that JSON follows. Where JSON has begun and breaks off, what stands inside it is never taken for it.
func findJSON(text string) (any, *badJSON) {
	if value, bad := parseJSON(text); bad == nil || !bad.broken {
		return value, bad
	}
	if block, ok := fencedJSON(text); ok {
		return parseJSON(block)
	}
	for from := 0; ; {
		start := strings.IndexAny(text[from:], "{[")
		if start < 0 {
			return nil, &badJSON{message: "no JSON", broken: true}
		}
		from += start
		value, _, bad := parseJSONPrefix(text[from:])
		if bad == nil || !bad.broken || bad.cutOff || begun(text[from], bad.tokens) {
			return value, bad
		}
		from += max(bad.offset, 1) // what was read can't begin another value: each byte is looked at once or twice
	}
}

// begun reports whether so many tokens after a bracket can only be JSON that is broken, and no prose in brackets: {"name" or [1, 2.
func begun(bracket byte, tokens int) bool {
	if bracket == '{' {
		return tokens > 1
	}
	return tokens > 2
}

// fencedJSON returns the first block of code that says that it is JSON, to the end of the text where the block has none.
func fencedJSON(text string) (string, bool) {
	const fence, language = "```", "json"
	for rest := text; ; {
		_, after, ok := strings.Cut(rest, fence)
		if !ok {
			return "", false
		}
		if name := strings.TrimLeft(after, " \t"); len(name) >= len(language) && strings.EqualFold(name[:len(language)], language) {
			block, begins := strings.CutPrefix(strings.TrimLeft(name[len(language):], " \t\r"), "\n")
			if begins {
				block, _, _ = strings.Cut(block, fence)
				return block, true
			}
		}
		rest = after
	}
}
