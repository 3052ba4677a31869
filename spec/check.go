package spec

import (
	"path/filepath"
	"slices"
	"strings"

	"ftrun/spec/diag"
)

// A checker turns a decoded file into a pipeline and reports what is impossible in it.
type checker struct {
	inspector
	unread    diag.List // problems of a file that could not be decoded
	elsewhere diag.List // problems of case files
	file      pipelineFile
	variables variables
	pipeline  *Pipeline

	read  *LoadOptions // what files may be read; nil: none are
	suite suite
}

func (c *checker) problems() diag.List {
	if c.unread != nil {
		return c.unread
	}
	return append(slices.Clone(c.Problems()), c.elsewhere...)
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
	c.checkJudge()
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
