package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

// Workflows are checked twice: by actionlint, which knows the format, and by the rules of this house, which keep the key and the
// token out of strange hands.

const workflowsDir = ".github/workflows"

func TestWorkflows(t *testing.T) {
	for _, file := range workflowFiles(t) {
		for _, problem := range workflowProblems(file, readDocument(t, file)) {
			t.Error(problem)
		}
	}
}

func workflowFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(workflowsDir, "*.y*ml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflow under %s: %v", workflowsDir, err)
	}
	return files
}

// workflowProblems returns what actionlint and the rules of the house find wrong with a workflow, "file:line: text" each.
func workflowProblems(file, src string) []string {
	problems := lintProblems(file, src)
	w, _ := actionlint.Parse([]byte(src)) // actionlint has reported its errors
	if w == nil {
		return problems
	}
	for _, rule := range workflowRules {
		problems = append(problems, rule.problems(file, w, src)...)
	}
	return problems
}

// stepProblems returns what is wrong with a block of a document that shows the steps of a job ("steps:" at the margin). A document
// may name an action by its tag, which a reader can read.
func stepProblems(at, block string) []string {
	const frame = "on: push\npermissions: {}\nconcurrency: one\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 10\n"
	src := frame + "    " + strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n    ") + "\n"
	return slices.DeleteFunc(workflowProblems(at, src), func(p string) bool { return strings.Contains(p, notPinned) })
}

func lintProblems(file, src string) []string {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{LogWriter: io.Discard})
	if err != nil {
		return []string{err.Error()}
	}
	found, err := linter.Lint(file, []byte(src), nil)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for _, e := range found {
		problems = append(problems, e.String())
	}
	return problems
}

// A workflowRule calls report for everything that it forbids.
type workflowRule struct {
	name  string
	check func(w *actionlint.Workflow, src string, report reportFunc)
}

type reportFunc func(at *actionlint.Pos, format string, args ...any)

func (r workflowRule) problems(file string, w *actionlint.Workflow, src string) []string {
	var list []string
	r.check(w, src, func(at *actionlint.Pos, format string, args ...any) {
		line := 1
		if at != nil {
			line = at.Line
		}
		list = append(list, fmt.Sprintf("%s:%d: %s", file, line, fmt.Sprintf(format, args...)))
	})
	return list
}

const (
	notPinned  = "is not pinned to a commit"
	maxMinutes = 360 // after which GitHub ends a job of its own machines
)

var workflowRules = []workflowRule{
	{"pins", checkPins},
	{"permissions", checkPermissions},
	{"run", checkRun},
	{"events", checkEvents},
	{"checkout", checkCheckout},
	{"timeout", checkTimeouts},
	{"secrets", checkSecrets},
	{"cache", checkCachePaths},
	{"concurrency", checkConcurrency},
}

// eachStep calls visit for every step, with its job.
func eachStep(w *actionlint.Workflow, visit func(*actionlint.Job, *actionlint.Step)) {
	for _, job := range w.Jobs {
		for _, step := range job.Steps {
			visit(job, step)
		}
	}
}

// eachAction calls visit for every step that uses an action, with what comes before the @.
func eachAction(w *actionlint.Workflow, visit func(name string, uses *actionlint.String, inputs map[string]*actionlint.Input)) {
	eachStep(w, func(_ *actionlint.Job, step *actionlint.Step) {
		if a, ok := step.Exec.(*actionlint.ExecAction); ok && a.Uses != nil {
			name, _, _ := strings.Cut(a.Uses.Value, "@")
			visit(name, a.Uses, a.Inputs)
		}
	})
}

var (
	pinnedAction   = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	releaseComment = regexp.MustCompile(` # v\d+\.\d+\.\d+$`)
)

