package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// A session is one run of a pipeline, from the reports that say "unfinished" to those that say how it ended.
type session struct {
	options
	system
	run     *result.Run
	view    *view
	reports []string       // names of the reports to write
	closers []func() error // of what must stay open until the reports are written: they are drawn from it
}

// runPipeline is the main command. The error is that the first reports can't be written: there is nothing to say anything else in.
func runPipeline(ctx context.Context, o options, s system) (int, error) {
	ses := &session{options: o, system: s, run: result.Begin(o.File, version(), s.Now()), reports: reporters.Names()}
	if err := ses.keepBaseline(); err != nil {
		return 0, err
	}
	if err := reporters.WriteAll(o.Out, ses.run, ses.reports...); err != nil {
		return 0, errors.Join(err, removeReports(o.Out, ses.reports))
	}
	if err := ses.execute(ctx); err != nil {
		concludeError(ses.run, err)
	}
	return ses.finish(), nil
}

// keepBaseline refuses a spec whose baseline is the results.json that this run is about to write: the first report would destroy it, and from
// then on every run would be compared with the one before, however bad that was. That one file is left alone; reports that would be taken for
// this run's are not.
func (s *session) keepBaseline() error {
	own := reporters.Paths(s.Out)[0]
	src, err := os.ReadFile(s.File)
	if err != nil || !bytes.Contains(src, []byte("results")) {
		return nil // whatever is wrong with the file is told when it is loaded
	}
	if _, err := os.Stat(own); err != nil {
		return nil
	}
	p, err := loadPipeline(s.options, s.system)
	if err != nil || p.Test.Baseline.Kind != spec.BaselineResults || !sameFile(p.Path(p.Test.Baseline.Results), own) {
		return nil
	}
	problem := diag.List{{
		Pos: p.Test.Baseline.Pos, Path: "test.baseline.results",
		Message: fmt.Sprintf("%s is this run's own results.json, which it would replace", p.Test.Baseline.Results),
		Hint:    "copy the results that you trust to a file of another name, commit it, and compare with that",
	}}
	return errors.Join(problem.Err(), removeFiles(reporters.Paths(s.Out, reporters.Names()...)[1:]))
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// finish writes the reports, shows how the run ended, and returns the exit code.
func (s *session) finish() int {
	if err := s.view.logged(); err != nil && s.run.ExitCode == result.ExitPass {
		runner.Conclude(s.run, err)
	}
	s.run.Provenance.FinishedAt = s.Now().UTC()
	errs := []error{publish(s.options, s.run, s.reports)}
	errs = append(errs, s.view.finish(s.run, reporters.Paths(s.Out, s.reports...)))
	errs = append(errs, s.GitHub.annotate(s.Stdout, s.run), s.GitHub.summarize(s.run))
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	for _, err := range errs {
		if err != nil {
			fmt.Fprintf(s.Stderr, "ftrun: %s\n", reporters.Line(err.Error()))
		}
	}
	return s.run.ExitCode
}

// publish writes the reports, and on GitHub the outputs of the step. A green run without its outputs is not green, as one without
// its reports is not: a later job deploys by them.
func publish(o options, run *result.Run, reports []string) error {
	err := reporters.WriteAll(o.Out, run, reports...)
	outputErr := o.GitHub.writeOutputs(run, reporters.Paths(o.Out)[0])
	if outputErr == nil || run.ExitCode != result.ExitPass {
		return errors.Join(err, outputErr)
	}
	run.Conclusion = result.Conclusion{
		Verdict: result.VerdictError, ExitCode: result.ExitUnknown, ReasonCode: "outputs_not_written", Reason: outputErr.Error(),
		Hint: fmt.Sprintf("but for this the verdict would have been %q; run the same command again once the file can be written", run.Verdict),
	}
	return errors.Join(err, outputErr, reporters.WriteAll(o.Out, run, reports...))
}

// later keeps something open until the reports are written.
func (s *session) later(closer func() error) { s.closers = append(s.closers, closer) }

// execute reads the spec, opens what the run needs, and runs it.
func (s *session) execute(ctx context.Context) error {
	var err error
	if s.view, err = openView(s.options, s.system); err != nil {
		return err
	}
	if err := checkRunFlags(s.options); err != nil {
		return err
	}
	p, err := s.load()
	if err != nil {
		return err
	}
	endpoint, err := provider.Resolve(p.Provider, environment(s.options, s.system))
	if err != nil {
		return err
	}
	state := stateFolder(s.options, p)
	if err := checkState(state); err != nil {
		return err
	}
	journal, err := s.openState(ctx, state)
	if err != nil {
		return err
	}
	board := s.switchboard(state)
	defer board.close()
	endpoint, client, err := board.connect(endpoint)
	if err != nil {
		return err
	}
	o := runner.Options{
		Pipeline: p, Endpoint: endpoint, Trainer: client, Completer: client, Embedder: client, Ledger: journal, StateDir: state,
		Until: s.Until, Detach: s.Detach, Fresh: s.Fresh, Filter: s.Filter, Observe: s.view.observe, Now: s.Now,
	}
	if s.AllowExec {
		o.Exec = runner.Commands(p.Dir, s.Environ())
	}
	if err := board.dialAll(p, &o); err != nil {
		return err
	}
	runner.Run(ctx, o, s.run)
	s.run.Cost.Requests, s.run.Cost.Retries = board.counts()
	if spool, ok := s.run.Cases.(*result.Spool); ok {
		s.later(spool.Remove)
	}
	return nil
}

// switchboard reaches services for this run. The embedded engine is started once, whoever is asked there.
func (s *session) switchboard(state string) *switchboard {
	var running *engine
	return &switchboard{
		env: environment(s.options, s.system),
		client: func(e provider.Endpoint) *openai.Client {
			return openai.New(openai.Config{Endpoint: e, OnRetry: s.view.retry, UserAgent: "ftrun/" + version()})
		},
		engine: func() (string, error) {
			if running == nil {
				var err error
				if running, err = startEngine(engineFolder(state), trainingEngine); err != nil {
					return "", err
				}
				s.later(running.stop)
			}
			return running.baseURL, nil
		},
	}
}

// load reads the spec, and takes from it what the reports say and which there are.
func (s *session) load() (*spec.Pipeline, error) {
	p, err := loadPipeline(s.options, s.system)
	if err != nil {
		return nil, err
	}
	s.run.Name, s.run.BaseModel, s.run.Provider.Kind, s.run.TestedModel = p.Name, p.BaseModel, p.Provider.Kind, p.Test.Model
	if s.Filter != "" && len(runner.Selects(s.Filter, p.Test.Cases)) == 0 {
		return nil, filterError(s.Filter, p.Test.Cases)
	}
	if p.Train.Off && (s.Until != "" || s.Detach) {
		return nil, usageError{err: errors.New("--until and --detach stop at a stage of training, and the spec says train: off")}
	}
	for _, r := range []struct {
		name string
		on   bool
	}{{"markdown", p.Reports.Markdown}, {"junit", p.Reports.JUnit}} {
		if r.on {
			continue
		}
		s.reports = slices.DeleteFunc(s.reports, func(n string) bool { return n == r.name })
		if err := os.Remove(reporters.Paths(s.Out, r.name)[1]); err != nil { // the one that says "unfinished"
			return nil, err
		}
	}
	return p, nil
}

// loadPipeline reads the spec, and lets the flags have their say.
func loadPipeline(o options, s system) (*spec.Pipeline, error) {
	p, err := spec.Load(o.File, loadOptions(o, s))
	if err != nil {
		return nil, err
	}
	if o.Provider != "" { // in place of every provider that the spec names
		p.Provider = provider.Settings{Kind: o.Provider}
		p.Test.Provider, p.Test.Baseline.Provider = nil, nil
		if p.Test.Judge != nil {
			p.Test.Judge.Provider = nil
		}
	}
	return p, nil
}

// environment is what decides where a key may go, and which.
func environment(o options, s system) provider.Environment {
	return provider.Environment{Lookup: s.Env.Lookup, AllowHosts: o.AllowHosts, AllowEnv: o.AllowEnv}
}

// loadOptions are what the flags and the environment let a spec do.
func loadOptions(o options, s system) spec.LoadOptions {
	return spec.LoadOptions{AllowOutside: o.AllowOutside, AllowEnv: o.AllowEnv, Lookup: s.Env.Lookup}
}

// openState opens the journal in the state folder, once no other run has it.
func (s *session) openState(ctx context.Context, dir string) (*ledger.Ledger, error) {
	journal, err := ledger.Open(ctx, dir, ledger.Options{
		Command: s.command(),
		Waiting: func(holder string) { s.view.notice("waiting for another run: " + holder) },
	})
	if err != nil {
		return nil, err
	}
	s.later(journal.Close)
	for _, repair := range journal.Repaired() {
		s.view.notice("state repaired: " + repair)
	}
	return journal, ignoreInGit(dir)
}

// removeReports takes away what an earlier run left, where this one can't even say that it has begun.
func removeReports(dir string, names []string) error {
	return removeFiles(reporters.Paths(dir, names...))
}

func removeFiles(paths []string) error {
	var errs []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func checkRunFlags(o options) error {
	if o.Until != "" && !slices.Contains([]string{"prepare", "train", "wait"}, o.Until) {
		return usageError{err: fmt.Errorf("--until %q: want prepare, train or wait", o.Until)}
	}
	if o.Filter != "" && (o.Until != "" || o.Detach) {
		return usageError{err: errors.New("--filter chooses test cases, and --until and --detach stop before the test: use one")}
	}
	if o.Until != "" && o.Detach {
		return usageError{err: errors.New("--until and --detach say different things: use one")}
	}
	return checkProvider(o)
}

func checkProvider(o options) error {
	if o.Provider != "" && !slices.Contains(provider.Kinds(), o.Provider) {
		return usageError{err: fmt.Errorf("--provider %q: want one of %s", o.Provider, strings.Join(provider.Kinds(), ", "))}
	}
	return nil
}

// concludeError puts an error into the run: one of the command line is known only here.
func concludeError(run *result.Run, err error) {
	var (
		usage  usageError
		linked *linkedError
	)
	switch {
	case errors.As(err, &usage):
		run.Conclusion = result.Conclusion{
			Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "bad_flags",
			Reason: err.Error(), Hint: usage.wayOut(),
		}
	case errors.As(err, &linked):
		run.Conclusion = result.Conclusion{
			Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "state_linked",
			Reason: err.Error(), Hint: linked.Hint(),
		}
	default:
		runner.Conclude(run, err)
	}
}
