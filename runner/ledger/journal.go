package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
)

const (
	journalName = "journal"
	version     = 1
)

// A line is a line of the journal that checks out, or the part of a damaged one that does.
type line struct {
	number uint64
	raw    []byte // without the line break
	record Record // of line 0: none
}

// found is what a journal holds.
type found struct {
	lines   []line // the records in order; each once
	damaged []damage
}

// A damage is a run of bytes that belong to no line that checks out.
type damage struct {
	offset int
	bytes  []byte
}

// scan finds every line that checks out. It fails only where a journal is whole and of another version.
func scan(content []byte) (found, error) {
	var f found
	for offset := 0; offset < len(content); {
		end := len(content)
		if i := bytes.IndexByte(content[offset:], '\n'); i >= 0 {
			end = offset + i
		}
		if err := f.read(content[offset:end], offset); err != nil {
			return found{}, err
		}
		offset = end + 1
	}
	slices.SortStableFunc(f.lines, func(a, b line) int { return cmp.Compare(a.number, b.number) })
	f.lines = slices.CompactFunc(f.lines, func(a, b line) bool { return bytes.Equal(a.raw, b.raw) })
	return f, nil
}

// start is where a line may begin inside a damaged one, whose line break was lost. Inside a record's JSON it can't occur: quotes
// are escaped there, and an object stands behind a colon, a comma or a bracket.
var start = regexp.MustCompile(`[0-9a-f]{8} [0-9]{1,20} \{"`)

// read adds what checks out in the text between two line breaks, and the rest as damage.
func (f *found) read(text []byte, offset int) error {
	if ok, err := f.add(text); ok || err != nil {
		return err
	}
	good := 0 // the end of what was accounted for
	starts := start.FindAllIndex(text, -1)
	for i, at := range starts {
		limit := len(text)
		if i+1 < len(starts) {
			limit = starts[i+1][0]
		}
		end := at[1] - len(`{"`) + valueLength(text[at[1]-len(`{"`):limit])
		ok, err := f.add(text[at[0]:end])
		if err != nil {
			return err
		}
		if ok {
			f.damage(text[good:at[0]], offset+good)
			good = end
		}
	}
	f.damage(text[good:], offset+good)
	return nil
}

// valueLength returns how long the JSON value is that text begins with, or 0.
func valueLength(text []byte) int {
	d := json.NewDecoder(bytes.NewReader(text))
	var value json.RawMessage
	if d.Decode(&value) != nil {
		return 0
	}
	return int(d.InputOffset())
}

// add adds text where it is a line that checks out.
func (f *found) add(text []byte) (ok bool, err error) {
	number, body, ok := parseLine(text)
	if !ok {
		return false, nil
	}
	if number == 0 {
		var header struct {
			Journal int `json:"journal"`
		}
		if json.Unmarshal(body, &header) != nil {
			return false, nil
		}
		if header.Journal != version {
			return false, fmt.Errorf("journal of version %d, written by another version of ftrun; this one knows version %d", header.Journal, version)
		}
		return true, nil
	}
	l := line{number: number, raw: text}
	if json.Unmarshal(body, &l.record) != nil || l.record.Kind == "" {
		return false, nil
	}
	f.lines = append(f.lines, l)
	return true, nil
}

func (f *found) damage(b []byte, offset int) {
	if len(b) > 0 {
		f.damaged = append(f.damaged, damage{offset, b})
	}
}

// size returns how long the journal is without its damage.
func (f *found) size() int64 {
	n := len(headerLine())
	for _, l := range f.lines {
		n += len(l.raw) + 1
	}
	return int64(n)
}

// intact returns how much of content, from its beginning, is as an undamaged journal with the same records would be.
func (f *found) intact(content []byte) int {
	if !bytes.HasPrefix(content, headerLine()) {
		return 0
	}
	at := len(headerLine())
	for _, l := range f.lines {
		end := at + len(l.raw)
		if end >= len(content) || content[end] != '\n' || !bytes.Equal(content[at:end], l.raw) {
			break
		}
		at = end + 1
	}
	return at
}

// parseLine splits a line into its number and its body, and reports whether its checksum holds.
func parseLine(text []byte) (number uint64, body []byte, ok bool) {
	const sumDigits = 8
	if len(text) <= sumDigits {
		return 0, nil, false
	}
	rest := text[sumDigits:]
	// Compared as text: a flipped bit that turns a hex digit into its capital is damage too.
	if string(text[:sumDigits]) != fmt.Sprintf("%08x", checksum(rest)) {
		return 0, nil, false
	}
	digits, body, ok := bytes.Cut(rest[1:], []byte(" "))
	if !ok || rest[0] != ' ' {
		return 0, nil, false
	}
	number, err := strconv.ParseUint(string(digits), 10, 64)
	return number, body, err == nil
}

// formatLine returns a whole line of the journal.
func formatLine(number uint64, body []byte) []byte {
	rest := fmt.Appendf(nil, " %d %s", number, body)
	return fmt.Appendf(nil, "%08x%s\n", checksum(rest), rest)
}

func headerLine() []byte { return formatLine(0, fmt.Appendf(nil, `{"journal":%d}`, version)) }

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// readJournal returns the journal's bytes; none where there is no journal yet.
func readJournal(path string) ([]byte, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return content, err
}

// regular refuses anything but a file at path, or nothing: a stranger's repository may bring a link in its place, and writing
// would go to where that points.
func regular(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file", path)
	default:
		return nil
	}
}
