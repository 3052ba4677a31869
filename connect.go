package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/dataset"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/openai"
	"ftrun/runner/result"
	"ftrun/spec"
)

// runPipeline is the main command: reports that say "unfinished" first, then the run, then the reports. The error is that the first
// reports can't be written: there is nothing to say anything else in.
func runPipeline(ctx context.Context, o options, s system) (int, error) {
	run := result.Begin(o.File, version(), s.Now())
	names := reporters.Names()
	if err := reporters.WriteAll(o.Out, run, names...); err != nil {
		return 0, errors.Join(err, removeReports(o.Out, names))
	}
	view, err := openView(o, s)
	defer view.close()
	if err == nil {
		names, err = load(ctx, o, s, run, view, names)
	}
	if err != nil {
		concludeError(run, err)
	}
	run.Provenance.FinishedAt = s.Now().UTC()
	writeErr := reporters.WriteAll(o.Out, run, names...)
	finishErr := view.finish(run, reporters.Paths(o.Out, names...))
	if spool, ok := run.Cases.(*result.Spool); ok {
		finishErr = errors.Join(finishErr, spool.Remove())
	}
	for _, err := range []error{writeErr, finishErr} {
		if err != nil {
			fmt.Fprintf(s.Stderr, "ftrun: %v\n", err)
		}
	}
	return run.ExitCode, nil
}

// load reads the spec, runs it, and returns the names of the reports that it wants.
func load(ctx context.Context, o options, s system, run *result.Run, view *view, names []string) ([]string, error) {
	if err := checkRunFlags(o); err != nil {
		return names, err
	}
	p, err := spec.Load(o.File, spec.LoadOptions{AllowOutside: o.AllowOutside})
	if err != nil {
		return names, err
	}
	if p.Train.Off && (o.Until != "" || o.Detach) {
		return names, usageError{err: errors.New("--until and --detach stop at a stage of training, and the spec says train: off")}
	}
	if !p.Reports.JUnit {
		names = slices.DeleteFunc(names, func(n string) bool { return n == "junit" })
		if err := os.Remove(filepath.Join(o.Out, "junit.xml")); err != nil {
			return names, err
		}
	}
	return names, execute(ctx, o, s, p, run, view)
}

// ignoreInGit keeps the state, and the prepared data in it, out of the user's commits.
func ignoreInGit(state string) error {
	path := filepath.Join(state, ".gitignore")
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	return os.WriteFile(path, []byte("*\n"), 0o600)
}

// concludeError puts an error into the run: one of the command line is known only here.
func concludeError(run *result.Run, err error) {
	var usage usageError
	if !errors.As(err, &usage) {
		runner.Conclude(run, err)
		return
	}
	run.Conclusion = result.Conclusion{
		Verdict: result.VerdictError, ExitCode: result.ExitUsage, ReasonCode: "bad_flags",
		Reason: err.Error(), Hint: usageHint,
	}
}

