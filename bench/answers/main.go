// Command answers is what the benchmarks of the test stage ask: a chat service with a fixed latency, questions that it can answer, and
// a stopwatch around the programs that put them.
//
//	answers measure [flags] FTRUN       run FTRUN against the service as often as told; prints medians, lowest and highest
//	answers serve [flags]               only answer, until interrupted; prints the base URL, and at the end what was asked
//	answers spec [flags] PIPELINE.yaml  only write the pipeline that asks
//
// "answers measure -h" lists the flags of all three.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "answers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New("want serve, spec or measure")
	}
	c := config{runs: 5, promptfooRuns: 3}
	flags := flag.NewFlagSet("answers "+args[0], flag.ContinueOnError)
	operands := 1
	switch args[0] {
	case "serve":
		operands = 0
		c.serviceFlags(flags)
	case "spec":
		c.specFlags(flags)
	case "measure":
		c.serviceFlags(flags)
		c.specFlags(flags)
		c.measureFlags(flags)
	default:
		return fmt.Errorf("%q: want serve, spec or measure", args[0])
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != operands {
		return fmt.Errorf("%s: want %d arguments beside the flags, found %q", args[0], operands, flags.Args())
	}
	switch args[0] {
	case "serve":
		return serve(ctx, c, stdout)
	case "spec":
		return writeSpec(flags.Arg(0), c)
	default:
		return measure(ctx, c, flags.Arg(0), stdout)
	}
}

// config is what the flags say.
type config struct {
	addr     string
	latency  time.Duration
	rate     float64 // answers a second; 0: any number
	parallel int     // answers under way at once; 0: any number

	cases       int
	concurrency int
	baseline    bool
	caseFile    bool

	runs          int
	promptfoo     string // its program; empty: none
	promptfooRuns int
}

func (c *config) serviceFlags(f *flag.FlagSet) {
	f.StringVar(&c.addr, "addr", "127.0.0.1:0", "address to answer at")
	f.DurationVar(&c.latency, "latency", 50*time.Millisecond, "how long each answer takes")
	f.Float64Var(&c.rate, "rate", 0, "refuse with 429 what is more than so many questions a second (0: nothing)")
	f.IntVar(&c.parallel, "parallel", 0, "refuse with 429 what is more than so many questions at once (0: nothing)")
}

func (c *config) specFlags(f *flag.FlagSet) {
	f.IntVar(&c.cases, "cases", 1000, "number of test cases")
	f.IntVar(&c.concurrency, "concurrency", 50, "how many questions are under way at once")
	f.BoolVar(&c.baseline, "baseline", false, "ask a base model too, which gets a tenth of the cases wrong")
	f.BoolVar(&c.caseFile, "case-file", false, "put the cases into a JSONL file beside the pipeline, not into it")
}

func (c *config) measureFlags(f *flag.FlagSet) {
	f.IntVar(&c.runs, "runs", c.runs, "how often to run ftrun")
	f.StringVar(&c.promptfoo, "promptfoo", "", "promptfoo's program, to run on the same cases against the same service")
	f.IntVar(&c.promptfooRuns, "promptfoo-runs", c.promptfooRuns, "how often to run promptfoo")
}

// asked returns how many questions a run puts.
func (c *config) asked() int {
	if c.baseline {
		return 2 * c.cases
	}
	return c.cases
}

// ideal returns how long a client takes to ask everything that costs no time itself: as many questions at once as it is told and the
// service allows, or as many a second as that allows.
func (c *config) ideal() time.Duration {
	atOnce := c.concurrency
	if c.parallel > 0 {
		atOnce = min(atOnce, c.parallel)
	}
	perSecond := float64(atOnce) / c.latency.Seconds()
	if c.rate > 0 {
		perSecond = min(perSecond, c.rate)
	}
	return time.Duration(float64(c.asked()) / perSecond * float64(time.Second))
}
