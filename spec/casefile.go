package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"ftrun/runner/dataset/rows"
	"ftrun/spec/diag"
	"ftrun/spec/internal/yamlpos"
)

// maxCaseBytes is the size of all case files together, of the text of those that are compressed.
const maxCaseBytes = 64 << 20

// caseExtensions returns the formats of case files, and the compressions of those that are not YAML.
func caseExtensions() (formats, compressions []string) {
	containers, compressions := rows.Extensions()
	return append([]string{".yaml", ".yml"}, containers...), compressions
}

func isCaseExtension(extension string) bool {
	formats, compressions := caseExtensions()
	if slices.Contains(formats, extension) {
		return true
	}
	container := containerOf(extension)
	return slices.Contains(formats, container) && !isYAML(container) && slices.Contains(compressions, strings.TrimPrefix(extension, container))
}

func isYAML(extension string) bool { return extension == ".yaml" || extension == ".yml" }

// A caseReader reads case files, one after the other, and keeps nothing of them but cases and problems.
type caseReader struct {
	*checker
	size  int64           // of the files that were read, or of their text where that is more
	known map[string]bool // paths that were read
}

// include adds the cases of a file that the pipeline file names. Where no file may be read, it only notes the name.
func (r *caseReader) include(file namedFile) {
	r.path(file.at, file.name)
	if !r.sound(file.at) {
		return
	}
	extension := rows.Extension(file.name)
	if !isCaseExtension(extension) {
		formats, compressions := caseExtensions()
		r.Add(file.at, fmt.Sprintf("want a file of cases that ends in %s, found %s", oneOf(formats), yamlpos.Quote(file.name)),
			fmt.Sprintf("all but YAML may be compressed, and then end in %s besides", oneOf(compressions)))
		return
	}
	r.pipeline.Test.CaseFiles = append(r.pipeline.Test.CaseFiles, file.name)
	if r.read == nil {
		return
	}
	path, ok := r.findFile(file.at, file.name, *r.read)
	switch {
	case !ok:
		return
	case r.known[path]:
		r.Addf(file.at, "%s is named twice", yamlpos.Quote(file.name))
		return
	}
	r.known[path] = true
	f, err := os.Open(path)
	if err != nil {
		r.Addf(file.at, "read %s: %s", yamlpos.Quote(file.name), cause(err))
		return
	}
	defer f.Close()
	var stored int64
	if info, err := f.Stat(); err == nil {
		stored = info.Size()
	}
	left := maxCaseBytes - r.size
	if stored > left {
		r.refuseSize(file.at)
		return
	}
	var size int64
	if isYAML(extension) {
		size = r.includeYAML(path, f)
	} else {
		size = r.includeRows(path, extension, f, left)
	}
	if r.size += max(size, stored); r.size > maxCaseBytes {
		r.refuseSize(file.at)
	}
}

func (r *caseReader) refuseSize(at string) {
	r.Addf(at, "the files of cases are larger than 64 MiB together")
}

// finish takes over the problems of a case file.
func (r *caseReader) finish(doc *yamlpos.Document) {
	r.elsewhere = append(r.elsewhere, doc.Problems()...)
}

// includeYAML reads a list of cases, and returns the size of its text.
func (r *caseReader) includeYAML(path string, in io.Reader) int64 {
	src, err := io.ReadAll(io.LimitReader(in, MaxBytes+1))
	r.addYAML(path, src, err)
	return int64(len(src))
}

func (r *caseReader) addYAML(path string, src []byte, err error) {
	if err != nil {
		r.elsewhere.Addf(diag.Position{File: path}, "", "read: %s", cause(err))
		return
	}
	doc, problems := yamlpos.Parse(path, src, yamlpos.Hints{
		Empty:  "write a list of cases, each with a question",
		Large:  "long lists of cases are read faster from .jsonl",
		Second: "keep one list of cases a file",
	})
	if doc == nil {
		r.elsewhere = append(r.elsewhere, problems...)
		return
	}
	doc.Meant, doc.Foreign = meantKey, decodeNested
	root := doc.Root()
	switch items := root.Items(); {
	case root.Kind() != yamlpos.List:
		hint := `begin each case with "- "`
		if _, ok := root.Lookup("cases"); ok {
			hint = "take the key away: the file is the list itself"
		}
		root.Add("want a list of cases, found "+root.Describe(), hint)
	case len(items) == 0:
		root.Add("an empty list", "write at least one case, with a question")
	default:
		for _, item := range items {
			f := new(caseForm)
			item.Into(f)
			r.suite.add(inspector{doc}, f)
		}
	}
	r.finish(doc)
}

// includeRows reads a case from every row, and returns the size of the text. Text beyond the limit is not read.
func (r *caseReader) includeRows(path, extension string, in io.Reader, limit int64) int64 {
	doc := yamlpos.NewRows(path)
	doc.Meant, doc.Foreign = meantKey, decodeNested
	defer r.finish(doc)
	reader, err := rows.NewReader(in, extension)
	if err != nil {
		doc.Report(diag.Diagnostic{Pos: diag.Position{File: path}, Message: err.Error()})
		return 0
	}
	defer reader.Close()
	reader.Limit(limit)
	r.addRows(doc, path, extension, reader)
	return reader.TextSize()
}

