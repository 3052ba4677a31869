package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"gopkg.in/yaml.v3"
)

// readForm reads a multipart body as the object that its schema describes: "expires_after[seconds]" is a field of a field, and what
// should be a number is read as one.
func (d *Description) readForm(schema map[string]any, header http.Header, body []byte) (map[string]any, error) {
	_, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	fields := map[string]any{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, fmt.Errorf("form: %w", err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, fmt.Errorf("form: %w", err)
		}
		if err := d.addField(fields, schema, part, string(data)); err != nil {
			return nil, fmt.Errorf("form field %q: %w", part.FormName(), err)
		}
	}
}

func (d *Description) addField(fields, schema map[string]any, part *multipart.Part, text string) error {
	name, key := part.FormName(), ""
	if outer, inner, ok := strings.Cut(name, "["); ok && strings.HasSuffix(inner, "]") {
		name, key = outer, strings.TrimSuffix(inner, "]")
	}
	described, err := d.property(schema, name)
	if err != nil {
		return err
	}
	if isFile := described["format"] == "binary"; isFile != (part.FileName() != "") {
		return fmt.Errorf("is a file by its description: %v; sent with a file name: %v", isFile, !isFile)
	}
	if key != "" {
		inner, _ := fields[name].(map[string]any)
		if inner == nil {
			inner = map[string]any{}
			fields[name] = inner
		}
		if described, err = d.property(described, key); err != nil {
			return err
		}
		fields, name = inner, key
	}
	if _, ok := fields[name]; ok {
		return errors.New("stands twice")
	}
	kind, _ := described["type"].(string)
	fields[name] = scalar(kind, text)
	return nil
}

// property returns the schema of a property as it is written, or nothing where it is not described; then the object's schema says so.
func (d *Description) property(schema map[string]any, name string) (map[string]any, error) {
	object, err := d.resolve(schema)
	if err != nil {
		return nil, err
	}
	properties, _ := object["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	return d.resolve(property)
}

// resolve follows a schema that is only a reference.
func (d *Description) resolve(schema map[string]any) (map[string]any, error) {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema, nil
	}
	name := strings.TrimPrefix(ref, refPrefix)
	var doc map[string]map[string]any
	if err := yaml.Unmarshal([]byte(d.schemas[name]), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d.resolve(doc[name])
}
