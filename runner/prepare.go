package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/result"
	"ftrun/spec"
)

// prepare turns the dataset into the training file, or takes up the file that the same data, prepared in the same way, gave before.
func (r *runState) prepare(ctx context.Context) (done[*dataset.Prepared], error) {
	if err := os.MkdirAll(r.preparedDir(), 0o700); err != nil {
		return done[*dataset.Prepared]{}, fmt.Errorf("state folder: %w", err)
	}
	r.sweepPrepared()
	config := DatasetConfig(r.Pipeline, filepath.Join(r.preparedDir(), trainingFile))
	key, source, err := prepareKey(config)
	if err != nil {
		return done[*dataset.Prepared]{}, err
	}
	if prepared, found := r.preparedBefore(key, config.Out); found {
		r.notePrepared(prepared)
		return done[*dataset.Prepared]{Value: prepared, Status: result.StageReused, Reason: reasonPrepared}, nil
	}
	prepared, err := dataset.Prepare(ctx, config)
	if err != nil {
		return done[*dataset.Prepared]{}, err
	}
	r.notePrepared(prepared)
	if prepared.Stats.Sources[0].SHA256 != source { // changed between the two readings
		return done[*dataset.Prepared]{Value: prepared}, nil
	}
	return done[*dataset.Prepared]{Value: prepared}, r.journal(recordPrepared, key, prepared)
}

// sweepPrepared removes what killed runs left half written. The journal's lock is held: no other run writes here.
func (r *runState) sweepPrepared() {
	left, err := filepath.Glob(filepath.Join(r.preparedDir(), ".*.tmp-*"))
	if err != nil {
		return // the pattern is ours; a folder with odd signs in its name keeps its leftovers
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			r.inform(stagePrepare, fmt.Sprintf("a file that a killed run left stays: %v", err))
		}
	}
}

// trainingFile is the name of the prepared data in the state folder.
const trainingFile = "train.jsonl"

func (r *runState) notePrepared(prepared *dataset.Prepared) {
	for _, w := range prepared.Warnings {
		r.warn(stagePrepare, w)
	}
	r.run.Dataset = &prepared.Stats
	r.emit(result.Event{Type: result.EventDataset, Stage: stagePrepare, Dataset: &prepared.Stats})
}

const reasonPrepared = "the same data, prepared in the same way"

// recordPrepared is the kind of the journal records of prepared data, by prepare key.
const recordPrepared = "prepared"

// prepareKey names the training file that a dataset gives: by the file's bytes and by everything that decides about what is made of them
// and said of it. source is the file's digest.
func prepareKey(c dataset.Config) (key, source string, err error) {
	source, _, err = digest(c.Path)
	if err != nil {
		return "", "", fmt.Errorf("read data: %w", err)
	}
	key = ledger.Key(struct {
		Format       int               `json:"format"`
		Source       string            `json:"source"`
		Name         string            `json:"name"` // stands in the report
		Container    string            `json:"container"`
		Shape        string            `json:"shape"`
		Fields       map[string]string `json:"fields"`
		TooLong      string            `json:"too_long"`
		SystemPrompt string            `json:"system_prompt"`
		BaseModel    string            `json:"base_model"` // decides the encoding and the limit
		TokenLimit   int               `json:"token_limit"`
	}{
		dataset.FormatVersion, source, c.Dataset.Path, strings.ToLower(filepath.Ext(c.Path)), c.Dataset.Format, c.Dataset.Fields, c.Dataset.TooLong,
		c.SystemPrompt, c.BaseModel, c.TokenLimit,
	})
	return key, source, nil
}

// preparedBefore returns what is recorded of a prepare key, where the training file still is what it was.
func (r *runState) preparedBefore(key, out string) (*dataset.Prepared, bool) {
	record, found := r.Ledger.Last(recordPrepared, key)
	var prepared dataset.Prepared
	if !found || json.Unmarshal(record.Data, &prepared) != nil {
		return nil, false
	}
	if !isFile(out, prepared.SHA256, prepared.Bytes) {
		return nil, false
	}
	prepared.Path = out
	if v := prepared.Validation; v != nil { // the state folder may have moved since
		v.Path = filepath.Join(filepath.Dir(out), filepath.Base(v.Path))
		if !isFile(v.Path, v.SHA256, v.Bytes) {
			return nil, false
		}
	}
	return &prepared, true
}

// isFile reports whether a file has exactly that content.
func isFile(path, sha256 string, size int64) bool {
	sum, n, err := digest(path)
	return err == nil && sum == sha256 && n == size
}

// lookPrepared returns what the data gives, and whether it is prepared already; else it reads the data as a run would. It writes nothing.
func (r *runState) lookPrepared(ctx context.Context) (prepared *dataset.Prepared, before bool, err error) {
	config := DatasetConfig(r.Pipeline, filepath.Join(r.preparedDir(), trainingFile))
	if key, _, err := prepareKey(config); err == nil && r.Ledger != nil { // where the key has an error, reading the data says more
		if prepared, found := r.preparedBefore(key, config.Out); found {
			return prepared, true, nil
		}
	}
	prepared, err = dataset.Check(ctx, config)
	return prepared, false, err
}

// digest returns a file's SHA-256, in hex, and its size.
func digest(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// DatasetConfig says how a pipeline's dataset is prepared, into the file at out.
func DatasetConfig(p *spec.Pipeline, out string) dataset.Config {
	return dataset.Config{
		Dataset:      *p.Dataset,
		Path:         p.DatasetPath(),
		SystemPrompt: p.SystemPrompt,
		BaseModel:    p.BaseModel,
		TokenLimit:   p.TokenLimit,
		Out:          out,
	}
}
