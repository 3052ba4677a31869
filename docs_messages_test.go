package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"ftrun/runner/ledger"
	"ftrun/runner/provider/embedded"
)

// A provocation makes the tool say a message of the troubleshooting page. The run must end as the page says.
type provocation struct {
	message string // as the page has it
	spec    string // put behind the spec; one that begins with "version:" takes its place
	edit    string // "old => new", in the spec
	data    string // in place of the data
	env     string // "NAME=value", one a line; DIR stands for the folder; SIGNAL=1 interrupts the run, LINK=1 puts a link into its state folder
	args    string // separated by blanks; in place of "-f DIR/p.yaml" where they do not begin with a flag of a run
	faults  string // of the engine
	exit    int    // of a warning or a note
	dir     string // empty: a fresh one
}

const provokedSpec = `version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: d.jsonl
train:
  hyperparameters:
    n_epochs: 1
test:
  baseline: off
  concurrency: 1
  cases:
    - id: three
      question: What colour is thing number 3?
      answer: Black.
      assert:
        - icontains: black
`

const (
	untrained   = "version: 1\ntrain: off\ntest:\n  model: m\n  cases:\n    - question: q\n      assert:\n        - contains: a\n"
	hosted      = "\nprovider:\n  kind: compatible\n  base_url: https://llm.example.com/v1\n"
	onceOver    = `{"rules": [{"method": "GET", "path": "/v1/fine_tuning/jobs", "always": true, "fault": "status", %s}]}`
	unasked     = `{"rules": [{"method": "POST", "path": "/v1/chat/completions", "skip": 1, "always": true, "fault": "status", "status": 400}]}`
	onceUnasked = `{"rules": [{"method": "POST", "path": "/v1/chat/completions", "skip": 1, "fault": "status", "status": 400}]}`
	judged      = "version: 1\ntrain: off\ntest:\n  model: m\n  judge:\n    model: j\n    calibration:\n      - {question: q, output: good, expect: pass}\n" +
		"      - {question: q, output: bad, expect: fail}\n  assert:\n    - score_model: {rubric: is it good, pass_threshold: 0.5}\n  cases:\n    - question: q\n"
	wontPass = "icontains: black => icontains: purple"
)

// preferred are rows of preferences.
var preferred = func() string {
	var rows strings.Builder
	for i := range 12 {
		fmt.Fprintf(&rows, `{"input": {"messages": [{"role": "user", "content": "What colour is thing number %d?"}]}, `+
			`"preferred_output": [{"role": "assistant", "content": "Black."}], "non_preferred_output": [{"role": "assistant", "content": "White."}]}`+"\n", i)
	}
	return rows.String()
}()

