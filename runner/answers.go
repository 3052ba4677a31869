package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/spec"
)

// An answerStore keeps what models said until the run that asked has come to a verdict, so that a run which takes its place does not pay for
// them again. A nil store keeps nothing.
type answerStore struct {
	journal *ledger.Ledger
	dir     string
	read    bool         // what earlier runs kept counts
	always  bool         // and goes on counting after the verdict
	began   time.Time    // of this run
	reused  atomic.Int64 // of earlier runs
	kept    atomic.Int64 // of this run
	oldest  atomic.Pointer[time.Time]
}

// openAnswers opens what is kept, as test.reuse says.
func (r *runState) openAnswers(ctx context.Context) (*answerStore, error) {
	reuse := r.Pipeline.Test.Reuse
	if reuse == spec.ReuseNever {
		return nil, nil
	}
	a := &answerStore{dir: r.answersDir(), read: !r.Fresh, always: reuse == spec.ReuseAlways, began: r.Now()}
	var err error
	if a.journal, err = ledger.Open(ctx, a.dir, ledger.Options{Bulk: true}); err != nil {
		return nil, fmt.Errorf("kept answers: %w", err)
	}
	return a, nil
}

// answersDir is where the answers of this pipeline are kept: several pipelines may share a state folder.
func (r *runState) answersDir() string {
	return filepath.Join(r.StateDir, "answers", ledger.Key([]string{filepath.Base(r.Pipeline.File), r.Pipeline.Name})[:keyLength])
}

// recordAnswer is the kind of the journal records of answers.
const recordAnswer = "answer"

// answerKey names an answer by all that decides about it. The nth of equal questions is one of its own: asked twice, a model may
// answer differently.
func answerKey(e provider.Endpoint, req provider.CompletionRequest, nth int) string {
	return ledger.Key(struct {
		Provider    string                   `json:"provider"`
		Model       string                   `json:"model"`
		Messages    []provider.Message       `json:"messages"`
		Temperature *float64                 `json:"temperature"`
		MaxTokens   int                      `json:"max_completion_tokens"`
		Nth         int                      `json:"nth"`
		Tools       []json.RawMessage        `json:"tools,omitempty"`
		Format      *provider.ResponseFormat `json:"response_format,omitempty"`
	}{e.Address(), req.Model, req.Messages, req.Temperature, req.MaxCompletionTokens, nth, req.Tools, req.ResponseFormat})
}

// A keptAnswer is an answer as the journal has it.
type keptAnswer struct {
	Text         string              `json:"text"`
	Refusal      string              `json:"refusal,omitempty"`
	ToolCalls    []provider.ToolCall `json:"tool_calls,omitempty"`
	FinishReason string              `json:"finish_reason,omitempty"`
	Usage        *provider.Usage     `json:"usage,omitempty"`
}

// get returns a kept answer and when it was given. It has no latency and no attempts: those were another run's.
func (a *answerStore) get(key string) (c provider.Completion, at time.Time, found bool) {
	if a == nil {
		return c, at, false
	}
	record, found := a.journal.Last(recordAnswer, key)
	var kept keptAnswer
	if !found || !a.read && !record.Time.After(a.began) || json.Unmarshal(record.Data, &kept) != nil {
		return c, at, false
	}
	if record.Time.Before(a.began) { // words that were judged a moment ago are not kept since then
		a.tellKept(record.Time)
	}
	return provider.Completion{
		Text: kept.Text, Refusal: kept.Refusal, ToolCalls: kept.ToolCalls, FinishReason: kept.FinishReason, Usage: kept.Usage,
	}, record.Time, true
}

// tellKept counts an answer of an earlier run, which was given then.
func (a *answerStore) tellKept(at time.Time) {
	a.reused.Add(1)
	for oldest := a.oldest.Load(); oldest == nil || at.Before(*oldest); oldest = a.oldest.Load() {
		if a.oldest.CompareAndSwap(oldest, &at) {
			break
		}
	}
}

// put keeps an answer. Once put has returned, no end of the process undoes it. It does not wait for the disk: that costs each of many
// answers more time than what a power cut may take, the last tenth of a second, is worth.
func (a *answerStore) put(key string, c provider.Completion, now time.Time) error {
	if a == nil {
		return nil
	}
	raw, err := json.Marshal(keptAnswer{
		Text: c.Text, Refusal: c.Refusal, ToolCalls: c.ToolCalls, FinishReason: c.FinishReason, Usage: c.Usage,
	})
	if err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	if err := a.journal.Append(ledger.Record{Time: now, Kind: recordAnswer, Key: key, Data: raw}); err != nil {
		return fmt.Errorf("keep answer: %w", err)
	}
	a.kept.Add(1)
	return nil
}

// held is how many answers are kept for the next run.
func (a *answerStore) held() int64 {
	if a == nil {
		return 0
	}
	return a.reused.Load() + a.kept.Load()
}

// told says in a few words what was not asked anew.
func (a *answerStore) told() string {
	if a == nil || a.reused.Load() == 0 {
		return ""
	}
	return fmt.Sprintf(", %d answers kept since %s", a.reused.Load(), a.oldest.Load().UTC().Format(time.DateOnly))
}

// close ends the keeping; after a verdict the answers have served.
func (a *answerStore) close(verdict bool) error {
	if a == nil {
		return nil
	}
	err := a.journal.Close()
	if verdict && !a.always {
		err = errors.Join(err, os.RemoveAll(a.dir))
	}
	if err != nil {
		return fmt.Errorf("kept answers: %w", err)
	}
	return nil
}
