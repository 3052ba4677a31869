package spec_test

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"

	"ftrun/spec"
	"ftrun/spec/diag"
)

// dataTree is a repository whose folder p is for pipeline files.
func dataTree(t testing.TB) string {
	t.Helper()
	files := map[string]string{".git/config": "token", "secret.txt": ""}
	for _, name := range []string{
		"p/a.jsonl", "p/b1.jsonl", "p/b2.jsonl", "p/c.csv", "p/d.tsv.gz", "p/x[1].jsonl", "p/x1.jsonl", "p/{a,b}.json",
		"p/data/1.jsonl", "p/data/2.jsonl.gz", "p/data/deep/er/3.jsonl", "p/data/deep/4.json", "p/data/folder.jsonl/5.csv",
		"p/data/.hidden.jsonl", "p/data/.cache/6.jsonl", "p/notes/readme.md", "p/notes/7.jsonl", "other/8.jsonl",
	} {
		files[name] = "{}\n"
	}
	return tree(t, files)
}

func loadData(t testing.TB, dir, dataset string, opts spec.LoadOptions) (*spec.Pipeline, error) {
	t.Helper()
	file := filepath.Join(dir, "p", "p.yaml")
	if err := os.WriteFile(file, []byte(pipeline(dataset, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	return spec.Load(file, opts)
}

func TestDataFiles(t *testing.T) {
	dir := dataTree(t)
	for dataset, want := range map[string]string{
		"a.jsonl":                                "a.jsonl",
		"[b2.jsonl, a.jsonl]":                    "b2.jsonl a.jsonl",
		"b*.jsonl":                               "b1.jsonl b2.jsonl",
		"[b2.jsonl, 'b*.jsonl', a.jsonl]":        "b2.jsonl b1.jsonl a.jsonl",
		"['b*.jsonl', 'b[2-9].jsonl', b1.jsonl]": "b1.jsonl b2.jsonl",
		"'?.jsonl'":                              "a.jsonl",
		"'[!a]?.jsonl'":                          "b1.jsonl b2.jsonl x1.jsonl",
		"'*.tsv.gz'":                             "d.tsv.gz",
		"'x[1].jsonl'":                           "x[1].jsonl",
		"'x[[]1].jsonl'":                         "x[1].jsonl",
		"'x[0-1].jsonl'":                         "x1.jsonl",
		"'{a*'":                                  "{a,b}.json",
		"'{a,b}*'":                               "{a,b}.json",
		"data/*":                                 "data/1.jsonl data/2.jsonl.gz",
		"data/**":                                "data/1.jsonl data/2.jsonl.gz data/deep/4.json data/deep/er/3.jsonl data/folder.jsonl/5.csv",
		"'**/*.csv'":                             "c.csv data/folder.jsonl/5.csv",
		"'data/**/3.jsonl'":                      "data/deep/er/3.jsonl",
		"'data/**/**/3.jsonl'":                   "data/deep/er/3.jsonl",
		"'*/deep/*.json'":                        "data/deep/4.json",
		"'./data//deep/../[0-9].jsonl'":          "data/1.jsonl",
		`data\deep\*.json`:                       "data/deep/4.json",
		"data/.*.jsonl":                          "data/.hidden.jsonl",
		"'data/.*/*.jsonl'":                      "data/.cache/6.jsonl",
		"'**/.cache/*'":                          "data/.cache/6.jsonl",
		"../other/*.jsonl":                       "../other/8.jsonl",
		"[../other/*.jsonl, '../*/8.jsonl']":     "../other/8.jsonl",
		strconv.Quote(filepath.Join(dir, "other", "*.jsonl")): filepath.ToSlash(filepath.Join(dir, "other", "8.jsonl")),
	} {
		p, err := loadData(t, dir, dataset, spec.LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", dataset, err)
			continue
		}
		if got := strings.Join(p.Dataset.Files, " "); got != want {
			t.Errorf("%s: got %s, want %s", dataset, got, want)
		}
		paths := p.DatasetFiles()
		for i, path := range paths {
			if _, err := os.Stat(path); err != nil || len(paths) != len(p.Dataset.Files) || !strings.HasSuffix(filepath.ToSlash(path), strings.TrimPrefix(p.Dataset.Files[i], "..")) {
				t.Errorf("%s: path %s of %s: %v", dataset, path, p.Dataset.Files[i], err)
			}
		}
	}
}

func TestValidationFiles(t *testing.T) {
	dir := dataTree(t)
	p, err := loadData(t, dir, "{path: 'b*.jsonl', validation: ['data/*.jsonl', a.jsonl]}", spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "p", "data", "1.jsonl"), filepath.Join(dir, "p", "a.jsonl")}
	if got := p.ValidationFiles(); !slices.Equal(got, want) || len(p.DatasetFiles()) != 2 {
		t.Errorf("got %q, want %q", got, want)
	}
	if p = (&spec.Pipeline{}); p.DatasetFiles() != nil || p.ValidationFiles() != nil {
		t.Error("files of no dataset")
	}
}

func TestDataFilesRefused(t *testing.T) {
	dir := dataTree(t)
	outside := "move the file into " + realDir(t, dir) + ", or allow it on the command line: --allow-outside"
	for dataset, want := range map[string]struct{ message, hint string }{
		"data/*.parquet":  {`3:10: dataset: no file fits "data/*.parquet"`, `what does not fit: "data/1.jsonl" and "data/2.jsonl.gz"`},
		"'b?.json'":       {`3:10: dataset: no file fits "b?.json"`, `what does not fit: "a.jsonl", "b1.jsonl", "b2.jsonl" and 5 more`},
		"none/*.jsonl":    {`3:10: dataset: no file fits "none/*.jsonl"`, `there is no folder "none"; paths are relative to the folder of the pipeline file`},
		"'a.jsonl/*'":     {`3:10: dataset: no file fits "a.jsonl/*"`, `there is no folder "a.jsonl"; paths are relative to the folder of the pipeline file`},
		"'data/deep/?/*'": {`3:10: dataset: no file fits "data/deep/?/*"`, `what does not fit: "data/deep/4.json"`},
		"'data/f*.jsonl'": {`3:10: dataset: no file fits "data/f*.jsonl"`, `what does not fit: "data/1.jsonl" and "data/2.jsonl.gz"`},
		"data/deep/er/?":  {`3:10: dataset: no file fits "data/deep/er/?"`, `what does not fit: "data/deep/er/3.jsonl"`},
		"'../secret*/*'":  {`3:10: dataset: no file fits "../secret*/*"`, `there are no data files in ".." that come near`},
		"notes/*": {`3:10: dataset: want data files that end in .jsonl, .json, .csv or .tsv, and "notes/*" finds "notes/readme.md"`,
			"end the pattern in what is in the files, such as *.jsonl"},
		"../../*.jsonl":                  {`3:10: dataset: "../../*.jsonl" leads outside the repository of the pipeline file`, outside},
		"'../.git/*'":                    {`3:10: dataset: "../.git/*" leads into a .git folder, which may hold credentials`, outside},
		"'../.g*/*'":                     {`3:10: dataset: "../.git/config" leads into a .git folder, which may hold credentials`, outside},
		"/etc/**":                        {`3:10: dataset: "/etc/**" leads outside the repository of the pipeline file`, outside},
		"[a.jsonl, 'b*.jsonl', a.jsonl]": {`3:32: dataset[2]: "a.jsonl" is named twice`, ""},
		"[a.jsonl, data/../a.jsonl]":     {`3:20: dataset[1]: "data/../a.jsonl" is named twice`, ""},
		"{path: '*.jsonl', validation: b1.jsonl}":          {`3:40: dataset.validation: "b1.jsonl" is a file of training data already`, "a row that is trained on proves nothing; keep the file out of one of the two"},
		"{path: b1.jsonl, validation: {path: 'b*.jsonl'}}": {`3:46: dataset.validation.path: "b1.jsonl" is a file of training data already`, "a row that is trained on proves nothing; keep the file out of one of the two"},
		"{path: a.jsonl, validation: none.jsonl}":          {`3:38: dataset.validation: there is no file "none.jsonl"`, "paths are relative to the folder of the pipeline file"},
		"notes/readme.md": {`3:10: dataset: want a data file that ends in .jsonl, .json, .csv or .tsv, found "notes/readme.md"`,
			"end the name in what is in the file; each may be compressed, as in .jsonl.gz or .jsonl.zst"},
	} {
		_, err := loadData(t, dir, dataset, spec.LoadOptions{})
		list, _ := errors.AsType[diag.List](err)
		if len(list) != 1 {
			t.Errorf("%s: got %v, want one problem", dataset, err)
			continue
		}
		if got := strings.TrimPrefix(list[0].String(), filepath.Join(dir, "p", "p.yaml")+":"); got != want.message || list[0].Hint != want.hint {
			t.Errorf("%s: got\n%s\n\t%s\nwant\n%s\n\t%s", dataset, got, list[0].Hint, want.message, want.hint)
		}
	}
}

// TestPatternsAndLinks holds that a pattern reads nothing that a plain path may not, and that a link does not make a file count twice or a walk
// endless.
func TestPatternsAndLinks(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/.git/config": "token", "repo/p/in/1.jsonl": "", "repo/p/out/2.jsonl": "", "repo/p/git/3.jsonl": "", "repo/p/far/4.jsonl": "",
		"repo/p/real/5.jsonl": "", "secret/secret.jsonl": "",
	})
	for link, target := range map[string]string{
		"repo/p/in/twin.jsonl":    "1.jsonl",
		"repo/p/in/loop":          "..",
		"repo/p/in/folder.jsonl":  "../real",
		"repo/p/out/secret.jsonl": "../../../secret/secret.jsonl",
		"repo/p/git/config.jsonl": "../../.git/config",
		"repo/p/far/linked":       "../../../secret",
		"repo/p/linked":           "real",
		"repo/p/away":             "../../secret",
	} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	repo := filepath.Join(dir, "repo")
	for pattern, want := range map[string]string{
		"in/*.jsonl":                     "in/1.jsonl",
		"in/**":                          "in/1.jsonl",
		"'in/**/**/*.jsonl'":             "in/1.jsonl",
		"far/**":                         "far/4.jsonl",
		"far/*/*.jsonl":                  "", // the link is not followed
		"linked/*.jsonl":                 "linked/5.jsonl",
		"[linked/*.jsonl, real/*.jsonl]": "linked/5.jsonl",
		"out/*.jsonl":                    "outside",
		"out/**":                         "outside",
		"git/*.jsonl":                    "outside",
		"away/*.jsonl":                   "outside",
	} {
		p, err := loadData(t, repo, pattern, spec.LoadOptions{})
		switch {
		case want == "outside":
			if err == nil || !strings.Contains(err.Error(), "leads ") {
				t.Errorf("%s: got %v, %v", pattern, p, err)
			}
			if p, err := loadData(t, repo, pattern, spec.LoadOptions{AllowOutside: true}); err != nil || len(p.Dataset.Files) == 0 {
				t.Errorf("%s, allowed: %v", pattern, err)
			}
		case want == "":
			if err == nil || !strings.Contains(err.Error(), "no file fits") {
				t.Errorf("%s: got %v, %v", pattern, p, err)
			}
		case err != nil || strings.Join(p.Dataset.Files, " ") != want:
			t.Errorf("%s: got %v, %v, want %s", pattern, p, err, want)
		}
	}
}

