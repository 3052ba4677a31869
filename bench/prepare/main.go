// Command prepare measures ftrun's prepare stage, for bench/prepare.sh.
//
//	prepare beside [-runs N] FTRUN ROWS.json PLAIN      ftrun and bench/plainprepare by turns: the ratio
//	prepare growth [-runs N] FTRUN ROWS.json MORE.json  what more rows cost in memory
//	prepare alone  [-runs N] FTRUN ROWS                 seconds, MB/s and memory
//
// Every run writes files of its own in a new folder beside the rows, which is removed when it is measured: to overwrite a file takes longer.
// "prepare alone -h" lists the flags.
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "prepare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	commands := map[string]struct {
		operands int
		do       func(context.Context, io.Writer, int, []string) error
	}{
		"beside": {3, beside}, "growth": {3, growth}, "alone": {2, alone},
	}
	if len(args) == 0 {
		return errors.New("want beside, growth or alone")
	}
	command, known := commands[args[0]]
	if !known {
		return fmt.Errorf("%q: want beside, growth or alone", args[0])
	}
	flags := flag.NewFlagSet("prepare "+args[0], flag.ContinueOnError)
	runs := flags.Int("runs", 3, "how often to run each program")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if flags.NArg() != command.operands || *runs < 1 {
		return fmt.Errorf("%s: want %d arguments beside the flags and one run or more, found %q", args[0], command.operands, flags.Args())
	}
	return command.do(ctx, stdout, *runs, flags.Args())
}

// beside runs both programs by turns, and compares what they wrote.
func beside(ctx context.Context, w io.Writer, runs int, args []string) error {
	ftrun, rows, plain := args[0], args[1], args[2]
	var ours, theirs []sample
	for range runs {
		one, other, err := pair(ctx, ftrun, plain, rows)
		if err != nil {
			return err
		}
		ours, theirs = append(ours, one), append(theirs, other)
	}
	fmt.Fprintf(w, "%d rows, %s, %d tokens: both programs counted the same, and wrote the same messages row for row\n",
		ours[0].rows, size(rows), ours[0].tokens)
	report(w, "the plain program", theirs)
	report(w, "ftrun --until prepare", ours)
	fmt.Fprintf(w, "ratio of the whole processes: %.1f (wanted: at least 40; hoped for: 60); of processor time: %.1f\n",
		median(theirs, whole)/median(ours, whole), median(theirs, cpu)/median(ours, cpu))
	fmt.Fprintf(w, "ratio of the plain program to the stage alone: %.1f\n", median(theirs, whole)/median(ours, stage))
	fmt.Fprintf(w, "peak memory: %.0f MB (wanted: at most 100)\n", median(ours, memory))
	return nil
}

// growth runs ftrun with few rows and with more.
func growth(ctx context.Context, w io.Writer, runs int, args []string) error {
	var all [2][]sample
	for range runs {
		for i, rows := range args[1:] {
			s, err := runFtrun(ctx, args[0], rows, nil)
			if err != nil {
				return err
			}
			all[i] = append(all[i], s)
		}
	}
	for i, rows := range args[1:] {
		report(w, fmt.Sprintf("ftrun --until prepare, %d rows, %s", all[i][0].rows, size(rows)), all[i])
	}
	few, more := all[0], all[1]
	const mb = 1 << 20
	fmt.Fprintf(w, "%.0f bytes of memory for every further row (wanted: at most 100)\n",
		(median(more, memory)-median(few, memory))*mb/float64(more[0].rows-few[0].rows))
	return nil
}

// alone runs ftrun and nothing else.
func alone(ctx context.Context, w io.Writer, runs int, args []string) error {
	var samples []sample
	for range runs {
		s, err := runFtrun(ctx, args[0], args[1], nil)
		if err != nil {
			return err
		}
		samples = append(samples, s)
	}
	report(w, fmt.Sprintf("ftrun --until prepare, %d rows, %s", samples[0].rows, size(args[1])), samples)
	info, err := os.Stat(args[1])
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%.0f MB/s\n", float64(info.Size())/1e6/median(samples, whole))
	return nil
}
