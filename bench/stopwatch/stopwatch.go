// Package stopwatch times programs, for the benchmarks: seconds, processor time and memory as the system counts them.
package stopwatch

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"
)

// A Taken is what one run of a program took.
type Taken struct {
	Whole  float64 // seconds from start to end
	CPU    float64 // seconds of the process and its children, user and system
	Memory float64 // MB at the peak of the largest process; 0: unknown
	Output []byte  // of both streams
}

// Time runs a command, which must succeed; else the error has what it wrote. The command's streams must be unset.
func Time(cmd *exec.Cmd) (Taken, error) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	start := time.Now()
	err := cmd.Run()
	whole := time.Since(start).Seconds()
	if err != nil {
		return Taken{}, fmt.Errorf("%s: %w\n%s", cmd.Path, err, output.Bytes())
	}
	return Taken{
		Whole:  whole,
		CPU:    (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
		Memory: peakMemory(cmd.ProcessState),
		Output: output.Bytes(),
	}, nil
}

// Median returns the value in the middle, or between the two in the middle.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}

// Line prints the median of values, the lowest and the highest.
func Line(w io.Writer, what, unit string, digits int, values []float64) {
	fmt.Fprintf(w, "  %-14s %8.*f %-4s (%.*f to %.*f)\n", what, digits, Median(values), unit, digits, slices.Min(values), digits, slices.Max(values))
}
