package stopwatch

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestTime: the program's own memory is what is told, and a program that fails is no measurement.
func TestTime(t *testing.T) {
	s, err := Time(exec.Command("go", "version"))
	if err != nil || s.Whole <= 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	if runtime.GOOS != "windows" && (s.Memory < 1 || s.Memory > 1000) {
		t.Errorf("%v MB", s.Memory)
	}
	if _, err := Time(exec.Command("go", "no-such-command")); err == nil || !strings.Contains(err.Error(), "no-such-command") {
		t.Errorf("got %v", err)
	}
}

func TestMedian(t *testing.T) {
	if got := Median([]float64{9, 1, 3}); got != 3 {
		t.Errorf("of three: %v", got)
	}
	if got := Median([]float64{9, 1, 3, 4}); got != 3.5 {
		t.Errorf("of four: %v", got)
	}
}
