package embedded

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"ftrun/runner/provider/providertest/openapi"
)

// descriptions are the published description of the API, to which the engine's answers are held: field for field, nothing missing
// and nothing made up.
type descriptions struct{ *openapi.Description }

// describe returns the description, or nil where it is absent.
func describe(t testing.TB) *descriptions {
	d, err := openapi.Open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return &descriptions{d}
}

// check holds an answer against the description of its operation, or of errors.
func (d *descriptions) check(t testing.TB, method, path string, a answer) {
	t.Helper()
	if err := d.CheckAnswer(method, escaped(path), a.Status, a.Header, a.Body); err != nil {
		t.Errorf("%v\n%s", err, a.Body)
	}
}

// escaped writes a path as a careful client does. The engine also takes a model's id with its slashes as they are.
func escaped(path string) string {
	if model, ok := strings.CutPrefix(path, "/v1/models/"); ok {
		return "/v1/models/" + url.PathEscape(model)
	}
	return path
}

func (d *descriptions) checkBody(t testing.TB, schema string, body []byte) {
	t.Helper()
	if err := d.CheckSchema(schema, body); err != nil {
		t.Errorf("%s does not fit its description: %v", body, err)
	}
}

// TestAnswersFitTheDescription skips where the description is absent, so that it shows: the other tests then check without it.
func TestAnswersFitTheDescription(t *testing.T) {
	openapi.Load(t)
	c := serve(t, Options{})
	wrong := c.do("GET", "/v1/models/base-1", nil)
	wrong.Body = []byte(strings.Replace(string(wrong.Body), `"id"`, `"name"`, 1))
	if err := c.schema.CheckAnswer("GET", "/v1/models/base-1", wrong.Status, wrong.Header, wrong.Body); err == nil {
		t.Error("a model without an id fits")
	}
	if c.schema.CheckSchema("FineTuningJob", []byte(`{"id": "ftjob-1"}`)) == nil {
		t.Error("a job with an id only fits")
	}
}
