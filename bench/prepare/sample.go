package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"ftrun/bench/stopwatch"
	"ftrun/runner/result"
)

// A sample is one run of a program.
type sample struct {
	stopwatch.Taken
	stage  float64 // seconds of the prepare stage as results.json has it; 0: the plain program has none
	rows   int     // examples that it wrote
	tokens int64   // of them
}

func whole(s sample) float64  { return s.Whole }
func cpu(s sample) float64    { return s.CPU }
func memory(s sample) float64 { return s.Memory }
func stage(s sample) float64  { return s.stage }

func median(samples []sample, of func(sample) float64) float64 {
	return stopwatch.Median(values(samples, of))
}

func values(samples []sample, of func(sample) float64) []float64 {
	list := make([]float64, len(samples))
	for i, s := range samples {
		list[i] = of(s)
	}
	return list
}

func report(w io.Writer, program string, samples []sample) {
	fmt.Fprintf(w, "%s: median of %d runs (lowest to highest)\n", program, len(samples))
	stopwatch.Line(w, "whole process", "s", 2, values(samples, whole))
	if samples[0].stage > 0 {
		stopwatch.Line(w, "prepare stage", "s", 2, values(samples, stage))
	}
	stopwatch.Line(w, "processor time", "s", 2, values(samples, cpu))
	if samples[0].Memory > 0 {
		stopwatch.Line(w, "peak memory", "MB", 0, values(samples, memory))
	}
}

// size tells a file's size.
func size(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.1f MB", float64(info.Size())/1e6)
}

// What both programs put before every example, and the tokens that they allow.
const (
	systemPrompt = "You are a careful tutor. Explain every step."
	tokenLimit   = 4096
)

// pipeline writes a spec beside rows that are to be prepared. Its few cases are looked for in the rows, as in every pipeline.
func pipeline(path, rows string) error {
	return os.WriteFile(path, fmt.Appendf(nil, `version: 1
provider: embedded
base_model: gpt-4.1-mini-2025-04-14
dataset: %q
system_prompt: %q
token_limit: %d
test:
  - {id: clips, question: "A shop sells clips in boxes of 48. How many clips are in 17 boxes?", assert: [{icontains: "816"}]}
  - {id: sitter, question: "A sitter charges $12 an hour and $3 for every trip. What does she charge for 4 hours and 2 trips?", assert: [{icontains: "54"}]}
  - {id: wallet, question: "Mia has a third of what a $96 wallet costs. How much does she still need?", assert: [{icontains: "64"}]}
  - {id: pages, question: "Of a book of 320 pages Omar has read a quarter. How many pages are left to read?", assert: [{icontains: "240"}]}
  - {id: letters, question: "Two letters a week to each of three friends: how many letters is that in a year of 52 weeks?", assert: [{icontains: "312"}]}
`, filepath.Base(rows), systemPrompt, tokenLimit), 0o600)
}

// runFtrun runs the prepare stage once, with a state folder of its own. look is given the training file, unless it is nil.
func runFtrun(ctx context.Context, program, rows string, look func(training string) error) (sample, error) {
	dir, err := os.MkdirTemp(filepath.Dir(rows), "run-")
	if err != nil {
		return sample{}, err
	}
	defer os.RemoveAll(dir)
	spec := filepath.Join(filepath.Dir(rows), "pipeline-"+filepath.Base(rows)+".yaml")
	if err := pipeline(spec, rows); err != nil {
		return sample{}, err
	}
	state, out := filepath.Join(dir, "state"), filepath.Join(dir, "out")
	taken, err := stopwatch.Time(exec.CommandContext(ctx, program, "-q", "-f", spec, "--until", "prepare", "--state", state, "--out", out))
	if err != nil {
		return sample{}, err
	}
	f, err := os.Open(filepath.Join(out, "results.json"))
	if err != nil {
		return sample{}, err
	}
	defer f.Close()
	run, err := result.Read(f)
	if err != nil {
		return sample{}, err
	}
	if run.Dataset == nil || run.Dataset.Training == 0 {
		return sample{}, fmt.Errorf("%s prepared nothing", program)
	}
	s := sample{Taken: taken, rows: run.Dataset.Training, tokens: run.Dataset.Tokens}
	for _, one := range run.Stages {
		if one.Name == "prepare" {
			s.stage = one.Seconds
		}
	}
	if look != nil {
		err = look(filepath.Join(state, "prepared", "train.jsonl"))
	}
	return s, err
}

// runPlain runs the plain program once.
func runPlain(ctx context.Context, program, rows, training string) (sample, error) {
	taken, err := stopwatch.Time(exec.CommandContext(ctx, program, "-system", systemPrompt, "-limit", fmt.Sprint(tokenLimit), rows, training))
	if err != nil {
		return sample{}, err
	}
	s := sample{Taken: taken}
	if _, err := fmt.Sscanf(string(taken.Output), "%d examples, %d tokens\n", &s.rows, &s.tokens); err != nil {
		return sample{}, fmt.Errorf("%s printed %q: %w", program, taken.Output, err)
	}
	return s, nil
}

// pair runs both programs once, the plain one first, and compares what they made.
func pair(ctx context.Context, ftrun, plain, rows string) (ours, theirs sample, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(rows), "plain-")
	if err != nil {
		return ours, theirs, err
	}
	defer os.RemoveAll(dir)
	training := filepath.Join(dir, "train.jsonl")
	if theirs, err = runPlain(ctx, plain, rows, training); err != nil {
		return ours, theirs, err
	}
	ours, err = runFtrun(ctx, ftrun, rows, func(own string) error { return sameFiles(own, training) })
	if err == nil && (ours.tokens != theirs.tokens || ours.rows != theirs.rows) {
		err = fmt.Errorf("ftrun counted %d tokens in %d rows, and the plain program %d in %d", ours.tokens, ours.rows, theirs.tokens, theirs.rows)
	}
	return ours, theirs, err
}

// sameFiles reports the first row in which two training files have other messages.
func sameFiles(one, other string) error {
	a, err := os.Open(one)
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := os.Open(other)
	if err != nil {
		return err
	}
	defer b.Close()
	return sameExamples(a, b)
}

// An example is a row of a training file. It has no other fields.
type example struct {
	Messages []struct{ Role, Content string }
}

func sameExamples(one, other io.Reader) error {
	a, b := json.NewDecoder(one), json.NewDecoder(other)
	a.DisallowUnknownFields()
	b.DisallowUnknownFields()
	for row := 1; ; row++ {
		var x, y example
		endA, endB := a.Decode(&x), b.Decode(&y)
		if endA == io.EOF && endB == io.EOF {
			return nil
		}
		if endA != nil || endB != nil {
			return fmt.Errorf("row %d of the training files: %v, and %v", row, endA, endB)
		}
		if !slices.Equal(x.Messages, y.Messages) {
			return fmt.Errorf("row %d of the training files: %q, and %q", row, x, y)
		}
	}
}
