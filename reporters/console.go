package reporters

import (
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"ftrun/runner/result"
)

// redraw is how long a status line stands at least while a stage goes on.
const redraw = 50 * time.Millisecond

// shownNotices is how many notices of a stage are written that are no warnings: a service that throttles may cause one with every answer.
const shownNotices = 10

// heartbeat is how often a log hears from a stage in which nothing changes.
const heartbeat = time.Minute

// ConsoleOptions say what a [Console] writes to. The zero value is a log: no colour, no rewriting.
type ConsoleOptions struct {
	Terminal bool             // the last line may be rewritten
	Width    int              // columns; 0: 80 on a terminal, else 120
	Color    bool             // ANSI colours are understood
	ASCII    bool             // signs outside ASCII are not
	Quiet    bool             // only the end of the run, and only what is wrong
	Verbose  bool             // every case, every request that is repeated, every step of training
	Groups   bool             // the log folds what stands between ::group:: and ::endgroup::, as that of GitHub does
	Now      func() time.Time // nil: time.Now
}

// A Console tells a person what a run is doing, and at the end what came of it.
//
// On a terminal its last line shows the current stage and is rewritten. Elsewhere it writes lines only: when something
// changes, and once a minute while nothing does.
type Console struct {
	mu   sync.Mutex
	w    io.Writer
	opts ConsoleOptions
	err  error // of the first failed write

	live     bool      // the terminal's last line is a status line
	drawn    time.Time // when the status line was last written
	now      time.Time
	stage    string
	began    time.Time // of the stage
	lastLine time.Time // when a line was last written
	grouped  bool      // a group is open

	provider string // its kind
	dataset  *result.Dataset
	job      *result.Job
	step     string // what the service last said about its training
	done     int
	total    int
	tally    map[string]int  // cases by status
	retries  int             // in this stage
	notices  int             // that are no warnings, in this stage
	warned   map[string]bool // the warnings that were written
}

// NewConsole returns a console that writes to w.
func NewConsole(w io.Writer, opts ConsoleOptions) *Console {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Width <= 0 {
		opts.Width = 120
		if opts.Terminal {
			opts.Width = 80
		}
	}
	return &Console{w: w, opts: opts, tally: map[string]int{}, warned: map[string]bool{}}
}

// Observe shows an event. It does not wait for anything but the writer.
func (c *Console) Observe(e result.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = e.Time
	if e.Time.IsZero() {
		c.now = c.opts.Now()
	}
	isOld := e.Type == result.EventNotice && e.Level == result.LevelWarn && c.warned[e.Message]
	c.note(e)
	if !c.opts.Quiet && !isOld {
		c.show(e)
	}
}

// Tick brings the time in the status line up to date, or writes the heartbeat that is due. Calling it, say, every second is
// optional; it may be called while Observe is.
func (c *Console) Tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.opts.Now()
	if !c.opts.Quiet && c.stage != "" {
		c.showProgress()
	}
}

// note keeps what later lines need of e.
func (c *Console) note(e result.Event) {
	switch e.Type {
	case result.EventStageStarted:
		c.stage, c.began, c.lastLine = e.Stage, c.now, c.now
		c.retries, c.notices = 0, 0
	case result.EventRunStarted:
		if e.Provider != nil {
			c.provider = e.Provider.Kind
		}
	case result.EventDataset:
		c.dataset = e.Dataset
	case result.EventJob:
		c.job = e.Job
	case result.EventJobEvent:
		if isStep(e.Message) {
			c.step = e.Message
		}
	case result.EventRetry:
		c.retries++
	case result.EventCase:
		c.done, c.total = max(c.done, e.Done), e.Total // they may overtake each other
		if e.Case != nil {
			c.tally[e.Case.Status]++
		}
	case result.EventNotice:
		switch e.Level {
		case result.LevelWarn:
			c.warned[e.Message] = true
		case result.LevelInfo:
			c.notices++
		}
	}
}

