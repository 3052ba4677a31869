package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Whatever the documents name is there: links and what they lead to, files, functions and tests.

var (
	linkPattern     = regexp.MustCompile(`\]\(([^)#: ]*)(?:#([^)]*))?\)`)
	pathPattern     = regexp.MustCompile(`^[\w.-]+(/[\w.*-]+)+\.(go|md|sh|yml|yaml|json|jsonl)$`)
	testNamePattern = regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`)
)

// TestLinksInDocuments follows the links of every document that lead into the repository, to the heading too.
func TestLinksInDocuments(t *testing.T) {
	for _, file := range documents(t) {
		_, prose := codeBlocks(t, file)
		for _, m := range linkPattern.FindAllStringSubmatch(prose, -1) {
			target := file
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(file), filepath.FromSlash(m[1]))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", file, err)
			} else if m[2] != "" && !slices.Contains(anchors(t, target), m[2]) {
				t.Errorf("%s: %s has no heading #%s", file, target, m[2])
			}
		}
	}
}

// anchors returns the names under which GitHub knows the headings of a document.
func anchors(t *testing.T, file string) []string {
	t.Helper()
	_, prose := codeBlocks(t, file)
	var list []string
	seen := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.*)$`).FindAllStringSubmatch(prose, -1) {
		slug := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		slug = strings.ReplaceAll(slug, " ", "-")
		if n := seen[slug]; n > 0 {
			list = append(list, fmt.Sprintf("%s-%d", slug, n))
		} else {
			list = append(list, slug)
		}
		seen[slug]++
	}
	return list
}

// TestTestsInDocuments looks up the tests, the transcripts and the paths that documents name.
func TestTestsInDocuments(t *testing.T) {
	all := strings.Join(slices.Collect(maps.Values(goSources(t))), "\n")
	for _, file := range documents(t) {
		_, prose := codeBlocks(t, file)
		for _, name := range code(strings.ReplaceAll(prose, "\n", " ")) {
			switch {
			case strings.HasSuffix(name, ".txtar"):
				checkGlob(t, "testdata/script/"+name)
			case testNamePattern.MatchString(name) && !strings.Contains(all, "\nfunc "+name+"("):
				t.Errorf("%s: there is no test %s", file, name)
			case pathPattern.MatchString(name) && !slices.Contains(written, strings.Split(name, "/")[0]):
				checkGlob(t, name)
			}
		}
	}
}

// written are the folders that runs write.
var written = []string{"ftrun-out", ".ftrun", "prepared"}

// TestNamesInArchitecture looks up the files and functions that ARCHITECTURE.md names.
func TestNamesInArchitecture(t *testing.T) {
	_, prose := codeBlocks(t, architecture)
	prose = strings.ReplaceAll(prose, "\n", " ")
	sources := goSources(t)
	all := strings.Join(slices.Collect(maps.Values(sources)), "\n")
	for _, name := range code(prose) {
		switch {
		case strings.HasSuffix(name, ".txtar"), testNamePattern.MatchString(name): // TestTestsInDocuments
		case regexp.MustCompile(`^\S+(\.go|\.md|\.sh|/)$`).MatchString(name):
			checkGlob(t, name)
		case regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)?$`).MatchString(name):
			last := name[strings.LastIndex(name, ".")+1:]
			if !regexp.MustCompile(`\b` + last + `\b`).MatchString(all) {
				t.Errorf("nothing is called %s", name)
			}
		}
	}
	for _, m := range regexp.MustCompile("`(\\w+)` in `([a-z/_]+\\.go)`").FindAllStringSubmatch(prose, -1) {
		declared := regexp.MustCompile(`(?m)^\s*(func|type|var|const)?\s*(\([^)]*\) )?` + m[1] + `\b`)
		if !declared.MatchString(sources[m[2]]) {
			t.Errorf("%s declares no %s", m[2], m[1])
		}
	}
}

func checkGlob(t *testing.T, pattern string) {
	t.Helper()
	if found, err := filepath.Glob(filepath.FromSlash(strings.TrimSuffix(pattern, "/"))); err != nil || len(found) == 0 {
		t.Errorf("there is no file %s", pattern)
	}
}

// goSources returns every Go file by its path from the root.
func goSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		sources[filepath.ToSlash(path)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources
}

// TestBenchTable compares the table of measurements with the scripts.
func TestBenchTable(t *testing.T) {
	var documented []string
	for _, row := range table(t, "CONTRIBUTING.md", "script", "measures") {
		documented = append(documented, code(row[0])...)
	}
	real, err := filepath.Glob("bench/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for i := range real {
		real[i] = filepath.ToSlash(real[i])
		if info, err := os.Stat(real[i]); err != nil {
			t.Error(err)
		} else if runtime.GOOS != "windows" && info.Mode()&0o111 == 0 {
			t.Errorf("%s is no program: its mode is %v", real[i], info.Mode())
		}
	}
	sameSet(t, "scripts", documented, real)
}
