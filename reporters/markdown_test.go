package reporters_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ftrun/reporters"
	"ftrun/runner/result"
)

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for name, run := range runs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var buf bytes.Buffer
			if err := reporters.Markdown(&buf, run); err != nil {
				t.Fatal(err)
			}
			checkMarkdown(t, buf.String())
			golden(t, "summary_"+name, buf.String())
		})
	}
}

// TestJobSummaryFits cuts summaries at every small size, and at those around the limit of GitHub.
func TestJobSummaryFits(t *testing.T) {
	t.Parallel()
	many := failRun()
	many.Cases = hostileCases(10_000)
	many.Summary = result.Summary{Cases: 10_000, Failed: 7500, Errored: 2500}
	rooms := []int{100, 1 << 16, 1 << 20}
	for name, run := range map[string]*result.Run{"many": many, "pass": passRun(), "hostile": hostileRun(), "invalid": invalidRun()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sizes := rooms
			if name != "many" {
				for room := range 2500 {
					sizes = append(sizes, room)
				}
			} else {
				sizes = append(sizes, -1, 0, 1)
			}
			for _, room := range sizes {
				var buf bytes.Buffer
				if err := reporters.JobSummary(&buf, run, room); err != nil {
					t.Fatal(err)
				}
				if buf.Len() > max(room, 0) {
					t.Fatalf("%d bytes in a room of %d", buf.Len(), room)
				}
				if buf.Len() > 0 && !strings.HasPrefix(buf.String(), "## ") {
					t.Fatalf("room %d: it begins with %.40q", room, &buf)
				}
				checkMarkdown(t, buf.String())
			}
		})
	}
}

// TestJobSummarySaysWhatWasCut reads the notes of a summary that is too large.
func TestJobSummarySaysWhatWasCut(t *testing.T) {
	t.Parallel()
	run := failRun()
	run.Cases = hostileCases(10_000)
	for _, test := range []struct {
		room int
		want string
	}{
		{1 << 20, `(?m)^… [0-9,]+ of 2,500 broken cases left out; they are in results\.json$`},
		{1 << 20, `(?m)^… left out for lack of room: cases that must pass, failing cases, cases without a verdict; all is in results\.json$`},
		{1200, `(?m)^… left out for lack of room: .*broken cases, .*the run, .*warnings; all is in results\.json$`},
	} {
		var buf bytes.Buffer
		if err := reporters.JobSummary(&buf, run, test.room); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(test.want).Match(buf.Bytes()) {
			t.Errorf("room %d: %s is not in it; its end is\n%s", test.room, test.want, buf.Bytes()[max(0, buf.Len()-1000):])
		}
		if shown := strings.Count(buf.String(), "\n#### "); test.room == 1<<20 {
			note := regexp.MustCompile(`(?m)^… ([0-9,]+) of 2,500 broken`).FindStringSubmatch(buf.String())
			var left int
			fmt.Sscan(strings.ReplaceAll(note[1], ",", ""), &left)
			if shown == 0 || left == 0 || shown+left != 2500 {
				t.Errorf("%d cases shown, %d left out", shown, left)
			}
		}
	}
}

func TestMarkdownEndsWithCases(t *testing.T) {
	t.Parallel()
	run := failRun()
	run.Cases = brokenCases{}
	if err := reporters.Markdown(&bytes.Buffer{}, run); err == nil {
		t.Error("no error for cases that can't be read")
	}
}

