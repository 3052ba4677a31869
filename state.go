package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ftrun/spec"
)

// stateFolder is where what must outlive a run lies.
func stateFolder(o options, p *spec.Pipeline) string {
	return cmp.Or(o.State, filepath.Join(p.Dir, ".ftrun"))
}

// engineFolder is the embedded engine's part of a state folder.
func engineFolder(state string) string { return filepath.Join(state, "embedded") }

// A linkedError says that a state folder is, or holds, a symbolic link.
type linkedError struct {
	state string
	path  string // of the link
}

func (e *linkedError) Error() string {
	return fmt.Sprintf("state folder %q: %q is a symbolic link", e.state, e.path)
}

// Hint returns the way out.
func (e *linkedError) Hint() string {
	if e.path == e.state {
		return "name the folder that it leads to with --state, if you know whose link it is; else remove the link"
	}
	return fmt.Sprintf("remove %s; ftrun makes no links, so somebody else put it there", e.path)
}

// checkState refuses a state folder with a symbolic link in it. The folder may have come with a stranger's pull request, or out of a
// cache, and what is written through a link overwrites something else. The empty path, and one that is not there, have none.
func checkState(state string) error {
	if state == "" {
		return nil
	}
	return filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // or another run has just removed it
		case err != nil:
			return fmt.Errorf("look through state folder: %w", err)
		case d.Type()&fs.ModeSymlink != 0:
			return &linkedError{state: state, path: path}
		}
		return nil
	})
}

// ignoreInGit keeps the state, and the prepared data in it, out of the user's commits.
func ignoreInGit(state string) error {
	f, err := os.OpenFile(filepath.Join(state, ".gitignore"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString("*\n")
	return errors.Join(err, f.Close())
}
