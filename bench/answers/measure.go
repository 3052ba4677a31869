package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"ftrun/bench/stopwatch"
	"ftrun/runner/result"
)

// A sample is one run of a program.
type sample struct {
	stopwatch.Taken
	stage  float64 // seconds of ftrun's test stage, or of promptfoo's evaluation, as each tells it
	counts counts  // what it asked
}

// measure runs ftrun, and promptfoo where it is given, against a service of its own, and prints what they took.
func measure(ctx context.Context, c config, ftrun string, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "answers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, url, stop, err := listen(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = stop() }()

	fmt.Fprintf(stdout, "%d questions, %d at once, answered in %v; ideal %.2f s\n", c.asked(), c.concurrency, c.latency, c.ideal().Seconds())
	pipeline := filepath.Join(dir, "pipeline.yaml")
	if err := writeSpec(pipeline, c); err != nil {
		return err
	}
	samples, err := repeat(s, c.runs, func(i int) (sample, error) {
		return runFtrun(ctx, ftrun, pipeline, fmt.Sprintf("%s/%d", dir, i), url, c)
	})
	if err != nil {
		return err
	}
	report(stdout, "ftrun", samples, c)
	if c.promptfoo == "" {
		return nil
	}
	tests := filepath.Join(dir, "promptfooconfig.json")
	if err := writePromptfoo(tests, url, c); err != nil {
		return err
	}
	samples, err = repeat(s, c.promptfooRuns, func(int) (sample, error) { return runPromptfoo(ctx, tests, c) })
	if err != nil {
		return err
	}
	report(stdout, "promptfoo", samples, c)
	return nil
}

// repeat runs a program n times and notes what each run asked.
func repeat(s *service, n int, run func(i int) (sample, error)) ([]sample, error) {
	samples := make([]sample, n)
	for i := range samples {
		s.take()
		one, err := run(i)
		if err != nil {
			return nil, err
		}
		one.counts = s.take()
		samples[i] = one
	}
	return samples, nil
}

// runFtrun runs the pipeline once, with a state folder of its own. Every case must pass: what goes wrong quickly is no measurement.
func runFtrun(ctx context.Context, program, pipeline, dir, url string, c config) (sample, error) {
	out := filepath.Join(dir, "out")
	cmd := exec.CommandContext(ctx, program, "-q", "-f", pipeline, "--state", filepath.Join(dir, "state"), "--out", out)
	cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+url, "OPENAI_API_KEY=unused-unused")
	taken, err := stopwatch.Time(cmd)
	s := sample{Taken: taken}
	if err != nil {
		return s, err
	}
	f, err := os.Open(filepath.Join(out, "results.json"))
	if err != nil {
		return s, err
	}
	defer f.Close()
	run, err := result.Read(f)
	if err != nil {
		return s, err
	}
	if run.Summary.Passed != c.cases {
		return s, fmt.Errorf("%s: %d of %d cases passed", program, run.Summary.Passed, c.cases)
	}
	for _, stage := range run.Stages {
		if stage.Name == "test" {
			s.stage = stage.Seconds
		}
	}
	return s, nil
}

// runPromptfoo runs promptfoo once as a pipeline would, with a file of results, and without its cache, its telemetry and its look for
// updates. Its folder is the same in every run, so that only the first one makes its database.
func runPromptfoo(ctx context.Context, tests string, c config) (sample, error) {
	dir := filepath.Dir(tests)
	out := filepath.Join(dir, "promptfoo.json")
	cmd := exec.CommandContext(ctx, c.promptfoo, "eval", "-c", tests, "--no-cache", "-j", fmt.Sprint(c.concurrency), "-o", out)
	cmd.Env = append(os.Environ(), "PROMPTFOO_CONFIG_DIR="+dir, "PROMPTFOO_DISABLE_TELEMETRY=1", "PROMPTFOO_DISABLE_UPDATE=1")
	taken, err := stopwatch.Time(cmd)
	s := sample{Taken: taken}
	if err != nil {
		return s, err
	}
	content, err := os.ReadFile(out)
	if err != nil {
		return s, err
	}
	var told struct {
		Results struct {
			Stats struct {
				Successes            int     `json:"successes"`
				EvaluationDurationMs float64 `json:"evaluationDurationMs"`
			} `json:"stats"`
		} `json:"results"`
	}
	if err := json.Unmarshal(content, &told); err != nil {
		return s, fmt.Errorf("%s: %w", out, err)
	}
	if n := told.Results.Stats.Successes; n != c.cases {
		return s, fmt.Errorf("%s: %d of %d cases passed", c.promptfoo, n, c.cases)
	}
	s.stage = told.Results.Stats.EvaluationDurationMs / 1000
	return s, nil
}

// report prints the medians of a program's runs.
func report(w io.Writer, program string, samples []sample, c config) {
	fmt.Fprintf(w, "%s: median of %d runs (lowest to highest)\n", program, len(samples))
	line := func(what, unit string, digits int, of func(sample) float64) {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = of(s)
		}
		stopwatch.Line(w, what, unit, digits, values)
	}
	line("test stage", "s", 2, func(s sample) float64 { return s.stage })
	line("of ideal rate", "%", 1, func(s sample) float64 { return 100 * c.ideal().Seconds() / s.stage })
	line("whole process", "s", 2, func(s sample) float64 { return s.Whole })
	line("processor time", "s", 2, func(s sample) float64 { return s.CPU })
	if samples[0].Memory > 0 {
		line("peak memory", "MB", 0, func(s sample) float64 { return s.Memory })
	}
	line("answered", "", 0, func(s sample) float64 { return float64(s.counts.Answered) })
	line("refused", "", 0, func(s sample) float64 { return float64(s.counts.Refused) })
	line("most at once", "", 0, func(s sample) float64 { return float64(s.counts.MostAtOnce) })
}
