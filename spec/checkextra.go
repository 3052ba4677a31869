package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// ownFields are the fields of a request for a job that ftrun writes itself, and the keys of the file that they come from.
var ownFields = map[string]string{
	"model":           "use base_model",
	"training_file":   "use dataset",
	"validation_file": "use dataset.validation",
	"metadata":        "use train.metadata",
	"seed":            "use train.seed",
	"suffix":          "use train.suffix",
	"integrations":    "train.integrations is " + notSupported,
}

const pathExtra = "provider.extra_body"

// methodTypes are the methods of training that the API has.
var methodTypes = []string{MethodSupervised, MethodDPO, "reinforcement"}

// extraBody refuses what would contradict the rest of the file in the request for a job.
func (c *checker) extraBody(body map[string]any, wire string) {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		at := yamlpos.Join(pathExtra, name)
		lower := strings.ToLower(name) // many servers read names in any case
		switch {
		case ownFields[lower] != "":
			c.Add(at, "ftrun writes this field itself", ownFields[lower])
		case lower == provider.WireMethod && wire == provider.WireHyperparameters:
			c.Add(at, "does not go with wire: hyperparameters, because a request has one of the two forms and never both", "put it below hyperparameters")
		case lower == provider.WireHyperparameters && wire == provider.WireMethod:
			c.Add(at, "does not go with wire: method, because a request has one of the two forms and never both",
				"put it below method."+c.file.Train.Method+".hyperparameters, or set wire: hyperparameters")
		case lower == provider.WireHyperparameters:
			c.extraHyperparameters(at, body[name])
		case lower == provider.WireMethod:
			c.extraMethod(at, body[name])
		}
	}
	c.keysInBody(pathExtra, body)
}

// extraMethod wants what ftrun can merge with the method that it writes.
func (c *checker) extraMethod(at string, value any) {
	method, ok := c.object(at, value)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(method)) {
		inside := yamlpos.Join(at, name)
		switch lower := strings.ToLower(name); {
		case lower == "type":
			c.Add(inside, "ftrun writes this field itself", "use train.method")
		case lower == c.file.Train.Method:
			c.extraSettings(inside, method[name])
		case slices.Contains(methodTypes, lower):
			c.Addf(inside, "does not go with train.method, which is %s", c.file.Train.Method)
		}
	}
}

func (c *checker) extraSettings(at string, value any) {
	settings, ok := c.object(at, value)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if strings.EqualFold(name, provider.WireHyperparameters) {
			c.extraHyperparameters(yamlpos.Join(at, name), settings[name])
		}
	}
}

// extraHyperparameters refuses what train.hyperparameters says already.
func (c *checker) extraHyperparameters(at string, value any) {
	parameters, ok := c.object(at, value)
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		set := "train.hyperparameters." + strings.ToLower(name)
		if c.Has(set) {
			c.Add(yamlpos.Join(at, name), set+" sets it already", "keep one of the two")
		}
	}
}

// object wants a mapping where ftrun has one of its own to merge it with.
func (c *checker) object(at string, value any) (map[string]any, bool) {
	m, ok := value.(map[string]any)
	if !ok && !c.Troubled(at) {
		c.Addf(at, "want a mapping, because ftrun adds to it")
	}
	return m, ok
}

// keysInBody refuses keys anywhere in the body, without showing them: the body is no secret, and reports may have it.
func (c *checker) keysInBody(at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			inside := yamlpos.Join(at, name)
			if text, ok := v[name].(string); ok && text != "" && namesKey(name) {
				c.keyInBody(inside)
				continue
			}
			c.keysInBody(inside, v[name])
		}
	case []any:
		for i, item := range v {
			c.keysInBody(fmt.Sprintf("%s[%d]", at, i), item)
		}
	case string:
		if looksLikeKey(v) {
			c.keyInBody(at)
		}
	}
}

func (c *checker) keyInBody(at string) {
	c.Add(at, "a key in the request for a job", "send it in provider.headers, from a variable")
}
