package rows

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// A format is what a file's extension says of it.
type format struct {
	extension string // in lower case, without that of the compression
	ofLines   bool   // a row ends with its line
	open      func(*bufio.Reader) container
	packing   *packing // nil: the file is the text
}

// containers are the formats without their compression, the one that is recommended first.
func containers() []format {
	return []format{
		{extension: ".jsonl", ofLines: true, open: newLines},
		{extension: ".json", open: newDocument},
		{extension: ".csv", ofLines: true, open: newTable},
		{extension: ".tsv", ofLines: true, open: newTabs},
	}
}

// Extensions returns the extensions of containers, and those of compressions, of which one may follow.
func Extensions() (containerList, compressions []string) {
	for _, c := range containers() {
		containerList = append(containerList, c.extension)
	}
	for _, p := range packings() {
		compressions = append(compressions, p.extension)
	}
	return containerList, compressions
}

// Extension returns the end of a file's name that says what is in the file, in lower case, such as .jsonl, or .jsonl.gz.
func Extension(name string) string {
	name = strings.ToLower(filepath.Base(name))
	end := filepath.Ext(name)
	for _, p := range packings() {
		if end == p.extension {
			return filepath.Ext(strings.TrimSuffix(name, end)) + end
		}
	}
	return end
}

// formatOf returns the format that an extension names.
func formatOf(extension string) (format, *Problem) {
	inner, outer := strings.ToLower(extension), (*packing)(nil)
	for _, p := range packings() {
		if before, ok := strings.CutSuffix(inner, p.extension); ok {
			inner, outer = before, &p
			break
		}
	}
	for _, f := range containers() {
		if f.extension == inner {
			f.packing = outer
			return f, nil
		}
	}
	list, compressions := Extensions()
	return format{}, &Problem{
		Fatal:   true,
		Message: fmt.Sprintf("the extension %q says nothing about the data: want %s", extension, oneOf(list)),
		Hint:    fmt.Sprintf("each of them may be compressed, and then ends in %s besides, such as %s", oneOf(compressions), list[0]+compressions[0]),
	}
}

// oneOf joins alternatives.
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}

// foreign are the first bytes of files that are no text, and what they are.
func foreign() []struct{ head, name string } {
	return []struct{ head, name string }{
		{"PK\x03\x04", "a zip archive, or a spreadsheet"},
		{"BZh", "compressed by bzip2"},
		{"\xfd7zXZ\x00", "compressed by xz"},
		{"PAR1", "a Parquet file"},
	}
}

// skipMark passes over a UTF-8 byte order mark. It refuses those of UTF-16, whose text would look like noise, and the beginnings of what is no text.
func (r *Reader) skipMark() error {
	head, err := r.in.Peek(6)
	if err != nil && err != io.EOF {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := r.in.Discard(3)
		return err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return &Problem{Line: 1, Col: 1, Fatal: true, Message: "the text is UTF-16: save the file as UTF-8"}
	}
	for _, p := range packings() {
		if p.begins(head) {
			return r.packed(p)
		}
	}
	for _, f := range foreign() {
		if bytes.HasPrefix(head, []byte(f.head)) {
			list, _ := Extensions()
			return &Problem{Fatal: true, Message: "is " + f.name + ", not text", Hint: "save the rows as " + oneOf(list)}
		}
	}
	return nil
}

// oldMac refuses text whose lines end in CR alone, as the Macintosh had it until 2001: to everybody else it is one line. The CR in a single row of JSON
// is white space.
func (r *Reader) oldMac() *Problem {
	if !r.text.format.ofLines {
		return nil
	}
	head, _ := r.in.Peek(r.in.Size()) // an error comes again when it matters
	line, rest, found := bytes.Cut(head, []byte("\r"))
	rest = bytes.TrimLeft(rest, " \t\r")
	line = bytes.TrimRight(line, " \t")
	isJSON := r.text.format.extension == ".jsonl"
	if !found || len(rest) == 0 || bytes.IndexByte(head, '\n') >= 0 || isJSON && !(bytes.HasSuffix(line, []byte("}")) && rest[0] == '{') {
		return nil
	}
	return &Problem{Line: 1, Col: 1 + bytes.IndexByte(head, '\r'), Fatal: true,
		Message: "the lines end in CR alone, so that the file is a single one", Hint: "save it with line ends of LF or CRLF"}
}

// packed refuses text that is compressed although the file's name does not say so, or says it once and it is so twice.
func (r *Reader) packed(p packing) *Problem {
	problem := &Problem{Fatal: true, Message: fmt.Sprintf("is compressed by %s, and its name does not say so", p.name),
		Hint: fmt.Sprintf("let its name end in %s", r.text.format.extension+p.extension)}
	if outer := r.text.format.packing; outer != nil {
		problem.Message = fmt.Sprintf("is compressed twice: by %s, and inside by %s", outer.name, p.name)
		problem.Hint = "compress it once"
	}
	return problem
}
