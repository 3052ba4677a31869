package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"ftrun/reporters"
	"ftrun/runner"
	"ftrun/runner/ledger"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/result"
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
