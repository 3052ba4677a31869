package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rhysd/actionlint"
	"github.com/rogpeppe/go-internal/txtar"

	"ftrun/spec"
)

const (
	finetune      = workflowsDir + "/finetune.yml"
	hostedExample = "examples/pipeline.hosted.yaml"
)

func finetuneWorkflow(t *testing.T) *actionlint.Workflow {
	t.Helper()
	w, errs := actionlint.Parse([]byte(readDocument(t, finetune)))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return w
}

// TestWhichJobsRun plays the events that start the workflow, and asks the script of the required check for its answer.
func TestWhichJobsRun(t *testing.T) {
	const person, bot = "ann", "dependabot[bot]"
	w := finetuneWorkflow(t)
	for _, test := range []struct {
		name, event, head, author string
		enabled                   string
		ends                      map[string]string // jobs that do not end well
		verdict                   string            // output of the job that asks the model
		jobs                      string            // those that run, by name
		green                     bool              // the required check
	}{
		{"a good model", "pull_request", "o/r", person, "", nil, "pass", "build gate report verdict", true},
		{"a bad model, or no key", "pull_request", "o/r", person, "", map[string]string{"gate": "failure"}, "fail", "build gate report verdict", false},
		{"cancelled", "pull_request", "o/r", person, "", map[string]string{"gate": "cancelled"}, "", "build gate report verdict", false},
		{"green without a verdict", "pull_request", "o/r", person, "", nil, "unfinished", "build gate report verdict", false},
		{"green without outputs", "pull_request", "o/r", person, "", nil, "", "build gate report verdict", false},
		{"does not build", "pull_request", "o/r", person, "", map[string]string{"build": "failure"}, "", "build verdict", false},
		{"a fork", "pull_request", "stranger/r", person, "", nil, "", "build rehearsal verdict", false},
		{"a fork, while pushes are enabled", "pull_request", "stranger/r", person, "true", nil, "pass", "build rehearsal verdict", false},
		{"a fork that is gone", "pull_request", "", person, "", nil, "", "build rehearsal verdict", false},
		{"Dependabot", "pull_request", "o/r", bot, "true", nil, "", "build rehearsal verdict", false},
		{"by hand", "workflow_dispatch", "", "", "", nil, "pass", "build gate report verdict", true},
		{"by hand, a bad model", "workflow_dispatch", "", "", "", map[string]string{"gate": "failure"}, "fail", "build gate report verdict", false},
		{"a push, not enabled", "push", "", "", "", nil, "", "", false},
		{"a push", "push", "", "", "true", nil, "unfinished", "build detach", false},
		{"the schedule, not enabled", "schedule", "", "", "", nil, "", "", false},
		{"the schedule, still training", "schedule", "", "", "true", nil, "unfinished", "build resume", false},
		{"the schedule, a good model", "schedule", "", "", "true", nil, "pass", "build resume tested", false},
		{"the schedule, a bad model", "schedule", "", "", "true", map[string]string{"resume": "failure"}, "fail", "build resume", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			pull := map[string]any{"user": map[string]any{"login": test.author}, "head": map[string]any{"repo": nil}}
			if test.head != "" {
				pull["head"] = map[string]any{"repo": map[string]any{"full_name": test.head}}
			}
			game := &workflowGame{t: t, jobs: w.Jobs, ends: test.ends, verdict: test.verdict, results: map[string]string{}, contexts: map[string]any{
				"vars":   map[string]any{"finetune_enabled": test.enabled},
				"github": map[string]any{"event_name": test.event, "repository": "o/r", "event": map[string]any{"pull_request": pull}},
			}}
			var ran []string
			for id := range w.Jobs {
				if game.result(id) != "skipped" {
					ran = append(ran, id)
				}
			}
			slices.Sort(ran)
			if got := strings.Join(ran, " "); got != test.jobs {
				t.Errorf("jobs %q, want %q", got, test.jobs)
			}
			if pull := test.event == "pull_request"; pull && !slices.Contains(ran, "verdict") {
				t.Error("the required check is skipped, which GitHub takes for passed")
			}
			// GitHub goes by the name, also of a job that is skipped: only a pull request's run answers for the required check.
			name := textOf(game.value("verdict", strings.TrimSuffix(strings.TrimPrefix(w.Jobs["verdict"].Name.Value, "${{ "), " }}")))
			if required := name == "verdict"; required != (test.event == "pull_request") {
				t.Errorf("the check is called %q", name)
			}
			if slices.Contains(ran, "verdict") && verdictStep(t, w, game) != test.green {
				t.Errorf("the required check is green: %v, want %v", !test.green, test.green)
			}
		})
	}
}

