package providertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"ftrun/runner/provider"
)

// A Provider is what the suite tests.
type Provider interface {
	provider.Trainer
	provider.Completer
	provider.Embedder
}

// ColdModel is the base model, of every provider that is tested, that takes no temperature but its own. Where models come from the embedded
// engine, its faults say so.
const ColdModel = "reasoner-1"

// Run holds a provider to what the rest of ftrun relies on. open returns a provider with nothing in it, whose [ColdModel] takes no
// temperature; a job of twelve examples must end within a minute.
func Run(t *testing.T, open func(t *testing.T) Provider) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, p Provider)
	}{
		{"an upload is listed by name and size", testUpload},
		{"a file is there until it is deleted, and deleting it again is no error", testDelete},
		{"a model and its checkpoints answer until they are deleted, each by itself", testDeleteModel},
		{"a job is found by its metadata", testFindJob},
		{"a job runs to its end and its model answers", testLifecycle},
		{"a job is measured on its validation file, and refused without it", testValidation},
		{"a job learns preferences", testPreferences},
		{"events come once, oldest first", testEvents},
		{"jobs are listed oldest first, past a page", testManyJobs},
		{"what does not exist is not found, for certain", testNotFound},
		{"a job without its file is refused, for certain", testNoFile},
		{"a cancelled job stays cancelled", testCancel},
		{"the base model answers", testBaseModel},
		{"a model that takes no temperature answers all the same", testTemperature},
		{"a tool is called where one is offered, and not where none is", testTools},
		{"an answer has the format that is asked for", testFormat},
		{"texts become vectors of one length, alike where they are", testEmbed},
		{"a cancelled context ends a call", testContext},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

const baseModel = "gpt-4.1-mini-2025-04-14"

// trainingData is the least that a service takes: ten examples, and two for good measure.
func trainingData() []byte { return examples(12) }

func examples(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"What is number %d?"},{"role":"assistant","content":"Number %d."}]}`+"\n", i, i)
	}
	return b.Bytes()
}

func upload(t *testing.T, p Provider, name string) provider.File {
	t.Helper()
	return uploadBytes(t, p, name, trainingData())
}

func uploadBytes(t *testing.T, p Provider, name string, data []byte) provider.File {
	t.Helper()
	file, err := p.Upload(t.Context(), provider.Upload{
		Name: name, Size: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func create(t *testing.T, p Provider, file, key string) provider.Job {
	t.Helper()
	return createLong(t, p, file, key, 2)
}

// createLong creates a job that goes through its data so many times.
func createLong(t *testing.T, p Provider, file, key string, epochs int) provider.Job {
	t.Helper()
	seed := 7
	job, err := p.CreateJob(t.Context(), provider.JobRequest{
		Model: baseModel, TrainingFile: file, Method: "supervised", Seed: &seed,
		Hyperparameters: map[string]any{"n_epochs": epochs}, Metadata: map[string]string{"ftrun_key": key, "team": "a b&c=d"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func testUpload(t *testing.T, p Provider) {
	file := upload(t, p, "ftrun-0123456789abcdef-train.jsonl")
	if file.ID == "" || file.Bytes != int64(len(trainingData())) {
		t.Errorf("uploaded %+v, want an id and %d bytes", file, len(trainingData()))
	}
	files, err := p.Files(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.ID == file.ID && f.Name == "ftrun-0123456789abcdef-train.jsonl" && f.Bytes == file.Bytes {
			return
		}
	}
	t.Errorf("files %+v lack the upload", files)
}

func testDelete(t *testing.T, p Provider) {
	kept, file := upload(t, p, "kept.jsonl"), upload(t, p, "train.jsonl")
	got, err := p.File(t.Context(), file.ID)
	if err != nil || got.ID != file.ID || got.Name != "train.jsonl" || got.Bytes != file.Bytes || got.Status == provider.FileError {
		t.Errorf("file %+v, %v, want what was uploaded: %+v", got, err, file)
	}
	for range 2 {
		if err := p.DeleteFile(t.Context(), file.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.File(t.Context(), file.ID); !isKind(err, provider.KindNotFound) {
		t.Errorf("deleted file: %v, want not found", err)
	}
	files, err := p.Files(t.Context())
	if err != nil || len(files) != 1 || files[0].ID != kept.ID {
		t.Errorf("files %+v, %v, want only %s", files, err, kept.ID)
	}
	if _, err := p.CreateJob(t.Context(), provider.JobRequest{Model: baseModel, TrainingFile: file.ID, Method: "supervised"}); err == nil {
		t.Errorf("a job trains on a deleted file")
	}
}

func testDeleteModel(t *testing.T, p Provider) {
	job := finish(t, p, create(t, p, upload(t, p, "train.jsonl").ID, "key"))
	list, err := p.Checkpoints(t.Context(), job.ID)
	if err != nil || len(list) == 0 {
		t.Fatalf("checkpoints %v, %v", list, err)
	}
	for _, c := range list {
		if c.ID == "" || !strings.HasPrefix(c.Model, job.FineTunedModel) {
			t.Errorf("checkpoint %+v is none of model %s", c, job.FineTunedModel)
		}
		ask(t, p, c.Model)
	}
	for range 2 {
		if err := p.DeleteModel(t.Context(), job.FineTunedModel); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Model(t.Context(), job.FineTunedModel); !isKind(err, provider.KindNotFound) {
		t.Errorf("deleted model: %v, want not found", err)
	}
	for _, c := range list {
		if c.Model != job.FineTunedModel {
			ask(t, p, c.Model)
		}
	}
	if again, err := p.Job(t.Context(), job.ID); err != nil || again.Status != provider.StatusSucceeded {
		t.Errorf("the job of a deleted model: %+v, %v", again, err)
	}
}

func testFindJob(t *testing.T, p Provider) {
	file := upload(t, p, "train.jsonl")
	want := create(t, p, file.ID, "key-1")
	create(t, p, file.ID, "key-2")
	jobs, err := p.Jobs(t.Context(), map[string]string{"ftrun_key": "key-1"})
	if err != nil {
		t.Fatal(err)
	}
	var found []provider.Job
	for _, j := range jobs { // a service may ignore the filter
		if j.Metadata["ftrun_key"] == "key-1" {
			found = append(found, j)
		}
	}
	if len(found) != 1 || found[0].ID != want.ID {
		t.Fatalf("found %+v, want only %s", found, want.ID)
	}
	got := found[0]
	if got.Model != baseModel || got.TrainingFile != file.ID || got.Metadata["team"] != "a b&c=d" || got.Seed == nil || *got.Seed != 7 {
		t.Errorf("job %+v does not say what was asked for", got)
	}
	if got.CreatedAt.IsZero() || len(got.Raw) == 0 {
		t.Errorf("job %s has no creation time or no raw reply", got.ID)
	}
}

func testLifecycle(t *testing.T, p Provider) {
	job := finish(t, p, create(t, p, upload(t, p, "train.jsonl").ID, "key"))
	if job.Status != provider.StatusSucceeded {
		t.Fatalf("job ended %s: %+v", job.Status, job.Error)
	}
	if job.FineTunedModel == "" || job.TrainedTokens == nil || *job.TrainedTokens <= 0 || job.FinishedAt.Before(job.CreatedAt) {
		t.Errorf("succeeded job %+v lacks model, trained tokens or a finish time", job)
	}
	if _, err := p.Model(t.Context(), job.FineTunedModel); err != nil {
		t.Error(err)
	}
	ask(t, p, job.FineTunedModel)
}

// finish waits until a job is terminal.
func finish(t *testing.T, p Provider, job provider.Job) provider.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !job.Status.Terminal() {
		timer := time.NewTimer(20 * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			t.Fatalf("job %s is still %s after a minute", job.ID, job.Status)
		}
		var err error
		if job, err = p.Job(ctx, job.ID); err != nil {
			t.Fatal(err)
		}
	}
	return job
}

func ask(t *testing.T, p Provider, model string) {
	t.Helper()
	zero := 0.0
	answer, err := p.Complete(t.Context(), provider.CompletionRequest{
		Model: model, Temperature: &zero, MaxCompletionTokens: 50,
		Messages: []provider.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "What is number 3?"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(answer.Text) == "" || answer.FinishReason == "" || answer.Usage == nil || answer.Attempts != 1 {
		t.Errorf("answer %+v lacks text, finish reason, usage or the count of attempts", answer)
	}
}

func testEvents(t *testing.T, p Provider) {
	job := finish(t, p, create(t, p, upload(t, p, "train.jsonl").ID, "key"))
	events, err := p.Events(t.Context(), job.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(events) < 2 {
		t.Fatalf("%d events, want at least two", len(events))
	}
	seen := map[string]bool{}
	for i, e := range events {
		if e.ID == "" || seen[e.ID] {
			t.Errorf("event %d has no id of its own: %+v", i, e)
		}
		seen[e.ID] = true
		if i > 0 && e.CreatedAt.Before(events[i-1].CreatedAt) {
			t.Errorf("event %d is older than the one before it", i)
		}
	}
	rest, err := p.Events(t.Context(), job.ID, events[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) != len(events)-1 || rest[0].ID != events[1].ID {
		t.Errorf("after the first event %d follow, want %d", len(rest), len(events)-1)
	}
	if none, err := p.Events(t.Context(), job.ID, events[len(events)-1].ID); err != nil || len(none) != 0 {
		t.Errorf("after the last event follow %v, %v", none, err)
	}
}

func testManyJobs(t *testing.T, p Provider) {
	file := upload(t, p, "train.jsonl")
	const n = 105
	for i := range n {
		job := create(t, p, file.ID, fmt.Sprintf("key-%d", i))
		if _, err := p.CancelJob(t.Context(), job.ID); err != nil && !isKind(err, provider.KindInvalid) {
			t.Fatal(err)
		}
	}
	jobs, err := p.Jobs(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != n {
		t.Fatalf("%d jobs listed, want %d", len(jobs), n)
	}
	for i := 1; i < n; i++ {
		if jobs[i].CreatedAt.Before(jobs[i-1].CreatedAt) {
			t.Fatalf("job %d is older than the one before it", i)
		}
	}
}

func testNotFound(t *testing.T, p Provider) {
	_, jobErr := p.Job(t.Context(), "ftjob-none")
	_, modelErr := p.Complete(t.Context(), provider.CompletionRequest{
		Model: "ft:" + baseModel + ":none::none", Messages: []provider.Message{{Role: "user", Content: "hello"}},
	})
	_, cancelErr := p.CancelJob(t.Context(), "ftjob-none")
	_, fileErr := p.File(t.Context(), "file-none")
	for op, err := range map[string]error{"job": jobErr, "complete": modelErr, "cancel": cancelErr, "file": fileErr} {
		var failure *provider.Error
		if !errors.As(err, &failure) || failure.Kind != provider.KindNotFound || !failure.Definite() || failure.Temporary() {
			t.Errorf("%s: %v, want a definite not found", op, err)
		}
	}
}

func testNoFile(t *testing.T, p Provider) {
	_, err := p.CreateJob(t.Context(), provider.JobRequest{Model: baseModel, TrainingFile: "file-none", Method: "supervised"})
	var failure *provider.Error
	if !errors.As(err, &failure) || !failure.Definite() {
		t.Errorf("create without a file: %v, want a definite refusal", err)
	}
	if jobs, err := p.Jobs(t.Context(), nil); err != nil || len(jobs) != 0 {
		t.Errorf("a refused job is listed: %v, %v", jobs, err)
	}
}

// testCancel has a job that would take minutes, so that it can't have ended before it is cancelled.
func testCancel(t *testing.T, p Provider) {
	job := createLong(t, p, uploadBytes(t, p, "train.jsonl", examples(2000)).ID, "key", 50)
	if _, err := p.CancelJob(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	if job = finish(t, p, job); job.Status != provider.StatusCancelled || job.FineTunedModel != "" {
		t.Errorf("cancelled job ended %s with model %q", job.Status, job.FineTunedModel)
	}
}

func testBaseModel(t *testing.T, p Provider) {
	model, err := p.Model(t.Context(), baseModel)
	if err != nil || model.ID != baseModel {
		t.Errorf("model %+v, %v", model, err)
	}
	ask(t, p, baseModel)
}

func testContext(t *testing.T, p Provider) {
	why := errors.New("the caller's reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := p.Job(ctx, "ftjob-none"); !errors.Is(err, why) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func isKind(err error, kind provider.Kind) bool {
	var failure *provider.Error
	return errors.As(err, &failure) && failure.Kind == kind
}
