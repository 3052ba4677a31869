package main

import (
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/spec"
)

// The documents are executed. A block of code in them is one of:
//
//	yaml     a whole pipeline file, or the steps of a job of GitHub Actions, which actionlint and the rules of workflow_test.go accept
//	json     a file of faults for the embedded engine
//	sh       commands, whose programs, flags and variables must exist; a whole script is run too, with every exit code
//	console  commands after "$ " with what they print; run, in the order of the document, beside a copy of examples/.
//	         A line "..." stands for any lines, and … for any text in a line
const (
	readme       = "README.md"
	architecture = "ARCHITECTURE.md"
)

// documents returns every document that users and contributors read.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{readme, architecture, "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", filepath.Join("examples", "README.md")}
	err := filepath.WalkDir("docs", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func readDocument(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// A codeBlock is the text between two fences.
type codeBlock struct {
	at       string // file:line of the first fence
	language string
	lines    []string
}

func (b codeBlock) text() string { return strings.Join(b.lines, "\n") + "\n" }

// codeBlocks returns the blocks of a document, and its text without them.
func codeBlocks(t *testing.T, file string) (blocks []codeBlock, prose string) {
	t.Helper()
	var open *codeBlock
	var rest []string
	for i, line := range strings.Split(readDocument(t, file), "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && open == nil:
			open = &codeBlock{at: fmt.Sprintf("%s:%d", file, i+1), language: fence}
		case isFence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.lines = append(open.lines, line)
		default:
			rest = append(rest, line)
		}
	}
	if open != nil {
		t.Fatalf("%s: the block has no end", open.at)
	}
	return blocks, strings.Join(rest, "\n")
}

// blocksIn returns the blocks of a language in every document. It fails where a block's language is none that is checked.
func blocksIn(t *testing.T, language string) []codeBlock {
	t.Helper()
	var found []codeBlock
	for _, file := range documents(t) {
		blocks, _ := codeBlocks(t, file)
		for _, b := range blocks {
			if !slices.Contains([]string{"yaml", "json", "sh", "console"}, b.language) {
				t.Errorf("%s: nothing checks a block of %q", b.at, b.language)
			}
			if b.language == language {
				found = append(found, b)
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no document has a block of %s", language)
	}
	return found
}

func TestDocumentedYAML(t *testing.T) {
	for _, b := range blocksIn(t, "yaml") {
		_, err := spec.Parse("pipeline.yaml", []byte(b.text()))
		switch first := b.lines[0]; {
		case strings.HasPrefix(first, "version:"):
			if err != nil {
				t.Errorf("%s: %v", b.at, err)
			}
		case first == "steps:":
			for _, problem := range stepProblems(b.at, b.text()) {
				t.Error(problem)
			}
			for _, line := range b.lines {
				if _, command, ok := strings.Cut(line, "run: "); ok {
					checkCommand(t, b.at, command)
				}
			}
		default:
			t.Errorf("%s: neither a pipeline (version: …) nor the steps of a CI job (steps:)", b.at)
		}
	}
}

func TestDocumentedFaults(t *testing.T) {
	for _, b := range blocksIn(t, "json") {
		if _, err := embedded.ParseFaults(strings.NewReader(b.text())); err != nil {
			t.Errorf("%s: %v", b.at, err)
		}
	}
}

func TestDocumentedCommands(t *testing.T) {
	for _, b := range blocksIn(t, "sh") {
		for _, line := range b.lines {
			checkCommand(t, b.at, line)
		}
	}
	for _, b := range blocksIn(t, "console") {
		for _, line := range b.lines {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				checkCommand(t, b.at, command)
			}
		}
	}
	for _, file := range documents(t) {
		_, prose := codeBlocks(t, file)
		for _, m := range regexp.MustCompile("`ftrun ([^`]+)`").FindAllStringSubmatch(prose, -1) {
			checkFlags(t, file, words(m[1]))
		}
		for _, m := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(prose, -1) {
			if _, ok := flagTree()[m[1]]; !ok {
				t.Errorf("%s: there is no flag --%s", file, m[1])
			}
		}
		for _, name := range regexp.MustCompile(`FTRUN_[A-Z_]+`).FindAllString(prose, -1) {
			checkVariable(t, file, name)
		}
	}
}

// checkCommand checks one line of shell: its variables, its program, and what of the program is ours.
func checkCommand(t *testing.T, at, line string) {
	t.Helper()
	w := words(line)
	for len(w) > 0 && (w[0] == "export" || assignment.MatchString(w[0])) {
		if name, _, ok := strings.Cut(w[0], "="); ok && name != "status" {
			checkVariable(t, at, name)
		}
		w = w[1:]
	}
	switch {
	case len(w) == 0:
	case w[0] == "ftrun" || w[0] == "./ftrun":
		checkFlags(t, at, w[1:])
	case w[0] == "go" && len(w) > 2 && w[1] == "run" && w[2] == ".":
		checkFlags(t, at, w[3:])
	case w[0] == "go" && len(w) > 1 && slices.Contains([]string{"build", "test"}, w[1]):
	case slices.Contains([]string{"curl", "echo", "sed"}, w[0]): // run by other tests
	case slices.Contains([]string{"case", "esac", "exit"}, w[0]), strings.HasSuffix(w[0], ")"): // run by TestDocumentedScript
	default:
		t.Errorf("%s: nothing checks the command %q", at, line)
	}
}

var assignment = regexp.MustCompile(`^[A-Z_]+=|^status=`)

// words splits a line of shell at blanks outside quotes, up to a comment, a pipe, or what is done where the command fails.
func words(line string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`#.*|(?:'[^']*'|"[^"]*"|[^\s'"])+`).FindAllString(line, -1) {
		if strings.HasPrefix(m, "#") || m == "||" || m == "|" {
			break
		}
		list = append(list, strings.NewReplacer("'", "", `"`, "").Replace(m))
	}
	return list
}

// checkFlags lets the real tree of commands read arguments.
func checkFlags(t *testing.T, at string, args []string) {
	t.Helper()
	cmd, rest, err := tree().Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: ftrun %s: %v", at, strings.Join(args, " "), err)
	}
}

