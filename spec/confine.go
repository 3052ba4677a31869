package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ftrun/spec/internal/yamlpos"
)

// An OutsideError says that a spec names a file outside its repository or folder, or one of git's own.
type OutsideError struct {
	Name string // as the spec has it
	Root string // the folder that it leads out of
	Repo bool   // Root is a repository; else it is the folder of the pipeline file
	Git  bool   // inside Root, but in a .git folder
}

func (e *OutsideError) Error() string {
	if e.Git {
		return yamlpos.Quote(e.Name) + " leads into a .git folder, which may hold credentials"
	}
	if e.Repo {
		return yamlpos.Quote(e.Name) + " leads outside the repository of the pipeline file"
	}
	return yamlpos.Quote(e.Name) + " leads outside the folder of the pipeline file"
}

// Hint returns the way out.
func (e *OutsideError) Hint() string {
	return fmt.Sprintf("move the file into %s, or allow it on the command line: --allow-outside", e.Root)
}

// CheckPath returns the path of a file that a spec in the folder dir names. A spec may come from a stranger, so the file has to lie
// in the spec's repository, that is the nearest folder around dir that has .git, or in dir where there is none; symbolic links
// count as what they lead to, and a .git folder itself is outside: CI keeps tokens there. Otherwise the error is an [*OutsideError]. The
// file need not exist.
func CheckPath(dir, name string, opts LoadOptions) (string, error) {
	path := resolvePath(dir, name)
	if opts.AllowOutside {
		return path, nil
	}
	root, isRepo, err := repository(dir)
	if err != nil {
		return "", err
	}
	target, err := realPath(path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, target)
	if err != nil || !filepath.IsLocal(rel) {
		return "", &OutsideError{Name: name, Root: root, Repo: isRepo}
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		if strings.EqualFold(part, ".git") {
			return "", &OutsideError{Name: name, Root: root, Repo: isRepo, Git: true}
		}
	}
	return path, nil
}

// repository returns the real path of the nearest folder from dir upwards that has .git, or of dir where none is a repository.
func repository(dir string) (root string, found bool, err error) {
	start, err := realPath(dir)
	if err != nil {
		return "", false, err
	}
	for at := start; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return at, true, nil
		}
		if filepath.Dir(at) == at {
			return start, false, nil
		}
	}
}

// realPath makes a path absolute and follows its symbolic links as far as it exists.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for at := abs; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		switch {
		case err == nil:
			return filepath.Join(real, rest), nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("read %s: %s", yamlpos.Quote(path), cause(err))
		case filepath.Dir(at) == at:
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
