package spec_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"ftrun/spec"
)

func TestDatasetForms(t *testing.T) {
	list := []string{"a.jsonl", "more/*.csv"}
	for form, want := range map[string]struct{ paths, files []string }{
		"a.jsonl":                               {[]string{"a.jsonl"}, []string{"a.jsonl"}},
		"[a.jsonl]":                             {[]string{"a.jsonl"}, []string{"a.jsonl"}},
		"[a.jsonl, more/*.csv]":                 {list, []string{"a.jsonl"}},
		"{path: [a.jsonl, more/*.csv]}":         {list, []string{"a.jsonl"}},
		"{path: more/*.csv}":                    {[]string{"more/*.csv"}, nil},
		"[A.JSONL, b.json.GZ, c.tsv.zst, .csv]": {[]string{"A.JSONL", "b.json.GZ", "c.tsv.zst", ".csv"}, []string{"A.JSONL", "b.json.GZ", "c.tsv.zst", ".csv"}},
	} {
		d := parse(t, pipeline(form, "")).Dataset
		if !slices.Equal(d.Paths, want.paths) || !slices.Equal(d.Files, want.files) || d.Pos.Line != 3 {
			t.Errorf("%s: paths %q, files %q, at %v", form, d.Paths, d.Files, d.Pos)
		}
	}
}

func TestDatasetPolicies(t *testing.T) {
	d := *parse(t, pipeline("{path: a.jsonl, invalid: drop, max_dropped: 20, duplicates: error, contamination: off, secrets: error}", "")).Dataset
	if d.Invalid != "drop" || d.MaxDropped != (spec.Amount{Value: 20, Text: "20"}) || d.Duplicates != "error" || d.Contamination != "off" || d.Secrets != "error" {
		t.Errorf("%+v", d)
	}
}

func TestValidationForms(t *testing.T) {
	share := func(value float64, text string, seed int) spec.Validation {
		return spec.Validation{Share: spec.Amount{Value: value, Percent: true, Text: text}, Seed: seed}
	}
	for form, want := range map[string]spec.Validation{
		"none":                     {},
		"10%":                      share(0.1, "10%", 0),
		`"7.5 %"`:                  share(0.075, "7.5 %", 0),
		"{share: 10%, seed: 7}":    share(0.1, "10%", 7),
		"v.jsonl":                  {Paths: []string{"v.jsonl"}, Files: []string{"v.jsonl"}},
		"[v.jsonl, v/*.csv]":       {Paths: []string{"v.jsonl", "v/*.csv"}, Files: []string{"v.jsonl"}},
		"{path: [v.csv, w.jsonl]}": {Paths: []string{"v.csv", "w.jsonl"}, Files: []string{"v.csv", "w.jsonl"}},
	} {
		got := parse(t, pipeline("{path: a.jsonl, validation: "+form+"}", "")).Dataset.Validation
		if want.Set() != got.Set() || got.Set() != (form != "none") || got.Set() != (got.Pos.Line == 3) {
			t.Errorf("%s: set %v at %v", form, got.Set(), got.Pos)
		}
		if got.Pos = want.Pos; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", form, got, want)
		}
	}
	if v := parse(t, pipeline("a.jsonl", "")).Dataset.Validation; v.Set() || !reflect.DeepEqual(v, spec.Validation{}) {
		t.Errorf("by default: %+v", v)
	}
}

func TestDPO(t *testing.T) {
	for src, want := range map[string]map[string]any{
		pipeline("a.jsonl", "train: {method: dpo}\n"):                                                                                    {},
		pipeline("a.jsonl", "train: {method: dpo, hyperparameters: {beta: auto}}\n"):                                                     {},
		pipeline("{path: a.jsonl, format: preference}", "train: {method: dpo, hyperparameters: {beta: 2}}\n"):                            {"beta": 2.0},
		pipeline("{path: a.jsonl, fields: {preferred_output: p}}", "train: {method: dpo, hyperparameters: {beta: 0.05, n_epochs: 2}}\n"): {"beta": 0.05, "n_epochs": 2},
	} {
		if got := parse(t, src).Train; got.Method != spec.MethodDPO || !reflect.DeepEqual(got.Hyperparameters, want) {
			t.Errorf("%s\ngot %+v", src, got)
		}
	}
	// Where nothing is trained, rows of any shape may stand in the file.
	parse(t, "version: 1\ndataset: {path: a.jsonl, format: preference}\ntrain: off\ntest: {model: m, baseline: off, cases: [{question: a, assert: [{contains: b}]}]}\n")
}

func TestShape(t *testing.T) {
	for keys, want := range map[string]string{
		"":                                     "auto",
		"question answer":                      "qa",
		"system":                               "qa",
		"instruction":                          "alpaca",
		"input":                                "alpaca",
		"input output system":                  "alpaca",
		"prompt system":                        "completion",
		"input preferred_output":               "preference",
		"messages":                             "chat",
		"conversations":                        "sharegpt",
		"conversations system":                 "sharegpt",
		"question messages":                    "auto",
		"input preferred_output history":       "auto",
		"a role that no format has":            "auto",
		"input output system history question": "auto",
	} {
		d := spec.Dataset{Format: "auto", Fields: map[string]string{}}
		for _, key := range strings.Fields(keys) {
			d.Fields[key] = "column of " + key
		}
		if got := d.Shape(); got != want {
			t.Errorf("%q: got %s, want %s", keys, got, want)
		}
		if d.Format = "sharegpt"; d.Shape() != "sharegpt" {
			t.Errorf("%q: the named format gives way to %s", keys, d.Shape())
		}
	}
}

// TestRoles holds that every format can be mapped whole, and that a mapping of all its roles means this format.
func TestRoles(t *testing.T) {
	if want := []string{"alpaca", "chat", "completion", "preference", "qa", "sharegpt"}; !slices.Equal(spec.Formats(), want) {
		t.Errorf("formats %q, want %q", spec.Formats(), want)
	}
	for _, format := range spec.Formats() {
		var pairs []string
		for _, role := range spec.Roles(format) {
			pairs = append(pairs, role+": c_"+role)
		}
		method := "supervised"
		if format == "preference" {
			method = "dpo"
		}
		d := parse(t, pipeline("{path: a.jsonl, fields: {"+strings.Join(pairs, ", ")+"}}", "train: {method: "+method+"}\n")).Dataset
		if d.Shape() != format || len(d.Fields) != len(pairs) || len(pairs) == 0 {
			t.Errorf("%s: shape %s of %v", format, d.Shape(), d.Fields)
		}
	}
	if spec.Roles("auto") != nil || spec.Roles("parquet") != nil {
		t.Error("roles of no format")
	}
}