// removeReports takes away what an earlier run left, where this one can't even say that it has begun.
func removeReports(dir string, names []string) error {
	var errs []error
	for _, path := range reporters.Paths(dir, names...) {
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
	if o.Until != "" && o.Detach {
		return usageError{err: errors.New("--until and --detach say different things: use one")}
	}
	if o.Provider != "" && !slices.Contains(provider.Kinds(), o.Provider) {
		return usageError{err: fmt.Errorf("--provider %q: want one of %s", o.Provider, strings.Join(provider.Kinds(), ", "))}
	}
	return nil
}

// execute opens what a run needs, runs it, and closes everything again.
func execute(ctx context.Context, o options, s system, p *spec.Pipeline, run *result.Run, view *view) (err error) {
	if o.Provider != "" {
		p.Provider = provider.Settings{Kind: o.Provider}
	}
	run.Name, run.BaseModel, run.Provider.Kind = p.Name, p.BaseModel, p.Provider.Kind
	endpoint, err := provider.Resolve(p.Provider, provider.Environment{Lookup: s.Env.Lookup, AllowHosts: o.AllowHosts, AllowEnv: o.AllowEnv})
	if err != nil {
		return err
	}
	state := o.State
	if state == "" {
		state = filepath.Join(p.Dir, ".ftrun")
	}
	journal, err := ledger.Open(ctx, state, ledger.Options{
		Command: strings.Join(append([]string{"ftrun"}, s.Args...), " "),
		Waiting: func(holder string) { view.notice("waiting for another run: " + holder) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	if err := ignoreInGit(state); err != nil {
		return err
	}
	for _, repair := range journal.Repaired() {
		view.notice("state repaired: " + repair)
	}
	if endpoint.Kind == provider.KindEmbedded {
		engine, err := startEngine(filepath.Join(state, "embedded"))
		if err != nil {
			return err
		}
		defer engine.stop()
		endpoint.BaseURL = engine.baseURL
	}
	client := openai.New(openai.Config{Endpoint: endpoint, OnRetry: view.retry, UserAgent: "ftrun/" + version()})
	defer client.CloseIdleConnections()
	runner.Run(ctx, runner.Options{
		Pipeline: p, Endpoint: endpoint, Trainer: client, Completer: client, Ledger: journal, StateDir: state,
		Until: o.Until, Detach: o.Detach, Observe: view.observe, Now: s.Now,
	}, run)
	run.Cost.Requests, run.Cost.Retries = client.Requests(), client.Retries()
	return nil
}

// An engine is the embedded engine on a loopback port.
type engine struct {
	baseURL string
	server  *http.Server
	handler *embedded.Server
}

func startEngine(dir string) (*engine, error) {
	handler, err := embedded.New(embedded.Options{Dir: dir})
	if err != nil {
		return nil, fmt.Errorf("embedded engine: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded engine: %w", err), handler.Close())
	}
	e := &engine{baseURL: "http://" + listener.Addr().String() + "/v1", handler: handler, server: newServer(handler)}
	go func() { _ = e.server.Serve(listener) }() // ends with stop; a request shows any other end
	return e, nil
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second}
}

// stop ends the server and leaves training at a point from which the next run goes on.
func (e *engine) stop() {
	_ = e.server.Close()
	_ = e.handler.Close() // state on disk is whole at any moment; closing only saves work
}

// serve runs the embedded engine until it is interrupted.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	faults, err := readFaults(o.Faults)
	if err != nil {
		return err
	}
	handler, err := embedded.New(embedded.Options{Dir: o.State, Faults: faults})
	if err != nil {
		return fmt.Errorf("embedded engine: %w", err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("serve: %w", err), handler.Close())
	}
	fmt.Fprintf(stdout, "ftrun embedded engine at http://%s/v1 (a stand-in that trains a small model; not a GPT)\n", listener.Addr())
	server := newServer(handler)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(fmt.Errorf("serve: %w", err), handler.Close())
	}
	return handler.Close()
}

func readFaults(path string) (*embedded.Faults, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{err: fmt.Errorf("faults: %w", err)}
	}
	defer f.Close()
	faults, err := embedded.ParseFaults(f)
	if err != nil {
		return nil, usageError{err: fmt.Errorf("faults: %s: %w", path, err)}
	}
	return faults, nil
}

// validate checks the data of a checked spec and says what is there.
func validate(ctx context.Context, p *spec.Pipeline, w io.Writer) error {
	if p.Train.Off {
		_, err := fmt.Fprintf(w, "%s: ok: %s, no training\n", p.File, counted(len(p.Test.Cases), "test case"))
		return err
	}
	checked, err := dataset.Check(ctx, runner.DatasetConfig(p, ""))
	if err != nil {
		return err
	}
	for _, warning := range checked.Warnings {
		if _, err := fmt.Fprintf(w, "%s: warning: %s\n", p.File, warning); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "%s: ok: %s, %d tokens, %s\n",
		p.File, counted(checked.Stats.Training, "training example"), checked.Stats.Tokens, counted(len(p.Test.Cases), "test case"))
	return err
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