var provocations = []provocation{
	{message: "unknown flag: …", args: "--untill wait"},
	{message: `unknown command "…", did you mean "…"?`, args: "valdate"},
	{message: `unexpected argument "…": name the pipeline file with -f`, args: "pipeline.yaml"},
	{message: `--until "…": want prepare, train or wait`, args: "--until tomorrow"},
	{message: `--provider "…": want one of …`, args: "--provider nobody"},
	{message: "--until and --detach say different things: use one", args: "--until wait --detach"},
	{message: "--filter chooses test cases, and --until and --detach stop before the test: use one", args: "--filter three --detach"},
	{message: `--filter "…": no case has this id or tag; want an id, or tag:NAME`, args: "--filter tag:three"},
	{message: "only … of --filter … ran, so nothing is gated", args: "--filter three", edit: wontPass},
	{message: `a case is graded by a command, …, and a spec may be a stranger's`, edit: "icontains: black => exec: [./check]"},
	{message: "the judge is not calibrated: …", spec: judged},
	{message: "--until and --detach stop at a stage of training, and the spec says train: off", spec: untrained, args: "--detach"},
	{message: "…: want true or false", env: "FTRUN_DETACH=maybe"},
	{message: "faults: …", args: "serve --faults DIR/d.jsonl"},
	{message: `state folder "…": "…" is a symbolic link`, env: "LINK=1"},
	{message: "there is no pipeline.yaml in this folder", args: "--file pipeline.yaml"},
	{message: "there is no such file", args: "--file DIR/nowhere.yaml"},
	{message: "a folder, not a pipeline file", args: "--file DIR"},

	{message: `…: unknown key, did you mean "…"?`, edit: "base_model => bass_model"},
	{message: `missing key "…"`, edit: "version: 1\n => \n"},
	{message: "duplicate key, first at line …", spec: "name: a\nname: b\n"},
	{message: "want …, found …", spec: "token_limit: lots\n"},
	{message: "not supported by this version", spec: "reports:\n  html: on\n"},
	{message: `a ": " makes a mapping of it; put the threshold in quotes: '{tag:x}' has no blank after its colon`, spec: "thresholds:\n  - pass_rate{tag: x} >= 1\n"},
	{message: "the variable … is not set, and it has no default", spec: "name: ${FTRUN_VAR_NAME}\n"},
	{message: "the file may not read the variable …", spec: "name: ${HOME}\n"},
	{message: "the variable … holds a key, which is sent as the key and stands nowhere else", spec: "name: ${OPENAI_API_KEY}\n"},
	{message: "the variable … holds a secret by its name, and may stand in … only", spec: "name: ${FTRUN_VAR_TEAM_KEY}\n"},
	{message: "a key in the file", spec: hosted + "  headers:\n    X-Token: abc\n"},
	{message: "a header that the file can't set", spec: hosted + "  headers:\n    Authorization: abc\n"},
	{message: "a value that can't be sent: there is a control character or a letter beyond ASCII in it", spec: hosted + "  headers:\n    X-Team: tütor\n"},
	{message: "leads outside the folder of the pipeline file", edit: "d.jsonl => ../d.jsonl"},
	{message: "there is no file …", edit: "d.jsonl => e.jsonl"},
	{message: "no file fits …", edit: "d.jsonl => '*.csv'"},
	{message: "want a data file that ends in …, found …", edit: "d.jsonl => p.yaml"},
	{message: "… is a file of training data already", edit: "dataset: d.jsonl => dataset:\n  path: d.jsonl\n  validation: d.jsonl"},
	{message: "no one format has the roles …", edit: "dataset: d.jsonl => dataset:\n  path: d.jsonl\n  fields:\n    messages: m\n    answer: a"},
	{message: `provider "…" is sent wire: hyperparameters, which has no place for the method "…"`, data: preferred,
		edit: "dataset: d.jsonl\ntrain: => dataset: d.jsonl\nprovider:\n  wire: hyperparameters\ntrain:\n  method: dpo"},
	{message: `provider "…" documents no … for base model "…"`, data: preferred,
		edit: "base_model: gpt-4.1-mini-2025-04-14\ndataset: d.jsonl\ntrain: => base_model: o4-mini-2025-04-16\ndataset: d.jsonl\ntrain:\n  method: dpo"},
	{message: "train.method dpo learns from preferences, and these are … rows", edit: "dataset: d.jsonl\ntrain: => dataset:\n  path: d.jsonl\n  format: qa\ntrain:\n  method: dpo"},
	{message: "the data has …, and training needs at least …", data: `{"question": "q", "answer": "a"}` + "\n"},
	{message: `found …: want "messages", or a question and an answer`, data: `{"frage": "q", "antwort": "a"}` + "\n"},
	{message: "the example has … tokens, and the limit is …", spec: "token_limit: 9\n"},
	{message: "the file holds no rows", data: "\n"},
	{message: "… of … test cases stand in the training data…", edit: "dataset: d.jsonl => dataset:\n  path: d.jsonl\n  contamination: error", spec: "    - question: What colour is thing number 4?\n      assert:\n        - icontains: white\n"},
	{message: "nothing would gate the answers: …", spec: "thresholds:\n  - errors == 0\n"},
	{message: "no baseline: …", spec: "thresholds:\n  - pass_rate >= baseline\n"},
	{message: "there is no …: with train: off nothing is trained", spec: untrained + "thresholds:\n  - train_loss < 1\n"},
	{message: "unknown metric …", spec: "thresholds:\n  - bleu > 1\n"},
	{message: `provider "…" has no model "…"`, faults: `{"models": ["another"]}`},

	{message: "host … may not get the key: only the spec names it", spec: hosted},
	{message: "plain http to … would send the key and the data unencrypted", spec: strings.Replace(hosted, "https", "http", 1)},
	{message: "the spec may not read the variable … as a key", spec: "provider:\n  api_key_env: MY_KEY\n"},
	{message: `provider "…" has no fixed host`, args: "--provider compatible"},
	{message: "base url is not an http or https address without user and fragment", env: "OPENAI_BASE_URL=api.openai.com"},
	{message: "no key: … is not set", env: "OPENAI_API_KEY="},
	{message: "what … holds can't be sent: there is a space, a control character or a letter beyond ASCII in it", env: "OPENAI_API_KEY=a b"},

	{message: "…: 401 …", faults: fmt.Sprintf(onceOver, `"status": 401, "code": "invalid_api_key"`)},
	{message: "…: 403 …", faults: fmt.Sprintf(onceOver, `"status": 403, "code": "forbidden"`)},
	{message: "a web page, …", faults: fmt.Sprintf(onceOver, `"status": 403, "body": "<html><title>Blocked</title></html>"`)},
	{message: "…: 403 training_not_available: …", faults: `{"refuse_training": true}`},
	{message: "…: 429 …", faults: fmt.Sprintf(onceOver, `"status": 429, "headers": {"Retry-After": "3600"}`)},
	{message: "…: 429 insufficient_quota: …", faults: fmt.Sprintf(onceOver, `"status": 429, "code": "insufficient_quota", "message": "spent"`)},
	{message: "…: 400 …", faults: fmt.Sprintf(onceOver, `"status": 400, "code": "bad"`)},
	{message: "…: 404 …", faults: fmt.Sprintf(onceOver, `"status": 404, "code": "bad"`)},
	{message: "…: 413 …", faults: fmt.Sprintf(onceOver, `"status": 413, "code": "bad"`)},
	{message: "…: 409 …", faults: fmt.Sprintf(onceOver, `"status": 409, "code": "bad"`)},
	{message: "redirects are not followed, here to …: check base_url", faults: fmt.Sprintf(onceOver, `"status": 302, "headers": {"Location": "https://elsewhere.example.com/"}`)},
	{message: "list has no data: …", faults: fmt.Sprintf(onceOver, `"status": 200, "body": "{}"`)},
	{message: "…: dial tcp …", env: "OPENAI_BASE_URL=http://127.0.0.1:1/v1"},
	{message: "tls: failed to verify certificate: …", env: "OPENAI_BASE_URL=TLS/v1"},

	{message: "the provider can't use file …: …", faults: `{"files": [{"outcome": "error", "status_details": "row 3 is odd"}]}`},
	{message: "base model … was shut down on …", faults: `{"shutdown_dates": {"gpt-4.1-mini-2025-04-14": "2020-01-01"}}`},
	{message: "training would cost about … (… tokens, …), more than budget.training_usd …", spec: "budget:\n  training_usd: 0\nprices:\n  training: 1000\n"},
	{message: "… is set, and the price of … is not known", spec: "budget:\n  training_usd: 1\n", edit: "gpt-4.1-mini-2025-04-14 => a-model"},
	{message: "shutdown date of …: unknown, the provider names none", args: "--until train -v"},
	{message: "… file … was deleted at the provider again", faults: `{"refuse_training": true}`, exit: 6},
	{message: "job … still … after …", spec: "wait:\n  timeout: 1ms\n", faults: `{"jobs": [{"min_duration": "1m"}]}`},
	{message: "job … not finished after …: cancelled, as wait.on_timeout says", spec: "wait:\n  timeout: 1ms\n  on_timeout: cancel\n", faults: `{"jobs": [{"min_duration": "1m"}]}`},
	{message: "stopped after train: job …", args: "--detach"},
	{message: "interrupted", env: "SIGNAL=1"},
	{message: "job … failed: …", faults: `{"jobs": [{"outcome": "failed", "error": {"code": "invalid_training_file", "message": "no"}}]}`},
	{message: "job … cancelled, and the provider gave no reason", faults: `{"jobs": [{"outcome": "cancelled"}]}`},

	{message: "…: … over … cases", edit: wontPass, spec: "    - question: And 4?\n      assert:\n        - icontains: white\n"},
	{message: `case "…" must pass and failed`, edit: wontPass, spec: "      must_pass: true\nthresholds:\n  - errors <= 9\n"},
	{message: "…: … at step …", spec: "thresholds:\n  - pass_rate > 0%\n  - train_loss > 99\n"},
	{message: "…; … without an answer could turn it either way", edit: "baseline: off => baseline: off\n  max_errors: 100%", spec: "    - question: And 4?\n      assert:\n        - icontains: black\n", faults: onceUnasked},
	{message: `case "…" must pass and was not answered`, edit: "baseline: off => baseline: off\n  max_errors: 100%", spec: "      must_pass: true\n    - question: And 4?\n      assert:\n        - icontains: black\nthresholds:\n  - errors == 1\n", faults: onceUnasked},
	{message: "…: no data, the provider reports no … for this job", spec: "thresholds:\n  - pass_rate > 0%\n  - train_loss < 9\n", faults: `{"result_file": "none", "missing": ["events", "checkpoints"]}`},
	{message: "… of … cases errored, more than test.max_errors …", faults: unasked},
	{message: "… of … cases answered, fewer than test.min_cases …", edit: "baseline: off => baseline: off\n  max_errors: 100%", faults: unasked},
	{message: "asking stopped: … spent, the next answer may cost …, and budget.testing_usd is …", spec: "budget:\n  testing_usd: 0\n", edit: "baseline: off => baseline: off\n  sampling:\n    max_completion_tokens: 9"},
	{message: "every threshold holds over … cases", spec: "    - question: And 4?\n      assert:\n        - not_icontains: purple\nthresholds:\n  - pass_rate > 0%\n"},
	{message: "stopped after …", args: "--until prepare"},

	{message: "create report folder: …", args: "--out DIR/p.yaml/out", exit: 3},
	{message: "GITHUB_OUTPUT: …", args: "--until prepare", env: "GITHUB_ACTIONS=true\nGITHUB_OUTPUT=DIR/none/output"},
	{message: "GITHUB_STEP_SUMMARY: …", args: "--until prepare", env: "GITHUB_ACTIONS=true\nGITHUB_STEP_SUMMARY=DIR/none/summary", exit: 0},
	{message: "open ledger: …", args: "--state DIR/p.yaml"},
	{message: "events: …", args: "--events DIR/none/events.jsonl"},
	{message: "serve: …", args: "serve --addr 127.0.0.1:port"},
}

