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

	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
)

// prepare turns the dataset into the training file, or takes up the file that the same data, prepared in the same way, gave before. The search
// is shown the data either way.
func (r *runState) prepare(ctx context.Context, search *search) (done[*dataset.Prepared], error) {
	if err := os.MkdirAll(r.preparedDir(), 0o700); err != nil {
		return done[*dataset.Prepared]{}, fmt.Errorf("state folder: %w", err)
	}
	r.sweepPrepared()
	config := DatasetConfig(r.Pipeline, r.preparedDir())
	if r.Ledger.Knows(recordPrepared) { // else the digests that come of preparing are enough
		digests, err := sourceDigests(ctx, config)
		if err != nil {
			return done[*dataset.Prepared]{}, err
		}
		if prepared, found := r.preparedBefore(ctx, prepareKey(config, digests), config); found {
			r.notePrepared(prepared)
			return done[*dataset.Prepared]{Value: prepared, Status: result.StageReused, Reason: reasonPrepared}, search.scan(ctx)
		}
	}
	prepared, err := dataset.Prepare(ctx, config, search.look())
	if err != nil {
		return done[*dataset.Prepared]{}, err
	}
	r.notePrepared(prepared)
	var digests []string
	for _, source := range prepared.Stats.Sources {
		digests = append(digests, source.SHA256)
	}
	return done[*dataset.Prepared]{Value: prepared}, r.journal(recordPrepared, prepareKey(config, digests), prepared)
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

// The names of the prepared data in the state folder.
const (
	trainingFile   = "train.jsonl"
	validationFile = "valid.jsonl"
)

func (r *runState) notePrepared(prepared *dataset.Prepared) {
	for _, w := range prepared.Warnings {
		r.warn(stagePrepare, w)
	}
	r.estimate(prepared)
	r.run.Dataset = &prepared.Stats
	r.emit(result.Event{Type: result.EventDataset, Stage: stagePrepare, Dataset: &prepared.Stats})
}

const reasonPrepared = "the same data, prepared in the same way"

// recordPrepared is the kind of the journal records of prepared data, by prepare key.
const recordPrepared = "prepared"

// estimate puts into the statistics what training would take. The embedded engine's own choice of epochs is not the usual one, and of that it
// says nothing.
func (r *runState) estimate(prepared *dataset.Prepared) {
	q := r.quote(prepared)
	if q.guessed && r.tariff.kind == provider.KindEmbedded {
		return
	}
	prepared.Stats.Estimate = &result.Estimate{
		Epochs: q.epochs, EpochsGuessed: q.guessed, BilledTokens: prepared.Stats.Tokens * int64(q.epochs), USD: q.usd,
	}
}

// sourceDigests returns the digests of the data files, those of training first.
func sourceDigests(ctx context.Context, c dataset.Config) ([]string, error) {
	var digests []string
	for _, file := range c.Files() {
		sum, _, err := digest(ctx, file.Path)
		if err != nil {
			return nil, fmt.Errorf("read data: %w", err)
		}
		digests = append(digests, sum)
	}
	return digests, nil
}

// A sourceKey is what a data file has to do with what is made of it.
type sourceKey struct {
	Name   string `json:"name"` // stands in the report, and its end names the container
	SHA256 string `json:"sha256"`
}

// prepareKey names the training file that a dataset gives: by the files' bytes and by everything that decides about what is made of them
// and said of it.
func prepareKey(c dataset.Config, digests []string) string {
	var sources []sourceKey
	for i, file := range c.Files() {
		sources = append(sources, sourceKey{file.Name, digests[i]})
	}
	d := c.Dataset
	return ledger.Key(struct {
		Format       int               `json:"format"`
		Sources      []sourceKey       `json:"sources"`
		Training     int               `json:"training"` // how many of the sources
		Shape        string            `json:"shape"`
		Fields       map[string]string `json:"fields"`
		Method       string            `json:"method"`
		TooLong      string            `json:"too_long"`
		Invalid      string            `json:"invalid"`
		MaxDropped   spec.Amount       `json:"max_dropped"`
		Duplicates   string            `json:"duplicates"`
		Secrets      string            `json:"secrets"`
		Share        float64           `json:"share"`
		Seed         int               `json:"seed"`
		SystemPrompt string            `json:"system_prompt"`
		BaseModel    string            `json:"base_model"` // decides the encoding and the limit
		TokenLimit   int               `json:"token_limit"`
	}{
		dataset.FormatVersion, sources, len(c.Training), d.Format, d.Fields, c.Method, d.TooLong, d.Invalid, d.MaxDropped, d.Duplicates, d.Secrets,
		d.Validation.Share.Value, d.Validation.Seed, c.SystemPrompt, c.BaseModel, c.TokenLimit,
	})
}

// preparedBefore returns what is recorded of a prepare key, where the training file still is what it was.
func (r *runState) preparedBefore(ctx context.Context, key string, config dataset.Config) (*dataset.Prepared, bool) {
	record, found := r.Ledger.Last(recordPrepared, key)
	var prepared dataset.Prepared
	if !found || json.Unmarshal(record.Data, &prepared) != nil {
		return nil, false
	}
	if !isFile(ctx, config.Out, prepared.SHA256, prepared.Bytes) {
		return nil, false
	}
	prepared.Path = config.Out
	var files []string
	for _, file := range config.Files() {
		files = append(files, file.Path)
	}
	prepared.Rename(files)
	if v := prepared.Validation; v != nil {
		v.Path = config.ValidationOut // the state folder may have moved since
		if !isFile(ctx, v.Path, v.SHA256, v.Bytes) {
			return nil, false
		}
	}
	return &prepared, true
}

// isFile reports whether a file has exactly that content.
func isFile(ctx context.Context, path, sha256 string, size int64) bool {
	sum, n, err := digest(ctx, path)
	return err == nil && sum == sha256 && n == size
}

// lookPrepared returns what the data gives, and whether it is prepared already; else it reads the data as a run would. It writes nothing. The
// search is shown the data either way.
func (r *runState) lookPrepared(ctx context.Context, search *search) (prepared *dataset.Prepared, before bool, err error) {
	config := DatasetConfig(r.Pipeline, r.preparedDir())
	if digests, err := sourceDigests(ctx, config); err == nil && r.Ledger != nil { // where there is an error, reading the data says more
		if prepared, found := r.preparedBefore(ctx, prepareKey(config, digests), config); found {
			return prepared, true, search.scan(ctx)
		}
	}
	prepared, err = dataset.Check(ctx, config, search.look())
	return prepared, false, err
}

// CheckData reads the data of a pipeline as a run would, and writes nothing. found is nil where test cases are not looked for. The error is a
// [diag.List] where the data is at fault, or says that test cases stand in it where the spec allows none.
func CheckData(ctx context.Context, p *spec.Pipeline) (prepared *dataset.Prepared, found *Contaminated, err error) {
	search := newSearch(p)
	prepared, err = dataset.Check(ctx, DatasetConfig(p, ""), search.look())
	if err != nil {
		return nil, nil, err
	}
	found, err = search.conclude()
	return prepared, found, err
}

// digest returns a file's SHA-256, in hex, and its size. It ends where ctx does.
func digest(ctx context.Context, path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, readerFunc(func(p []byte) (int, error) {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		return f.Read(p)
	}))
	return hex.EncodeToString(hash.Sum(nil)), size, err
}

// A readerFunc is a function that reads.
type readerFunc func(p []byte) (int, error)

// Read calls the function.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// DatasetConfig says how a pipeline's dataset is prepared, into files in the folder out.
func DatasetConfig(p *spec.Pipeline, out string) dataset.Config {
	return dataset.Config{
		Dataset:       *p.Dataset,
		Training:      dataFiles(p, p.Dataset.Files),
		Validation:    dataFiles(p, p.Dataset.Validation.Files),
		Method:        p.Train.Method,
		SystemPrompt:  p.SystemPrompt,
		BaseModel:     p.BaseModel,
		TokenLimit:    p.TokenLimit,
		Out:           filepath.Join(out, trainingFile),
		ValidationOut: filepath.Join(out, validationFile),
	}
}

func dataFiles(p *spec.Pipeline, names []string) []dataset.File {
	var files []dataset.File
	for _, name := range names {
		files = append(files, dataset.File{Name: name, Path: p.Path(name)})
	}
	return files
}
