package spec

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"ftrun/runner/provider"
	"ftrun/runner/tokens"
	"ftrun/spec/internal/yamlpos"
)

// suffixPattern is compiled when a spec has a suffix, for it takes a tenth of a millisecond.
var suffixPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) })

func (c *checker) checkTrain() {
	f := c.file.Train
	c.choice("train.method", f.Method, []string{MethodSupervised, MethodDPO})
	if c.sound("train.suffix") && !suffixPattern().MatchString(f.Suffix) {
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
	c.beta(path+"beta", f.Beta.Value)
	if x := f.Beta.Value; x != nil {
		set["beta"] = *x
	}
	return set
}

// maxBeta is the largest weight of dpo's penalty that the API takes.
const maxBeta = 2

// beta wants a weight that the API takes, and a method that has one.
func (c *checker) beta(at string, x *float64) {
	switch {
	case !c.sound(at) || c.Troubled("train.method"):
	case c.file.Train.Method != MethodDPO:
		c.Add(at, "goes with train.method dpo, and the method is "+c.file.Train.Method, "leave it out, or set train.method to dpo")
	case x != nil && (*x <= 0 || *x > maxBeta):
		c.Addf(at, "want more than 0 and at most %d, found %v", maxBeta, *x)
	}
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