// aside are the messages of a section that end a run otherwise than the section's first one, or not at all.
var aside = []string{
	"… file … was deleted at the provider again", "shutdown date of …: unknown, the provider names none",
	"create report folder: …", "GITHUB_STEP_SUMMARY: …", "a web page, …",
}

// TestMessagesAreProvoked makes the tool say the messages of the page, and holds exit code and reason code to what stands there.
func TestMessagesAreProvoked(t *testing.T) {
	sections := map[string]trouble{}
	for _, s := range troubles(t) {
		for _, message := range s.messages {
			sections[message] = s
		}
	}
	for _, p := range provocations {
		t.Run(p.message, func(t *testing.T) {
			t.Parallel()
			section, ok := sections[p.message]
			if !ok {
				t.Fatalf("%s has no such message", troubleshooting)
			}
			got := p.run(t)
			if !saidAs(p.message).MatchString(got.said) {
				t.Errorf("it says\n%s", got.said)
			}
			switch {
			case slices.Contains(aside, p.message):
				if p.exit != 0 && got.exit != p.exit {
					t.Errorf("exit %d", got.exit)
				}
			case got.exit != section.exit, got.code != "" && !slices.Contains(section.codes, got.code):
				t.Errorf("%s: it ends with exit code %d and %s, and says\n%s", section.at, got.exit, got.code, got.said)
			}
		})
	}
}