func TestTooManyDataFiles(t *testing.T) {
	dir := tree(t, map[string]string{"p/data/x.jsonl": "", "p/one/x.jsonl": "", ".git/config": ""})
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(dir, "p", "data", fmt.Sprintf("%05d.csv", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dataset, accepted := range map[string]bool{"data/*.csv": true, "data/*": false, "[one/*, data/*.csv]": false} {
		p, err := loadData(t, dir, dataset, spec.LoadOptions{AllowOutside: true}) // which spares most of the time
		switch {
		case accepted:
			if err != nil || len(p.Dataset.Files) != 10_000 {
				t.Errorf("%s: %v", dataset, err)
			}
		case err == nil || !strings.Contains(err.Error(), "more than 10000 files"):
			t.Errorf("%s: %v", dataset, err)
		}
	}
}

// FuzzPattern holds that a walk finds what the library finds, though it leaves out the folders that no file of the pattern can be in; and that a
// hidden name is found only where the pattern has one.
func FuzzPattern(f *testing.F) {
	dir := dataTree(f)
	for _, text := range []string{"*", "**", "**/*.jsonl", "p/**/er/?.jsonl", "p/data/[1-2]*", "p/*/.cache/*", "p/**/**/*.{a,b}", "[", `p\*`, "*/../x", "p/**/d*/**"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean := path.Clean(strings.ReplaceAll(text, `\`, "/"))
		if len(text) > 200 || strings.HasPrefix(clean, ".") || strings.Contains(clean, "/.") {
			return // what is hidden is tested above, and the library knows no ".."
		}
		base, got, err := spec.WalkPattern(dir, text)
		if err != nil || path.IsAbs(base) {
			return
		}
		for _, name := range got {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				t.Fatalf("%q finds %q: %v", text, name, err)
			}
		}
		clean = strings.NewReplacer("{", `\{`, "}", `\}`).Replace(clean)
		want, err := doublestar.Glob(os.DirFS(dir), clean, doublestar.WithFilesOnly(), doublestar.WithNoFollow(), doublestar.WithNoHidden())
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
	})
}
