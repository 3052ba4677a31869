package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"ftrun/spec/internal/yamlpos"
)

// isPattern reports whether a path has a sign of a pattern.
func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

// A pattern stands for the files below a folder whose paths fit: * for any text without a slash, ? for one letter, [abc] and [a-z] for one of
// several, [!a-z] for one of the others, and ** for any folders, none included. A name that begins with a dot fits only where its part of the
// pattern does, and a link to a folder is not followed.
type pattern struct {
	base  string   // the part before the first sign, as a slash path; "." where there is none
	parts []string // the rest, taken apart at its slashes
}

// newPattern takes a pattern apart. Slashes of both kinds divide it, so that it means the same on every system. The error says what a pattern
// may have.
func newPattern(text string) (pattern, error) {
	clean := path.Clean(strings.ReplaceAll(text, `\`, "/"))
	if path.IsAbs(clean) {
		clean = "/" + strings.TrimLeft(clean, "/")
	}
	parts := strings.Split(clean, "/")
	signs := slices.IndexFunc(parts, isPattern)
	if signs < 0 {
		return pattern{}, errors.New(`".." goes before the first part with a sign`)
	}
	p := pattern{base: strings.Join(parts[:signs], "/"), parts: parts[signs:]}
	if p.base == "" {
		p.base = "."
		if path.IsAbs(clean) {
			p.base = "/"
		}
	}
	for i, part := range p.parts {
		// Braces are letters here. The library's alternatives would be one more thing that YAML has its own mind about.
		part = strings.NewReplacer("{", `\{`, "}", `\}`).Replace(part)
		if !doublestar.ValidatePattern(part) {
			return pattern{}, errors.New(`"[" begins a list of letters that "]" ends; a file's own "[" is written [[]`)
		}
		p.parts[i] = part
	}
	if p.parts[len(p.parts)-1] == "**" {
		p.parts = append(p.parts, "*") // what is in a folder, and never a file in its place
	}
	return p, nil
}

// A finding is what a walk has seen of the files below a pattern's base.
type finding struct {
	matches []string // sorted, relative to the base
	near    []string // the first data files that don't fit, likewise
	others  int      // how many more don't
	noBase  bool     // there is no such folder
}

// maxNear is how many files are named that don't fit.
const maxNear = 3

// walk looks for files and links that fit the pattern, in the folder that is its base. It looks at every name once whatever the pattern, and
// ends early with more than maxDataFiles.
func (p pattern) walk(base string) (finding, error) {
	info, err := os.Stat(base)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return finding{noBase: true}, nil
	}
	if err != nil {
		return finding{}, err
	}
	var found finding
	err = fs.WalkDir(os.DirFS(base), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case p.isHidden(path.Base(name)):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.IsDir():
			if !p.leadsInto(name) {
				return fs.SkipDir
			}
		case doublestar.MatchUnvalidated(strings.Join(p.parts, "/"), name):
			if found.matches = append(found.matches, name); len(found.matches) > maxDataFiles {
				return fs.SkipAll
			}
		case hasDataExtension(name):
			if len(found.near) < maxNear {
				found.near = append(found.near, name)
			} else {
				found.others++
			}
		}
		return nil
	})
	slices.Sort(found.matches)
	return found, err
}

// isHidden reports whether a name begins with a dot that no part of the pattern names.
func (p pattern) isHidden(name string) bool {
	return strings.HasPrefix(name, ".") && !slices.ContainsFunc(p.parts, func(part string) bool {
		return strings.HasPrefix(part, ".") && doublestar.MatchUnvalidated(part, name)
	})
}

// leadsInto reports whether a file in a folder could fit.
func (p pattern) leadsInto(folder string) bool {
	depth := strings.Count(folder, "/") + 1
	if i := slices.Index(p.parts, "**"); i >= 0 && i < depth {
		folder, depth = path.Join(strings.Split(folder, "/")[:i]...), i
	} else if depth >= len(p.parts) {
		return false
	}
	return depth == 0 || doublestar.MatchUnvalidated(strings.Join(p.parts[:depth], "/"), folder)
}

// hint names what is there where nothing fits.
func (f finding) hint(base string) string {
	if f.noBase {
		return "there is no folder " + yamlpos.Quote(base) + "; paths are relative to the folder of the pipeline file"
	}
	if len(f.near) == 0 {
		return "there are no data files in " + yamlpos.Quote(base) + " that come near"
	}
	var names []string
	for _, name := range f.near {
		names = append(names, yamlpos.Quote(path.Join(base, name)))
	}
	if f.others > 0 {
		names = append(names, fmt.Sprintf("%d more", f.others))
	}
	return "what does not fit: " + allOf(names)
}