// A tag can be moved to other code, a commit can't. The comment tells people, and the programs that update it, which release it is.
func checkPins(w *actionlint.Workflow, src string, report reportFunc) {
	lines := strings.Split(src, "\n")
	eachAction(w, func(_ string, uses *actionlint.String, _ map[string]*actionlint.Input) {
		if !pinnedAction.MatchString(uses.Value) {
			report(uses.Pos, "%q %s", uses.Value, notPinned)
		} else if !releaseComment.MatchString(lines[uses.Pos.Line-1]) {
			report(uses.Pos, "%q does not say its version in a comment", uses.Value)
		}
	})
	for _, job := range w.Jobs {
		if call := job.WorkflowCall; call != nil && call.Uses != nil && !pinnedAction.MatchString(call.Uses.Value) {
			report(call.Uses.Pos, "%q %s", call.Uses.Value, notPinned)
		}
	}
}

// The token may read, and a job that may write has neither a secret nor a checkout, whose code could use the token.
func checkPermissions(w *actionlint.Workflow, src string, report reportFunc) {
	if w.Permissions == nil {
		report(nil, "no permissions at the top")
	} else if reportAll(w.Permissions, report); len(writes(w.Permissions)) > 0 {
		report(w.Permissions.Pos, "every job may write %v", writes(w.Permissions))
	}
	for _, job := range w.Jobs {
		if job.Permissions == nil {
			continue
		}
		reportAll(job.Permissions, report)
		scopes := writes(job.Permissions)
		for _, step := range job.Steps {
			a, ok := step.Exec.(*actionlint.ExecAction)
			if len(scopes) > 0 && (!ok || strings.HasPrefix(a.Uses.Value, "actions/checkout@") || hasSecret(step)) {
				report(step.Pos, "a step that runs code, in a job that may write %v", scopes)
			}
		}
	}
}

func reportAll(p *actionlint.Permissions, report reportFunc) {
	if p.All != nil {
		report(p.All.Pos, "permissions: %s names no scope", p.All.Value)
	}
}

func writes(p *actionlint.Permissions) []string {
	var scopes []string
	for name, scope := range p.Scopes {
		if scope.Value.Value == "write" {
			scopes = append(scopes, name)
		}
	}
	slices.Sort(scopes)
	return scopes
}

// What stands in ${{ }} becomes part of the script before the shell reads it. By way of env it stays text.
func checkRun(w *actionlint.Workflow, _ string, report reportFunc) {
	eachStep(w, func(_ *actionlint.Job, step *actionlint.Step) {
		if r, ok := step.Exec.(*actionlint.ExecRun); ok && r.Run != nil {
			if strings.Contains(r.Run.Value, "${{") {
				report(r.Run.Pos, "an expression in run: hand it over in env")
			}
			if strings.Contains(r.Run.Value, "GITHUB_ENV") || strings.Contains(r.Run.Value, "GITHUB_PATH") {
				report(r.Run.Pos, "a step sets the environment of the later ones")
			}
		}
	})
	eachAction(w, func(name string, uses *actionlint.String, inputs map[string]*actionlint.Input) {
		if script := inputs["script"]; script != nil && strings.Contains(script.Value.Value, "${{") {
			report(uses.Pos, "an expression in the script of %s: hand it over in env", name)
		}
	})
}

// These events run with the repository's secrets on what a stranger wrote.
func checkEvents(w *actionlint.Workflow, _ string, report reportFunc) {
	for _, event := range w.On {
		if name := event.EventName(); name == "pull_request_target" || name == "workflow_run" {
			report(nil, "the event %s gives a stranger's change the secrets", name)
		}
	}
}

// Else the token stays in .git/config, for every later step to read.
func checkCheckout(w *actionlint.Workflow, _ string, report reportFunc) {
	eachAction(w, func(name string, uses *actionlint.String, inputs map[string]*actionlint.Input) {
		if in := inputs["persist-credentials"]; name == "actions/checkout" && (in == nil || in.Value.Value != "false") {
			report(uses.Pos, "checkout without persist-credentials: false")
		}
	})
}

