package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ftrun/runner/grade"
	"ftrun/runner/provider"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// The tables and names of the documents are compared with what they are about, both ways.

// table returns the rows of the one table in a document whose header begins with the given cells.
func table(t *testing.T, file string, header ...string) [][]string {
	t.Helper()
	var rows [][]string
	inside := false
	for _, line := range strings.Split(readDocument(t, file), "\n") {
		var cells []string
		for _, c := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			inside = false
		case len(cells) >= len(header) && slices.Equal(cells[:len(header)], header):
			inside = true
		case inside && !strings.HasPrefix(line, "|---"):
			rows = append(rows, cells)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s: no table %v", file, header)
	}
	return rows
}

// code returns what stands between backticks.
func code(text string) []string {
	var list []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// sameSet reports what one of two sets lacks.
func sameSet(t *testing.T, what string, documented, real []string) {
	t.Helper()
	for _, d := range documented {
		if !slices.Contains(real, d) {
			t.Errorf("%s: %q is documented and not there", what, d)
		}
	}
	for _, r := range real {
		if !slices.Contains(documented, r) {
			t.Errorf("%s: %q is not documented", what, r)
		}
	}
	if sorted := slices.Sorted(slices.Values(documented)); len(slices.Compact(sorted)) != len(documented) {
		t.Errorf("%s: something is documented twice", what)
	}
}

func TestExitCodeTable(t *testing.T) {
	codes := exitCodes(t)
	var documented, verdicts []string
	for _, row := range table(t, readme, "exit", "verdict") {
		documented = append(documented, row[0])
		verdicts = append(verdicts, code(row[1])...)
	}
	sameSet(t, "exit codes", documented, codes)
	sameSet(t, "verdicts", slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(verdicts, func(v string) bool {
		return strings.HasPrefix(v, "--")
	})))), []string{
		string(result.VerdictPass), string(result.VerdictFail), string(result.VerdictError),
		string(result.VerdictUnfinished), string(result.VerdictRefused),
	})
	for _, c := range codes {
		if !regexp.MustCompile(`(?m)^  ` + c + ` +\S`).MatchString(tree().Long) {
			t.Errorf("ftrun --help does not explain exit code %s", c)
		}
	}
}

// exitCodes returns the constants Exit… of package result.
func exitCodes(t *testing.T) []string {
	t.Helper()
	var codes []string
	ast.Inspect(parseGo(t, "runner/result/result.go"), func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && strings.HasPrefix(v.Names[0].Name, "Exit") {
			codes = append(codes, v.Values[0].(*ast.BasicLit).Value)
		}
		return true
	})
	return codes
}

func parseGo(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(path), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// flagTree returns every flag, by name, with the commands that take it.
func flagTree() map[string][]string {
	flags := map[string][]string{}
	note := func(of, usages string) {
		for _, m := range regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z-]+)`).FindAllStringSubmatch(usages, -1) {
			flags[m[1]] = append(flags[m[1]], of)
		}
	}
	root := tree()
	note("all", root.PersistentFlags().FlagUsages())
	note("run", root.LocalNonPersistentFlags().FlagUsages())
	for _, c := range root.Commands() {
		note("`"+c.Name()+"`", c.LocalNonPersistentFlags().FlagUsages())
	}
	return flags
}

func TestFlagTable(t *testing.T) {
	flags, root := flagTree(), tree()
	var documented, documentedVariables []string
	for _, row := range table(t, readme, "flag", "of", "variable", "default") {
		variable := code(row[2])[0]
		documentedVariables = append(documentedVariables, code(row[2])...)
		names := code(row[0])
		if len(names) == 0 {
			continue
		}
		name := strings.TrimPrefix(names[0], "--")
		documented = append(documented, name)
		if want := "FTRUN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")); variable != want {
			t.Errorf("--%s: its variable is %s, documented is %s", name, want, variable)
		}
		if got := strings.Split(row[1], ", "); !slices.Equal(got, flags[name]) {
			t.Errorf("--%s: a flag of %v, documented is %v", name, flags[name], got)
		}
		flag := root.Flag(name)
		for _, c := range root.Commands() {
			if flag == nil {
				flag = c.Flag(name)
			}
		}
		if flag == nil {
			continue
		}
		if short := append(names, "")[1]; strings.TrimPrefix(short, "-") != flag.Shorthand {
			t.Errorf("--%s: its short form is %q, documented is %q", name, flag.Shorthand, short)
		}
		if got := strings.Trim(row[3], "`"); got != variables()[variable] {
			t.Errorf("--%s: its default is %q, documented is %q", name, variables()[variable], got)
		}
	}
	sameSet(t, "flags", documented, slices.Collect(maps.Keys(flags)))
	sameSet(t, "variables", documentedVariables, slices.Collect(maps.Keys(variables())))

	_, after, _ := strings.Cut(readDocument(t, readme), "The commands are ")
	sentence, _, _ := strings.Cut(after, ".")
	names := []string{"completion"} // cobra's own
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	sameSet(t, "commands", code(sentence), names)
}