// FuzzMarkdown puts the text in every place that can come from outside, and reads the summary with [checkMarkdown].
func FuzzMarkdown(f *testing.F) {
	for _, s := range []string{
		"", hostileText, "`", "``` \n```\n# x", "a|b\\|c", "\\", "<!-- x", "<script>", "[a](javascript:b)", "![a](b)", "@octocat #1 GH-1", "\t- x\n\n\n# y",
		"www.example.com https://example.com a@example.com", "[^1]: x", "$x$", ":smile:", "- a\n\n    b", "\u2028# x", "\x0b\x0c\r# x", strings.Repeat("`", 300),
		"~~~\n", "| a |\n|---|\n", "&lt;b&gt;", "***a***", "    ", "\n\n\n", "`` ` ``` a", "\xff`\xfe|", "* [ ] x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		run := failRun()
		run.Name, run.Reason, run.Hint, run.ReasonCode, run.Verdict = s, s, s, s, result.Verdict(s)
		run.BaseModel, run.FineTunedModel, run.TestedModel, run.Cost.Note = s, s, s, s
		run.Provider, run.Job.ID, run.Job.Status = result.Provider{Kind: s, BaseURL: s}, s, s
		run.Stages = []result.Stage{{Name: s, Status: s, Reason: s}}
		run.Warnings = []string{s, "x", s}
		run.Problems = []result.Problem{{File: s, Line: 1, Path: s, Message: s, Hint: s}}
		run.Thresholds = []result.Threshold{{Expression: s, Reason: s, Verdict: s}}
		run.Comparison = &result.Comparison{
			Baseline: s, Kind: s, Provider: &result.Provider{Kind: s}, Results: s, FixedCases: []string{s, s},
			PassRate: &result.Difference{Value: 0.1, Method: s},
		}
		run.Flaky = []result.Flake{{ID: s}}
		run.Contamination = &result.Contamination{Findings: []result.Finding{{ID: s, Line: 1, File: s, Kind: s, Source: s, SourceLine: 1, Question: s}}}
		run.Dataset.Sources = []result.Source{{Path: s, Shape: s}}
		run.Dataset.Columns, run.Dataset.RoleTokens, run.Dataset.TokenStats.Encoding = map[string]string{s: s}, map[string]int64{s: 1}, s
		run.Dataset.Findings = []result.DataFinding{{Kind: s, Severity: s, Count: 2, Message: s, Hint: s, Places: []result.DataPlace{{File: s, Line: 1, Message: s}}}}
		run.Provenance.Spec, run.Provenance.Version = s, s
		var cases result.CaseList
		for _, status := range []string{result.CaseFailed, result.CaseErrored} {
			c := science(s, 1, s, s, status)
			c.Expected, c.Error, c.Assertions[0].Name, c.Assertions[0].Reason = s, s, s, s
			c.File, c.ToolCalls = s, []result.ToolCall{{Name: s, Arguments: s}}
			c.Baseline = &result.Answer{Status: result.CasePassed, ToolCalls: c.ToolCalls}
			cases = append(cases, c)
		}
		run.Cases = cases
		for _, room := range []int{1 << 20, 1500} {
			var buf bytes.Buffer
			if err := reporters.JobSummary(&buf, run, room); err != nil {
				t.Fatal(err)
			}
			if buf.Len() > room {
				t.Errorf("%d bytes in a room of %d", buf.Len(), room)
			}
			checkMarkdown(t, buf.String())
		}
	})
}

// checkMarkdown reads a summary with less trust than any renderer: outside code there are only signs that mean nothing. That is
//
//   - lines that begin with four blanks, in a block that follows an empty line and no list,
//   - headings, table rows with as many cells as the first of their table, and paragraphs; of these, what stands in code spans, and
//     else letters, digits, and a few signs; no bar stands in the code of a table.
func checkMarkdown(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Errorf("not UTF-8: %q", s)
	}
	if s != "" && !strings.HasSuffix(s, "\n") {
		t.Errorf("the last line has no end: %q", s[max(0, len(s)-80):])
	}
	if open, closed := strings.Count(s, "\n<details>"), strings.Count(s, "\n</details>\n"); open != closed {
		t.Errorf("%d folded parts are opened, and %d closed", open, closed)
	}
	before, cells := "", 0
	for _, l := range strings.Split(s, "\n") {
		if strings.ContainsFunc(l, func(r rune) bool {
			return unicode.IsControl(r) || strings.ContainsRune("\u2028\u2029\u202e\u2066\ufeff", r)
		}) {
			t.Errorf("unseen characters: %q", l)
		}
		isCode := strings.HasPrefix(l, "    ")
		switch {
		case isCode && before != "" && !strings.HasPrefix(before, "    "):
			t.Errorf("no code block begins at %q: it follows %q", l, before)
		case isCode:
		default:
			checkMarkdownLine(t, l, &cells)
		}
		before = l
	}
}

