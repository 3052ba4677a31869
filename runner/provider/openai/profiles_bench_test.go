package openai_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A bench is a client before one service.
type bench struct {
	*openai.Client
	t       *testing.T
	service *service
	profile provider.Profile
	wire    string

	file, validation provider.File
	job              provider.Job
	statuses         []string // of the job, that are not of the published API
}

const benchKey = "key-of-the-bench-0123456789"

// newBench makes the client as a run does: from the settings of a pipeline file and the environment.
func newBench(t *testing.T, d dialect) *bench {
	profile, _ := provider.ProfileOf(d.kind)
	key := benchKey
	if profile.KeyEnv == "" {
		key = ""
	}
	extra := object{"x_team": "blue"}
	maps.Copy(extra, d.extra)
	endpoint, err := provider.Resolve(provider.Settings{
		Kind: d.kind, BaseURL: d.baseURL("https://service.test"), Wire: d.wire,
		Headers: map[string]provider.Secret{"X-Team": "blue"}, ExtraBody: extra,
	}, provider.Environment{
		AllowHosts: []string{"service.test"},
		Lookup: func(name string) (string, bool) {
			if name == profile.KeyEnv {
				return key, true
			}
			return "", false
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	endpoint.BaseURL = "https://service.test" + d.path // of the embedded engine, whoever starts it says this
	s := newService(t, d, key)
	return &bench{
		Client: openai.New(openai.Config{Endpoint: endpoint, Transport: handlerTransport{s}}),
		t:      t, service: s, profile: profile, wire: endpoint.Wire,
	}
}

func (b *bench) upload() string {
	for i, into := range []*provider.File{&b.file, &b.validation} {
		data := benchData()
		file, err := b.Upload(b.t.Context(), provider.Upload{
			Name: fmt.Sprintf("ftrun-%d.jsonl", i), Size: int64(len(data)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		})
		if err != nil {
			return err.Error()
		}
		*into = file
	}
	files, err := b.Files(b.t.Context())
	if err != nil {
		return err.Error()
	}
	return yes(slices.ContainsFunc(files, func(f provider.File) bool {
		return f.ID == b.file.ID && f.Name == "ftrun-0.jsonl" && f.Bytes == int64(len(benchData()))
	}))
}

func benchData() []byte {
	var b bytes.Buffer
	for i := range 12 {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"What is number %d?"},{"role":"assistant","content":"Number %d."}]}`+"\n", i, i)
	}
	return b.Bytes()
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "no"
}

// settle asks for the files until they are ready, as a run does where the profile says so.
func (b *bench) settle() string {
	waited := false
	for _, file := range []*provider.File{&b.file, &b.validation} {
		for file.Status == provider.FilePending || file.Status == provider.FileUploaded {
			waited = true
			time.Sleep(time.Second)
			var err error
			if *file, err = b.File(b.t.Context(), file.ID); err != nil {
				return err.Error()
			}
		}
	}
	if waited {
		return "after a while"
	}
	if b.file.Status == "" {
		return "not said"
	}
	return "at once"
}

// start creates a job; where a service refuses metadata it goes without, as a run does.
func (b *bench) start(suffix string) (provider.Job, error) {
	seed := 7
	req := provider.JobRequest{
		Model: "gpt-4.1-mini-2025-04-14", TrainingFile: b.file.ID, ValidationFile: b.validation.ID, Method: "supervised", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": 2}, Suffix: suffix, Metadata: map[string]string{"ftrun_key": "key"},
	}
	job, err := b.CreateJob(b.t.Context(), req)
	var refusal *provider.Error
	if errors.As(err, &refusal) && refusal.Definite() && strings.Contains(refusal.Message, "metadata") {
		req.Metadata = nil
		return b.CreateJob(b.t.Context(), req)
	}
	return job, err
}

func (b *bench) create() string {
	var err error
	if b.job, err = b.start("bench"); err != nil {
		return err.Error()
	}
	return map[string]string{provider.WireMethod: "in `method`", provider.WireHyperparameters: "at the top"}[b.sentForm()]
}

// sentForm is the one place of the hyperparameters in the last request for a job.
func (b *bench) sentForm() string {
	body := b.service.created[len(b.service.created)-1]
	_, method := body["method"]
	_, top := body["hyperparameters"]
	switch {
	case method && !top:
		return provider.WireMethod
	case top && !method:
		return provider.WireHyperparameters
	default:
		return "both or neither"
	}
}

func (b *bench) arrive() string {
	_, text := b.service.engines(http.MethodGet, "/fine_tuning/jobs/"+b.job.ID, nil)
	params, _ := decodeObject(text)["hyperparameters"].(object)
	return yes(params["n_epochs"] == json.Number("2"))
}

func (b *bench) extraBody() string {
	body := b.service.created[len(b.service.created)-1]
	for name, value := range b.service.extra {
		if body[name] != value {
			return "no"
		}
	}
	return yes(body["x_team"] == "blue")
}

// find looks for the job as another machine does.
func (b *bench) find() string {
	wanted := map[string]string{"ftrun_key": "key"}
	if b.profile.Metadata != provider.MetadataFilter {
		wanted = nil
	}
	jobs, err := b.Jobs(b.t.Context(), wanted)
	if err != nil {
		return err.Error()
	}
	others, err := b.Jobs(b.t.Context(), map[string]string{"ftrun_key": "another"})
	if err != nil {
		return err.Error()
	}
	i := slices.IndexFunc(jobs, func(j provider.Job) bool { return j.ID == b.job.ID })
	switch {
	case i < 0:
		return "nothing"
	case jobs[i].Metadata["ftrun_key"] == "key" && len(others) == 0:
		return "metadata, filtered"
	case jobs[i].Metadata["ftrun_key"] == "key":
		return "metadata"
	case jobs[i].TrainingFile == b.file.ID:
		return "its training file"
	default:
		return "nothing"
	}
}

// follow asks for a job until it has ended.
func (b *bench) follow(job *provider.Job) error {
	for range 100 {
		if !job.Status.Known() {
			b.statuses = append(b.statuses, string(job.Status))
		}
		if job.Status.Terminal() {
			return nil
		}
		time.Sleep(time.Second)
		synctest.Wait() // the engine trains
		var err error
		if *job, err = b.Job(b.t.Context(), job.ID); err != nil {
			return err
		}
	}
	return fmt.Errorf("job is still %s", job.Status)
}

func (b *bench) finish() string {
	if err := b.follow(&b.job); err != nil {
		return err.Error()
	}
	if b.job.Status != provider.StatusSucceeded {
		return string(b.job.Status)
	}
	if b.job.FineTunedModel == "" {
		return "no model's name"
	}
	return "a model"
}

func (b *bench) ownStatuses() string {
	return cmp.Or(strings.Join(slices.Compact(slices.Clone(b.statuses)), ", "), "none")
}

func (b *bench) tokens() string {
	if n := b.job.TrainedTokens; n == nil || *n == 0 {
		return "not said"
	}
	return "counted"
}

func (b *bench) events() string {
	events, err := b.Events(b.t.Context(), b.job.ID, "")
	var refusal *provider.Error
	if errors.As(err, &refusal) {
		return fmt.Sprintf("none (%d)", refusal.Status)
	}
	return yes(err == nil && len(events) > 2)
}

// curve wants the losses that the engine measured, and names where they stood.
func (b *bench) curve() string {
	measured := b.service.metrics(b.job.ID)
	points, err := b.Curve(b.t.Context(), b.job)
	if len(points) == 0 {
		return "nothing"
	}
	last := measured[len(measured)-1]
	for name, got := range map[string]*float64{
		"train_loss": points[len(points)-1].TrainLoss, "train_mean_token_accuracy": points[len(points)-1].TrainAccuracy,
		"full_valid_loss": points[len(points)-1].ValidLoss, "full_valid_mean_token_accuracy": points[len(points)-1].ValidAccuracy,
	} {
		number, _ := last[name].(json.Number)
		if want, _ := number.Float64(); got == nil || math.Abs(*got-want) > 1e-9 {
			return "wrong " + name
		}
	}
	if len(points) != len(measured) {
		return fmt.Sprintf("%d of %d steps", len(points), len(measured))
	}
	switch {
	case err != nil && b.service.answered(opEvents)+b.service.answered(opCheckpoints) > 0:
		return err.Error()
	case b.service.answered(opContent) > 0:
		return "result file"
	case b.service.points != nil:
		return "checkpoints"
	default:
		return "events"
	}
}

func (b *bench) listed() string {
	model, err := b.Model(b.t.Context(), "gpt-4.1-mini-2025-04-14")
	return yes(err == nil && model.ID != "")
}

func (b *bench) answers() string {
	ask := func(model string) error {
		_, err := b.Complete(b.t.Context(), provider.CompletionRequest{
			Model: model, Messages: []provider.Message{{Role: "user", Content: "What is number 3?"}},
		})
		return err
	}
	if b.job.FineTunedModel != "" && ask(b.job.FineTunedModel) == nil {
		return "at once"
	}
	b.service.deploy("our-deployment", b.job.ID)
	if ask("our-deployment") == nil {
		return "once deployed"
	}
	return "elsewhere"
}

func (b *bench) cancelled() string {
	job, err := b.start("cancelled")
	if err != nil {
		return err.Error()
	}
	if job, err = b.CancelJob(b.t.Context(), job.ID); err != nil {
		return err.Error()
	}
	statuses := b.statuses
	err = b.follow(&job)
	b.statuses = statuses
	return yes(err == nil && job.Status == provider.StatusCancelled)
}

func (b *bench) absent() string {
	_, err := b.Job(b.t.Context(), "ftjob-none")
	var refusal *provider.Error
	if errors.As(err, &refusal) && refusal.Kind == provider.KindNotFound && refusal.Definite() {
		return "not found"
	}
	return fmt.Sprint(err)
}

// suffix tries the profile's longest suffix, and one more.
func (b *bench) suffix() string {
	n := longestSuffix(b.profile)
	if _, err := b.start(strings.Repeat("s", n)); err != nil {
		return fmt.Sprintf("less than %d", n)
	}
	if _, err := b.start(strings.Repeat("s", n+1)); err == nil {
		return fmt.Sprintf("more than %d", n)
	}
	return fmt.Sprint(n)
}

// keyHeader says which headers carried the key; the server has refused any request with another.
func (b *bench) keyHeader() string {
	carriers := map[string]bool{}
	for _, r := range b.service.seen {
		for name, values := range r.header {
			if strings.Contains(strings.Join(values, " "), benchKey) {
				carriers[strings.ToLower(name)] = true
			}
		}
	}
	return cmp.Or(strings.Join(slices.Sorted(maps.Keys(carriers)), ", "), "nothing")
}

func (b *bench) headers() string {
	for _, r := range b.service.seen {
		name, value, _ := strings.Cut(b.service.query, "=")
		if r.header.Get("X-Team") != "blue" || name != "" && r.query.Get(name) != value {
			return fmt.Sprintf("not with %s", r.op)
		}
	}
	return "yes"
}