// show writes what a person should see of e.
func (c *Console) show(e result.Event) {
	switch e.Type {
	case result.EventRunStarted:
		c.showHeader(e)
	case result.EventNotice:
		if e.Level != result.LevelInfo || c.stage == "" || c.notices <= shownNotices || c.opts.Verbose {
			c.showNotice(e)
		}
	case result.EventJob:
		// The line of the finished stage is about to say the rest.
		if e.Changed && !c.opts.Terminal && c.stage == "wait" && !hasEnded(e.Job) {
			c.println(c.statusPieces()...)
		}
	case result.EventJobEvent:
		if !isStep(e.Message) || c.opts.Verbose {
			c.println(text(indent2), in(dim, "> "+c.quote(e.Message, 4)))
		}
	case result.EventRetry:
		if c.retries == 1 || c.opts.Verbose {
			c.println(text(indent2), in(dim, "> "+c.quote(e.Message, 4)))
		}
	case result.EventCase:
		if c.opts.Verbose && e.Case != nil {
			c.openGroup("every case")
			c.println(text(indent2), c.caseSign(*e.Case), text(" "+brief(e.Case.ID, 40)), in(dim, caseRemark(*e.Case)))
		}
	case result.EventDataset:
		if c.opts.Verbose && e.Dataset != nil {
			c.showDataset(e.Dataset, estimateAt(c.provider, e.Dataset))
		}
	case result.EventStageFinished:
		c.closeGroup()
		if more := c.notices - shownNotices; more > 0 && !c.opts.Verbose {
			c.println(text(indent2), in(dim, "> and "+count(more, "more notice")))
		}
		c.showStage(e)
		return
	}
	// Cases and steps may come by the thousand, and nobody reads a line that stands for a millisecond.
	if c.live && c.now.Sub(c.drawn) < redraw && e.Type != result.EventStageStarted {
		return
	}
	if c.stage != "" {
		c.showProgress()
	}
}

// hasEnded reports whether nothing more will become of a job.
func hasEnded(job *result.Job) bool {
	return job != nil && slices.Contains([]string{"succeeded", "failed", "cancelled"}, job.Status)
}

// isStep reports whether a line of the service's log is one of many that tell how far training is.
func isStep(message string) bool { return strings.HasPrefix(message, "Step ") }

const indent2 = "  "

// println writes a line above the status line.
func (c *Console) println(pieces ...piece) {
	c.eraseLive()
	c.write(render(c.opts.Color, pieces) + "\n")
	c.lastLine = c.now
}

// printWrapped writes a sentence behind what begins its line, and after it what ends the last. On a terminal it is broken between words, and
// its further lines are indented by so many columns; a log is searched by lines and keeps it whole.
func (c *Console) printWrapped(head []piece, s style, sentence string, indent int, tail ...piece) {
	lines := []string{sentence}
	if c.opts.Terminal {
		lines = wrap(sentence, c.opts.Width-widthOf(head), c.opts.Width-indent, widthOf(tail))
	}
	margin := []piece{text(strings.Repeat(" ", indent))}
	for i, l := range lines {
		row := append(slices.Clone(head), in(s, l))
		if i+1 == len(lines) {
			row = append(row, tail...)
		}
		c.println(row...)
		head = margin
	}
}

// openGroup begins a part of the log that is folded, where the log can do that and none is open. The title is our own: a command
// does not pass through [Line], and nothing that does can be one.
func (c *Console) openGroup(title string) {
	if c.opts.Groups && !c.grouped {
		c.eraseLive()
		c.write("::group::" + title + "\n")
		c.grouped = true
	}
}

func (c *Console) closeGroup() {
	if c.grouped {
		c.eraseLive()
		c.write("::endgroup::\n")
		c.grouped = false
	}
}

// eraseLive removes the status line from the terminal.
func (c *Console) eraseLive() {
	if c.live {
		c.write("\r\x1b[K")
		c.live = false
	}
}

func (c *Console) write(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}

// sign returns g as the terminal can show it.
func (c *Console) sign(g glyph) piece {
	if c.opts.ASCII {
		return in(g.style, g.ascii)
	}
	return in(g.style, g.sign)
}

// ours returns text as the terminal can show it: the few signs of our own have a form in ASCII.
func (c *Console) ours(s string) string {
	if c.opts.ASCII {
		s = strings.NewReplacer("→", "->", "×", "x", dash, "-", barSign, "#").Replace(s)
	}
	return s
}

// quote returns foreign text for the rest of a line of which the given number of columns is taken.
func (c *Console) quote(s string, taken int) string {
	return brief(s, max(c.opts.Width-taken, 20))
}
