package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/openai"
	"ftrun/spec"
)

// statusCommand, cancelCommand and cleanCommand look after a pipeline without running it. They obey the same rules for keys and hosts
// as a run does.
func statusCommand(o *options, s *system, exit *int) *cobra.Command {
	cmd := upkeepCommand("status", "show how the pipeline stands: its job, its model, its reports; changes nothing", o, func(ctx context.Context) error {
		code, err := showStatus(ctx, *o, *s)
		*exit = code
		return err
	})
	cmd.Flags().BoolVar(&o.JSON, "json", o.JSON, "print JSON")
	cmd.Flags().StringVar(&o.Out, "out", o.Out, "`folder` of the reports")
	return cmd
}

func cancelCommand(o *options, s *system) *cobra.Command {
	return upkeepCommand("cancel", "cancel the pipeline's job at the provider, if it has not ended", o, func(ctx context.Context) error {
		return cancelJob(ctx, *o, *s)
	})
}

func cleanCommand(o *options, s *system) *cobra.Command {
	cmd := upkeepCommand("clean", "list and remove files and models that ftrun made at the provider and this pipeline does not need", o, func(ctx context.Context) error {
		return clean(ctx, *o, *s)
	})
	cmd.Flags().BoolVar(&o.Yes, "yes", o.Yes, "remove without asking; without a terminal nothing is removed but for this")
	cmd.Flags().BoolVar(&o.Models, "models", o.Models, "remove fine-tuned models and their checkpoints too")
	cmd.Flags().BoolVar(&o.All, "all", o.All, "remove what this pipeline itself made too; what a living job uses always stays")
	return cmd
}

func upkeepCommand(name, short string, o *options, do func(context.Context) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   name + " -f pipeline.yaml",
		Short: short,
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return do(cmd.Context()) },
	}
	specFlags(cmd, o)
	placeFlags(cmd, o)
	return cmd
}

// An upkeep is a pipeline that is looked after.
type upkeep struct {
	options
	system
	pipeline *spec.Pipeline
	endpoint provider.Endpoint
	state    string
	closers  []func() error
}

// openUpkeep reads the spec and finds out where its provider is. The error may be that there is no key: the endpoint is known all
// the same then.
func openUpkeep(o options, s system) (*upkeep, error) {
	if err := checkProvider(o); err != nil {
		return nil, err
	}
	p, err := loadPipeline(o, s)
	if err != nil {
		return nil, err
	}
	u := &upkeep{options: o, system: s, pipeline: p, state: stateFolder(o, p)}
	if err := checkState(u.state); err != nil {
		return nil, err
	}
	u.endpoint, err = resolveKeyless(p.Provider, environment(o, s))
	return u, err
}

// resolveKeyless is provider.Resolve, but that where the error is a missing key the endpoint is known all the same, without one.
func resolveKeyless(settings provider.Settings, env provider.Environment) (provider.Endpoint, error) {
	endpoint, err := provider.Resolve(settings, env)
	if !isNoKey(err) {
		return endpoint, err
	}
	noKey := err
	profile, _ := provider.ProfileOf(settings.Kind)
	lookup := env.Lookup
	env.Lookup = func(name string) (string, bool) {
		if name == cmp.Or(settings.APIKeyEnv, profile.KeyEnv) {
			return "unset", true
		}
		return lookup(name)
	}
	if endpoint, err = provider.Resolve(settings, env); err != nil {
		return endpoint, err
	}
	endpoint.Key = ""
	return endpoint, noKey
}

func isNoKey(err error) bool {
	config, ok := errors.AsType[*provider.ConfigError](err)
	return ok && config.Code == provider.CodeNoKey
}

// close ends what was opened on the way, the last first.
func (u *upkeep) close() error {
	var errs []error
	for _, closer := range slices.Backward(u.closers) {
		errs = append(errs, closer())
	}
	u.closers = nil
	return errors.Join(errs...)
}

// work are the options for what package runner does with a pipeline.
func (u *upkeep) work(t provider.Trainer, journal *ledger.Ledger) runner.Options {
	return runner.Options{Pipeline: u.pipeline, Endpoint: u.endpoint, Trainer: t, Ledger: journal, StateDir: u.state, Now: u.Now}
}

