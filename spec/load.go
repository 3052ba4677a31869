package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"ftrun/runner/result"
	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// DefaultFile is the pipeline file where none is named.
const DefaultFile = "pipeline.yaml"

const maxPromptBytes = 1 << 20

// LoadOptions are what whoever runs ftrun allows. The spec can't change it.
type LoadOptions struct {
	AllowOutside bool     // files outside the spec's repository may be read
	AllowEnv     []string // variables, beside those that begin with [VariablePrefix], that ${NAME} may stand for

	// Lookup returns an environment variable, and whether it is set. It is asked only for what the spec may read. Nil: none is set.
	Lookup func(name string) (string, bool)
}

// Load reads and checks a pipeline file, and the prompt and the files of cases that it names, and sees that its dataset and the results of its
// baseline are files that it may read; an empty path stands for [DefaultFile]. In scalars it fills in ${NAME} and ${NAME:-default}, but neither in prompts nor in cases; $${ is a literal
// ${. The error is a [diag.List] with every problem, sorted.
func Load(path string, opts LoadOptions) (*Pipeline, error) {
	if path == "" {
		path = DefaultFile
	}
	src, problem := readSpec(path)
	if problem != nil {
		return nil, diag.List{*problem}.Err()
	}
	c := parse(path, src, opts, &opts)
	if c.pipeline != nil {
		c.readPrompt(opts)
		c.findResults(opts)
	}
	if err := c.problems().Err(); err != nil {
		return nil, err
	}
	return c.pipeline, nil
}

// readSpec reads the file, and one byte beyond what Parse accepts at most.
func readSpec(path string) ([]byte, *diag.Diagnostic) {
	refuse := func(message, hint string) ([]byte, *diag.Diagnostic) {
		return nil, &diag.Diagnostic{Pos: diag.Position{File: path}, Message: message, Hint: hint}
	}
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && path == DefaultFile:
		return refuse("there is no "+DefaultFile+" in this folder", "name the pipeline file: -f FILE")
	case errors.Is(err, fs.ErrNotExist):
		return refuse("there is no such file", "name the pipeline file: -f FILE")
	case err != nil:
		return refuse("read: "+cause(err), "")
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return refuse("a folder, not a pipeline file", "name the file in it: -f "+filepath.ToSlash(filepath.Join(path, DefaultFile)))
	}
	src, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return refuse("read: "+cause(err), "")
	}
	return src, nil
}

// cause is an error of the file system without its operation and path, which the position says already.
func cause(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// readPrompt replaces the name of a prompt file by its text. A byte order mark, CR LF and the last line's end are left out, so that the same
// prompt makes the same training data whatever editor or checkout it went through.
func (c *checker) readPrompt(opts LoadOptions) {
	const at = "system_prompt.file"
	if !c.sound(at) {
		return
	}
	path, ok := c.findFile(at, c.pipeline.SystemPromptFile, opts)
	if !ok {
		return
	}
	src, err := readAtMost(path, maxPromptBytes)
	switch {
	case err != nil:
		c.Addf(at, "read %s: %s", yamlpos.Quote(c.pipeline.SystemPromptFile), cause(err))
	case len(src) > maxPromptBytes:
		c.Addf(at, "%s is larger than 1 MiB", yamlpos.Quote(c.pipeline.SystemPromptFile))
	case !utf8.Valid(src) || bytes.ContainsRune(src, 0):
		c.Add(at, yamlpos.Quote(c.pipeline.SystemPromptFile)+" is not UTF-8 text", "save it as UTF-8")
	case strings.TrimSpace(string(src)) == "":
		c.Add(at, yamlpos.Quote(c.pipeline.SystemPromptFile)+" is blank", "write the prompt into it, or leave system_prompt out")
	default:
		text := strings.TrimPrefix(string(src), "\ufeff")
		text = strings.ReplaceAll(text, "\r\n", "\n")
		c.pipeline.SystemPrompt = strings.TrimSuffix(text, "\n")
	}
}

func readAtMost(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// findResults sees that the baseline's results are those of a run.
func (c *checker) findResults(opts LoadOptions) {
	const at = pathBaseline + ".results"
	if !c.sound(at) {
		return
	}
	name := c.pipeline.Test.Baseline.Results
	path, ok := c.findFile(at, name, opts)
	if !ok {
		return
	}
	f, err := os.Open(path)
	if err != nil {
		c.Addf(at, "read %s: %s", yamlpos.Quote(name), cause(err))
		return
	}
	defer f.Close()
	if !isResults(f) {
		c.Add(at, yamlpos.Quote(name)+" is no results.json of ftrun", "name the results.json that a run has written into its --out folder")
	}
}

// isResults reports whether a file begins like a results.json, whose schema comes first. The whole of it is read by whoever compares with it.
func isResults(r io.Reader) bool {
	const enough = 1 << 10
	dec := json.NewDecoder(io.LimitReader(r, enough))
	for _, want := range []json.Token{json.Delim('{'), "schema", result.Schema} {
		if token, err := dec.Token(); err != nil || token != want {
			return false
		}
	}
	return true
}

// allowed reports whether what is at a path may be read, and a problem with the name where it may not.
func (c *checker) allowed(at, name, path string, opts LoadOptions) bool {
	_, err := CheckPath(c.pipeline.Dir, path, opts)
	if err == nil {
		return true
	}
	hint := ""
	if outside, ok := errors.AsType[*OutsideError](err); ok {
		outside.Name, hint = name, outside.Hint()
	}
	c.Add(at, err.Error(), hint)
	return false
}

// findFile returns the path of a file that the spec names, and reports one that is not there or may not be read.
func (c *checker) findFile(at, name string, opts LoadOptions) (string, bool) {
	if !c.allowed(at, name, name, opts) {
		return "", false
	}
	path := resolvePath(c.pipeline.Dir, name)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.Add(at, fmt.Sprintf("there is no file %s", yamlpos.Quote(name)), "paths are relative to the folder of the pipeline file")
	case err != nil:
		c.Addf(at, "read %s: %s", yamlpos.Quote(name), cause(err))
	case info.IsDir():
		c.Addf(at, "want a file, found the folder %s", yamlpos.Quote(name))
	case !info.Mode().IsRegular():
		c.Addf(at, "want a file, found a device or a pipe: %s", yamlpos.Quote(name))
	default:
		return path, true
	}
	return "", false
}

// ResultsPath returns where the results of the baseline are, joined to the folder of the pipeline file unless it is absolute. It is empty where the baseline is another.
func (p *Pipeline) ResultsPath() string {
	if p.Test.Baseline.Kind != BaselineResults {
		return ""
	}
	return resolvePath(p.Dir, p.Test.Baseline.Results)
}

func resolvePath(dir, name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}

// Path returns where a file is that the spec names: joined to the folder of the pipeline file, unless it is absolute.
func (p *Pipeline) Path(name string) string { return resolvePath(p.Dir, name) }
