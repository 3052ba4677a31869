package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"ftrun/runner/dataset/secrets"
	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// The kinds of findings: stable names, for scripts and for grouping. docs/data.md explains each.
const (
	kindUnreadable   = "unreadable"
	kindShape        = "shape"
	kindColumns      = "columns"
	kindType         = "wrong_type"
	kindMissing      = "missing_key"
	kindUnknownKey   = "unknown_key"
	kindBlank        = "blank"
	kindRole         = "unknown_role"
	kindOrder        = "role_order"
	kindLast         = "last_message"
	kindNoUser       = "no_user_message"
	kindWeight       = "weight"
	kindTools        = "tools"
	kindImage        = "content_part"
	kindUncounted    = "uncounted_image"
	kindSamePair     = "same_outputs"
	kindLong         = "too_long"
	kindSecret       = "secret"
	kindDuplicate    = "duplicate_row"
	kindConflict     = "conflicting_row"
	kindOverlap      = "validation_overlap"
	kindControl      = "control_character"
	kindReplacement  = "damaged_text"
	kindUnusedColumn = "unused_column"
	kindDropped      = "dropped_rows"
	kindFew          = "few_examples"
)

// Kinds lists the kinds of findings.
func Kinds() []string {
	return []string{
		kindUnreadable, kindShape, kindColumns, kindType, kindMissing, kindUnknownKey, kindBlank, kindRole, kindOrder, kindLast, kindNoUser, kindWeight,
		kindTools, kindImage, kindUncounted, kindSamePair, kindLong, kindSecret, kindDuplicate, kindConflict, kindOverlap, kindControl, kindReplacement,
		kindUnusedColumn, kindDropped, kindFew,
	}
}

// Bounds of what is kept, so that a wrong file can't fill the memory. Beyond them findings are only counted.
const (
	maxErrors   = 10_000
	maxAdvice   = 1_000 // warnings and notes
	maxPlaces   = 5     // of one kind, in the results
	maxOfAKind  = 200   // warnings or notes of one kind
	maxMessages = 300   // bytes of a message in the results
	maxText     = 2_000 // bytes of a message
	maxQuoted   = 200   // bytes of the data that a message quotes
)

// findings holds what is found in the data, in the order of the files.
type findings struct {
	errors diag.List
	advice diag.List     // warnings and notes
	lost   []bool        // by advice: why a row was left out
	more   int           // errors beyond those kept
	first  diag.Position // of them
	fatal  bool          // rows after the last error were not read
	groups []*result.DataFinding
}

func (f *findings) failed() bool { return len(f.errors) > 0 }

// add keeps the findings of one row, its errors all or none. lost says that they are why the row was left out.
func (f *findings) add(row int, list diag.List, lost bool) {
	list.Sort()
	keep := len(f.errors) < maxErrors
	for _, d := range list {
		d.Message, d.Hint = bounded(withoutSecrets(d.Message), maxText), bounded(withoutSecrets(d.Hint), maxText)
		g := f.count(d, row)
		switch {
		case d.Severity != diag.Error:
			if g.Count <= maxOfAKind && len(f.advice) < maxAdvice {
				f.advice, f.lost = append(f.advice, d), append(f.lost, lost)
			}
		case keep:
			f.errors = append(f.errors, d)
		default:
			if f.more == 0 {
				f.first = d.Pos
			}
			f.more++
		}
	}
}

// count adds a finding to its group.
func (f *findings) count(d diag.Diagnostic, row int) *result.DataFinding {
	severity := d.Severity.String()
	i := slices.IndexFunc(f.groups, func(g *result.DataFinding) bool { return g.Kind == d.Kind && g.Severity == severity })
	if i < 0 {
		i = len(f.groups)
		f.groups = append(f.groups, &result.DataFinding{Kind: d.Kind, Severity: severity, Message: shortened(d.Message), Hint: d.Hint})
	}
	g := f.groups[i]
	g.Count++
	if d.Pos.File != "" && len(g.Places) < maxPlaces {
		g.Places = append(g.Places, result.DataPlace{File: d.Pos.File, Line: d.Pos.Line, Col: d.Pos.Col, Row: row, Message: shortened(d.Message)})
	}
	return g
}

// err returns all that was found as a sorted [diag.List] where there are errors; the last of them says how many more there are.
func (f *findings) err() error {
	if !f.failed() {
		return nil
	}
	if f.more > 0 {
		f.errors.Add(diag.Diagnostic{Pos: f.first, Message: fmt.Sprintf("and %d more problems from here on", f.more)})
	}
	return append(f.errors, f.advice...).Err()
}

// grouped returns what was found, the gravest first, and leaked keys before what is as grave.
func (f *findings) grouped() []result.DataFinding {
	list := make([]result.DataFinding, 0, len(f.groups))
	for _, g := range f.groups {
		list = append(list, *g)
	}
	rank := func(g result.DataFinding) int { return slices.Index([]string{"error", "warning", "note"}, g.Severity) }
	other := func(g result.DataFinding) int {
		if g.Kind == kindSecret {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b result.DataFinding) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(other(a), other(b)))
	})
	return list
}

// summaries returns a sentence for every kind of warning.
func (f *findings) summaries() []string {
	var list []string
	for _, g := range f.grouped() {
		if g.Severity != diag.Warning.String() || len(g.Places) == 0 {
			continue
		}
		at := diag.Position{File: g.Places[0].File, Line: g.Places[0].Line, Col: g.Places[0].Col}
		if g.Count == 1 {
			list = append(list, fmt.Sprintf("%s: row %d: %s", at, g.Places[0].Row, g.Message))
			continue
		}
		list = append(list, fmt.Sprintf("%s (%s), the first at %s: %s", plural(g.Count, "finding"), g.Kind, at, g.Message))
	}
	return list
}

// withoutSecrets shows of a secret in a message, which quotes the data, as little as of one that was looked for.
func withoutSecrets(message string) string {
	found := secrets.Find(message)
	for i := len(found) - 1; i >= 0; i-- {
		start, end := found[i].Offset, found[i].Offset+found[i].Len
		message = message[:start] + secrets.Redact(message[start:end]) + message[end:]
	}
	return message
}

// quote shows a text of the data in quotes: shortened, and without the secrets in it. They are looked for first, because quotes and cuts hide
// them.
func quote(text string) string { return strconv.Quote(bounded(withoutSecrets(text), maxQuoted)) }

func shortened(text string) string { return bounded(text, maxMessages) }

// bounded cuts a text after so many bytes, and not within a letter.
func bounded(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
