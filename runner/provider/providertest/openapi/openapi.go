// Package openapi holds requests and answers to the published description of the API, a file that is not part of the project: it
// lies in the shared test data. Only tests import it.
//
// A check is stricter than the description in two ways. A field that the description does not name is an error, though JSON Schema
// would let it pass; and what it says in prose only is added to its schemas in [prose].
//
// Not checked: headers other than Content-Type, so how a key is sent; and the content of an uploaded file.
package openapi

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// basePath is the path of the description's only server, https://api.openai.com/v1.
const basePath = "/v1"

// A Description is the published description of the API. It is safe for concurrent use.
//
// The document is 3 MB of YAML, and to parse it whole takes seconds. It is cut into sections by their indentation, and a section is
// parsed when something needs it.
type Description struct {
	paths   map[string]string // the YAML of each path template
	schemas map[string]string // the YAML of each schema

	mu         sync.Mutex // guards what follows
	operations map[string]*operation
	compiler   *jsonschema.Compiler
}

// Open returns the description, which is read once. Its error is fs.ErrNotExist where the file is absent; FTRUN_TESTDATA names the
// folder of the shared test data, which else is looked for beside the module's root.
var Open = sync.OnceValues(open)

func open() (*Description, error) {
	path, err := location()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (FTRUN_TESTDATA names the folder that holds reference/openapi.yaml)", err)
	}
	if err != nil {
		return nil, err
	}
	d, err := parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Load returns the description, or skips the test where it is absent.
func Load(t testing.TB) *Description {
	t.Helper()
	d, err := Open()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func location() (string, error) {
	dir := os.Getenv("FTRUN_TESTDATA")
	if dir == "" {
		root, err := moduleRoot()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(root, "..", "shared")
	}
	return filepath.Join(dir, "reference", "openapi.yaml"), nil
}

// moduleRoot is the folder of go.mod above the working directory, which in a test is the package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}

func parse(text string) (*Description, error) {
	top := children(text, 0)
	d := &Description{
		paths:      children(top["paths"], 2),
		schemas:    children(children(top["components"], 2)["schemas"], 4),
		operations: map[string]*operation{},
	}
	if len(d.paths) == 0 || len(d.schemas) == 0 {
		return nil, errors.New("no description of an API: paths or schemas are missing")
	}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.UseLoader(loader{d})
	d.compiler.AssertFormat()
	return d, nil
}

// children cuts the text of a YAML mapping, whose keys are indented by so many spaces, into its entries, key line included.
func children(text string, indent int) map[string]string {
	entries := map[string]string{}
	margin := strings.Repeat(" ", indent)
	name, start := "", 0
	for at := 0; at < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if key, ok := keyOf(text[at:end], margin); ok {
			if name != "" {
				entries[name] = text[start:at]
			}
			name, start = key, at
		}
		at = end
	}
	if name != "" {
		entries[name] = text[start:]
	}
	return entries
}

// keyOf returns the key on a line that is indented by exactly the margin.
func keyOf(line, margin string) (string, bool) {
	rest, ok := strings.CutPrefix(line, margin)
	if !ok || strings.ContainsAny(rest[:min(1, len(rest))], " #-\n") {
		return "", false
	}
	key, value, ok := strings.Cut(rest, ":")
	return key, ok && (value == "" || value[0] == ' ' || value[0] == '\n')
}
