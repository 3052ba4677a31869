package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	typeJSON      = "application/json"
	typeMultipart = "multipart/form-data"
	typeStream    = "text/event-stream"
)

// CheckRequest holds a request to the description. The path is as it is on the wire: escaped, and with /v1.
func (d *Description) CheckRequest(method, path string, query url.Values, header http.Header, body []byte) error {
	op, err := d.operation(method, path)
	if err == nil {
		err = errors.Join(d.checkQuery(op, query), d.checkBody(op, header, body))
	}
	if err != nil {
		return fmt.Errorf("request %s %s: %w", method, path, err)
	}
	return nil
}

// CheckAnswer holds an answer to the description of its request's operation. A refusal of whatever request is held to the
// description of errors.
func (d *Description) CheckAnswer(method, path string, status int, header http.Header, body []byte) error {
	err := d.checkRefusal(header, body)
	if status < 400 {
		err = d.checkSuccess(method, path, status, header, body)
	}
	if err != nil {
		return fmt.Errorf("answer %d to %s %s: %w", status, method, path, err)
	}
	return nil
}

// CheckSchema holds a JSON document to a schema that the description names.
func (d *Description) CheckSchema(name string, document []byte) error {
	schema, err := d.schema(name)
	if err != nil {
		return err
	}
	return checkJSON(schema, document)
}

func (d *Description) checkRefusal(header http.Header, body []byte) error {
	if got := mediaType(header); got != typeJSON {
		return fmt.Errorf("content type %q, want %s", got, typeJSON)
	}
	return d.CheckSchema("ErrorResponse", body)
}

// rawAnswers are operations whose answer the description takes for a JSON string, and which is the bytes of a file.
var rawAnswers = []string{"GET /files/{file_id}/content"}

func (d *Description) checkSuccess(method, path string, status int, header http.Header, body []byte) error {
	op, err := d.operation(method, path)
	if err != nil {
		return err
	}
	response, ok := op.Responses[strconv.Itoa(status)]
	if !ok {
		return errors.New("status is not described")
	}
	if slices.Contains(rawAnswers, op.name) {
		return nil
	}
	got := mediaType(header)
	content, ok := response.Content[got]
	if !ok {
		return fmt.Errorf("content type %q is not described", got)
	}
	schema, err := d.inline(op.name+" answer", content.Schema)
	if err != nil {
		return err
	}
	if got == typeStream {
		return checkStream(schema, body)
	}
	return checkJSON(schema, body)
}

// checkStream checks the data of each server-sent event.
func checkStream(schema *jsonschema.Schema, body []byte) error {
	var errs []error
	for line := range bytes.Lines(body) {
		data, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("data: "))
		if ok && string(data) != "[DONE]" {
			errs = append(errs, checkJSON(schema, data))
		}
	}
	return errors.Join(errs...)
}

func (d *Description) checkBody(op *operation, header http.Header, body []byte) error {
	switch {
	case len(body) == 0 && (op.RequestBody == nil || !op.RequestBody.Required):
		return nil
	case len(body) == 0:
		return errors.New("body is missing")
	case op.RequestBody == nil:
		return errors.New("a body is not described")
	}
	got := mediaType(header)
	content, ok := op.RequestBody.Content[got]
	if !ok {
		return fmt.Errorf("content type %q is not described", got)
	}
	schema, err := d.inline(op.name+" body", content.Schema)
	if err != nil {
		return err
	}
	if got == typeMultipart {
		fields, err := d.readForm(content.Schema, header, body)
		if err != nil {
			return err
		}
		return validate(schema, fields)
	}
	return checkJSON(schema, body)
}

// checkJSON checks a document. A name that stands twice in an object is an error: which of the two counts is anyone's guess.
func checkJSON(schema *jsonschema.Schema, document []byte) error {
	if !jsontext.Value(document).IsValid() {
		return fmt.Errorf("no JSON, or a name stands twice: %.200q", document)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return err
	}
	return validate(schema, v)
}

func validate(schema *jsonschema.Schema, v any) error {
	err := schema.Validate(v)
	if err == nil {
		return nil
	}
	// The validator's words for a field that a closed schema does not name. Where one branch of an allOf fails, it says so of the
	// fields that the branch names, too.
	return errors.New(strings.ReplaceAll(err.Error(), "false schema", "not described"))
}

func mediaType(header http.Header) string {
	t, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}

// checkQuery checks the parameters of a query: known, single, and of the right type.
func (d *Description) checkQuery(op *operation, query url.Values) error {
	left := url.Values{}
	for name, values := range query {
		left[name] = values
	}
	var errs []error
	for _, p := range op.Parameters {
		if p.In != "query" {
			continue
		}
		value, ok, err := d.takeParameter(p, left)
		if err == nil && ok {
			var schema *jsonschema.Schema
			if schema, err = d.inline(op.name+" "+p.Name, p.Schema); err == nil {
				err = validate(schema, value)
			}
		}
		if err == nil && !ok && p.Required {
			err = errors.New("missing")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("query parameter %q: %w", p.Name, err))
		}
	}
	for name := range left {
		errs = append(errs, fmt.Errorf("unknown query parameter %q", name))
	}
	return errors.Join(errs...)
}

// takeParameter takes a parameter out of a query. Of the styles that OpenAPI has for what is no scalar, only deepObject,
// "name[key]=value", is read; the description uses no other in what ftrun asks.
func (d *Description) takeParameter(p parameter, query url.Values) (value any, ok bool, err error) {
	if p.Style == "deepObject" {
		object := map[string]any{}
		for name, values := range query {
			if key, ok := deepKey(p.Name, name); ok {
				if len(values) != 1 {
					return nil, false, fmt.Errorf("%q stands %d times", name, len(values))
				}
				object[key] = values[0]
				delete(query, name)
			}
		}
		return object, len(object) > 0, nil
	}
	values, ok := query[p.Name]
	if !ok {
		return nil, false, nil
	}
	delete(query, p.Name)
	if len(values) != 1 {
		return nil, false, fmt.Errorf("stands %d times", len(values))
	}
	kind, _ := p.Schema["type"].(string)
	return scalar(kind, values[0]), true, nil
}

// deepKey returns the key in "name[key]".
func deepKey(name, written string) (string, bool) {
	rest, ok := strings.CutPrefix(written, name+"[")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "]")
}

// scalar reads a value that has no type on the wire as the type that is asked for. What is none stays text, which the schema refuses.
func scalar(kind, text string) any {
	switch kind {
	case "integer":
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(text)
		}
	case "number":
		if _, err := strconv.ParseFloat(text, 64); err == nil && json.Valid([]byte(text)) {
			return json.Number(text)
		}
	case "boolean":
		if text == "true" || text == "false" {
			return text == "true"
		}
	}
	return text
}