// saidAs returns the pattern of a message with … for what differs.
func saidAs(message string) *regexp.Regexp {
	return regexp.MustCompile(strings.ReplaceAll(regexp.QuoteMeta(message), "…", ".+"))
}

// An ending is what a run said, and how it ended.
type ending struct {
	said string
	exit int
	code string // empty: a command without results.json
	job  string
	key  string
}

func (p provocation) run(t *testing.T) ending {
	t.Helper()
	dir := p.dir
	if dir == "" {
		dir = t.TempDir()
	}
	var data strings.Builder
	for i := range 12 {
		fmt.Fprintf(&data, `{"question": "What colour is thing number %d?", "answer": "Thing %d is black."}`+"\n", i, i)
	}
	text := provokedSpec + p.spec
	if strings.HasPrefix(p.spec, "version:") {
		text = p.spec
	}
	if old, fresh, ok := strings.Cut(p.edit, " => "); ok {
		text = strings.Replace(text, old, fresh, 1)
	}
	if p.data != "" {
		data.Reset()
		data.WriteString(p.data)
	}
	for name, content := range map[string]string{"p.yaml": text, "d.jsonl": data.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{
		"OPENAI_API_KEY": plantedKey, "OPENAI_BASE_URL": p.engine(t),
		"FTRUN_STATE": filepath.Join(dir, "state"), "FTRUN_OUT": filepath.Join(dir, "out"),
	}
	var said bytes.Buffer
	s := system{
		Args: []string{"-f", filepath.Join(dir, "p.yaml")}, Stdout: &said, Stderr: &said, Env: envconfig.MapLookuper(env), Now: time.Now,
		Signals: make(chan os.Signal, 1), Exit: func(int) {},
	}
	for line := range strings.SplitSeq(p.env, "\n") {
		name, value, _ := strings.Cut(line, "=")
		if name == "SIGNAL" {
			s.Signals <- os.Interrupt
			continue
		}
		if name == "LINK" {
			link(t, filepath.Join(dir, "state"))
			continue
		}
		if rest, ok := strings.CutPrefix(value, "TLS"); ok {
			server := httptest.NewUnstartedServer(nil)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			t.Cleanup(server.Close)
			value = server.URL + rest
		}
		env[name] = strings.ReplaceAll(value, "DIR", dir)
	}
	if args := strings.Fields(strings.ReplaceAll(p.args, "DIR", dir)); len(args) > 0 && args[0][0] == '-' {
		s.Args = append(s.Args, args...)
	} else if len(args) > 0 {
		s.Args = args
	}
	got := ending{exit: run(s)}
	got.said = said.String()
	if strings.Contains(got.said, plantedKey) {
		t.Error("the key is shown")
	}
	if raw, err := os.ReadFile(filepath.Join(env["FTRUN_OUT"], "results.json")); err == nil {
		var results struct {
			ReasonCode string `json:"reason_code"`
			Job        struct {
				ID  string `json:"id"`
				Key string `json:"key"`
			} `json:"job"`
		}
		if err := json.Unmarshal(raw, &results); err != nil {
			t.Fatal(err)
		}
		got.code, got.job, got.key = results.ReasonCode, results.Job.ID, results.Job.Key
	}
	return got
}

// link makes a state folder with a symbolic link in it.
func link(t *testing.T, state string) {
	t.Helper()
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "p.yaml"), filepath.Join(state, "answers.jsonl")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
}

