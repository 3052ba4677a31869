package spec

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/internal/yamlpos"
)

// maxDataFiles is how many files a dataset may have. More are a pattern that finds what it was not meant to.
const maxDataFiles = 10_000

const wantContainer = "end the name in what is in the file; each may be compressed, as in .jsonl.gz or .jsonl.zst"

// hasDataExtension reports whether the name of a file says what container of rows it is.
func hasDataExtension(name string) bool {
	name = strings.ToLower(name)
	containers, compressions := rows.Extensions()
	return slices.ContainsFunc(containers, func(container string) bool {
		return slices.ContainsFunc(append(compressions, ""), func(compression string) bool { return strings.HasSuffix(name, container+compression) })
	})
}

// dataContainers are the containers of rows.
func dataContainers() []string {
	containers, _ := rows.Extensions()
	return containers
}

// A dataUse is what a data file is read for.
type dataUse string

const (
	forTraining   dataUse = "training"
	forValidation dataUse = "validation"
)

// A fileSearch finds the data files that a pipeline file names.
type fileSearch struct {
	*checker
	uses    map[string]dataUse // of the files that were found, by their real paths
	literal map[string]bool    // real paths of those that are named without a pattern
}

func newFileSearch(c *checker) *fileSearch {
	return &fileSearch{checker: c, uses: map[string]dataUse{}, literal: map[string]bool{}}
}

// find returns the paths as they are written, and the files that they name; at is the path of the key. Where no file may be read, no file of a
// pattern is among them.
func (s *fileSearch) find(at string, names pathsForm, use dataUse) (paths, files []string) {
	if len(names) == 0 && s.sound(at) {
		s.Add(at, "an empty list", "name at least one file")
	}
	for _, n := range names {
		if s.location(n.at, n.name); !s.sound(n.at) {
			continue
		}
		paths = append(paths, n.name)
		for _, file := range s.named(n) {
			if s.take(n, file, use) {
				files = append(files, file)
			}
		}
		if len(files) > maxDataFiles {
			s.tooMany(n)
			break
		}
	}
	return paths, files
}

func (s *fileSearch) tooMany(n namedFile) {
	s.Add(n.at, fmt.Sprintf("more than %d files", maxDataFiles), "name fewer, or put their rows into fewer files")
}

// named returns the files that a path or a pattern names, each sound by itself. A path that exists is no pattern, whatever signs it has.
func (s *fileSearch) named(n namedFile) []string {
	if isPattern(n.name) && !s.exists(n.name) {
		if s.read == nil {
			s.pattern(n)
			return nil
		}
		return s.matches(n)
	}
	if s.read != nil {
		if _, ok := s.findFile(n.at, n.name, *s.read); !ok {
			return nil
		}
	}
	if !hasDataExtension(n.name) {
		s.Add(n.at, fmt.Sprintf("want a data file that ends in %s, found %s", oneOf(dataContainers()), yamlpos.Quote(n.name)), wantContainer)
		return nil
	}
	return []string{filepath.ToSlash(n.name)}
}

func (s *fileSearch) exists(name string) bool {
	if s.read == nil {
		return false
	}
	_, err := os.Lstat(resolvePath(s.pipeline.Dir, name))
	return err == nil
}

// take reports whether a file is new, and a problem where it may not be named again.
func (s *fileSearch) take(n namedFile, file string, use dataUse) bool {
	real := resolvePath(s.pipeline.Dir, file)
	if s.read != nil {
		var err error
		if real, err = realPath(real); err != nil {
			s.Add(n.at, err.Error(), "")
			return false
		}
	}
	before, known := s.uses[real]
	literal := file == filepath.ToSlash(n.name)
	switch {
	case known && before != use:
		s.Add(n.at, fmt.Sprintf("%s is a file of %s data already", yamlpos.Quote(file), before),
			"a row that is trained on proves nothing; keep the file out of one of the two")
	case known && literal && s.literal[real]:
		s.Addf(n.at, "%s is named twice", yamlpos.Quote(file))
	}
	s.uses[real], s.literal[real] = use, s.literal[real] || literal
	return !known
}

// matches returns the files that fit a pattern, sorted, as paths relative to the spec where the pattern is. Folders are left out.
func (s *fileSearch) matches(n namedFile) []string {
	p, ok := s.pattern(n)
	if !ok {
		return nil
	}
	found, err := p.walk(resolvePath(s.pipeline.Dir, p.base))
	if err != nil {
		s.Addf(n.at, "read the files of %s: %s", yamlpos.Quote(n.name), cause(err))
		return nil
	}
	if len(found.matches) > maxDataFiles {
		s.tooMany(n)
		return nil
	}
	var files []string
	for _, name := range found.matches {
		file := path.Join(p.base, name)
		info, err := os.Stat(resolvePath(s.pipeline.Dir, file))
		if err == nil && info.IsDir() {
			continue // a link to one
		}
		if _, ok := s.findFile(n.at, file, *s.read); !ok {
			return nil
		}
		if !hasDataExtension(file) {
			s.Add(n.at, fmt.Sprintf("want data files that end in %s, and %s finds %s", oneOf(dataContainers()), yamlpos.Quote(n.name), yamlpos.Quote(file)),
				"end the pattern in what is in the files, such as *.jsonl")
			return nil
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		s.Add(n.at, "no file fits "+yamlpos.Quote(n.name), found.hint(p.base))
	}
	return files
}

// pattern takes a pattern apart, and refuses one that can't be read or whose fixed part leads to where no file may be read.
func (s *fileSearch) pattern(n namedFile) (pattern, bool) {
	p, err := newPattern(n.name)
	if err != nil {
		s.Add(n.at, fmt.Sprintf("want a pattern of paths, found %s", yamlpos.Quote(n.name)), err.Error())
		return pattern{}, false
	}
	if s.read == nil {
		return p, true
	}
	return p, s.allowed(n.at, n.name, p.base, *s.read)
}
