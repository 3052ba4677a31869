package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// VariablePrefix begins the names of the variables that every pipeline file may use.
const VariablePrefix = "FTRUN_VAR_"

// maxExpanded is how many bytes variables may add to a file.
const maxExpanded = MaxBytes

// A variableUse is one variable in the file.
type variableUse struct{ name, path string }

// variables fills ${NAME} and ${NAME:-default} into the scalars of a file. A pipeline file may come from a stranger, so it reads only what whoever
// runs ftrun has named for it.
type variables struct {
	lookup  func(name string) (string, bool)
	allowed []string
	added   int // bytes
	uses    []variableUse
}

const (
	variableForms = "write ${" + VariablePrefix + "NAME} or ${" + VariablePrefix + "NAME:-default}; a literal ${ is written $${"
	variableOpen  = "${"
)

var variablePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand returns what a scalar at a path stands for, or false where it stands for itself.
func (x *variables) expand(path, text string) (yamlpos.Expansion, bool) {
	if !strings.Contains(text, variableOpen) || verbatim(path) {
		return yamlpos.Expansion{}, false
	}
	var e yamlpos.Expansion
	var b strings.Builder
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, variableOpen)
		if start, escaped := strings.CutSuffix(before, "$"); found && escaped {
			b.WriteString(start + variableOpen)
			rest = after
			continue
		}
		b.WriteString(before)
		if !found {
			break
		}
		var reference string
		if reference, rest, found = strings.Cut(after, "}"); !found {
			e.Problems = append(e.Problems, yamlpos.Problem{Message: `"${" without "}"`, Hint: variableForms})
			break
		}
		b.WriteString(x.fill(path, reference, &e))
	}
	e.Text = b.String()
	return e, true
}

var (
	textPattern      = regexp.MustCompile(`^test(\[|\.(cases|assert|tools|response_format|judge\.calibration)\b)`)
	casesFilePattern = regexp.MustCompile(`^test(\.cases)?(\[[0-9]+\])?\.file(\[[0-9]+\])?$`)
)

// verbatim reports whether the value at a path is text for the model or about its answers: there ${ means itself.
func verbatim(path string) bool {
	if path == "system_prompt" {
		return true
	}
	return textPattern.MatchString(path) && !casesFilePattern.MatchString(path)
}

// fill returns what stands for a reference, which is NAME or NAME:-default, and adds to the expansion what came of it. As in a shell, a variable
// that is empty gives way to the default.
func (x *variables) fill(path, reference string, e *yamlpos.Expansion) string {
	name, fallback, hasDefault := strings.Cut(reference, ":-")
	if problem := x.checkReference(path, name, fallback); problem.Message != "" {
		e.Problems = append(e.Problems, problem)
		return ""
	}
	x.uses = append(x.uses, variableUse{name, path})
	value, set := "", false
	if x.lookup != nil {
		value, set = x.lookup(name)
	}
	var problem yamlpos.Problem
	switch {
	case value == "" && hasDefault:
		value = fallback
	case !set:
		problem = yamlpos.Problem{Message: "the variable " + name + " is not set, and it has no default", Hint: "set it, or write ${" + name + ":-default}"}
	case !utf8.ValidString(value):
		problem = yamlpos.Problem{Message: "what the variable " + name + " holds is not UTF-8 text"}
	default:
		e.Variables = append(e.Variables, yamlpos.Variable{Name: name, Value: value})
	}
	if x.added += len(value); x.added > maxExpanded {
		problem = yamlpos.Problem{Message: "variables add more than 8 MiB to the file"}
	}
	if problem.Message != "" {
		e.Problems = append(e.Problems, problem)
		return ""
	}
	return value
}

// checkReference wants a name that the file may use.
func (x *variables) checkReference(path, name, fallback string) yamlpos.Problem {
	switch {
	case name == "":
		return yamlpos.Problem{Message: `"${" without the name of a variable`, Hint: variableForms}
	case !variablePattern.MatchString(name):
		return yamlpos.Problem{Message: yamlpos.Quote(name) + " is not the name of a variable", Hint: variableForms}
	case strings.Contains(fallback, variableOpen):
		return yamlpos.Problem{Message: "a variable in the default of " + name, Hint: "a default is plain text"}
	case isKeyVariable(name), namesKeyVariable(path) && namesSecret(name):
		return keyProblem(path, name)
	case namesSecret(name) && !inHeaders(path):
		return yamlpos.Problem{
			Message: "the variable " + name + " holds a secret by its name, and may stand in " + pathHeaders + " only",
			Hint:    "elsewhere it would be shown; give the variable another name if it holds no secret",
		}
	case strings.HasPrefix(name, VariablePrefix) || slices.Contains(x.allowed, name):
		return yamlpos.Problem{}
	case namesKeyVariable(path):
		return keyProblem(path, name)
	default:
		return yamlpos.Problem{
			Message: fmt.Sprintf("the file may not read the variable %s", name),
			Hint:    fmt.Sprintf("name it %s…, or allow it on the command line: --allow-env %s", VariablePrefix, name),
		}
	}
}

// The key of a provider that names the variable with its key, and the one below which what variables hold is kept out of everything shown.
const (
	keyEnv      = ".api_key_env"
	headersKey  = ".headers"
	pathHeaders = pathProvider + headersKey
)

func namesKeyVariable(path string) bool {
	return slices.ContainsFunc(providerPaths, func(p string) bool { return path == p+keyEnv })
}

func inHeaders(path string) bool {
	return slices.ContainsFunc(providerPaths, func(p string) bool { return strings.HasPrefix(path, p+headersKey+".") })
}

// isKeyVariable reports whether a variable holds the key of a kind of provider.
func isKeyVariable(name string) bool {
	return slices.ContainsFunc(provider.Profiles(), func(p provider.Profile) bool { return p.KeyEnv == name })
}

// keyProblem refuses a variable with a key wherever it would be filled in: a name or a path shows up in reports.
func keyProblem(path, name string) yamlpos.Problem {
	if namesKeyVariable(path) {
		return yamlpos.Problem{Message: "the value of a variable, where its name is wanted", Hint: "write " + name + " alone"}
	}
	return yamlpos.Problem{
		Message: "the variable " + name + " holds a key, which is sent as the key and stands nowhere else",
		Hint:    "leave it out; provider.api_key_env names the variable of the key",
	}
}

// checkVariables refuses what can be told only when the providers are known: that a variable in the file is the one with the key of one.
func (c *checker) checkVariables() {
	test := c.pipeline.Test
	named := []string{c.pipeline.Provider.APIKeyEnv}
	for _, s := range []*provider.Settings{test.Provider, test.Baseline.Provider} {
		if s != nil {
			named = append(named, s.APIKeyEnv)
		}
	}
	if test.Judge != nil && test.Judge.Provider != nil {
		named = append(named, test.Judge.Provider.APIKeyEnv)
	}
	for _, use := range c.variables.uses {
		if slices.Contains(named, use.name) {
			p := keyProblem(use.path, use.name)
			c.Add(use.path, p.Message, p.Hint)
		}
	}
}
