package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"ftrun/reporters"
	"ftrun/runner/provider/openai"
	"ftrun/runner/result"
)

// A view shows a run while it happens: the console, and the event file where one is asked for.
type view struct {
	now     func() time.Time
	mu      sync.Mutex // one event at a time, whoever sends it
	console *reporters.Console
	log     *reporters.EventLog
	file    *os.File
	stop    chan struct{}
	ticking sync.WaitGroup
}

// openView returns a view that shows a run, even where the error says that there will be no event file.
func openView(o options, s system) (*view, error) {
	v := &view{now: s.Now, console: reporters.NewConsole(s.Stdout, consoleOptions(o, s)), stop: make(chan struct{})}
	v.ticking.Go(v.tick)
	if o.Events == "" {
		return v, nil
	}
	f, err := os.OpenFile(o.Events, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return v, fmt.Errorf("events: %w", err)
	}
	v.file, v.log = f, reporters.NewEventLog(f)
	return v, nil
}

// consoleOptions are what the terminal, or the log, can show.
func consoleOptions(o options, s system) reporters.ConsoleOptions {
	noColor, _ := s.Env.Lookup("NO_COLOR")
	termName, _ := s.Env.Lookup("TERM")
	return reporters.ConsoleOptions{
		Terminal: s.Terminal && termName != "dumb", Width: s.Width, Quiet: o.Quiet, Verbose: o.Verbose, Now: s.Now, Groups: o.GitHub.active(),
		Color: s.Terminal && termName != "dumb" && noColor == "" && !o.NoColor, ASCII: s.Terminal && !utf8Locale(s.Env.Lookup),
	}
}

// utf8Locale reports whether the terminal understands signs beyond ASCII; one that does not say is taken to.
func utf8Locale(lookup func(string) (string, bool)) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value, _ := lookup(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return true
}

// tick keeps the clock on the screen going, and the heartbeat in a log.
func (v *view) tick() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			v.console.Tick()
		case <-v.stop:
			return
		}
	}
}

func (v *view) observe(e result.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.console.Observe(e)
	if v.log != nil {
		v.log.Observe(e)
	}
}

func (v *view) notice(message string) {
	v.observe(result.Event{Time: v.now(), Type: result.EventNotice, Level: result.LevelInfo, Message: message})
}

func (v *view) retry(r openai.Retry) {
	v.observe(result.Event{
		Time: v.now(), Type: result.EventRetry,
		Message: fmt.Sprintf("%v: again in %v", r.Err, r.Delay.Round(time.Millisecond)),
	})
}

// logged returns why the event file, where one was asked for, is not whole.
func (v *view) logged() error {
	if v.log == nil || v.log.Err() == nil {
		return nil
	}
	return fmt.Errorf("events: %w", v.log.Err())
}

// finish stops the clock and shows how the run ended.
func (v *view) finish(run *result.Run, reports []string) error {
	close(v.stop)
	v.ticking.Wait()
	err := v.console.Finish(run, reports...)
	if v.file != nil {
		err = errors.Join(err, v.file.Close())
	}
	return err
}
