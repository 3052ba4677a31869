package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

func validateCommand(o *options, s *system, exit *int) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "validate -f pipeline.yaml",
		Short: "check the spec and the data and print every problem; needs no key and no network",
		Long: `ftrun validate prints every problem of the pipeline file, and once that is right every problem of the data, what is
worth knowing of it, its statistics, and what training on it would take. It needs no key and no network.

With --json it prints one JSON document, also where the file or the data is at fault. The exit code is the same.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := validate(cmd.Context(), *o, *s)
			interrupted := cmd.Context().Err() != nil
			if o.JSON && !interrupted {
				return validationJSON(v, err, *o, *s, exit)
			}
			printErr := reporters.PrintValidation(s.Stdout, v, consoleOptions(*o, *s))
			if !interrupted {
				printErr = errors.Join(printErr, o.GitHub.annotateValidation(s.Stdout, v))
				err = annotated(withoutAdvice(err))
			}
			return errors.Join(printErr, err)
		},
	}
	specFlags(cmd, o)
	cmd.Flags().BoolVar(&o.JSON, "json", o.JSON, "print JSON")
	return cmd
}

// withoutAdvice leaves the warnings and notes out of problems, for stdout has told of them.
func withoutAdvice(err error) error {
	problems, ok := err.(diag.List)
	if !ok {
		return err
	}
	return slices.DeleteFunc(slices.Clone(problems), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })
}

// validationJSON writes what was found to stdout, where nothing else belongs, and takes the exit code from the error that was found.
func validationJSON(v *result.Validation, found error, o options, s system, exit *int) error {
	if found != nil {
		run := result.Begin(o.File, version(), s.Now())
		concludeError(run, found)
		*exit = run.ExitCode
	}
	if err := o.GitHub.annotateValidation(s.Stderr, v); err != nil {
		return err
	}
	return reporters.ValidationJSON(s.Stdout, v)
}

// validate checks a pipeline file, and its data where the file is right. The error is why no run could begin; its problems are in the validation
// too.
func validate(ctx context.Context, o options, s system) (*result.Validation, error) {
	v := &result.Validation{File: o.File}
	p, err := spec.Load(o.File, loadOptions(o, s))
	if err != nil {
		return v, settle(v, nil, err)
	}
	v.TestCases = new(len(p.Test.Cases))
	problems := specWarnings(p)
	if err := runner.CheckBaseline(p); err != nil {
		return v, settle(v, problems, err)
	}
	if p.Train.Off {
		return v, settle(v, problems, nil)
	}
	checked, found, err := runner.CheckData(ctx, p)
	if found != nil {
		v.Contamination = &found.Report
	}
	if checked != nil {
		runner.EstimateTraining(p, checked)
		v.Dataset = &checked.Stats
		problems = append(problems, dataAdvice(p, &checked.Stats, checked.Warnings, checked.Advice)...)
	}
	if err == nil && found != nil {
		problems = append(problems, contaminationWarnings(p, found)...)
	}
	return v, settle(v, problems, err)
}

// settle puts the problems into the validation, those of err among them, the gravest first, and returns err.
func settle(v *result.Validation, problems diag.List, err error) error {
	var faults diag.List
	switch {
	case err == nil:
	case errors.As(err, &faults):
		problems = append(problems, faults...)
	default:
		problems.Add(diag.Diagnostic{Pos: diag.Position{File: v.File}, Message: err.Error()})
	}
	problems.Sort()
	problems = slices.Compact(problems)
	slices.SortStableFunc(problems, func(a, b diag.Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
	v.OK, v.Problems = err == nil, reporters.Problems(problems)
	return err
}

// specWarnings are what the spec says that may not be meant, or not be allowed.
func specWarnings(p *spec.Pipeline) diag.List {
	warnings := slices.Clone(p.Warnings)
	for i := range warnings {
		warnings[i].Severity = diag.Warning
	}
	if a, found := p.Command(); found {
		warnings.Add(atFile(p, fmt.Sprintf("a run needs --allow-exec: a case is graded by a command, %s", a.Name)))
	}
	return warnings
}

// dataAdvice is what is worth a look in data that can be trained on: what has a place at its place, and else at the spec.
func dataAdvice(p *spec.Pipeline, d *result.Dataset, sentences []string, placed diag.List) diag.List {
	advice := slices.Clone(placed)
	for _, sentence := range reporters.Untold(d, sentences) {
		advice.Add(atFile(p, sentence))
	}
	return advice
}

// contaminationWarnings are those of test cases in the training data that the spec allows.
func contaminationWarnings(p *spec.Pipeline, found *runner.Contaminated) diag.List {
	if found.Summary == "" {
		return nil
	}
	warnings := append(diag.List{atFile(p, found.Summary)}, found.Places...)
	for i := range warnings {
		warnings[i].Severity = diag.Warning
	}
	return warnings
}

// atFile returns a warning about the pipeline file as a whole.
func atFile(p *spec.Pipeline, message string) diag.Diagnostic {
	return diag.Diagnostic{Severity: diag.Warning, Pos: diag.Position{File: p.File}, Message: message}
}