func checkTimeouts(w *actionlint.Workflow, _ string, report reportFunc) {
	for _, job := range w.Jobs {
		minutes := job.TimeoutMinutes
		if minutes == nil || minutes.Expression != nil || minutes.Value >= maxMinutes {
			report(job.Pos, "job %q has no timeout-minutes below %d", job.ID.Value, maxMinutes)
			continue
		}
		for _, step := range job.Steps {
			if limit := step.TimeoutMinutes; limit != nil && limit.Value >= minutes.Value {
				report(step.Pos, "the step may take all of the %v minutes of job %q", minutes.Value, job.ID.Value)
			}
		}
	}
}

var (
	anySecret = regexp.MustCompile(`\$\{\{[^}]*\bsecrets\b`)
	oneSecret = regexp.MustCompile(`^\$\{\{ secrets\.[A-Z0-9_]+ \}\}$`)
)

// A secret is only in the environment of a step that runs a command of ours: not in a job's, nor in an action's.
func checkSecrets(w *actionlint.Workflow, src string, report reportFunc) {
	allowed := 0
	eachStep(w, func(_ *actionlint.Job, step *actionlint.Step) {
		if _, ok := step.Exec.(*actionlint.ExecRun); !ok || step.Env == nil {
			return
		}
		for _, v := range step.Env.Vars {
			if v.Value != nil && oneSecret.MatchString(v.Value.Value) {
				allowed++
			}
		}
	})
	if all := len(anySecret.FindAllString(src, -1)); all != allowed {
		report(nil, "%d expressions with secrets, and %d of them are the environment of a step with run", all, allowed)
	}
	for _, job := range w.Jobs {
		if job.WorkflowCall != nil && (job.WorkflowCall.InheritSecrets || len(job.WorkflowCall.Secrets) > 0) {
			report(job.Pos, "job %q hands secrets on", job.ID.Value)
		}
	}
}

func hasSecret(step *actionlint.Step) bool {
	if step.Env == nil {
		return false
	}
	for _, v := range step.Env.Vars {
		if v.Value != nil && anySecret.MatchString(v.Value.Value) {
			return true
		}
	}
	return false
}

// cachePaths are what a cache may hold. Whoever can open a pull request can read it.
var cachePaths = []string{".ftrun"}

func checkCachePaths(w *actionlint.Workflow, _ string, report reportFunc) {
	eachAction(w, func(name string, uses *actionlint.String, inputs map[string]*actionlint.Input) {
		if name != "actions/cache" && !strings.HasPrefix(name, "actions/cache/") {
			return
		}
		path := inputs["path"]
		if path == nil {
			return // actionlint or GitHub says so
		}
		for _, p := range strings.Fields(path.Value.Value) {
			if !slices.Contains(cachePaths, p) {
				report(uses.Pos, "%q in a cache, which strangers can read; known are %q", p, cachePaths)
			}
		}
	})
}

func checkConcurrency(w *actionlint.Workflow, _ string, report reportFunc) {
	if w.Concurrency == nil {
		report(nil, "no concurrency at the top: two runs would be in each other's way")
	}
}

// soundWorkflow breaks no rule. Each row of TestWorkflowRules breaks one.
const soundWorkflow = `name: planted
on: pull_request
permissions: {}
concurrency: planted
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - uses: actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5
        with:
          path: .ftrun
          key: planted
      - run: echo "$TITLE"
        timeout-minutes: 9
        env:
          TITLE: ${{ github.event.pull_request.title }}
          KEY: ${{ secrets.KEY }}
`

