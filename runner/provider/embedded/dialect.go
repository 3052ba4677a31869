package embedded

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A dialect is how a service differs from OpenAI's all the time, where a rule is about some requests. The zero value is OpenAI's own.
type dialect struct {
	Metadata      string            `json:"metadata"`
	ResultFile    string            `json:"result_file"`
	Models        []string          `json:"models"` // the untuned models there are; nil: every name is one
	ShutdownDates map[string]string `json:"shutdown_dates"`
	Missing       []string          `json:"missing"`

	FixedTemperature []string `json:"fixed_temperature"` // the untuned models that take no temperature but 1, and what is tuned from them
}

// What becomes of the metadata of jobs.
const (
	metadataFilter   = "filter"   // kept, shown, and lists are filtered by it
	metadataEcho     = "echo"     // kept and shown
	metadataIgnored  = "ignored"  // dropped
	metadataRejected = "rejected" // a job with metadata is refused
)

// What the result file of a job is.
const (
	resultBase64 = "base64"
	resultPlain  = "plain"
	resultNone   = "none"
)

// endpoints are the routes that a service may lack, by the name under which a document lists them.
var endpoints = map[string][]string{
	"events":      {"/v1/fine_tuning/jobs/{id}/events"},
	"checkpoints": {"/v1/fine_tuning/jobs/{id}/checkpoints"},
	"models":      {"/v1/models", "/v1/models/{id...}"},
	"embeddings":  {"/v1/embeddings"},
}

func (d *dialect) check() error {
	kinds := []string{"", metadataFilter, metadataEcho, metadataIgnored, metadataRejected}
	if !slices.Contains(kinds, d.Metadata) {
		return fmt.Errorf("metadata: %q is not one of %s", d.Metadata, strings.Join(kinds[1:], ", "))
	}
	kinds = []string{"", resultBase64, resultPlain, resultNone}
	if !slices.Contains(kinds, d.ResultFile) {
		return fmt.Errorf("result_file: %q is not one of %s", d.ResultFile, strings.Join(kinds[1:], ", "))
	}
	for i, name := range d.Missing {
		if endpoints[name] == nil {
			return fmt.Errorf("missing[%d]: %q is not one of %s", i, name, strings.Join(slices.Sorted(maps.Keys(endpoints)), ", "))
		}
	}
	return d.checkModels()
}

func (d *dialect) checkModels() error {
	for i, name := range d.Models {
		if name == "" || strings.HasPrefix(name, tunedPrefix) {
			return fmt.Errorf("models[%d]: %q is not the name of an untuned model", i, name)
		}
	}
	for i, name := range d.FixedTemperature {
		if name == "" || strings.HasPrefix(name, tunedPrefix) || !d.has(name) {
			return fmt.Errorf("fixed_temperature[%d]: %q is not the name of an untuned model that there is", i, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.ShutdownDates)) {
		if name == "" || strings.HasPrefix(name, tunedPrefix) || !d.has(name) {
			return fmt.Errorf("shutdown_dates: %q is not the name of an untuned model that there is", name)
		}
		if _, err := time.Parse(time.DateOnly, d.ShutdownDates[name]); err != nil {
			return fmt.Errorf("shutdown_dates: %q is not a date such as \"2027-01-14\"", d.ShutdownDates[name])
		}
	}
	return nil
}

// has says whether there is an untuned model of that name.
func (d *dialect) has(name string) bool { return d.Models == nil || slices.Contains(d.Models, name) }

// named returns the untuned models that the document names.
func (d *dialect) named() []string {
	if d.Models != nil {
		return d.Models
	}
	return slices.Sorted(maps.Keys(d.ShutdownDates))
}

// filters says whether lists of jobs are filtered by metadata.
func (d *dialect) filters() bool { return d.Metadata == "" || d.Metadata == metadataFilter }

// lacks says whether the path of a route is missing.
func (d *dialect) lacks(path string) bool {
	return slices.ContainsFunc(d.Missing, func(name string) bool { return slices.Contains(endpoints[name], path) })
}
