package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedConsole runs what the documents show, and compares what it prints. With -update it writes new figures into them.
func TestDocumentedConsole(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to run the commands with")
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("the figures shown are those of amd64; another processor rounds in another way")
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("examples")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "examples", ".ftrun")); err != nil { // of a run in the checkout
		t.Fatal(err)
	}
	status := 0
	for _, b := range blocksIn(t, "console") {
		for _, s := range shownIn(t, b) {
			cmd := exec.CommandContext(t.Context(), shell, "-c", fmt.Sprintf("(exit %d); %s", status, s.command))
			cmd.Dir = dir
			cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
				return strings.HasPrefix(v, "FTRUN_") || strings.HasPrefix(v, "OPENAI_") || strings.HasPrefix(v, "GITHUB_")
			})
			out, _ := cmd.CombinedOutput() // the status tells
			if status = cmd.ProcessState.ExitCode(); status == -1 {
				t.Fatalf("%s: $ %s: %v", b.at, s.command, cmd.ProcessState)
			}
			switch fresh, ok := s.refresh(string(out)); {
			case ok && lineUp(fresh) == lineUp(s.text()):
			case ok && *update:
				s.rewrite(t, b, fresh)
			default:
				t.Errorf("%s: $ %s\nprints\n%s\nand not\n%s\nwhere only figures differ: go test -run %s -update .",
					b.at, s.command, out, s.text(), t.Name())
			}
		}
	}
}

// A shown is one command of a console block and what it prints.
type shown struct {
	command string
	output  []string
}

func shownIn(t *testing.T, b codeBlock) []shown {
	t.Helper()
	var list []shown
	for _, line := range b.lines {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			list = append(list, shown{command: command})
		} else if len(list) == 0 {
			t.Fatalf("%s: begins with no command", b.at)
		} else {
			last := &list[len(list)-1]
			last.output = append(last.output, line)
		}
	}
	return list
}

func (s shown) text() string { return strings.Join(append(s.output, ""), "\n") }

// besideCut are the blanks around what is left out: they line columns up with it, and a wait of ten seconds is a sign longer than one of nine.
var besideCut = regexp.MustCompile(` *… *`)

func lineUp(text string) string { return besideCut.ReplaceAllString(text, "…") }

// figure is what an update may change: a number, and the blanks that line it up with others.
var figure = regexp.MustCompile(`[0-9]+(\\?[.,][0-9]+)*| +`)

// refresh returns what is shown with the figures of out in it. It reports whether out has the lines and words that are shown.
func (s shown) refresh(out string) (string, bool) {
	var p strings.Builder
	p.WriteString(`\A`)
	for _, line := range s.output {
		if line == "..." {
			p.WriteString(`((?:.*\n)*?)`)
			continue
		}
		for i, part := range strings.Split(line, "…") {
			if i > 0 {
				p.WriteString(`.*?`)
			}
			p.WriteString(`(` + figure.ReplaceAllStringFunc(regexp.QuoteMeta(part), func(f string) string {
				if f[0] == ' ' {
					return ` +`
				}
				return `[0-9]+(?:[.,][0-9]+)*`
			}) + `)`)
		}
		p.WriteString(`\n`)
	}
	p.WriteString(`\z`)
	found := regexp.MustCompile(p.String()).FindStringSubmatch(out)
	if found == nil {
		return "", false
	}
	var fresh strings.Builder
	group := 1
	for _, line := range s.output {
		if line == "..." {
			fresh.WriteString("...\n")
			group++
			continue
		}
		parts := strings.Count(line, "…") + 1
		fresh.WriteString(strings.Join(found[group:group+parts], "…") + "\n")
		group += parts
	}
	return fresh.String(), true
}

// rewrite puts fresh in the place of what is shown.
func (s shown) rewrite(t *testing.T, b codeBlock, fresh string) {
	t.Helper()
	file, _, _ := strings.Cut(b.at, ":")
	const prompt = "\n$ "
	text := readDocument(t, file)
	old := prompt + s.command + "\n" + s.text()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%s: $ %s is shown twice", b.at, s.command)
	}
	text = strings.Replace(text, old, prompt+s.command+"\n"+fresh, 1)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDocumentedScript runs every script of the documents that tells exit codes apart, with each of them, and wants it to hand the
// code on.
func TestDocumentedScript(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to run the scripts with")
	}
	scripts := 0
	for _, b := range blocksIn(t, "sh") {
		if !strings.Contains(b.text(), "\ncase ") {
			continue
		}
		scripts++
		for _, want := range exitCodes(t) {
			out, err := exec.CommandContext(t.Context(), shell, "-euc", "ftrun() { return "+want+"; }\n"+b.text()).CombinedOutput()
			status := "0"
			if exit := new(exec.ExitError); errors.As(err, &exit) {
				status = fmt.Sprint(exit.ExitCode())
			}
			if status != want || len(out) == 0 {
				t.Errorf("%s: where ftrun returns %s, it returns %s and says %q", b.at, want, status, out)
			}
		}
	}
	if scripts == 0 {
		t.Error("no document shows what to do with the exit codes")
	}
}
