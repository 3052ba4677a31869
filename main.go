// Command ftrun fine-tunes a model and gates on it, as one YAML file says: prepare, train, wait, test.
//
// This file is the command line: commands, flags and the exit code. usage.go is what is said of mistakes in them, session.go is one run, state.go its folder, engine.go the embedded
// engine, view.go what a person sees meanwhile, github.go what a step of GitHub Actions gets besides. validate.go, plan.go and manage*.go are
// the commands that check, look, cancel and clean. Nothing below package main reads the environment, the arguments or the standard streams.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"reflect"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/result"
	"ftrun/spec/diag"
)

func main() { os.Exit(run(systemOf(os.Args[1:]))) }

// A system is all that ftrun touches of the machine beyond files and the network.
type system struct {
	Args     []string
	Stdout   io.Writer
	Stderr   io.Writer
	Stdin    io.Reader
	Env      envconfig.Lookuper
	Environ  func() []string // of the process, for commands that it starts
	Now      func() time.Time
	Answers  bool // a person can answer on Stdin
	Terminal bool // Stdout can rewrite a line
	Width    int  // columns of the terminal
	Signals  chan os.Signal
	Exit     func(code int) // at once, on a second interrupt
}

func systemOf(args []string) system {
	log.SetOutput(io.Discard) // net/http logs stray bytes of a server there, and they may be anything, the key too
	s := system{
		Args: args, Stdout: os.Stdout, Stderr: os.Stderr, Stdin: os.Stdin, Answers: term.IsTerminal(int(os.Stdin.Fd())), Env: envconfig.OsLookuper(), Environ: os.Environ, Now: time.Now,
		Signals: make(chan os.Signal, 2), Exit: os.Exit,
	}
	signal.Notify(s.Signals, os.Interrupt, syscall.SIGTERM)
	if fd := int(os.Stdout.Fd()); term.IsTerminal(fd) {
		s.Terminal = true
		if width, _, err := term.GetSize(fd); err == nil {
			s.Width = width
		}
	}
	return s
}

// command is the command line, for whoever waits for this process.
func (s system) command() string { return strings.Join(append([]string{"ftrun"}, s.Args...), " ") }

// options are the flags. Each has a variable of the environment, which a flag on the command line outweighs.
type options struct {
	GitHub       github
	File         string   `env:"FTRUN_FILE, default=pipeline.yaml"`
	Provider     string   `env:"FTRUN_PROVIDER"`
	Until        string   `env:"FTRUN_UNTIL"`
	Detach       bool     `env:"FTRUN_DETACH"`
	Fresh        bool     `env:"FTRUN_FRESH"`
	Filter       string   `env:"FTRUN_FILTER"`
	AllowExec    bool     `env:"FTRUN_ALLOW_EXEC"`
	Out          string   `env:"FTRUN_OUT, default=ftrun-out"`
	State        string   `env:"FTRUN_STATE"`
	AllowOutside bool     `env:"FTRUN_ALLOW_OUTSIDE"`
	AllowEnv     []string `env:"FTRUN_ALLOW_ENV"`
	AllowHosts   []string `env:"FTRUN_ALLOW_HOSTS"` // no flag: whoever sets up the runner decides where keys go
	Quiet        bool     `env:"FTRUN_QUIET"`
	Verbose      bool     `env:"FTRUN_VERBOSE"`
	NoColor      bool     `env:"FTRUN_NO_COLOR"`
	Events       string   `env:"FTRUN_EVENTS"`
	Addr         string   `env:"FTRUN_ADDR, default=127.0.0.1:8080"`
	Faults       string   `env:"FTRUN_FAULTS"`
	JSON         bool     `env:"FTRUN_JSON"`
	Yes          bool     `env:"FTRUN_YES"`
	Models       bool     `env:"FTRUN_MODELS"`
	All          bool     `env:"FTRUN_ALL"`
	Offline      bool     `env:"FTRUN_OFFLINE"`
	DetailedExit bool     `env:"FTRUN_DETAILED_EXITCODE"`
}

// run is the whole program; it returns the exit code.
func run(s system) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go s.watchSignals(ctx, cancel)

	var o options
	if err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &o, Lookuper: s.Env}); err != nil {
		o.Out = cmp.Or(o.Out, "ftrun-out")
		return s.fail(o, usageError{err: errors.New(variableNames(err.Error())), run: true})
	}
	exit := result.ExitPass
	root := commands(&o, &s, &exit)
	root.SetArgs(s.Args)
	root.SetOut(s.Stdout)
	root.SetErr(s.Stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		return s.fail(o, err)
	}
	return exit
}

// sameKey is how soon a second signal is taken for an echo of the first: timeout(1) sends one to the process and one to its group.
const sameKey = 500 * time.Millisecond

// variableNames puts the variable's name where an error begins with the name of the field that it fills.
func variableNames(text string) string {
	field, rest, _ := strings.Cut(text, ":")
	f, ok := reflect.TypeFor[options]().FieldByName(field)
	if !ok {
		return text
	}
	name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
	if strings.Contains(rest, "ParseBool") {
		rest = " want true or false"
	}
	return name + ":" + rest
}

