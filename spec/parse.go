package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"

	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// MaxBytes is the size of the largest pipeline file.
const MaxBytes = yamlpos.MaxBytes

// shownWarnings is how many warnings of one kind are listed. Ten thousand rows of a case file may have the same slip.
const shownWarnings = 3

// Parse checks the bytes of a pipeline file and fills in the defaults. It reads no other file: where the spec names a file for the
// system prompt, SystemPromptFile has its name, and where it names files of cases, Test.CaseFiles has theirs. [Load] reads them. Cases then has
// only what stands in the file itself, nothing is checked that depends on all cases, and where no threshold is written there is none. No
// environment variable is set for it: [Load] fills them in. The error is a [diag.List] with every problem, sorted.
func Parse(file string, src []byte) (*Pipeline, error) {
	c := parse(file, src, LoadOptions{}, nil)
	if err := c.problems().Err(); err != nil {
		return nil, err
	}
	return c.pipeline, nil
}

// parse returns the checked pipeline; it is usable only where there are no problems. read says what files it may read; nil: none.
func parse(file string, src []byte, opts LoadOptions, read *LoadOptions) *checker {
	doc, problems := yamlpos.Parse(file, src, yamlpos.Hints{
		Empty:  `a pipeline begins with "version: 1"`,
		Large:  "a pipeline file holds settings and test cases; training data and long lists of cases belong in files of their own",
		Second: "keep one document a file, and one pipeline a document",
	})
	if doc == nil {
		return &checker{unread: problems}
	}
	c := &checker{inspector: inspector{doc}, file: defaults(), read: read}
	if problem, ok := checkVersion(doc.Root()); !ok {
		if !isQuotedOne(doc.Root()) {
			c.unread = diag.List{problem}
			return c
		}
		doc.Report(problem)
	}
	doc.Later = laterKey
	doc.Meant = meantKey
	doc.Foreign = decodeNested
	doc.Outermost = isTopLevel
	c.variables = variables{lookup: opts.Lookup, allowed: opts.AllowEnv}
	doc.Expand = c.variables.expand
	doc.Root().Into(&c.file)
	sum := sha256.Sum256(src)
	c.pipeline = &Pipeline{File: file, Dir: filepath.Dir(file), SHA256: hex.EncodeToString(sum[:])}
	c.check()
	c.pipeline.Warnings = append(c.pipeline.Warnings, c.suite.warnings...)
	c.pipeline.Warnings.Sort()
	c.pipeline.Warnings = c.pipeline.Warnings.Fold(shownWarnings)
	return c
}

// isQuotedOne reports whether the version is 1 but for its quotes. What else is wrong with the file is told with it then, because the file means this
// version.
func isQuotedOne(root yamlpos.Value) bool {
	version, ok := root.Lookup("version")
	return ok && version.Quoted() && version.Text() == "1"
}

// checkVersion looks for the version before anything else is decoded, so that a file of another version gets one sentence rather than
// one for every key that changed.
func checkVersion(root yamlpos.Value) (diag.Diagnostic, bool) {
	const begin = `begin the file with "version: 1"`
	if root.Kind() != yamlpos.Mapping {
		return diag.Diagnostic{Pos: root.Pos(), Message: "want a pipeline, that is keys such as version and base_model", Hint: begin}, false
	}
	version, ok := root.Lookup("version")
	switch {
	case !ok:
		return diag.Diagnostic{Pos: root.Pos(), Message: `missing key "version"`, Hint: begin}, false
	case version.Text() == "1" && !version.Quoted():
		return diag.Diagnostic{}, true
	case version.Kind() == yamlpos.Scalar && !version.Quoted():
		return diag.Diagnostic{Pos: version.Pos(), Path: "version", Message: "this ftrun reads version 1, found " + yamlpos.Quote(version.Text()),
			Hint: "write the file as version 1, or use the ftrun that reads this version"}, false
	case isQuotedOne(root):
		return diag.Diagnostic{Pos: version.Pos(), Path: "version", Message: "want the number 1, found a text", Hint: "take the quotes away"}, false
	default:
		return diag.Diagnostic{Pos: version.Pos(), Path: "version", Message: "want the number 1", Hint: begin}, false
	}
}
