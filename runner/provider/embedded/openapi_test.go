package embedded

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// descriptions are the schemas of the published description of the API.
//
// The document is 3 MB of YAML. Only the schemas that are needed are parsed, and with them those that they refer to.
type descriptions struct {
	sections map[string]string // the YAML of each schema

	mu       sync.Mutex
	parsed   map[string]any
	compiled map[string]*jsonschema.Schema
}

// loadDescriptions reads the description once for all tests.
var loadDescriptions = sync.OnceValues(func() (*descriptions, error) {
	path := sharedPath("reference/openapi.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, schemas, ok := strings.Cut(string(text), "\n  schemas:\n")
	if !ok {
		return nil, fmt.Errorf("%s has no schemas", path)
	}
	d := &descriptions{sections: map[string]string{}, parsed: map[string]any{}, compiled: map[string]*jsonschema.Schema{}}
	heads := regexp.MustCompile(`(?m)^    (\w[\w.-]*):$`).FindAllStringSubmatchIndex(schemas, -1)
	for i, h := range heads {
		end := len(schemas)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		d.sections[schemas[h[2]:h[3]]] = schemas[h[0]:end]
	}
	return d, nil
})

// describe returns the descriptions, or nil where they are absent.
func describe(t testing.TB) *descriptions {
	d, err := loadDescriptions()
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answers names the schema of each route's answer.
var answers = []struct {
	method string
	path   *regexp.Regexp
	schema string
}{
	{"POST", regexp.MustCompile(`^/v1/files$`), "OpenAIFile"},
	{"GET", regexp.MustCompile(`^/v1/files$`), "ListFilesResponse"},
	{"GET", regexp.MustCompile(`^/v1/files/[^/]+$`), "OpenAIFile"},
	{"DELETE", regexp.MustCompile(`^/v1/files/[^/]+$`), "DeleteFileResponse"},
	{"POST", regexp.MustCompile(`^/v1/fine_tuning/jobs$`), "FineTuningJob"},
	{"GET", regexp.MustCompile(`^/v1/fine_tuning/jobs$`), "ListPaginatedFineTuningJobsResponse"},
	{"GET", regexp.MustCompile(`^/v1/fine_tuning/jobs/[^/]+$`), "FineTuningJob"},
	{"POST", regexp.MustCompile(`^/v1/fine_tuning/jobs/[^/]+/(cancel|pause|resume)$`), "FineTuningJob"},
	{"GET", regexp.MustCompile(`^/v1/fine_tuning/jobs/[^/]+/events$`), "ListFineTuningJobEventsResponse"},
	{"GET", regexp.MustCompile(`^/v1/fine_tuning/jobs/[^/]+/checkpoints$`), "ListFineTuningJobCheckpointsResponse"},
	{"GET", regexp.MustCompile(`^/v1/models$`), "ListModelsResponse"},
	{"GET", regexp.MustCompile(`^/v1/models/.+$`), "Model"},
	{"DELETE", regexp.MustCompile(`^/v1/models/.+$`), "DeleteModelResponse"},
	{"POST", regexp.MustCompile(`^/v1/chat/completions$`), "CreateChatCompletionResponse"},
}

// check holds an answer against the schema of its route, or of errors.
func (d *descriptions) check(t testing.TB, method, path string, a answer) {
	t.Helper()
	if strings.HasSuffix(path, "/content") && a.Status == http.StatusOK {
		return // bytes, not JSON
	}
	schema := ""
	if a.Status >= 400 {
		schema = "ErrorResponse"
	}
	for _, r := range answers {
		if schema == "" && r.method == method && r.path.MatchString(path) {
			schema = r.schema
		}
	}
	if schema == "" {
		t.Errorf("%s %s: no description", method, path)
		return
	}
	d.checkBody(t, schema, a.Body)
}

func (d *descriptions) checkBody(t testing.TB, schema string, body []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%v in %s", err, body)
		return
	}
	s, err := d.schema(schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s does not fit its description: %v", body, err)
	}
}

// schema compiles a schema with all that it refers to.
func (d *descriptions) schema(name string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s, ok := d.compiled[name]; ok {
		return s, nil
	}
	defs := map[string]any{}
	if err := d.collect(name, defs); err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	const url = "mem:///openapi.json"
	if err := c.AddResource(url, map[string]any{"$defs": defs}); err != nil {
		return nil, err
	}
	s, err := c.Compile(url + "#/$defs/" + name)
	if err != nil {
		return nil, err
	}
	d.compiled[name] = s
	return s, nil
}

// collect puts a schema, and those it refers to, into defs.
func (d *descriptions) collect(name string, defs map[string]any) error {
	if _, ok := defs[name]; ok {
		return nil
	}
	section, ok := d.sections[name]
	if !ok {
		return fmt.Errorf("no schema %s", name)
	}
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(section), &doc); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b, err := json.Marshal(doc[name]) // and back, for the number types that the validator expects
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	var refs []string
	defs[name] = modernise(v, &refs)
	for _, ref := range refs {
		if err := d.collect(ref, defs); err != nil {
			return err
		}
	}
	return nil
}

// modernise turns what the document still writes as in OpenAPI 3.0 into JSON Schema, and notes the references.
func modernise(v any, refs *[]string) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = modernise(v[i], refs)
		}
	case map[string]any:
		for k := range v {
			v[k] = modernise(v[k], refs)
		}
		if ref, ok := v["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/components/schemas/")
			*refs = append(*refs, name)
			v["$ref"] = "#/$defs/" + name
		}
		if v["exclusiveMinimum"] == true {
			v["exclusiveMinimum"] = v["minimum"]
			delete(v, "minimum")
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}

func TestAnswersFitTheDescription(t *testing.T) {
	shared(t, "reference/openapi.yaml") // skips where it is absent: the other tests then check without it
	d := describe(t)
	for _, r := range answers {
		if _, err := d.schema(r.schema); err != nil {
			t.Error(err)
		}
	}
	t.Run("a wrong answer is noticed", func(t *testing.T) {
		s, err := d.schema("FineTuningJob")
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(map[string]any{"id": "ftjob-1"}) == nil {
			t.Error("a job with an id only fits")
		}
	})
}
