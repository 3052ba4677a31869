package reporters

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ftrun/runner/result"
	"ftrun/spec/diag"
)

// What a person reads of a dataset at most.
const (
	shownFiles = 5
	barColumns = 40 // of the longest bar
	maxBars    = 12
)

// A fact is a line about a dataset. The name of several lines stands before the first. Its texts are clean.
type fact struct{ name, text string }

// rowFacts returns where the rows went; what is 0 is left out.
func rowFacts(d *result.Dataset) []string {
	facts := []string{thousands(int64(d.Training)) + " to train on"}
	for _, f := range []struct {
		n    int
		what string
	}{{d.Validation, "to validate with"}, {d.Dropped, "dropped as too long"}, {d.Invalid, "invalid"}, {d.Duplicates, "removed as duplicates"}} {
		if f.n > 0 {
			facts = append(facts, thousands(int64(f.n))+" "+f.what)
		}
	}
	return facts
}

// datasetFacts returns where the rows went, and what they amount to.
func datasetFacts(d *result.Dataset) []string {
	if d == nil {
		return nil
	}
	facts := rowFacts(d)
	facts[0] = count(d.Training, "row") + " to train on"
	if d.Tokens > 0 {
		facts = append(facts, count(d.Tokens, "token"))
	}
	return facts
}

// statistics returns what a person wants to know of a dataset before anything is paid for; dot stands between facts, and bars have so many
// columns at most.
func statistics(d *result.Dataset, dot string, columns int) []fact {
	facts := fileFacts(d)
	facts = append(facts, fact{"rows", thousands(int64(d.Total)) + " read: " + strings.Join(rowFacts(d), dot)})
	if shape := shapeText(d); shape != "" {
		facts = append(facts, fact{"shape", shape})
	}
	if d.Tokens == 0 && d.ValidationTokens == 0 {
		return facts
	}
	tokens := thousands(d.Tokens) + " to train on"
	if d.ValidationTokens > 0 {
		tokens += dot + thousands(d.ValidationTokens) + " to validate with, which are not billed"
	}
	facts = append(facts, fact{"tokens", tokens})
	if roles := roleText(d.RoleTokens); roles != "" {
		facts = append(facts, fact{"by role", roles})
	}
	s := d.TokenStats
	each := fmt.Sprintf("min %s, mean %s, p50 %s, p95 %s, max %s tokens", thousands(int64(s.Min)), grouped(fmt.Sprintf("%.1f", s.Mean)), thousands(int64(s.P50)),
		thousands(int64(s.P95)), thousands(int64(s.Max)))
	if s.Limit > 0 {
		each += "; limit " + thousands(int64(s.Limit))
	}
	facts = append(facts, fact{"example", each + counter(s.Encoding)})
	for _, bar := range bars(s.Histogram, columns) {
		facts = append(facts, fact{"", bar})
	}
	return facts
}

func counter(encoding string) string {
	if encoding == "" {
		return ""
	}
	return ", counted with " + brief(encoding, 30)
}

// fileFacts returns the files that were read.
func fileFacts(d *result.Dataset) []fact {
	var facts []fact
	name := "data"
	for _, s := range firstOf(d.Sources, shownFiles) {
		use := ""
		if s.Use == result.UseValidation {
			use = ", to validate with"
		}
		facts = append(facts, fact{name, brief(s.Path, 100) + ": " + count(s.Rows, "row") + use})
		name = ""
	}
	if more := len(d.Sources) - shownFiles; more > 0 {
		facts = append(facts, fact{"", "and " + count(more, "more file")})
	}
	return facts
}

// columnOrder is that in which people think of the roles that columns have; others come first.
var columnOrder = []string{
	"system", "history", "question", "prompt", "instruction", "input", "messages", "conversations",
	"answer", "completion", "output", "preferred_output", "non_preferred_output",
}

// shapeText returns the shape of the rows, and which columns they were read from.
func shapeText(d *result.Dataset) string {
	if len(d.Sources) == 0 || d.Sources[0].Shape == "" {
		return ""
	}
	text := brief(d.Sources[0].Shape, 30) + " rows"
	before := ": "
	for _, role := range slices.SortedFunc(maps.Keys(d.Columns), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(columnOrder, a), slices.Index(columnOrder, b)), cmp.Compare(a, b))
	}) {
		text += before + brief(role, 30) + ` from "` + brief(d.Columns[role], 60) + `"`
		before = ", "
	}
	return text
}

// roleText returns who says the tokens, those first who say most.
func roleText(tokens map[string]int64) string {
	all := int64(0)
	for _, n := range tokens {
		all += n
	}
	if all <= 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(tokens), func(a, b string) int { return cmp.Or(cmp.Compare(tokens[b], tokens[a]), cmp.Compare(a, b)) })
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf("%s %s (%s)", brief(name, 30), thousands(tokens[name]), percent(float64(tokens[name])/float64(all))))
	}
	return strings.Join(list, ", ")
}

// estimateFacts returns what training would take.
func estimateFacts(e *result.Estimate, tokens int64) []fact {
	if e == nil {
		return nil
	}
	size, price := fmt.Sprintf("%s billed: %s × %s", count(e.BilledTokens, "token"), thousands(tokens), count(e.Epochs, "epoch")), dollars(e.USD)
	if e.EpochsGuessed {
		size += " (a guess: the service chooses them)"
		if e.USD != nil && *e.USD > 0 {
			price = "about " + price
		}
	}
	return []fact{{"training", size}, {"cost", price}}
}