// client returns what asks the provider. open opens the embedded engine where that is the provider.
func (u *upkeep) client(open func(dir string) (*embedded.Server, error)) (*openai.Client, error) {
	endpoint := u.endpoint
	if endpoint.Kind == provider.KindEmbedded {
		engine, err := startEngine(engineFolder(u.state), open)
		if err != nil {
			return nil, err
		}
		u.closers = append(u.closers, engine.stop)
		endpoint.BaseURL = engine.baseURL
	}
	client := openai.New(openai.Config{Endpoint: endpoint, UserAgent: "ftrun/" + version(), OnRetry: func(r openai.Retry) {
		fmt.Fprintf(u.Stderr, "ftrun: %s: again in %v\n", reporters.Line(r.Err.Error()), r.Delay.Round(time.Millisecond))
	}})
	u.closers = append(u.closers, func() error { client.CloseIdleConnections(); return nil })
	return client, nil
}

// lockPatience is how long a command waits for a run that may be about to end.
const lockPatience = 2 * time.Second

// An inUseError says that a run has the state folder.
type inUseError struct {
	state  string
	holder string
}

func (e *inUseError) Error() string {
	return fmt.Sprintf("state folder %q is in use by %s", e.state, e.holder)
}

// Hint returns the way out.
func (e *inUseError) Hint() string {
	return "run the same command again when that run has ended; Ctrl-C ends it, and with wait.on_interrupt: cancel its job too"
}

// lock opens the journal for writing, unless a run has it.
func (u *upkeep) lock(ctx context.Context) (*ledger.Ledger, error) {
	inUse := &inUseError{state: u.state}
	ctx, stop := context.WithTimeoutCause(ctx, lockPatience, inUse)
	defer stop()
	journal, err := ledger.Open(ctx, u.state, ledger.Options{
		Command: u.command(),
		Waiting: func(holder string) { inUse.holder = holder },
	})
	if errors.Is(err, inUse) {
		return nil, inUse
	}
	if err != nil {
		return nil, err
	}
	u.closers = append(u.closers, journal.Close)
	return journal, nil
}

// cancelJob is the command cancel.
func cancelJob(ctx context.Context, o options, s system) (err error) {
	u, err := openUpkeep(o, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	if u.pipeline.Train.Off {
		return u.say("nothing to cancel: the spec says train: off")
	}
	isEngine := u.endpoint.Kind == provider.KindEmbedded
	if _, err := os.Stat(engineFolder(u.state)); isEngine && err != nil {
		return u.say("nothing to cancel: the embedded engine has nothing in " + u.state)
	}
	journal, err := ledger.Read(u.state)
	if isEngine { // two engines on one folder would be in each other's way
		journal, err = u.lock(ctx)
	}
	if err != nil {
		return err
	}
	client, err := u.client(embedded.Idle)
	if err != nil {
		return err
	}
	told, err := runner.Cancel(ctx, u.work(client, journal))
	for _, c := range told {
		err = errors.Join(err, u.say(c.Text))
		if c.Ended {
			err = errors.Join(err, u.recordCancelled(ctx, c, journal))
		}
	}
	if err == nil && len(told) == 0 {
		return u.say("nothing to cancel: the provider lists no job of this pipeline")
	}
	return err
}

// recordCancelled writes down that a job is cancelled. A run that has the journal sees it for itself.
func (u *upkeep) recordCancelled(ctx context.Context, c runner.Cancellation, journal *ledger.Ledger) error {
	if u.endpoint.Kind != provider.KindEmbedded {
		if _, err := os.Stat(u.state); err != nil {
			return nil // nothing is recorded here
		}
		var err error
		if journal, err = u.lock(ctx); err != nil {
			if inUse, ok := errors.AsType[*inUseError](err); ok {
				return u.say(inUse.holder + " works on this pipeline, and ends when it sees that")
			}
			return err
		}
		defer journal.Close()
	}
	return runner.RecordCancelled(u.work(nil, journal), c)
}

// say prints a line.
func (u *upkeep) say(text string) error {
	_, err := fmt.Fprintln(u.Stdout, reporters.Line(text))
	return err
}

// confirmed asks a person. What is not a yes is a no.
func (u *upkeep) confirmed(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(u.Stderr, question+" [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(u.Stdin).ReadString('\n') // no answer is a no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case text := <-answer:
		return text == "y" || text == "yes", nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}