func (r *caseReader) addRows(doc *yamlpos.Document, path, extension string, reader *rows.Reader) {
	head, _ := reader.Head(512) // an error comes again when the rows are read
	if containerOf(extension) == ".json" && bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		doc.Report(diag.Diagnostic{Pos: diag.Position{File: path, Line: 1}, Message: "want a list of cases, found an object",
			Hint: "begin the file with [, or name it .jsonl where every line is a case"})
		return
	}
	for row, err := range reader.All() {
		switch problem, isProblem := errors.AsType[*rows.Problem](err); {
		case isProblem && r.size+reader.TextSize() > maxCaseBytes: // which is told where the file is named
			return
		case isProblem:
			doc.Report(problem.Diagnostic(path))
			continue
		case err != nil:
			doc.Report(diag.Diagnostic{Pos: diag.Position{File: path}, Message: err.Error()})
			return
		}
		if row.Header != nil && !checkColumns(doc, path, row) {
			return
		}
		r.includeRow(doc, containerOf(extension), row)
	}
}

// containerOf cuts the extension of a compression off.
func containerOf(extension string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(extension, "."), ".")
	return "." + name
}

func (r *caseReader) includeRow(doc *yamlpos.Document, container string, row rows.Row) {
	var members []yamlpos.Member
	switch container {
	case ".csv", ".tsv":
		members = cells(row)
	default:
		for _, f := range row.Fields {
			members = append(members, yamlpos.Member{Name: f.Name, JSON: f.Value, Line: f.Line, Col: f.Col})
		}
	}
	f := new(caseForm)
	doc.Row(fmt.Sprintf("row %d", row.Number), row.Line, row.Col, members).Into(f)
	r.suite.add(inspector{doc}, f)
}

// The columns of a table of cases, beside vars.NAME.
var caseColumns = []string{"id", "question", "answer", "tags", "system_prompt", "must_pass", "repeat"}

const columnOfVars = "vars."

// checkColumns wants columns that a case has a place for.
func checkColumns(doc *yamlpos.Document, path string, row rows.Row) bool {
	sound := true
	for i, f := range row.Fields {
		if _, isVar := strings.CutPrefix(f.Name, columnOfVars); isVar || slices.Contains(caseColumns, f.Name) {
			continue
		}
		sound = false
		message := "unknown column"
		hint := "want " + oneOf(append(slices.Clone(caseColumns), columnOfVars+"NAME"))
		meant := meantKey("[]", f.Name)
		if !slices.Contains(caseColumns, meant) {
			meant = diag.Suggest(f.Name, caseColumns)
		}
		switch {
		case f.Name == "":
			message = "a column without a name"
		case meant != "":
			message += fmt.Sprintf(", did you mean %q?", meant)
		case f.Name == "assert" || f.Name == "__expected" || meantKey("[]", f.Name) == "assert":
			hint = "assertions for all rows stand in test.assert; rows with their own go into .jsonl"
		case f.Name == "messages" || f.Name == "tools":
			hint = "put cases with " + f.Name + " into .jsonl"
		case varPattern.MatchString(f.Name):
			hint = "name it " + columnOfVars + f.Name + " if it is a variable of graders"
		}
		doc.Report(diag.Diagnostic{Pos: diag.Position{File: path, Line: row.Header[i].Line, Col: row.Header[i].Col}, Path: yamlpos.Join("column", f.Name), Message: message, Hint: hint})
	}
	return sound
}

// cells returns the members of a row of a table. An empty cell is no value.
func cells(row rows.Row) []yamlpos.Member {
	var members []yamlpos.Member
	var vars bytes.Buffer
	var at rows.Field
	for _, f := range row.Fields {
		text, err := jsontext.AppendUnquote(nil, f.Value)
		if err != nil || len(text) == 0 {
			continue
		}
		if name, isVar := strings.CutPrefix(f.Name, columnOfVars); isVar {
			if vars.Len() == 0 {
				at = f
			}
			appendMember(&vars, name, f.Value)
			continue
		}
		if f.Name == "tags" {
			f.Value = splitTags(string(text))
		}
		members = append(members, yamlpos.Member{Name: f.Name, JSON: f.Value, Line: f.Line, Col: f.Col, Cell: true})
	}
	if vars.Len() > 0 {
		vars.WriteByte('}')
		members = append(members, yamlpos.Member{Name: "vars", JSON: vars.Bytes(), Line: at.Line, Col: at.Col, Cell: true})
	}
	return members
}

// appendMember adds a member to an object of JSON that is not closed yet.
func appendMember(b *bytes.Buffer, name string, value jsontext.Value) {
	if b.Len() == 0 {
		b.WriteByte('{')
	} else {
		b.WriteByte(',')
	}
	b.Write(jsonText(name))
	b.WriteByte(':')
	b.Write(value)
}

// splitTags takes a cell of tags apart, at "|", "," or ";".
func splitTags(cell string) jsontext.Value {
	list := []byte{'['}
	for tag := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune("|,;", r) }) {
		if tag = strings.TrimSpace(tag); tag == "" {
			continue
		}
		if len(list) > 1 {
			list = append(list, ',')
		}
		list = append(list, jsonText(tag)...)
	}
	return append(list, ']')
}

func jsonText(s string) jsontext.Value {
	text, err := jsontext.AppendQuote(nil, s)
	if err != nil { // rows are UTF-8
		return jsontext.Value(`""`)
	}
	return text
}
