// Command startup measures how long a program takes that has next to nothing to do, for bench/startup.sh.
//
//	startup [-runs N] [-wanted MS] PROGRAM [ARGUMENTS]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"ftrun/bench/stopwatch"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "startup:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("startup", flag.ContinueOnError)
	runs := flags.Int("runs", 20, "how often to run the program; the first run, which reads it from the disk, is one more")
	wanted := flags.Float64("wanted", 0, "how many milliseconds it may take, to be printed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 || *runs < 1 {
		return errors.New("want a program, and one run or more")
	}
	var ms, cpu, memory []float64
	for i := range *runs + 1 {
		taken, err := stopwatch.Time(exec.Command(flags.Arg(0), flags.Args()[1:]...))
		if err != nil {
			return err
		}
		if i > 0 {
			ms, cpu, memory = append(ms, 1000*taken.Whole), append(cpu, 1000*taken.CPU), append(memory, taken.Memory)
		}
	}
	name := strings.Join(append([]string{filepath.Base(flags.Arg(0))}, flags.Args()[1:]...), " ")
	fmt.Fprintf(stdout, "%s: median of %d runs (lowest to highest), wanted: at most %g ms\n", name, *runs, *wanted)
	stopwatch.Line(stdout, "whole process", "ms", 1, ms)
	stopwatch.Line(stdout, "processor time", "ms", 1, cpu)
	stopwatch.Line(stdout, "peak memory", "MB", 0, memory)
	return nil
}