// watchSignals ends the run in good order at the first signal, and the process at a second Ctrl-C. A SIGTERM after that changes
// nothing: CI systems send one while the run is ending.
func (s system) watchSignals(ctx context.Context, cancel context.CancelCauseFunc) {
	select {
	case <-s.Signals:
		cancel(runner.ErrInterrupted)
	case <-ctx.Done():
		return
	}
	for first := time.Now(); ; {
		if again := <-s.Signals; again == os.Interrupt && time.Since(first) > sameKey {
			s.Exit(result.ExitInterrupted)
			return
		}
	}
}

// fail prints an error that ended a command, and returns its exit code.
func (s system) fail(o options, err error) int {
	run := result.Begin(o.File, version(), s.Now())
	concludeError(run, err)
	if _, told := errors.AsType[annotatedError](err); !told {
		if err := o.GitHub.annotate(s.Stdout, run); err != nil {
			fmt.Fprintf(s.Stderr, "ftrun: %s\n", reporters.Line(err.Error()))
		}
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(s.Stderr, "ftrun: %s\n  hint: %s\n", reporters.Line(err.Error()), reporters.Line(usage.wayOut()))
		if usage.run {
			s.reportUsage(o, run)
		}
		return result.ExitUsage
	}
	var problems diag.List
	if errors.As(err, &problems) {
		if err := reporters.PrintProblems(s.Stderr, problems); err != nil {
			return result.ExitUnknown
		}
		return result.ExitUsage
	}
	fmt.Fprintf(s.Stderr, "ftrun: %s\n", reporters.Line(run.Reason))
	if run.Hint != "" {
		fmt.Fprintf(s.Stderr, "  hint: %s\n", reporters.Line(run.Hint))
	}
	return run.ExitCode
}

// reportUsage leaves reports of a run that never began, so that those of an earlier one are not taken for its own.
func (s system) reportUsage(o options, run *result.Run) {
	if err := errors.Join(publish(o, run, reporters.Names()), o.GitHub.summarize(run)); err != nil {
		fmt.Fprintf(s.Stderr, "ftrun: %s\n", reporters.Line(err.Error()))
	}
}

// commands builds the tree of commands. Every command sets exit, or returns an error.
func commands(o *options, s *system, exit *int) *cobra.Command {
	root := &cobra.Command{
		Version: version(),
		Use:     "ftrun -f pipeline.yaml",
		Short:   "fine-tune a model and gate on it, as one YAML file says",
		Long: `ftrun runs the four stages of a pipeline file, prepare, train, wait and test, writes the reports,
and exits with the verdict:

  0    pass, or the part asked for was done
  1    the model is not good enough
  2    bad flags, spec or dataset; nothing was spent
  3    could not find out
  4    the training job failed or was cancelled
  5    resumable: run the same command again
  6    refused: stopped at a limit: a budget, a model that was shut down, or an organisation that may not train
  130  interrupted; resumable`,
		Args:          noArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			code, err := runPipeline(cmd.Context(), *o, *s)
			*exit = code
			return err
		},
	}
	root.SetFlagErrorFunc(flagError)
	specFlags(root, o)
	runFlags(root, o)
	root.AddCommand(validateCommand(o, s, exit), planCommand(o, s, exit), serveCommand(o, s), versionCommand(s))
	root.AddCommand(statusCommand(o, s, exit), cancelCommand(o, s), cleanCommand(o, s))
	return root
}

func runFlags(root *cobra.Command, o *options) {
	placeFlags(root, o)
	f := root.Flags()
	f.StringVar(&o.Until, "until", o.Until, "stop after this `stage`: prepare, train or wait")
	f.BoolVar(&o.Detach, "detach", o.Detach, "stop once the job is created; the same command without it goes on")
	f.BoolVar(&o.Fresh, "fresh", o.Fresh, "ask every question again; never trains again")
	f.StringVar(&o.Filter, "filter", o.Filter, "ask only the case with this `id`, or those with tag:NAME; gates nothing")
	f.BoolVar(&o.AllowExec, "allow-exec", o.AllowExec, "let the spec run commands: graders of kind exec")
	f.StringVar(&o.Out, "out", o.Out, "`folder` for the reports")
	f.BoolVarP(&o.Quiet, "quiet", "q", o.Quiet, "print only what is wrong and the verdict")
	f.BoolVarP(&o.Verbose, "verbose", "v", o.Verbose, "print every case and every request that is sent again")
	f.BoolVar(&o.NoColor, "no-color", o.NoColor, "print no colours")
	f.StringVar(&o.Events, "events", o.Events, "write the run's events to this `file`, a line of JSON each")
}

func serveCommand(o *options, s *system) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --addr HOST:PORT",
		Short: "run the embedded engine alone, as an OpenAI-compatible server that trains a small stand-in model",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context(), *o, s.Stdout) },
	}
	cmd.Flags().StringVar(&o.Addr, "addr", o.Addr, "`address` to listen on")
	cmd.Flags().StringVar(&o.State, "state", o.State, "`folder` for files, jobs and models (default: in memory)")
	cmd.Flags().StringVar(&o.Faults, "faults", o.Faults, "`file` that scripts faults, in JSON")
	return cmd
}

func versionCommand(s *system) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(s.Stdout, "ftrun", version())
			return err
		},
	}
}

// version is what the Go toolchain stamped into the binary.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