// TestKeyTable compares the table of keys with what the parser says is allowed where it meets a key that it does not know.
func TestKeyTable(t *testing.T) {
	const unknown = `version: 1
zz: 1
provider: {zz: 1}
base_model: m
dataset: {path: d.jsonl, zz: 1, fields: {zz: 1}, validation: {zz: 1}}
system_prompt: {zz: 1}
train: {zz: 1, hyperparameters: {zz: 1}}
wait: {zz: 1}
test:
  zz: 1
  sampling: {zz: 1}
  baseline: {zz: 1}
  repeat: {zz: 1}
  response_format: {zz: 1, json_schema: {zz: 1}}
  judge: {zz: 1, calibration: [{zz: 1}]}
  cases: [{messages: [{zz: 1}], zz: 1}]
prices: {zz: 1}
budget: {zz: 1}
reports: {zz: 1}
`
	_, err := spec.Parse("pipeline.yaml", []byte(unknown))
	list, _ := err.(diag.List)
	allowed := map[string][]string{}
	for _, d := range list {
		if keys, ok := strings.CutPrefix(d.Hint, "allowed here: "); ok {
			place := strings.TrimSuffix(strings.TrimSuffix(strings.ReplaceAll(d.Path, "[0]", "[]"), "zz"), ".")
			allowed[place] = strings.Split(keys, ", ")
		}
	}
	rows := table(t, readme, "in", "keys")
	if len(rows) != len(allowed) {
		t.Errorf("%d mappings are documented, and there are %d", len(rows), len(allowed))
	}
	for _, row := range rows {
		place := strings.Trim(row[0], "`")
		if place == "the file" {
			place = ""
		}
		// What stands in parentheses, or after "or" and a colon, are values.
		keys, _, _ := strings.Cut(row[1], ";")
		keys, _, _ = strings.Cut(keys, ":")
		sameSet(t, "keys of "+row[0], code(regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(keys, "")), allowed[place])
	}
}

// TestRoleTable compares the table of formats with the roles that the columns of each can have.
func TestRoleTable(t *testing.T) {
	var documented []string
	for _, row := range table(t, readme, "format", "roles") {
		format := strings.Trim(row[0], "`")
		documented = append(documented, format)
		sameSet(t, "roles of "+format, code(row[1]), spec.Roles(format))
	}
	sameSet(t, "formats", documented, spec.Formats())
}

func TestGraderTable(t *testing.T) {
	var documented, real []string
	for _, row := range table(t, readme, "grader") {
		documented = append(documented, code(row[0])...)
	}
	for _, k := range grade.Kinds() {
		real = append(real, k.Name)
	}
	sameSet(t, "graders", documented, real)
}

