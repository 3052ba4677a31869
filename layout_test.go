package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// levels are the floors of the house: a package imports only lower ones, in its tests too. ARCHITECTURE.md says why.
var levels = map[string]int{
	"ftrun":                                      5,
	"ftrun/runner":                               4,
	"ftrun/reporters":                            4,
	"ftrun/runner/dataset":                       3,
	"ftrun/runner/gate":                          3,
	"ftrun/runner/provider/openai":               3,
	"ftrun/spec":                                 2,
	"ftrun/runner/provider/embedded":             2,
	"ftrun/runner/ledger":                        2,
	"ftrun/spec/internal/yamlpos":                1,
	"ftrun/runner/dataset/rows":                  1,
	"ftrun/runner/dataset/overlap":               1,
	"ftrun/runner/dataset/secrets":               1,
	"ftrun/runner/grade":                         1,
	"ftrun/runner/tokens":                        1,
	"ftrun/runner/result":                        1,
	"ftrun/runner/provider/providertest":         1,
	"ftrun/runner/provider":                      0,
	"ftrun/runner/atomicfile":                    0,
	"ftrun/runner/stats":                         0,
	"ftrun/runner/wordchars":                     0,
	"ftrun/runner/dataset/sieve":                 0,
	"ftrun/spec/diag":                            0,
	"ftrun/runner/tokens/internal/ranktable":     0,
	"ftrun/runner/provider/providertest/openapi": 0,
	"ftrun/bench/gsm8kspec":                      5, // a program of its own
	"ftrun/bench/answers":                        5, // as well
	"ftrun/bench/prepare":                        5, // as well
	"ftrun/bench/plainprepare":                   5, // as well
	"ftrun/bench/rowsgen":                        5, // as well
	"ftrun/bench/startup":                        5, // as well
	"ftrun/bench/stopwatch":                      0,
}

// homes are the only packages that may import a library, in their own code and in their tests. The published description of the API
// is YAML, as a pipeline file is. bench/plainprepare is what others write, and so counts tokens with the library that they take.
var homes = map[string][]string{
	"github.com/sashabaranov/go-openai": {"ftrun/runner/provider/openai"},
	"gopkg.in/yaml.v3":                  {"ftrun/spec", "ftrun/spec/internal/yamlpos", "ftrun/runner/provider/providertest/openapi"},
	"github.com/pkoukk/tiktoken-go":     {"ftrun/runner/tokens", "ftrun/bench/plainprepare"},
}

// strangers may not import each other: the embedded engine reads the API's description by itself, or it would prove nothing.
var strangers = map[string][]string{
	"ftrun/runner/provider/embedded": {"ftrun/runner/provider", "ftrun/runner/provider/openai"},
	"ftrun/reporters":                {"ftrun/runner", "ftrun/spec"},
}

// testOnly are the packages that only tests import. They are part of the tests, and may read the environment as tests may.
var testOnly = []string{"ftrun/runner/provider/providertest", "ftrun/runner/provider/providertest/openapi"}

type goPackage struct {
	ImportPath, Dir                    string
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

func TestLayout(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		checkPackage(t, p)
	}
}

func checkPackage(t *testing.T, p goPackage) {
	level, ok := levels[p.ImportPath]
	if !ok {
		t.Errorf("package %s has no level: add it to the table and to ARCHITECTURE.md", p.ImportPath)
	}
	tests := slices.Concat(p.TestImports, p.XTestImports)
	for _, imported := range slices.Concat(p.Imports, tests) {
		if strings.HasPrefix(imported, "ftrun/") && imported != p.ImportPath && levels[imported] >= level {
			t.Errorf("%s (level %d) imports %s (level %d)", p.ImportPath, level, imported, levels[imported])
		}
		if home, ok := homes[imported]; ok && !slices.Contains(home, p.ImportPath) {
			t.Errorf("%s imports %s, which belongs in %v", p.ImportPath, imported, home)
		}
		if slices.Contains(strangers[p.ImportPath], imported) {
			t.Errorf("%s imports %s", p.ImportPath, imported)
		}
	}
	for _, imported := range p.Imports {
		if slices.Contains(testOnly, imported) && !slices.Contains(testOnly, p.ImportPath) {
			t.Errorf("%s imports %s outside its tests", p.ImportPath, imported)
		}
	}
	if level < 5 && !slices.Contains(testOnly, p.ImportPath) {
		checkGlobals(t, p)
	}
}

var processGlobals = regexp.MustCompile(`\bos\.(Getenv|LookupEnv|Environ|Exit|Stdout|Stderr|Stdin|Args)\b`)

// checkGlobals keeps the environment, the arguments and the streams in package main.
func checkGlobals(t *testing.T, p goPackage) {
	for _, file := range p.GoFiles {
		out, err := os.ReadFile(filepath.Join(p.Dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(out), "\n") {
			code, _, _ := strings.Cut(line, "//")
			if found := processGlobals.FindString(code); found != "" {
				t.Errorf("%s/%s:%d uses %s, which only package main may", p.ImportPath, file, i+1, found)
			}
		}
	}
}
