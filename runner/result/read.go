package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
)

// MaxValueBytes is how large one case, or one other field of the results, may be. It bounds the memory that a file from anywhere takes.
const MaxValueBytes = 32 << 20

// Read reads a results.json whole, its cases as a [CaseList]. Fields that it does not know are ignored, because later versions add some;
// what earlier versions did not write is counted anew where the cases tell it.
//
// An error says what could not be read and at which byte.
func Read(r io.Reader) (*Run, error) {
	var cases CaseList
	run, _, err := readRun(r, func(c Case) { cases = append(cases, c) })
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	run.Cases = cases
	return run, nil
}

// ReadCases yields the cases of a results.json in their order and holds one of them at a time. It ends after an error, which says what could
// not be read and at which byte. What r yields beyond the cases is read too: a file that is cut off at its very end is an error.
func ReadCases(r io.Reader) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		f := newFileReader(r)
		stopped := false
		err := f.read(func(c Case) bool {
			stopped = !yield(c, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(Case{}, fmt.Errorf("read results: %w", err))
		}
	}
}

// A CaseFile is the [Cases] of a results.json that stays on disk. It is safe for concurrent use, and reads what was there when it was
// opened even where another file takes that one's place.
type CaseFile struct {
	file  *os.File
	size  int64
	count int
}

// OpenCases opens a results.json to read its cases one at a time, as often as needed, and returns the run without them. The whole file is
// read once and checked, so that what is wrong with it shows before anything depends on it.
func OpenCases(path string) (*CaseFile, *Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for somebody to write into it
		return nil, nil, fmt.Errorf("read results %q: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	f := &CaseFile{file: file, size: info.Size()}
	run, count, err := readRun(f.reader(), func(Case) {})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read results %q: %w", path, err), file.Close())
	}
	f.count, run.Cases = count, f
	return f, run, nil
}

func (f *CaseFile) reader() io.Reader { return io.NewSectionReader(f.file, 0, f.size) }

// Len returns the number of cases.
func (f *CaseFile) Len() int { return f.count }

// All yields the cases in the order of the file.
func (f *CaseFile) All() iter.Seq2[Case, error] { return ReadCases(f.reader()) }

// Close closes the file. The cases can't be read after it.
func (f *CaseFile) Close() error { return f.file.Close() }

// readRun reads the results and hands their cases over, of which it returns the number.
func readRun(r io.Reader, each func(Case)) (run *Run, count int, err error) {
	f := newFileReader(r)
	var tally tally
	err = f.read(func(c Case) bool {
		count++
		tally.add(c)
		each(c)
		return true
	})
	if err != nil {
		return nil, 0, err
	}
	f.head.WriteByte('}')
	run = &Run{}
	if err := json.Unmarshal(f.head.Bytes(), run); err != nil {
		return nil, 0, readable(err)
	}
	run.Schema = Schema // a field "SCHEMA" would have ended up there too
	if c := run.Comparison; c != nil && c.Kind == "" {
		tally.complete(c)
	}
	return run, count, nil
}

// A fileReader goes through a results.json once. Everything but the cases becomes head, a JSON object that lacks its end.
type fileReader struct {
	in     *bounded
	dec    *json.Decoder
	head   bytes.Buffer
	schema string
}

func newFileReader(r io.Reader) *fileReader {
	in := &bounded{r: r}
	f := &fileReader{in: in, dec: json.NewDecoder(in)}
	f.head.WriteByte('{')
	return f
}

