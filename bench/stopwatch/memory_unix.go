//go:build unix

package stopwatch

import (
	"os"
	"runtime"
	"syscall"
)

// peakMemory returns the most memory that a process, or the largest of its children, had at once, in MB.
func peakMemory(p *os.ProcessState) float64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	unit := 1 << 10 // getrusage(2): kilobytes
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		unit = 1
	}
	return float64(usage.Maxrss) * float64(unit) / (1 << 20)
}