func TestWorkflowRules(t *testing.T) {
	if problems := workflowProblems("planted.yml", soundWorkflow); len(problems) > 0 {
		t.Fatalf("the sound workflow: %v", problems)
	}
	const cache = "path: .ftrun\n"
	for _, test := range []struct{ name, old, new, want string }{
		{"a tag", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", notPinned},
		{"a branch", "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@main # v7.0.1", notPinned},
		{"a short commit", "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@3d3c42e", notPinned},
		{"a commit of no known version", " # v7.0.1", "", "does not say its version"},
		{"a vague version", " # v7.0.1", " # v7", "does not say its version"},
		{"the usual permissions", "permissions: {}\n", "", "no permissions at the top"},
		{"read everything", "permissions: {}\n", "permissions: read-all\n", "names no scope"},
		{"write everything", "permissions: {}\n", "permissions: write-all\n", "names no scope"},
		{"every job writes", "permissions: {}\n", "permissions:\n  contents: write\n", "every job may write [contents]"},
		{"code with a token that writes", "contents: read", "checks: write", "a job that may write [checks]"},
		{"an expression in a script", `echo "$TITLE"`, `echo "${{ github.event.pull_request.title }}"`, "an expression in run"},
		{"a harmless expression in a script", `echo "$TITLE"`, `echo ${{ github.run_id }}`, "an expression in run"},
		{"the environment of later steps", `echo "$TITLE"`, `echo "$TITLE" >> "$GITHUB_ENV"`, "environment of the later ones"},
		{"strangers with secrets", "on: pull_request", "on: pull_request_target", "gives a stranger's change the secrets"},
		{"after a stranger's run", "on: pull_request", "on:\n  workflow_run:\n    workflows: [other]", "gives a stranger's change the secrets"},
		{"a token on disk", "persist-credentials: false", "fetch-depth: 0", "without persist-credentials"},
		{"no limit", "    timeout-minutes: 10\n", "", "no timeout-minutes"},
		{"GitHub's own limit", "timeout-minutes: 10\n", "timeout-minutes: 360\n", "no timeout-minutes"},
		{"a step as long as its job", "timeout-minutes: 9", "timeout-minutes: 10", "may take all of the 10 minutes"},
		{"a secret of a whole job", "    steps:\n", "    env:\n      K: ${{ secrets.K }}\n    steps:\n", "2 expressions with secrets, and 1"},
		{"a secret of the workflow", "jobs:\n", "env:\n  K: ${{ secrets.K }}\njobs:\n", "2 expressions with secrets, and 1"},
		{"a secret for an action", cache, "path: .ftrun\n          token: ${{ secrets.K }}\n", "2 expressions with secrets, and 1"},
		{"all secrets", "${{ secrets.KEY }}", "${{ toJSON(secrets) }}", "1 expressions with secrets, and 0"},
		{"a cache of the whole checkout", cache, "path: .\n", `"." in a cache`},
		{"a cache of the home folder", cache, "path: |\n            .ftrun\n            ~/.config\n", `"~/.config" in a cache`},
		{"no concurrency", "concurrency: planted\n", "", "no concurrency"},
		{"what actionlint finds", "timeout-minutes: 9", "timeout-minutes: nine", "float number literal"},
		{"an unknown key", "timeout-minutes: 9", "time-out: 9", "unexpected key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Count(soundWorkflow, test.old) != 1 {
				t.Fatalf("%q is not there once", test.old)
			}
			problems := workflowProblems("planted.yml", strings.Replace(soundWorkflow, test.old, test.new, 1))
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, test.want) }) {
				t.Errorf("got %q, want one with %q", problems, test.want)
			}
		})
	}
}

// TestWorkflowSteps is the check of the blocks in documents.
func TestWorkflowSteps(t *testing.T) {
	const sound = "steps:\n  - uses: actions/upload-artifact@v7\n    with:\n      path: out\n  - run: echo \"$A\"\n    env:\n      A: ${{ github.ref }}\n"
	if problems := stepProblems("doc.md:1", sound); len(problems) > 0 {
		t.Error(problems)
	}
	if problems := stepProblems("doc.md:1", strings.Replace(sound, "$A", "${{ github.ref }}", 1)); len(problems) != 1 {
		t.Errorf("an expression in run: %q", problems)
	}
}

// TestPinsAgree keeps the workflows on one release of each action.
func TestPinsAgree(t *testing.T) {
	found := map[string]string{}
	for _, file := range workflowFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`uses: (\w[\w-]*/[\w-]+)\S*?(@.*)`).FindAllSubmatch(bytes.ReplaceAll(src, []byte("\r"), nil), -1) {
			action, pin := string(m[1]), string(m[2])
			if was, ok := found[action]; ok && was != pin {
				t.Errorf("%s: %s%s here and %s elsewhere", file, action, pin, was)
			}
			found[action] = pin
		}
	}
}