var (
	markdownPlain = regexp.MustCompile(`^[\p{L}\p{N} .,:;()%=/✓✗!?≈·…▁▂▃▄▅▆▇█+-]*$`)
	listItem      = regexp.MustCompile(`^\s*([-+]|\d+[.)]) `)
	foundLink     = regexp.MustCompile(`://|www\.|:\w+:`)
	foldedLine    = regexp.MustCompile(`^(<details><summary>[\p{L}\p{N} ,]+</summary>|</details>)$`)
	tableRule     = regexp.MustCompile(`^\|(---\|)+$`)
)

func checkMarkdownLine(t *testing.T, l string, cells *int) {
	t.Helper()
	own, spans := outsideSpans(t, l)
	isRow := strings.HasPrefix(l, "|")
	switch {
	case tableRule.MatchString(l), foldedLine.MatchString(l):
		own = ""
	case isRow:
		if strings.Contains(strings.Join(spans, ""), "|") {
			t.Errorf("a bar in the code of a table: %q", l)
		}
		if *cells == 0 {
			*cells = strings.Count(own, "|")
		}
		if strings.Count(own, "|") != *cells || !strings.HasSuffix(own, "|") {
			t.Errorf("not a row of %d bars: %q", *cells, l)
		}
		own = strings.ReplaceAll(own, "|", "")
	default:
		*cells = 0
		own = strings.TrimLeft(own, "#")
	}
	if !markdownPlain.MatchString(own) || !isRow && listItem.MatchString(own) || foundLink.MatchString(own) {
		t.Errorf("outside code there is %q", own)
	}
}

// outsideSpans returns what of a line stands outside code spans, and what inside.
func outsideSpans(t *testing.T, l string) (own string, spans []string) {
	t.Helper()
	for {
		i := strings.IndexByte(l, '`')
		if i < 0 {
			return own + l, spans
		}
		own += l[:i] + "x" // what is glued to code is no word of its own
		l = l[i:]
		fence := l[:len(l)-len(strings.TrimLeft(l, "`"))]
		if len(fence) > 80 {
			t.Errorf("a fence of %d backticks, which GitHub does not know", len(fence))
		}
		l = l[len(fence):]
		end := -1
		for at := 0; at < len(l); {
			run := len(l[at:]) - len(strings.TrimLeft(l[at:], "`"))
			if run == len(fence) {
				end = at
				break
			}
			at += max(run, 1)
		}
		if end < 0 {
			t.Errorf("a code span without an end: %q", l)
			return own, spans
		}
		spans = append(spans, l[:end])
		l = l[end+len(fence):]
	}
}

// hostileCases returns n cases that went wrong, of every kind as many, with long and hostile texts.
func hostileCases(n int) result.CaseList {
	list := make(result.CaseList, n)
	text := strings.Repeat(hostileText+"```\n# 🌍 <b>`` ` |\n    - [x](y)\n", 5)
	for i := range list {
		c := science(fmt.Sprintf("case-%d %s", i, hostileText), i, text, text, result.CaseFailed)
		switch i % 4 {
		case 0:
			c.MustPass = true
		case 1:
			c.Baseline = &result.Answer{Status: result.CasePassed, Generated: &text}
		case 2:
			c.Answer = result.Answer{Status: result.CaseErrored, Error: text}
		}
		list[i] = c
	}
	return list
}