// estimateAt returns what training would take at a provider. The embedded engine's own choice of epochs is not the usual one that is guessed.
func estimateAt(providerKind string, d *result.Dataset) *result.Estimate {
	if e := d.Estimate; e != nil && e.EpochsGuessed && providerKind == kindEmbedded {
		return nil
	}
	return d.Estimate
}

// estimateText is what training would take on one line, or nothing where that is not known.
func estimateText(run *result.Run) string {
	if run.Dataset == nil {
		return ""
	}
	var texts []string
	for _, f := range estimateFacts(estimateAt(run.Provider.Kind, run.Dataset), run.Dataset.Tokens) {
		texts = append(texts, f.name+" "+f.text)
	}
	return strings.Join(texts, "; ")
}

// bars draws a histogram with a bar for each range, the longest of so many columns, and one line for ranges in a row that nothing is in.
func bars(buckets []result.TokenBucket, columns int) []string {
	buckets = withoutGaps(merged(buckets))
	most, wide := 0, 0
	labels := make([]string, len(buckets))
	for i, b := range buckets {
		labels[i] = thousands(int64(b.From))
		if b.To > b.From {
			labels[i] += dash + thousands(int64(b.To))
		}
		most, wide = max(most, b.Examples), max(wide, textWidth(labels[i]))
	}
	var list []string
	for i, b := range buckets {
		length := 0
		if b.Examples > 0 && most > 0 {
			length = max(1, (b.Examples*columns+most/2)/most)
		}
		list = append(list, padLeft(labels[i], wide)+indent2+pad(strings.Repeat(barSign, length), columns)+indent2+thousands(int64(max(b.Examples, 0))))
	}
	return list
}

// barSign is what bars are made of where the writer knows more than ASCII.
const barSign = "█"

// merged returns neighbours together, so that no more than maxBars remain.
func merged(buckets []result.TokenBucket) []result.TokenBucket {
	step := (len(buckets) + maxBars - 1) / maxBars
	if step <= 1 {
		return buckets
	}
	var list []result.TokenBucket
	for part := range slices.Chunk(buckets, step) {
		b := result.TokenBucket{From: part[0].From, To: part[len(part)-1].To}
		for _, p := range part {
			b.Examples += p.Examples
		}
		list = append(list, b)
	}
	return list
}

// withoutGaps joins neighbours that are empty: one long example, far from all others, would else leave a column of nothing.
func withoutGaps(buckets []result.TokenBucket) []result.TokenBucket {
	var list []result.TokenBucket
	for i, b := range buckets {
		if i > 0 && b.Examples <= 0 && buckets[i-1].Examples <= 0 {
			list[len(list)-1].To = b.To
			continue
		}
		list = append(list, b)
	}
	return list
}

// showDataset writes what was found in the data, the gravest first, and its statistics; with what training would take where that is given.
func (c *Console) showDataset(d *result.Dataset, e *result.Estimate) {
	for _, f := range d.Findings {
		c.showDataFinding(f)
	}
	if len(d.Findings) > 0 {
		c.println()
	}
	facts := append(statistics(d, c.dot(), min(barColumns, max(c.opts.Width-40, 10))), estimateFacts(e, d.Tokens)...)
	for _, f := range facts {
		c.printWrapped([]piece{in(dim, indent2+pad(f.name, 10))}, normal, c.ours(f.text), 14)
	}
}

// showDataFinding writes a kind of finding: how grave, how many, what, and where the first is.
func (c *Console) showDataFinding(f result.DataFinding) {
	severity := severityOf(f.Severity)
	look := map[diag.Severity]style{diag.Error: red, diag.Warning: yellow, diag.Note: dim}[severity]
	head := []piece{
		text(indent2), in(look, pad(severity.String(), 8)), text(padLeft(c.ours(thousands(int64(f.Count))+"×"), 7) + indent2), in(bold, brief(f.Kind, 40)), text(indent2),
	}
	at := ""
	if len(f.Places) > 0 {
		at = " (" + line(placeOf(f.Places[0]).String())
		if f.Count > 1 {
			at += fmt.Sprintf(", and %s more", thousands(int64(f.Count-1)))
		}
		at += ")"
	}
	const margin = 19
	c.printWrapped(head, normal, sentence(f.Message+at), margin)
	if f.Hint != "" {
		c.printWrapped([]piece{text(strings.Repeat(" ", margin)), in(dim, "hint: ")}, dim, sentence(f.Hint), margin)
	}
}

func placeOf(p result.DataPlace) diag.Position {
	return diag.Position{File: p.File, Line: p.Line, Col: p.Col}
}

// told reports whether a warning says of the data what a finding says with its places.
func told(d *result.Dataset, warning string) bool {
	return d != nil && slices.ContainsFunc(d.Findings, func(f result.DataFinding) bool {
		return severityOf(f.Severity) == diag.Warning && len(f.Places) > 0 &&
			strings.Contains(warning, placeOf(f.Places[0]).String()) && strings.Contains(warning, f.Message)
	})
}

// Untold returns the warnings that no finding of the data tells with its places.
func Untold(d *result.Dataset, warnings []string) []string {
	return slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return told(d, w) })
}