// engine starts an embedded engine and returns its address.
func (p provocation) engine(t *testing.T) string {
	t.Helper()
	var options embedded.Options
	if p.faults != "" {
		faults, err := embedded.ParseFaults(strings.NewReader(p.faults))
		if err != nil {
			t.Fatal(err)
		}
		options.Faults = faults
	}
	engine, err := embedded.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(engine)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL + "/v1"
}

// TestStateOfAnotherPipeline puts the job of other inputs under a pipeline's key, as whoever can write the state folder could.
func TestStateOfAnotherPipeline(t *testing.T) {
	dir := t.TempDir()
	p := provocation{dir: dir, args: "--until train"}
	address := p.engine(t)
	ids, keys := [2]string{}, [2]string{}
	for i, epochs := range []string{"1", "2"} {
		p.edit, p.env = "n_epochs: 1 => n_epochs: "+epochs, "OPENAI_BASE_URL="+address
		got := p.run(t)
		if got.exit != 0 {
			t.Fatal(got.said)
		}
		ids[i], keys[i] = got.job, got.key
	}
	journal, err := ledger.Open(t.Context(), filepath.Join(dir, "state"), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data := fmt.Appendf(nil, `{"state": "created", "id": %q}`, ids[0])
	if err := errors.Join(journal.Append(ledger.Record{Time: time.Now(), Kind: "job", Key: keys[1], Data: data}), journal.Close()); err != nil {
		t.Fatal(err)
	}
	const message = "job … stands for this pipeline and is not its job: …"
	if got := p.run(t); got.exit != 3 || got.code != "job_mismatch" || !saidAs(message).MatchString(got.said) {
		t.Errorf("exit code %d, %s:\n%s", got.exit, got.code, got.said)
	}
}
