package spec_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ftrun/runner/provider"
	"ftrun/spec"
)

// environment returns the lookup of some variables.
func environment(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

// parseIn parses a pipeline with more keys in an environment.
func parseIn(t *testing.T, more string, opts spec.LoadOptions) *spec.Pipeline {
	t.Helper()
	p, err := spec.ParseWith("p.yaml", []byte(pipeline("a.jsonl", more)), opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestVariablesOfEveryType(t *testing.T) {
	src := `version: 1
base_model: ${FTRUN_VAR_MODEL}
name: ${FTRUN_VAR_NAME}
dataset: {path: "data/${FTRUN_VAR_DATA}.jsonl", fields: {question: "${FTRUN_VAR_COLUMN:-q}"}}
provider:
  kind: ${FTRUN_VAR_KIND:-compatible}
  base_url: https://${FTRUN_VAR_HOST}/v1?x=${FTRUN_VAR_HOST}
  wire: ${FTRUN_VAR_WIRE:-hyperparameters}
  timeout: ${FTRUN_VAR_TIMEOUT}
  headers: {X-Team: "a ${FTRUN_VAR_NAME} b", X-Gateway-Token: "${GATEWAY}"}
  extra_body:
    plain: ${FTRUN_VAR_EPOCHS}
    quoted: "${FTRUN_VAR_EPOCHS}"
    switch: ${FTRUN_VAR_TRUE}
    nothing: ${FTRUN_VAR_NULL}
    list: ["${FTRUN_VAR_DATA}"]
token_limit: "${FTRUN_VAR_LIMIT:-2048}"
train:
  hyperparameters: {n_epochs: "${FTRUN_VAR_EPOCHS:-5}", batch_size: "${FTRUN_VAR_BATCH:-auto}", learning_rate_multiplier: '${FTRUN_VAR_RATE:-0.5}'}
  seed: ${FTRUN_VAR_EMPTY:-7}
  metadata: {"${FTRUN_VAR_KEY}": "${FTRUN_VAR_TWICE}", empty: "${FTRUN_VAR_EMPTY}", literal: "$${HOME} $$${HOME} $x"}
test:
  concurrency: ${FTRUN_VAR_EPOCHS}
  max_errors: ${FTRUN_VAR_ERRORS:-7%}
  sampling: {temperature: "${FTRUN_VAR_TEMPERATURE:-0.25}"}
  cases: [{question: a, assert: [{contains: b}]}]
thresholds: ["pass_rate >= ${FTRUN_VAR_MIN}"]
reports: {markdown: "${FTRUN_VAR_MARKDOWN:-off}"}
`
	p, err := spec.ParseWith("p.yaml", []byte(src), spec.LoadOptions{AllowEnv: []string{"GATEWAY"}, Lookup: environment(
		"FTRUN_VAR_MODEL", "m", "FTRUN_VAR_NAME", "{a: b}", "FTRUN_VAR_DATA", "train", "FTRUN_VAR_HOST", "h.example.com",
		"FTRUN_VAR_TIMEOUT", "90s", "GATEWAY", "s3cret", "FTRUN_VAR_EPOCHS", "3", "FTRUN_VAR_TRUE", "true", "FTRUN_VAR_NULL", "null",
		"FTRUN_VAR_EMPTY", "", "FTRUN_VAR_TWICE", "${FTRUN_VAR_MODEL}", "FTRUN_VAR_MIN", "60%",
	)})
	if err != nil {
		t.Fatal(err)
	}
	if p.BaseModel != "m" || p.Name != "{a: b}" || p.Dataset.Paths[0] != "data/train.jsonl" || p.Dataset.Fields["question"] != "q" || p.TokenLimit != 2048 {
		t.Errorf("%+v, dataset %+v", p, p.Dataset)
	}
	settings := provider.Settings{
		Kind: "compatible", BaseURL: "https://h.example.com/v1?x=h.example.com", Wire: "hyperparameters", Timeout: 90 * time.Second,
		Headers: map[string]provider.Secret{"X-Team": "a {a: b} b", "X-Gateway-Token": "s3cret"},
		Secrets: []provider.Secret{"s3cret", "{a: b}"},
		ExtraBody: map[string]any{
			"plain": json.Number("3"), "quoted": "3", "switch": true, "nothing": "null", "list": []any{"train"},
		},
	}
	if !reflect.DeepEqual(p.Provider, settings) {
		t.Errorf("provider %#v", p.Provider)
	}
	seven := 7
	train := spec.Train{
		Method: "supervised", Hyperparameters: map[string]any{"n_epochs": 3, "learning_rate_multiplier": 0.5}, Seed: &seven,
		Metadata: map[string]string{"${FTRUN_VAR_KEY}": "${FTRUN_VAR_MODEL}", "empty": "", "literal": "${HOME} $${HOME} $x"},
	}
	if !reflect.DeepEqual(p.Train, train) {
		t.Errorf("train %+v", p.Train)
	}
	if p.Test.Concurrency != 3 || p.Test.MaxErrors.Text != "7%" || p.Test.Sampling.Temperature != 0.25 || p.Reports.Markdown || !p.Reports.JUnit {
		t.Errorf("test %+v, reports %+v", p.Test, p.Reports)
	}
	if threshold := p.Thresholds[0]; threshold.Value != 0.6 || threshold.Expression != "pass_rate >= 60%" {
		t.Errorf("threshold %+v", threshold)
	}
	if sum := sha256.Sum256([]byte(src)); p.SHA256 != hex.EncodeToString(sum[:]) {
		t.Error("the digest is not that of the file's bytes")
	}
}

func TestVariablesSwitchForms(t *testing.T) {
	const src = "version: 1\nbase_model: m\ntrain: ${FTRUN_VAR_TRAIN:-off}\nprovider: ${FTRUN_VAR_PROVIDER}\ntest: {model: x, cases: [{question: a, answer: b}]}\n"
	p, err := spec.ParseWith("p.yaml", []byte(src), spec.LoadOptions{Lookup: environment("FTRUN_VAR_PROVIDER", "embedded")})
	if err != nil || !p.Train.Off || p.Provider.Kind != "embedded" {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestVariablesByAlias has one text that stands for itself as the prompt and in a case, and for a variable elsewhere.
func TestVariablesByAlias(t *testing.T) {
	const src = "version: 1\nbase_model: m\ndataset: d.jsonl\nname: &x ${FTRUN_VAR_A}\nsystem_prompt: *x\ntrain: {metadata: {a: *x}}\ntest: [{question: *x, answer: b}]\n"
	p, err := spec.ParseWith("p.yaml", []byte(src), spec.LoadOptions{Lookup: environment("FTRUN_VAR_A", "value")})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{p.Name, p.SystemPrompt, p.Train.Metadata["a"], p.Test.Cases[0].Question}
	if want := []string{"value", "${FTRUN_VAR_A}", "value", "${FTRUN_VAR_A}"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestVariablesReadNothingElse lists every name that is looked up.
func TestVariablesReadNothingElse(t *testing.T) {
	src := pipeline("a.jsonl", `name: ${HOME} ${FTRUN_VAR_A} ${ALLOWED} ${allowed} ${OPENAI_API_KEY} ${FTRUN_API_KEY} $${FTRUN_VAR_B}
system_prompt: ${FTRUN_VAR_C}
unknown: ${FTRUN_VAR_D}
train: {suffix: "${FTRUN_VAR_E:-${FTRUN_VAR_F}}"}
`)
	var asked []string
	_, err := spec.ParseWith("p.yaml", []byte(src), spec.LoadOptions{
		AllowEnv: []string{"ALLOWED", "OPENAI_API_KEY"},
		Lookup: func(name string) (string, bool) {
			asked = append(asked, name)
			return "x", true
		},
	})
	if err == nil {
		t.Error("accepted")
	}
	if want := []string{"FTRUN_VAR_A", "ALLOWED"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
}

// TestProblemsDoNotShowVariables puts a value that fits nowhere into every kind of place.
func TestProblemsDoNotShowVariables(t *testing.T) {
	const secret = "s3cr3t value\twith a blank/"
	for _, more := range []string{
		"name: \"${FTRUN_VAR_A}\"\n",
		"provider: ${FTRUN_VAR_A}\n",
		"provider: {base_url: \"${FTRUN_VAR_A}\"}\n",
		"provider: {base_url: \"https://${FTRUN_VAR_A}/v1\"}\n",
		"provider: {auth: \"${FTRUN_VAR_A}\", wire: \"x${FTRUN_VAR_A}\"}\n",
		"provider: {api_key_env: \"${FTRUN_VAR_A}\"}\n",
		"provider: {headers: {X-A: \"${FTRUN_VAR_A}\\n\"}}\n",
		"provider: {timeout: \"${FTRUN_VAR_A}\"}\n",
		"token_limit: ${FTRUN_VAR_A}\n",
		"train: ${FTRUN_VAR_A}\n",
		"train: {seed: \"${FTRUN_VAR_A}\", suffix: \"${FTRUN_VAR_A}\", hyperparameters: {n_epochs: \"1${FTRUN_VAR_A}\"}}\n",
		"system_prompt: {file: \"${FTRUN_VAR_A}\"}\n",
		"wait: {on_timeout: \"${FTRUN_VAR_A}\"}\n",
		"reports: \"${FTRUN_VAR_A}\"\n",
		"reports: {junit: \"${FTRUN_VAR_A}\"}\n",
		"thresholds: \"${FTRUN_VAR_A}\"\n",
		"thresholds: [\"${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate >= ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"${FTRUN_VAR_A} >= 1\"]\n",
		"thresholds: [\"pass_rate{tag:${FTRUN_VAR_A}} >= 1\"]\n",
		"thresholds: [\"pass_rate ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate >= 1 at ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate no_significant_drop ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate not_worse_than ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate not_worse_than baseline ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"pass_rate not_worse_than baseline by ${FTRUN_VAR_A}\"]\n",
		"thresholds: [\"mean_score >= 90% ${FTRUN_VAR_A}\"]\n",
	} {
		src := []byte(pipeline("a.jsonl", more))
		_, err := spec.ParseWith("p.yaml", src, spec.LoadOptions{Lookup: environment("FTRUN_VAR_A", secret)})
		if err == nil {
			t.Errorf("accepted: %s", more)
			continue
		}
		if text := problems(t, src, err); strings.Contains(text, "s3cr3t") {
			t.Errorf("%sshows the value: %s", more, text)
		}
	}
}

func TestVariablesLoad(t *testing.T) {
	dir := tree(t, map[string]string{
		"p.yaml":    pipeline("${FTRUN_VAR_DATA}", "system_prompt: {file: \"${FTRUN_VAR_PROMPT}.txt\"}\n"),
		"a.jsonl":   "",
		"brief.txt": "Say ${FTRUN_VAR_DATA} and $${.\n",
	})
	path := filepath.Join(dir, "p.yaml")
	p, err := spec.Load(path, spec.LoadOptions{Lookup: environment("FTRUN_VAR_DATA", "a.jsonl", "FTRUN_VAR_PROMPT", "brief")})
	if err != nil {
		t.Fatal(err)
	}
	if p.DatasetFiles()[0] != filepath.Join(dir, "a.jsonl") || p.SystemPrompt != "Say ${FTRUN_VAR_DATA} and $${." || p.SystemPromptFile != "brief.txt" {
		t.Errorf("dataset %q, prompt %q of %q", p.DatasetFiles()[0], p.SystemPrompt, p.SystemPromptFile)
	}
	for data, want := range map[string]string{
		"none-there":     `there is no file "${FTRUN_VAR_DATA}"`,
		"../outside-it":  `"${FTRUN_VAR_DATA}" leads outside the folder of the pipeline file`,
		"a\x00b":         `want one line without control characters, found "${FTRUN_VAR_DATA}"`,
		"\xff":           "what the variable FTRUN_VAR_DATA holds is not UTF-8 text",
		"https://host/a": `want a file, found the address "${FTRUN_VAR_DATA}"`,
	} {
		_, err := spec.Load(path, spec.LoadOptions{Lookup: environment("FTRUN_VAR_DATA", data, "FTRUN_VAR_PROMPT", "brief")})
		if want = path + ":3:10: dataset: " + want; err == nil || err.Error() != want {
			t.Errorf("%q: got  %v\nwant %s", data, err, want)
		}
	}
}

func TestVariablesHaveABound(t *testing.T) {
	src := pipeline("a.jsonl", "name: "+strings.Repeat("${FTRUN_VAR_A}", 200)+"\n")
	_, err := spec.ParseWith("p.yaml", []byte(src), spec.LoadOptions{Lookup: environment("FTRUN_VAR_A", strings.Repeat("x", 100_000))})
	if err == nil || !strings.Contains(err.Error(), "p.yaml:5:7: name: variables add more than 8 MiB to the file") || len(err.Error()) > 1000 {
		t.Errorf("got %.2000v", err)
	}
}

// TestVariableNamesTheKey has a variable that holds the name of another, which is not read here.
func TestVariableNamesTheKey(t *testing.T) {
	const more = "provider: {kind: compatible, base_url: \"https://h/v1\", api_key_env: \"${FTRUN_VAR_ACCOUNT:-MY_KEY}\"}\n"
	if p := parseIn(t, more, spec.LoadOptions{}); p.Provider.APIKeyEnv != "MY_KEY" {
		t.Errorf("%+v", p.Provider)
	}
}

// TestSecretVariables: a variable that holds a secret by its name is filled into headers and nowhere else, even where it is allowed.
func TestSecretVariables(t *testing.T) {
	for name, secret := range map[string]bool{
		"MY_KEY": true, "FTRUN_VAR_KEY": true, "ftrun_api_key": true, "APIKEY": true, "FTRUN_VAR_KEY_OF_TEAM": true, "GH_TOKEN": true,
		"db_Password": true, "DB_PASSWD": true, "CLIENT_SECRET_2": true, "AWS_CREDENTIALS": true, "FTRUN_VAR_CREDENTIAL": true, "ACCESSTOKEN_A": true,
		"FTRUN_VAR_KEYBOARD": false, "FTRUN_VAR_TOKENS": false, "FTRUN_VAR_TOKENIZER": false, "SECRETARY": false, "TEAM": false,
	} {
		opts := spec.LoadOptions{AllowEnv: []string{name}, Lookup: environment(name, "planted-value")}
		for _, place := range []string{
			"name: ${%s}\n", "train: {suffix: \"${%s}\"}\n", "train: {metadata: {a: \"x${%s:-y}\"}}\n", "provider: {extra_body: {a: [\"${%s}\"]}}\n",
		} {
			_, err := spec.ParseWith("p.yaml", []byte(pipeline("a.jsonl", fmt.Sprintf(place, name))), opts)
			if refused := err != nil && strings.Contains(err.Error(), "the variable "+name+" holds a secret by its name"); refused != secret || (err != nil) != secret {
				t.Errorf("%s in %q: %v", name, place, err)
			}
		}
		p := parseIn(t, "provider: {headers: {X-Gate: \"Basic ${"+name+"}\", X-Team: photosynthesis}}\n", opts)
		if want := []provider.Secret{"planted-value"}; !slices.Equal(p.Provider.Secrets, want) || p.Provider.Headers["X-Gate"].Reveal() != "Basic planted-value" {
			t.Errorf("%s: secrets %d, headers %d", name, len(p.Provider.Secrets), len(p.Provider.Headers))
		}
	}
}

// TestDefaultsOfHeaders: the default of a variable stands in the file, and so is no secret.
func TestDefaultsOfHeaders(t *testing.T) {
	if p := parseIn(t, "provider: {headers: {X-Team: \"${FTRUN_VAR_TEAM:-photosynthesis}\"}}\n", spec.LoadOptions{}); p.Provider.Secrets != nil {
		t.Errorf("%d secrets", len(p.Provider.Secrets))
	}
}

// FuzzVariables holds what a stranger's file can't do: look up what it may not, show what a variable holds in a problem, or have a variable in
// a prompt or a case.
func FuzzVariables(f *testing.F) {
	for _, dir := range []string{"ok", "bad"} {
		names, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src, "90s")
		}
	}
	f.Add([]byte(pipeline("${FTRUN_VAR_A}", "name: &x ${ALLOWED} $${A} ${FTRUN_VAR_A:-b}\nsystem_prompt: *x\n")), "x")
	f.Fuzz(func(t *testing.T, src []byte, value string) {
		opts := spec.LoadOptions{AllowEnv: []string{"ALLOWED"}, Lookup: func(name string) (string, bool) {
			if name != "ALLOWED" && !strings.HasPrefix(name, "FTRUN_VAR_") {
				t.Fatalf("asked for %q", name)
			}
			return "zq7#" + value, true
		}}
		without, errWithout := spec.Parse("pipeline.yaml", src)
		with, err := spec.ParseWith("pipeline.yaml", src, opts)
		if err != nil {
			if text := problems(t, src, err); strings.Contains(text, "zq7#") && !strings.Contains(string(src), "zq7") {
				t.Fatalf("shows the value: %s", text)
			}
			return
		}
		checkComplete(t, with)
		if errWithout != nil {
			return
		}
		if with.SystemPrompt != without.SystemPrompt || fmt.Sprint(caseTexts(with)) != fmt.Sprint(caseTexts(without)) {
			t.Fatalf("a prompt or a case changed:\n%q\n%q", caseTexts(with), caseTexts(without))
		}
	})
}

// caseTexts returns every text of the cases.
func caseTexts(p *spec.Pipeline) []string {
	var texts []string
	for _, k := range p.Test.Cases {
		texts = append(append(texts, k.ID, k.Question, k.Answer), k.Tags...)
		for _, a := range k.Assertions {
			texts = append(texts, a.Name, a.Kind, fmt.Sprint(a.Weight))
		}
	}
	return texts
}
