package reporters

import (
	"fmt"
	"strings"

	"ftrun/runner/result"
)

// problemLines returns one line for each problem, in the form that editors and CI systems turn into links.
func problemLines(problems []result.Problem) string {
	var s strings.Builder
	for _, p := range problems {
		s.WriteString(problemLine(p) + "\n")
	}
	return s.String()
}

// problemLine returns file:line:col: path: message without the parts that p lacks.
func problemLine(p result.Problem) string {
	where := p.File
	if p.Line > 0 {
		where += fmt.Sprintf(":%d", p.Line)
		if p.Col > 0 {
			where += fmt.Sprintf(":%d", p.Col)
		}
	}
	if p.Path != "" {
		where += ": " + p.Path
	}
	return where + ": " + p.Message
}
