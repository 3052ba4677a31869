package spec

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// A checker turns a decoded file into a pipeline and reports what is impossible in it.
type checker struct {
	*yamlpos.Document
	unread    diag.List // problems of a file that could not be decoded
	file      pipelineFile
	variables variables
	pipeline  *Pipeline
}

func (c *checker) problems() diag.List {
	if c.unread != nil {
		return c.unread
	}
	return c.Problems()
}

func (c *checker) check() {
	c.checkName()
	c.checkProvider()
	c.checkTrain()
	c.checkDataset()
	c.checkPrompt()
	c.checkModels()
	c.checkWait()
	c.checkTest()
	c.checkThresholds()
	c.checkMoney()
	c.checkReports()
	c.checkVariables()
}

func (c *checker) checkName() {
	p := c.pipeline
	p.Name = c.file.Name
	if c.Has("name") {
		c.label("name", p.Name, 200)
		return
	}
	base := filepath.Base(c.pipeline.File)
	p.Name = strings.TrimSuffix(base, filepath.Ext(base))
	if strings.TrimSpace(p.Name) == "" || p.Name == "." {
		p.Name = "pipeline"
	}
}

func (c *checker) checkPrompt() {
	f := c.file.SystemPrompt
	if !c.Has("system_prompt") {
		return
	}
	if c.Has("system_prompt.file") {
		c.path("system_prompt.file", f.File)
	} else if strings.TrimSpace(f.Text) == "" {
		c.blank("system_prompt", "leave the key out for no system prompt")
	}
	c.pipeline.SystemPrompt, c.pipeline.SystemPromptFile = f.Text, f.File
}

func (c *checker) checkWait() {
	f := c.file.Wait
	c.positive("wait.timeout", f.Timeout)
	c.choice("wait.on_timeout", f.OnTimeout, []string{Leave, Cancel})
	c.choice("wait.on_interrupt", f.OnInterrupt, []string{Leave, Cancel})
	c.pipeline.Wait = Wait(f)
}

func (c *checker) checkReports() {
	f := c.file.Reports
	c.choice("reports.junit", f.JUnit, []string{on, off})
	c.choice("reports.markdown", f.Markdown, []string{on, off})
	c.pipeline.Reports = Reports{JUnit: f.JUnit == on, Markdown: f.Markdown == on}
}

// The checks below are shared. Each is about a value that is written in the file: one that is not was a default, and one that could not
// be decoded has been reported already.

// sound reports whether there is a value at a path and it was decoded without a problem.
func (c *checker) sound(path string) bool { return c.Has(path) && !c.Troubled(path) }

// choice wants one of the allowed words, and knows those of a later version.
func (c *checker) choice(path, word string, allowed []string) {
	if !c.sound(path) || slices.Contains(allowed, word) {
		return
	}
	if slices.Contains(later.values[path], word) {
		c.Addf(path, "%q is %s", word, notSupported)
		return
	}
	message := fmt.Sprintf("want %s, found %s", oneOf(allowed), yamlpos.Quote(word))
	if s := diag.Suggest(word, allowed); s != "" && len(allowed) > 1 {
		message += fmt.Sprintf("; did you mean %q?", s)
	}
	c.Addf(path, "%s", message)
}

// oneOf lists words: "a", "a or b", "a, b or c".
func oneOf(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
}

func (c *checker) blank(path, hint string) {
	if c.sound(path) {
		c.Add(path, "blank", hint)
	}
}

func (c *checker) positive(path string, d time.Duration) {
	if c.sound(path) && d <= 0 {
		c.Addf(path, "want more than 0, found %s", d)
	}
}

// within wants a whole number between two bounds.
func (c *checker) within(path string, n, low, high int) {
	switch {
	case !c.sound(path) || low <= n && n <= high:
	case high == math.MaxInt:
		c.Addf(path, "want %d or more, found %d", low, n)
	default:
		c.Addf(path, "want %d to %d, found %d", low, high, n)
	}
}

// label wants one line of text that reports can show.
func (c *checker) label(path, text string, limit int) {
	switch {
	case !c.sound(path):
	case strings.TrimSpace(text) == "":
		c.blank(path, "")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }):
		c.Addf(path, "want one line without control characters, found %s", yamlpos.Quote(text))
	case utf8.RuneCountInString(text) > limit:
		c.Addf(path, "longer than %d characters", limit)
	}
}

// model wants the name of a model.
func (c *checker) model(path, name string) {
	if c.label(path, name, 256); c.sound(path) && strings.ContainsFunc(name, unicode.IsSpace) {
		c.Addf(path, "want the name of a model, found %s with a blank in it", yamlpos.Quote(name))
	}
}

// path wants the path of one file.
func (c *checker) path(path, name string) {
	if c.label(path, name, 4096); !c.sound(path) {
		return
	}
	switch {
	case strings.Contains(name, "://"):
		c.Add(path, fmt.Sprintf("want a file, found the address %s", yamlpos.Quote(name)), "download the file, and name its path")
	case strings.ContainsAny(name, "*?["):
		c.Addf(path, "a pattern for several files is %s", notSupported)
	case strings.HasSuffix(name, "/"):
		c.Addf(path, "want a file, found the folder %s", yamlpos.Quote(name))
	}
}