// verdictStep runs the script of the required check and reports whether it ends well.
func verdictStep(t *testing.T, w *actionlint.Workflow, game *workflowGame) bool {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash to run the step with")
	}
	step := w.Jobs["verdict"].Steps[0]
	cmd := exec.CommandContext(t.Context(), bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Exec.(*actionlint.ExecRun).Run.Value)
	for _, v := range step.Env.Vars {
		text := strings.TrimSuffix(strings.TrimPrefix(v.Value.Value, "${{ "), " }}")
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%s", v.Name.Value, textOf(game.value("verdict", text))))
	}
	return cmd.Run() == nil
}

func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// A workflowGame decides as GitHub does which jobs of a workflow run.
type workflowGame struct {
	t        *testing.T
	jobs     map[string]*actionlint.Job
	ends     map[string]string
	verdict  string
	results  map[string]string
	contexts map[string]any
}

func (g *workflowGame) result(id string) string {
	if r, ok := g.results[id]; ok {
		return r
	}
	job := g.jobs[id]
	run := true
	for _, need := range job.Needs {
		if g.result(need.Value) != "success" {
			run = false // unless the condition calls always()
		}
	}
	if job.If != nil {
		text := strings.TrimSpace(job.If.Value)
		run = (run || strings.Contains(text, "always()")) && truthy(g.value(id, text))
	}
	switch {
	case !run:
		g.results[id] = "skipped"
	case g.ends[id] != "":
		g.results[id] = g.ends[id]
	default:
		g.results[id] = "success"
	}
	return g.results[id]
}

// value evaluates an expression in a job.
func (g *workflowGame) value(job, text string) any {
	g.t.Helper()
	node, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(text + "}}"))
	if err != nil {
		g.t.Fatalf("%s: %v", text, err)
	}
	needs := map[string]any{}
	for _, need := range g.jobs[job].Needs {
		outputs := map[string]any{"verdict": g.verdict}
		if g.result(need.Value) == "skipped" {
			outputs = nil
		}
		needs[need.Value] = map[string]any{"result": g.result(need.Value), "outputs": outputs}
	}
	return g.eval(node, needs)
}

func (g *workflowGame) eval(node actionlint.ExprNode, needs map[string]any) any {
	switch n := node.(type) {
	case *actionlint.StringNode:
		return n.Value
	case *actionlint.VariableNode:
		if n.Name == "needs" {
			return needs
		}
		return g.contexts[n.Name]
	case *actionlint.ObjectDerefNode:
		object, _ := g.eval(n.Receiver, needs).(map[string]any)
		return object[n.Property]
	case *actionlint.FuncCallNode:
		if n.Callee == "always" {
			return true
		}
	case *actionlint.LogicalOpNode:
		left := g.eval(n.Left, needs)
		if truthy(left) == (n.Kind == actionlint.LogicalOpNodeKindOr) {
			return left
		}
		return g.eval(n.Right, needs)
	case *actionlint.CompareOpNode:
		equal := g.eval(n.Left, needs) == g.eval(n.Right, needs)
		switch n.Kind {
		case actionlint.CompareOpNodeKindEq:
			return equal
		case actionlint.CompareOpNodeKindNotEq:
			return !equal
		}
	}
	g.t.Fatalf("the test can't evaluate %T in an expression", node)
	return nil
}

func truthy(v any) bool { return v != nil && v != false && v != "" }

