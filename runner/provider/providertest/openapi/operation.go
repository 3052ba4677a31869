package openapi

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// An operation is a method of a path.
type operation struct {
	name string // such as "GET /files"

	Parameters  []parameter `yaml:"parameters"`
	RequestBody *struct {
		Required bool             `yaml:"required"`
		Content  map[string]media `yaml:"content"`
	} `yaml:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `yaml:"content"`
	} `yaml:"responses"`
}

type parameter struct {
	Name     string         `yaml:"name"`
	In       string         `yaml:"in"`
	Style    string         `yaml:"style"`
	Required bool           `yaml:"required"`
	Schema   map[string]any `yaml:"schema"`
}

type media struct {
	Schema map[string]any `yaml:"schema"`
}

// operation returns the operation that a request asks for. The path is as it is on the wire, escaped.
func (d *Description) operation(method, path string) (*operation, error) {
	rest, ok := strings.CutPrefix(path, basePath+"/")
	if !ok {
		return nil, fmt.Errorf("path is not under %s", basePath)
	}
	template, ok := d.template("/" + rest)
	if !ok {
		return nil, fmt.Errorf("unknown path")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	name := method + " " + template
	if op, ok := d.operations[name]; ok {
		return op, nil
	}
	op, err := parseOperation(d.paths[template], method)
	if err != nil {
		return nil, err
	}
	op.name = name
	d.operations[name] = op
	return op, nil
}

// template returns the path template that fits a path, the one with the fewest holes where several do.
func (d *Description) template(path string) (string, bool) {
	segments := strings.Split(path, "/")
	best, fewest := "", len(segments)
	for template := range d.paths {
		if holes, ok := fits(strings.Split(template, "/"), segments); ok && holes < fewest {
			best, fewest = template, holes
		}
	}
	return best, best != ""
}

func fits(template, segments []string) (holes int, ok bool) {
	if len(template) != len(segments) {
		return 0, false
	}
	for i, part := range template {
		switch hole := strings.HasPrefix(part, "{"); {
		case hole && segments[i] != "":
			holes++
		case hole || part != segments[i]:
			return 0, false
		}
	}
	return holes, true
}

// parseOperation reads one method of a path's section. Its examples, which are most of it, are cut off before.
func parseOperation(section, method string) (*operation, error) {
	key := strings.ToLower(method)
	text, ok := children(section, 4)[key]
	if !ok {
		return nil, fmt.Errorf("unknown method")
	}
	if examples := children(text, 6)["x-oaiMeta"]; examples != "" {
		text = strings.Replace(text, examples, "", 1)
	}
	var doc map[string]*operation
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	return doc[key], nil
}