func tree() *cobra.Command {
	exit := 0
	return commands(new(options), new(system), &exit)
}

// checkVariable wants a variable of the environment that ftrun reads.
func checkVariable(t *testing.T, at, name string) {
	t.Helper()
	known := append(slices.Collect(maps.Keys(variables())), "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")
	for _, p := range provider.Profiles() {
		known = append(known, p.KeyEnv)
	}
	if !slices.Contains(known, name) && name != "FTRUN_" && !strings.HasPrefix(name, spec.VariablePrefix) {
		t.Errorf("%s: nothing reads the variable %s", at, name)
	}
}

// variables returns the variables of options, each with its default.
func variables() map[string]string {
	list := map[string]string{}
	for _, f := range slices.Concat(reflect.VisibleFields(reflect.TypeFor[options]()), reflect.VisibleFields(reflect.TypeFor[github]())) {
		if tag, ok := f.Tag.Lookup("env"); ok {
			name, rest, _ := strings.Cut(tag, ",")
			list[name] = strings.TrimPrefix(strings.TrimSpace(rest), "default=")
		}
	}
	return list
}

// TestDocumentedRequests sends the requests of curl commands to an embedded engine.
func TestDocumentedRequests(t *testing.T) {
	engine, err := embedded.New(embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(engine)
	defer func() {
		server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	}()
	sent := 0
	for _, b := range blocksIn(t, "sh") {
		for _, line := range b.lines {
			m := regexp.MustCompile(`^curl http://127\.0\.0\.1:8080(\S+)(?:.* -d '([^']*)')?$`).FindStringSubmatch(line)
			if m == nil {
				if strings.HasPrefix(line, "curl") {
					t.Errorf("%s: not a request that the test can send: %s", b.at, line)
				}
				continue
			}
			sent++
			method := http.MethodGet
			if m[2] != "" {
				method = http.MethodPost
			}
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+m[1], strings.NewReader(m[2]))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			resp, err := server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s: %s: %s", b.at, line, resp.Status)
			}
		}
	}
	if sent == 0 {
		t.Error("no document shows a request")
	}
}