// read goes through the file and hands the cases over until each returns false.
func (f *fileReader) read(each func(Case) bool) error {
	if err := f.expect('{', "the results"); err != nil {
		return err
	}
	hasCases := false
	for f.more() {
		key, err := f.token()
		if err != nil {
			return f.at("a field's name", err)
		}
		name, _ := key.(string)
		switch {
		case name != "cases":
			err = f.field(name)
		case hasCases:
			err = f.at("the cases", errors.New("they are there twice"))
		default:
			hasCases = true
			var stopped bool
			if stopped, err = f.cases(each); stopped {
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
	if err := f.expect('}', "the results"); err != nil {
		return err
	}
	if f.schema == "" {
		return fmt.Errorf("the format is %q, not %q", "", Schema)
	}
	if _, err := f.token(); !errors.Is(err, io.EOF) {
		return f.at("the end", errors.New("something follows"))
	}
	return nil
}

// field reads a field that is not the cases.
func (f *fileReader) field(name string) error {
	var value json.RawMessage
	start, err := f.decode(&value)
	if err == nil && f.head.Len()+len(value) > MaxValueBytes {
		err = errTooLarge
	}
	if err != nil {
		return at(fmt.Sprintf("field %q", name), start, err)
	}
	if name == "schema" {
		if json.Unmarshal(value, &f.schema) != nil || f.schema != Schema {
			return fmt.Errorf("the format is %s, not %q", value, Schema)
		}
	}
	if f.head.Len() > 1 {
		f.head.WriteByte(',')
	}
	key, err := json.Marshal(name)
	f.head.Write(key)
	f.head.WriteByte(':')
	f.head.Write(value)
	return err
}

// cases reads the list of cases, and reports whether each wanted no more.
func (f *fileReader) cases(each func(Case) bool) (stopped bool, err error) {
	if err := f.expect('[', "the cases"); err != nil {
		return false, err
	}
	for n := 1; f.more(); n++ {
		var c Case
		if start, err := f.decode(&c); err != nil {
			return false, at(fmt.Sprintf("case %d", n), start, err)
		}
		if !each(c) {
			return true, nil
		}
	}
	return false, f.expect(']', "the cases")
}

// expect reads one sign of punctuation.
func (f *fileReader) expect(want json.Delim, what string) error {
	got, err := f.token()
	if err == nil && got != want {
		err = fmt.Errorf("there is no %q", want.String())
	}
	if err != nil {
		return f.at(what, err)
	}
	return nil
}

func (f *fileReader) more() bool {
	f.in.left = MaxValueBytes
	return f.dec.More()
}

func (f *fileReader) token() (json.Token, error) {
	f.in.left = MaxValueBytes
	return f.dec.Token()
}

// decode reads a whole value, and returns where it or what stands before it begins.
func (f *fileReader) decode(v any) (start int64, err error) {
	f.in.left = MaxValueBytes
	start = f.dec.InputOffset()
	return start, f.dec.Decode(v)
}

func (f *fileReader) at(what string, err error) error { return at(what, f.dec.InputOffset(), err) }

func at(what string, offset int64, err error) error {
	return fmt.Errorf("%s, at byte %d: %w", what, offset, readable(err))
}

var errTooLarge = fmt.Errorf("larger than %d MiB", MaxValueBytes>>20)

// embedded takes the types out of a path whose fields stand without them in the file.
var embedded = strings.NewReplacer("Conclusion.", "", "Answer.", "")

// readable returns err in words about the file rather than about Go.
func readable(err error) error {
	wrong, isType := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the file ends in the middle")
	case isType && wrong.Field != "":
		return fmt.Errorf("%q can't be a %s", embedded.Replace(wrong.Field), wrong.Value)
	case isType:
		return fmt.Errorf("it can't be a %s", wrong.Value)
	default:
		return err
	}
}

// bounded is a reader that yields no more than left bytes.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// A tally counts what both models made of the cases.
type tally struct {
	pairs, same   int
	fixed, broken []string // ids
}

func (t *tally) add(c Case) {
	if c.Baseline == nil || !hasOutcome(c.Status) || !hasOutcome(c.Baseline.Status) {
		return
	}
	t.pairs++
	switch before, after := c.Baseline.Status, c.Status; {
	case before == CaseFailed && after == CasePassed:
		t.fixed = append(t.fixed, c.ID)
	case before == CasePassed && after == CaseFailed:
		t.broken = append(t.broken, c.ID)
	case before == after && after != CaseScored:
		t.same++
	}
}

func hasOutcome(status string) bool {
	return status == CasePassed || status == CaseFailed || status == CaseScored
}

// complete adds to a comparison what versions did not write that knew no baseline but the base model.
func (t *tally) complete(c *Comparison) {
	c.Kind, c.Cases, c.Same, c.FixedCases, c.BrokenCases = KindBase, t.pairs, t.same, list(t.fixed), list(t.broken)
}
