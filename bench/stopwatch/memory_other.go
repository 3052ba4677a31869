//go:build !unix

package stopwatch

import "os"

// peakMemory returns 0: only Unix systems keep count.
func peakMemory(*os.ProcessState) float64 { return 0 }
