package spec

import (
	"path"
	"path/filepath"
)

// ParseWith is [Parse] in an environment.
func ParseWith(file string, src []byte, opts LoadOptions) (*Pipeline, error) {
	c := parse(file, src, opts, nil)
	if err := c.problems().Err(); err != nil {
		return nil, err
	}
	return c.pipeline, nil
}

// WalkPattern returns the fixed part of a pattern, and the files below a folder that fit it, relative to the folder.
func WalkPattern(dir, text string) (base string, files []string, err error) {
	p, err := newPattern(text)
	if err != nil {
		return "", nil, err
	}
	found, err := p.walk(filepath.Join(dir, filepath.FromSlash(p.base)))
	for _, name := range found.matches {
		files = append(files, path.Join(p.base, name))
	}
	return p.base, files, err
}
