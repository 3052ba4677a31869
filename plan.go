package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/result"
	"ftrun/spec"
)

// exitPays is the exit code of ftrun plan --detailed-exitcode where a run would pay, or may. A run itself never has it.
const exitPays = 10

func planCommand(o *options, s *system, exit *int) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan -f pipeline.yaml",
		Short: "say what a run would do and cost; buys nothing and changes nothing",
		Long: `ftrun plan says for each stage whether a run would do its work (run), go on with what an earlier run
recorded (reuse), or with what is found at the provider (adopt), and why; what it would cost; and
where it would stop. It writes nothing, and asks the provider only for what that lists. Without a key
it asks nothing, and says what is not known for that.

With --detailed-exitcode it exits with 0 where a run would pay nothing, and with 10 where it would or may.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := makePlan(cmd.Context(), *o, *s)
			if err != nil {
				return err
			}
			if o.DetailedExit && plan.Pays {
				*exit = exitPays
			}
			if o.JSON {
				return reporters.PlanJSON(s.Stdout, plan)
			}
			return reporters.PrintPlan(s.Stdout, plan, consoleOptions(*o, *s))
		},
	}
	specFlags(cmd, o)
	placeFlags(cmd, o)
	f := cmd.Flags()
	f.BoolVar(&o.Fresh, "fresh", o.Fresh, "plan a run that asks every question again")
	f.BoolVar(&o.NoColor, "no-color", o.NoColor, "print no colours")
	f.BoolVar(&o.JSON, "json", o.JSON, "print JSON")
	f.BoolVar(&o.Offline, "offline", o.Offline, "ask the provider nothing")
	f.BoolVar(&o.DetailedExit, "detailed-exitcode", o.DetailedExit, "exit with 10 where a run would pay, or may")
	return cmd
}

// planServices says where the models would be asked that are not the pipeline's own provider's. None of them is asked, so that a missing key
// is no matter here; a run refuses it.
func planServices(p *spec.Pipeline, env provider.Environment, o *runner.Options) error {
	judge := (*provider.Settings)(nil)
	if p.Test.Judge != nil {
		judge = p.Test.Judge.Provider
	}
	for _, s := range []struct {
		what     string
		settings *provider.Settings
		to       **runner.Service
	}{{"test.provider", p.Test.Provider, &o.Tested}, {"test.baseline.provider", p.Test.Baseline.Provider, &o.Baseline}, {"test.judge.provider", judge, &o.Judge}} {
		if s.settings == nil {
			continue
		}
		endpoint, err := resolveKeyless(*s.settings, env)
		if err != nil && !isNoKey(err) {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		*s.to = &runner.Service{Endpoint: endpoint}
	}
	return nil
}

// makePlan reads the spec and finds out what a run would do. The embedded engine is only looked at.
func makePlan(ctx context.Context, o options, s system) (plan *result.Plan, err error) {
	u, err := openUpkeep(o, s)
	noKey := err
	if err != nil && !isNoKey(err) {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.close()) }()
	journal, err := ledger.Read(u.state)
	if err != nil {
		return nil, err
	}
	p := runner.PlanOptions{Options: u.work(nil, journal)}
	p.Fresh = o.Fresh
	if err := planServices(u.pipeline, environment(o, s), &p.Options); err != nil {
		return nil, err
	}
	switch {
	case o.Offline:
		p.NotAsked = "--offline"
	case noKey != nil:
		p.NotAsked = noKey.Error()
	default:
		client, err := u.client(embedded.Look)
		if err != nil {
			return nil, err
		}
		p.Trainer = client
	}
	return runner.Plan(ctx, p)
}
