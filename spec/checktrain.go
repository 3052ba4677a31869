package spec

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"ftrun/runner/provider"
	"ftrun/runner/tokens"
	"ftrun/spec/internal/yamlpos"
)

func (c *checker) checkDataset() {
	f := c.file.Dataset
	if !c.Has("dataset") {
		if !c.pipeline.Train.Off && !c.Troubled("train") {
			c.Add("", `missing key "dataset"`, `name the training data, or write "train: off" and test.model to test a model that exists`)
		}
		return
	}
	at := "dataset.path"
	if !c.Has(at) {
		at = "dataset"
	}
	c.path(at, string(f.Path))
	c.choice("dataset.format", f.Format, []string{auto, "qa", "chat"})
	c.choice("dataset.too_long", f.TooLong, []string{"error", "drop"})
	c.choice("dataset.invalid", f.Invalid, []string{"error"})
	c.choice("dataset.contamination", f.Contamination, []string{"warn", "error", off})
	c.pipeline.Dataset = &Dataset{
		Path:    string(f.Path),
		Paths:   []string{string(f.Path)},
		Files:   []string{string(f.Path)},
		Format:  f.Format,
		Fields:  c.fields(f),
		TooLong: f.TooLong,
		Invalid: f.Invalid,

		MaxDropped:    Amount{Value: 0.05, Percent: true, Text: "5%"},
		Duplicates:    "warn",
		Secrets:       "warn",
		Contamination: f.Contamination,
		Pos:           c.At(at),
	}
}

// fields returns the columns by role.
func (c *checker) fields(f datasetForm) map[string]string {
	if f.Fields == nil {
		return nil
	}
	if f.Format == "chat" {
		c.Add("dataset.fields", "format chat has no columns to map", "leave fields out, or use format qa")
	}
	fields := map[string]string{}
	for role, column := range map[string]*string{"question": f.Fields.Question, "answer": f.Fields.Answer, "system": f.Fields.System} {
		if column == nil {
			continue
		}
		if strings.TrimSpace(*column) == "" {
			c.blank("dataset.fields."+role, "name the column")
		}
		fields[role] = *column
	}
	if len(fields) == 0 && !c.Troubled("dataset.fields") {
		c.Addf("dataset.fields", "empty: name the column of question, answer or system")
	}
	roles := slices.Sorted(maps.Keys(fields))
	for i, role := range roles {
		for _, other := range roles[:i] {
			if fields[role] == fields[other] && c.sound("dataset.fields."+role) {
				c.Addf("dataset.fields."+role, "column %s is %s already", yamlpos.Quote(fields[role]), other)
			}
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return fields
}

var suffixPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (c *checker) checkTrain() {
	f := c.file.Train
	c.choice("train.method", f.Method, []string{"supervised"})
	if c.sound("train.suffix") && !suffixPattern.MatchString(f.Suffix) {
		c.Addf("train.suffix", "want 1 to 64 of A-Z, a-z, 0-9, _ and -, found %s", yamlpos.Quote(f.Suffix))
	}
	c.suffixOfProvider()
	if f.Seed != nil {
		c.within("train.seed", *f.Seed, 0, math.MaxInt32)
	}
	c.metadata(f.Metadata)
	c.pipeline.Train = Train{
		Off:             f.Off,
		Method:          f.Method,
		Hyperparameters: c.hyperparameters(f.Hyperparameters),
		Suffix:          f.Suffix,
		Seed:            f.Seed,
		Metadata:        f.Metadata,
		ExpiresAfter:    f.ExpiresAfter.Duration,
	}
	if c.Has("token_limit") {
		c.within("token_limit", c.file.TokenLimit, 1, math.MaxInt)
		c.pipeline.TokenLimit = c.file.TokenLimit
	}
}

// suffixOfProvider holds the suffix against the rules of the file's own kind of provider.
func (c *checker) suffixOfProvider() {
	suffix := c.file.Train.Suffix
	profile, _ := provider.ProfileOf(c.file.Provider.Kind)
	switch {
	case c.file.Train.Off:
	case c.sound("train.suffix") && profile.MaxSuffix > 0 && len(suffix) > profile.MaxSuffix:
		c.Addf("train.suffix", "%d characters, and provider %q takes %d", len(suffix), profile.Kind, profile.MaxSuffix)
	case !c.Has("train.suffix") && profile.NeedsSuffix && !c.Troubled("train"):
		at := "provider"
		if c.Has("train") {
			at = "train"
		}
		c.Add(at, fmt.Sprintf("no suffix, and provider %q takes no job without one", profile.Kind), "add one, such as train: {suffix: mine}")
	}
}

func (c *checker) hyperparameters(f hyperparametersFile) map[string]any {
	const path = "train.hyperparameters."
	set := map[string]any{}
	if n := f.Epochs.Value; n != nil {
		c.epochs(path+"n_epochs", *n)
		set["n_epochs"] = *n
	}
	if n := f.BatchSize.Value; n != nil {
		c.within(path+"batch_size", *n, 1, 256)
		set["batch_size"] = *n
	}
	if x := f.LearningRate.Value; x != nil {
		if *x <= 0 {
			c.Addf(path+"learning_rate_multiplier", "want more than 0, found %v", *x)
		}
		set["learning_rate_multiplier"] = *x
	}
	return set
}

// epochs wants what the file's own kind of provider takes, where that is less than the API allows.
func (c *checker) epochs(at string, n int) {
	profile, _ := provider.ProfileOf(c.file.Provider.Kind)
	switch limit := profile.MaxEpochs; {
	case limit == 0:
		c.within(at, n, 1, tokens.MaxEpochs)
	case c.sound(at) && (n < 1 || n > limit):
		c.Addf(at, "want 1 to %d at provider %q, found %d", limit, profile.Kind, n)
	}
}

// The service's limits on a job's metadata, and what of it is ftrun's own.
const (
	metadataPairs    = 16
	metadataOwnPairs = 1 // ftrun_key
	metadataKey      = 64
	metadataValue    = 512
	metadataPrefix   = "ftrun_"
)

func (c *checker) metadata(pairs map[string]string) {
	const path = "train.metadata"
	if limit := metadataPairs - metadataOwnPairs; len(pairs) > limit {
		c.Addf(path, "%d pairs, at most %d: the service takes %d, and ftrun adds %d", len(pairs), limit, metadataPairs, metadataOwnPairs)
	}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		at := yamlpos.Join(path, key)
		switch {
		case key == "":
			c.Addf(at, "a key without a name")
		case strings.HasPrefix(key, metadataPrefix):
			c.Addf(at, "keys that begin with %q are ftrun's own", metadataPrefix)
		case utf8.RuneCountInString(key) > metadataKey:
			c.Addf(at, "a key longer than %d characters", metadataKey)
		case utf8.RuneCountInString(pairs[key]) > metadataValue:
			c.Addf(at, "a value longer than %d characters", metadataValue)
		}
	}
}