// TestWaitingFitsTheJob holds the limits in each other: the run ends before its step, the step before its job.
func TestWaitingFitsTheJob(t *testing.T) {
	waits := regexp.MustCompile(`(?m)^  timeout: \$\{FTRUN_VAR_WAIT:-(\w+)\}$`).FindStringSubmatch(readDocument(t, hostedExample))
	if waits == nil {
		t.Fatalf("%s: no wait.timeout that FTRUN_VAR_WAIT replaces", hostedExample)
	}
	asked := 0
	eachStep(finetuneWorkflow(t), func(job *actionlint.Job, step *actionlint.Step) {
		r, ok := step.Exec.(*actionlint.ExecRun)
		if !ok || !hasSecret(step) {
			return
		}
		asked++
		wait := waits[1]
		if v := step.Env.Vars["ftrun_var_wait"]; v != nil {
			wait = v.Value.Value
		}
		d, err := time.ParseDuration(wait)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(r.Run.Value, "--detach") {
			d = 0 // it does not wait
		}
		if step.TimeoutMinutes == nil || d+15*time.Minute > time.Duration(step.TimeoutMinutes.Value)*time.Minute {
			t.Errorf("job %s: waits %s, and its step leaves less than 15 minutes for the rest", job.ID.Value, d)
		}
		if step.TimeoutMinutes != nil && step.TimeoutMinutes.Value+10 > job.TimeoutMinutes.Value {
			t.Errorf("job %s: less than 10 minutes to save and upload", job.ID.Value)
		}
	})
	if asked != 3 {
		t.Errorf("%d steps have the key, want those of gate, detach and resume", asked)
	}
}

// TestWorkflowNamesItsFiles: a change of the spec or of its data starts the workflow, whose hosts are the spec's.
func TestWorkflowNamesItsFiles(t *testing.T) {
	w := finetuneWorkflow(t)
	if got := w.Env.Vars["ftrun_file"].Value.Value; got != hostedExample {
		t.Errorf("FTRUN_FILE is %s", got)
	}
	if got := w.Env.Vars["ftrun_state"].Value.Value; !slices.Contains(cachePaths, got) {
		t.Errorf("FTRUN_STATE is %s, which no cache keeps", got)
	}
	if host := w.Env.Vars["ftrun_allow_hosts"].Value.Value; !strings.Contains(readDocument(t, hostedExample), ":-https://"+host+"/v1}") {
		t.Errorf("the spec's host is not %s", host)
	}
	p, err := spec.Load(hostedExample, spec.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{hostedExample, filepath.ToSlash(filepath.Join("examples", filepath.Base(p.Dataset.Files[0]))), finetune}
	for _, on := range w.On {
		event, ok := on.(*actionlint.WebhookEvent)
		if !ok || event.Paths == nil {
			continue
		}
		var paths []string
		for _, v := range event.Paths.Values {
			paths = append(paths, v.Value)
		}
		if !slices.Equal(paths, want) {
			t.Errorf("%s: paths %q, want %q", event.EventName(), paths, want)
		}
		for _, path := range paths {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	}
}

var callsFtrun = regexp.MustCompile(`bin/ftrun (\w+ )?-f`)

// TestScriptsRunTheWorkflow compares the steps of the workflow with the transcripts ci_*.txtar that run them: a section
// finetune/JOB/STEP is the step's script, word for word, and every step that calls ftrun is in one of them.
func TestScriptsRunTheWorkflow(t *testing.T) {
	steps := map[string]string{}
	eachStep(finetuneWorkflow(t), func(job *actionlint.Job, step *actionlint.Step) {
		if r, ok := step.Exec.(*actionlint.ExecRun); ok {
			if step.ID == nil {
				t.Fatalf("%s:%d: a step with run and without id", finetune, step.Pos.Line)
			}
			steps["finetune/"+job.ID.Value+"/"+step.ID.Value] = strings.TrimSpace(r.Run.Value)
		}
	})
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "ci_*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]bool{}
	for _, file := range scripts {
		for _, section := range txtar.Parse([]byte(readDocument(t, file))).Files {
			if !strings.HasPrefix(section.Name, "finetune/") {
				continue
			}
			if got, want := strings.TrimSpace(string(section.Data)), steps[section.Name]; got != want {
				t.Errorf("%s: %s runs %q, and the workflow %q", file, section.Name, got, want)
			}
			ran[section.Name] = true
		}
	}
	for name, text := range steps {
		if callsFtrun.MatchString(text) && !ran[name] {
			t.Errorf("no transcript runs %s", name)
		}
	}
}
