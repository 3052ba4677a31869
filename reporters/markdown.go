package reporters

import (
	"io"
	"slices"
	"strings"

	"ftrun/runner/result"
)

// SummaryLimit is the size in bytes of the largest summary of a step that GitHub shows; a larger one it drops whole, with what other
// commands of the step wrote.
const SummaryLimit = 1 << 20

// Markdown writes summary.md, in the Markdown of GitHub. It is a [JobSummary] that fits where nothing else is written.
func Markdown(w io.Writer, run *result.Run) error { return JobSummary(w, run, SummaryLimit) }

// JobSummary writes what a person wants to know of a run, in the Markdown of GitHub and in no more than room bytes. Where there is
// more to say, it cuts what matters least, between two cases or two rows, and says what it left out. It writes nothing where there
// is no room for the verdict.
func JobSummary(w io.Writer, run *result.Run, room int) error {
	cases, err := caseSections(run, room)
	if err != nil {
		return err
	}
	d := document{
		sections: slices.Concat(
			[]section{verdictSection(run), problemSection(run), thresholdSection(run), figureSection(run), differenceSection(run), contaminationSection(run)},
			cases,
			[]section{
				repeatSection(run), flakySection(run), fixedSection(run),
				runSection(run), stageSection(run), datasetSection(run), statisticsSection(run), curveSection(run), warningSection(run),
			},
		),
	}
	_, err = io.WriteString(w, d.fit(room))
	return err
}

// A section is a part of the summary. It may be cut between two items.
type section struct {
	name   string // as a note calls it
	weight int    // of two sections, the one with less weight is cut first
	head   string // the title, and all that stands before the items
	items  []string
	total  int    // items there are, also those not in items
	noun   string // of several items
	tail   string
}

// A document is a list of sections in the order of reading. The first is the verdict.
type document struct{ sections []section }

// noteRoom is more than the note on sections that were left out takes.
const noteRoom = 400

// fit returns the document in no more than room bytes.
func (d document) fit(room int) string {
	if whole := d.write(d.full()); len(whole) <= room {
		return whole
	}
	shown := d.choose(room - noteRoom)
	if shown[0] < 0 {
		// No room for a note either.
		if title := d.sections[0].head; len(title) <= room {
			return title
		}
		return ""
	}
	return d.write(shown)
}

// full returns the number of all items that each section has, or -1 for an empty section.
func (d document) full() []int {
	shown := make([]int, len(d.sections))
	for i, s := range d.sections {
		if shown[i] = len(s.items); s.total == 0 {
			shown[i] = -1
		}
	}
	return shown
}

// choose returns how many items of each section find room, or -1 where a section does not appear.
func (d document) choose(room int) []int {
	shown := make([]int, len(d.sections))
	byWeight := make([]int, len(d.sections))
	for i := range d.sections {
		shown[i], byWeight[i] = -1, i
	}
	slices.SortStableFunc(byWeight, func(a, b int) int { return d.sections[b].weight - d.sections[a].weight })
	for _, i := range byWeight {
		n := d.sections[i].fit(room)
		if n < 0 {
			if i == 0 {
				return shown // nothing goes without the verdict
			}
			continue
		}
		shown[i] = n
		room -= len(d.sections[i].write(n))
	}
	return shown
}

// write returns the document with so many items of each section.
func (d document) write(shown []int) string {
	var b strings.Builder
	var dropped []string
	for i, s := range d.sections {
		switch {
		case shown[i] >= 0:
			b.WriteString(s.write(shown[i]))
		case s.total > 0:
			dropped = append(dropped, s.name)
		}
	}
	if len(dropped) > 0 {
		b.WriteString("… left out for lack of room: " + strings.Join(dropped, ", ") + "; all is in results.json\n")
	}
	return b.String()
}

// fit returns how many items of the section find room, or -1 where there is none for it or nothing in it.
func (s section) fit(room int) int {
	if s.total == 0 {
		return -1
	}
	if len(s.write(len(s.items))) <= room {
		return len(s.items)
	}
	// The note on what is left out is longest where nothing remains.
	if room -= len(s.write(0)); room < 0 {
		return -1
	}
	n := 0
	for n < len(s.items) && room >= len(s.items[n]) {
		room -= len(s.items[n])
		n++
	}
	if n == 0 && s.weight < weightVerdict {
		return -1
	}
	return n
}

// write returns the section with its first n items, and a note where there are more.
func (s section) write(n int) string {
	var b strings.Builder
	b.WriteString(s.head)
	for _, item := range s.items[:n] {
		b.WriteString(item)
	}
	b.WriteString(s.tail)
	if more := s.total - n; more > 0 {
		b.WriteString("\n… " + thousands(int64(more)) + " of " + thousands(int64(s.total)) + " " + s.noun + " left out; they are in results.json\n")
	}
	b.WriteString("\n")
	return b.String()
}