// TestNotThereYet compares the list of what is missing with the one by which it is refused.
func TestNotThereYet(t *testing.T) {
	_, after, _ := strings.Cut(readDocument(t, readme), "\n## Not there yet\n")
	section, _, _ := strings.Cut(after, "\n## ")
	_, item, _ := strings.Cut(section, "\n- keys: ")
	item, _, _ = strings.Cut(item, "\n- ")
	later := laterKeys(t)
	if len(later) == 0 {
		t.Error("spec/later.go has no keys")
	}
	sameSet(t, "keys", code(item), later)
}

// laterKeys returns what the variable later in spec/later.go lists.
func laterKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	ast.Inspect(parseGo(t, "spec/later.go"), func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != "later" {
			return true
		}
		for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
			key, err := strconv.Unquote(e.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, key)
		}
		return false
	})
	return keys
}

// TestResultFields looks the fields that README.md promises up in the published schema.
func TestResultFields(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(result.ResultsSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	for _, row := range table(t, readme, "field") {
		for _, path := range code(row[0]) {
			nodes := []map[string]any{schema}
			for _, name := range strings.Split(path, ".") {
				name, list := strings.CutSuffix(name, "[]")
				nodes = descend(schema, nodes, "properties", name)
				if list {
					nodes = descend(schema, nodes, "items")
				}
			}
			if len(nodes) == 0 {
				t.Errorf("results.json has no field %s", path)
			}
		}
	}
}

// descend returns the schemas under a path of names in any of the given ones, or of those that they refer to.
func descend(root map[string]any, nodes []map[string]any, path ...string) []map[string]any {
	var found []map[string]any
	for _, n := range nodes {
		var at any = n
		for _, name := range path {
			m, _ := at.(map[string]any)
			at = m[name]
		}
		if m, ok := at.(map[string]any); ok {
			found = append(found, m)
		}
		if ref, ok := n["$ref"].(string); ok {
			definitions := root["$defs"].(map[string]any)
			found = append(found, descend(root, []map[string]any{definitions[filepath.Base(ref)].(map[string]any)}, path...)...)
		}
		for _, word := range []string{"allOf", "anyOf", "oneOf"} {
			alternatives, _ := n[word].([]any)
			for _, a := range alternatives {
				found = append(found, descend(root, []map[string]any{a.(map[string]any)}, path...)...)
			}
		}
	}
	return found
}

func TestPackageTable(t *testing.T) {
	var documented, real []string
	for _, row := range table(t, architecture, "level", "package", "purpose") {
		documented = append(documented, row[0]+" "+strings.Trim(row[1], "`"))
		if row[2] == "" {
			t.Errorf("%s has no purpose", row[1])
		}
	}
	for name, level := range levels {
		real = append(real, fmt.Sprintf("%d %s", level, name))
	}
	sameSet(t, "packages", documented, real)
}

func TestDependencyTable(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for _, row := range table(t, architecture, "module") {
		documented = append(documented, strings.Trim(row[0], "`"))
		if slices.Contains(row, "") || len(row) != 5 {
			t.Errorf("%s: an empty cell", row[0])
		}
	}
	for _, r := range mod.Require {
		if !r.Indirect {
			real = append(real, r.Path)
		}
	}
	sameSet(t, "dependencies", documented, real)
}

// TestKeyPage compares the table of keys and hosts in docs/security.md with the profiles.
func TestKeyPage(t *testing.T) {
	var documented, real []string
	for _, row := range table(t, "docs/security.md", "kind", "key in", "goes to") {
		documented = append(documented, strings.Join(row, " "))
	}
	for _, p := range provider.Profiles() {
		key, to := "`"+p.KeyEnv+"`", "hosts in `FTRUN_ALLOW_HOSTS`"
		switch {
		case p.KeyEnv == "":
			key, to = "none", "the engine inside ftrun, on loopback"
		case p.EnvURL:
			to = "`" + p.BaseURL + "`, or the host of `OPENAI_BASE_URL`"
		case p.BaseURL != "":
			to = "`" + p.BaseURL + "`"
		}
		real = append(real, "`"+p.Kind+"` "+key+" "+to)
	}
	sameSet(t, "keys and hosts", documented, real)
}
