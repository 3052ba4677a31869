package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ftrun/runner/atomicfile"
)

// repair makes the journal at path, which holds content, hold the lines found and nothing else, and says what it did. What it
// takes out goes to a file of its own first. At every moment the journal has all its lines.
func repair(path string, content []byte, f found) (did []string, err error) {
	intact := f.intact(content)
	switch {
	case int64(intact) == f.size() && intact == len(content):
		return nil, nil
	case len(content) == 0:
		return nil, create(path)
	}
	aside, err := setAside(path, f.damaged)
	if err != nil {
		return nil, err
	}
	if int64(intact) == f.size() {
		err = truncate(path, int64(intact))
	} else {
		err = rewrite(path, f)
	}
	if err != nil {
		return nil, err
	}
	return describe(path, f, aside), nil
}

// create makes an empty journal.
func create(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(headerLine())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}

// setAside writes damaged bytes to the first free journal.damaged-N and returns its path; "" where there are none.
func setAside(path string, damaged []damage) (string, error) {
	if len(damaged) == 0 {
		return "", nil
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.damaged-%d", path, n)
		f, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		for _, d := range damaged {
			if _, err = f.Write(d.bytes); err != nil {
				break
			}
		}
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return "", errors.Join(err, os.Remove(aside))
		}
		return aside, nil
	}
}

// truncate cuts off a damaged tail.
func truncate(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Sync(), f.Close()); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}

// rewrite replaces the journal by one without its damage.
func rewrite(path string, f found) error {
	err := atomicfile.WriteFile(path, func(w io.Writer) error {
		if _, err := w.Write(headerLine()); err != nil {
			return err
		}
		for _, l := range f.lines {
			if _, err := w.Write(append(l.raw[:len(l.raw):len(l.raw)], '\n')); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return os.Chmod(path, 0o600)
}

// describe says what was mended, in as many sentences as anyone reads.
func describe(path string, f found, aside string) []string {
	const enough = 10
	var did []string
	for i, d := range f.damaged {
		if i == enough {
			did = append(did, fmt.Sprintf("%s: and %d more damaged places", path, len(f.damaged)-enough))
			break
		}
		did = append(did, fmt.Sprintf("%s: %d damaged bytes at offset %d were moved to %s", path, len(d.bytes), d.offset, filepath.Base(aside)))
	}
	if did == nil {
		did = append(did, path+": line breaks, copies and order were mended; no record was lost")
	}
	return did
}
