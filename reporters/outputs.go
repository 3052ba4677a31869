package reporters

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"ftrun/runner/result"
)

// identifier is what an id may look like that a later job puts into a command.
var identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:/@+-]{0,255}$`)

// Outputs writes the outputs of a step in the form of GITHUB_OUTPUT:
//
//	verdict      pass, fail, error, unfinished or refused
//	exit_code
//	reason_code
//	job_id       of the training job, where there is one
//	pass_rate    a share of 1, such as 0.875; empty where it is unknown
//	fixed        cases that the baseline failed and the tested model passed; empty where there is no baseline
//	broken       cases that the baseline passed and the tested model failed; empty where there is no baseline
//	delta        the pass rate less the baseline's, such as -0.02; empty where it is unknown
//	model        the tested model, only where the verdict is pass
//	results      the path of results.json
//
// delimiter returns a word that nobody can guess, another at each call. An id that is not plain letters, digits and the usual signs
// between them is left empty: a later job may put it into a shell.
func Outputs(w io.Writer, run *result.Run, results string, delimiter func() string) error {
	jobID, model, passRate := "", "", ""
	if run.Job != nil {
		jobID = run.Job.ID
	}
	if run.Verdict == result.VerdictPass && run.ExitCode == result.ExitPass {
		model = cmp.Or(run.TestedModel, run.FineTunedModel)
	}
	if rate := run.Summary.PassRate; rate != nil {
		passRate = strconv.FormatFloat(*rate, 'f', -1, 64)
	}
	fixed, broken, delta := comparedOutputs(run.Comparison)
	var b strings.Builder
	for _, o := range [][2]string{
		{"verdict", letters(string(run.Verdict))},
		{"exit_code", strconv.Itoa(run.ExitCode)},
		{"reason_code", plainID(run.ReasonCode)},
		{"job_id", plainID(jobID)},
		{"pass_rate", passRate},
		{"fixed", fixed},
		{"broken", broken},
		{"delta", delta},
		{"model", plainID(model)},
		{"results", line(results)},
	} {
		name, value, end := o[0], o[1], delimiter()
		if end == "" || strings.Contains(value, end) {
			return errors.New("the delimiter of an output stands in its value")
		}
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", name, end, value, end)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func comparedOutputs(c *result.Comparison) (fixed, broken, delta string) {
	if c == nil || c.Unavailable != "" {
		return "", "", ""
	}
	if isKnown(c.PassRate) {
		delta = strconv.FormatFloat(c.PassRate.Value, 'f', -1, 64)
	}
	return strconv.Itoa(c.Fixed), strconv.Itoa(c.Broken), delta
}

// plainID returns an id as it is, or nothing where it is none.
func plainID(id string) string {
	if !identifier.MatchString(id) {
		return ""
	}
	return id
}
