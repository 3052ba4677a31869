package spec_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"ftrun/spec"
	"ftrun/spec/diag"
)

const smallest = "version: 1\nbase_model: m\ndataset: %s\ntest: [{question: a, answer: b}]\n"

// tree writes files into a new folder, which is a repository where one of them is below .git, and returns it.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func pipeline(dataset, more string) string {
	return strings.Replace(smallest, "%s", dataset, 1) + more
}

func TestLoad(t *testing.T) {
	dir := tree(t, map[string]string{
		"p/tutor.yaml":  pipeline("../data/a.jsonl", "system_prompt: {file: prompt.txt}\n"),
		"p/prompt.txt":  "\ufeffBe brief.\r\nBe right.\r\n",
		"data/a.jsonl":  "{}\n",
		".git/config":   "",
		"other/b.jsonl": "",
	})
	p, err := spec.Load(filepath.Join(dir, "p", "tutor.yaml"), spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "tutor" || p.SystemPrompt != "Be brief.\nBe right." || p.SystemPromptFile != "prompt.txt" {
		t.Errorf("name %q, prompt %q of %q", p.Name, p.SystemPrompt, p.SystemPromptFile)
	}
	if want := filepath.Join(dir, "data", "a.jsonl"); p.DatasetFiles()[0] != want || p.Dir != filepath.Join(dir, "p") {
		t.Errorf("dataset %q in %q, want %q", p.DatasetFiles()[0], p.Dir, want)
	}
}

func TestLoadDefaultFile(t *testing.T) {
	t.Chdir(tree(t, map[string]string{"a.jsonl": ""}))
	_, err := spec.Load("", spec.LoadOptions{})
	wantProblem(t, err, "pipeline.yaml: there is no pipeline.yaml in this folder", "name the pipeline file: -f FILE")
	if err := os.WriteFile("pipeline.yaml", []byte(pipeline("a.jsonl", "")), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := spec.Load("", spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if p.File != "pipeline.yaml" || p.Dir != "." || p.DatasetFiles()[0] != "a.jsonl" || p.Name != "pipeline" {
		t.Errorf("%q %q %q %q", p.File, p.Dir, p.DatasetFiles()[0], p.Name)
	}
}

// TestLoadRefuses runs in a folder whose folder repo is a repository.
func TestLoadRefuses(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/.git/config":   "token",
		"repo/data/a.jsonl":  "",
		"repo/p/blank.txt":   " \n",
		"repo/p/binary.txt":  "a\x00b",
		"repo/p/latin.txt":   "caf\xe9",
		"repo/p/large.txt":   strings.Repeat("x", 1<<20+1),
		"repo/p/folder/x":    "",
		"secret.txt":         "secret",
		"loose/a/b.jsonl":    "",
		"loose/outside.json": "",
	})
	t.Chdir(dir)
	absolute := filepath.ToSlash(filepath.Join(dir, "secret.txt"))
	const leads, leadsFolder = " leads outside the repository of the pipeline file", " leads outside the folder of the pipeline file"
	const atDataset, atPrompt = "p.yaml:3:10: dataset: ", "p.yaml:5:23: system_prompt.file: "
	const relative = "paths are relative to the folder of the pipeline file"
	repo := filepath.Join(realDir(t, dir), "repo")
	loose := filepath.Join(realDir(t, dir), "loose", "a")
	mend := func(root string) string {
		return "move the file into " + root + ", or allow it on the command line: --allow-outside"
	}
	outside := mend(repo)
	for name, test := range map[string]struct{ dir, dataset, prompt, want, hint string }{
		"missing":        {"repo/p", "none.jsonl", "", atDataset + `there is no file "none.jsonl"`, relative},
		"folder":         {"repo/p", "../data", "", atDataset + `want a file, found the folder "../data"`, ""},
		"outside":        {"repo/p", "../../secret.txt", "", atDataset + `"../../secret.txt"` + leads, outside},
		"outside absent": {"repo/p", "../../none.txt", "", atDataset + `"../../none.txt"` + leads, outside},
		"absolute":       {"repo/p", absolute, "", atDataset + strconv.Quote(absolute) + leads, outside},
		"git":            {"repo/p", "../.git/config", "", atDataset + `"../.git/config" leads into a .git folder, which may hold credentials`, outside},
		"no repository":  {"loose/a", "../outside.json", "", atDataset + `"../outside.json"` + leadsFolder, mend(loose)},
		"prompt outside": {"repo/p", "../data/a.jsonl", "../../secret.txt", atPrompt + `"../../secret.txt"` + leads, outside},
		"prompt missing": {"repo/p", "../data/a.jsonl", "none.txt", atPrompt + `there is no file "none.txt"`, relative},
		"prompt blank":   {"repo/p", "../data/a.jsonl", "blank.txt", atPrompt + `"blank.txt" is blank`, "write the prompt into it, or leave system_prompt out"},
		"prompt binary":  {"repo/p", "../data/a.jsonl", "binary.txt", atPrompt + `"binary.txt" is not UTF-8 text`, "save it as UTF-8"},
		"prompt latin":   {"repo/p", "../data/a.jsonl", "latin.txt", atPrompt + `"latin.txt" is not UTF-8 text`, "save it as UTF-8"},
		"prompt large":   {"repo/p", "../data/a.jsonl", "large.txt", atPrompt + `"large.txt" is larger than 1 MiB`, ""},
		"prompt folder":  {"repo/p", "../data/a.jsonl", "folder", atPrompt + `want a file, found the folder "folder"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(filepath.FromSlash(test.dir))
			more := ""
			if test.prompt != "" {
				more = "system_prompt: {file: " + test.prompt + "}\n"
			}
			if err := os.WriteFile("p.yaml", []byte(pipeline(test.dataset, more)), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := spec.Load("p.yaml", spec.LoadOptions{})
			wantProblem(t, err, test.want, test.hint)
		})
	}
}

func TestLoadSymbolicLinks(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/.git/config":  "token",
		"repo/data/a.jsonl": "",
		"secret.jsonl":      "",
		"repo/in.yaml":      pipeline("in.jsonl", ""),
		"repo/out.yaml":     pipeline("out.jsonl", ""),
		"repo/folder.yaml":  pipeline("folder/secret.jsonl", ""),
		"repo/git.yaml":     pipeline("config.jsonl", ""),
	})
	for link, target := range map[string]string{
		"repo/in.jsonl":     "data/a.jsonl",
		"repo/out.jsonl":    "../secret.jsonl",
		"repo/folder":       "..",
		"repo/config.jsonl": ".git/config",
		"link":              "repo",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	for _, base := range []string{"repo", "link"} {
		if _, err := spec.Load(filepath.Join(dir, base, "in.yaml"), spec.LoadOptions{}); err != nil {
			t.Errorf("%s: %v", base, err)
		}
		for _, name := range []string{"out.yaml", "folder.yaml", "git.yaml"} {
			if _, err := spec.Load(filepath.Join(dir, base, name), spec.LoadOptions{}); err == nil {
				t.Errorf("%s/%s: accepted", base, name)
			}
			if _, err := spec.Load(filepath.Join(dir, base, name), spec.LoadOptions{AllowOutside: true}); err != nil {
				t.Errorf("%s/%s, allowed: %v", base, name, err)
			}
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := tree(t, map[string]string{
		"large.yaml": "# " + strings.Repeat("x", spec.MaxBytes),
		"empty.yaml": "",
	})
	t.Chdir(dir)
	_, err := spec.Load("none.yaml", spec.LoadOptions{})
	wantProblem(t, err, "none.yaml: there is no such file", "name the pipeline file: -f FILE")
	_, err = spec.Load(".", spec.LoadOptions{})
	wantProblem(t, err, ".: a folder, not a pipeline file", "name the file in it: -f pipeline.yaml")
	_, err = spec.Load("large.yaml", spec.LoadOptions{})
	wantProblem(t, err, "large.yaml: the file is larger than 8 MiB", "a pipeline file holds settings and test cases; training data and long lists of cases belong in files of their own")
	_, err = spec.Load("empty.yaml", spec.LoadOptions{})
	wantProblem(t, err, "empty.yaml: the file is empty", `a pipeline begins with "version: 1"`)
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		if err := os.Chmod("empty.yaml", 0); err != nil {
			t.Fatal(err)
		}
		_, err = spec.Load("empty.yaml", spec.LoadOptions{})
		wantProblem(t, err, "empty.yaml: read: permission denied", "")
	}
}

func TestLoadReportsFilesBesideTheRest(t *testing.T) {
	t.Chdir(tree(t, map[string]string{"p.yaml": pipeline("none.jsonl", "token_limit: 0\nsystem_prompt: {file: none.txt}\n")}))
	_, err := spec.Load("p.yaml", spec.LoadOptions{})
	list, _ := errors.AsType[diag.List](err)
	if len(list) != 3 {
		t.Errorf("want three problems, got\n%v", err)
	}
}

func wantProblem(t *testing.T, err error, message, hint string) {
	t.Helper()
	list, ok := errors.AsType[diag.List](err)
	if !ok || len(list) != 1 || list[0].String() != message || list[0].Hint != hint {
		t.Errorf("got  %v\n\t%q\nwant %s\n\t%q", err, list, message, hint)
	}
}

func realDir(t *testing.T, dir string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
