package rows_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset/rows"
)

// transcript reads all of a source and returns what came of it, one row or problem a line:
//
//	row 1 @1:1 name@1:8="value"
//	row 2 @2:1 problem: …  [fatal]
func transcript(t *testing.T, src io.Reader, extension string) []string {
	t.Helper()
	r, err := rows.NewReader(src, extension)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for row, err := range r.All() {
		list = append(list, line(t, row, err))
	}
	return list
}

const mark = "\xef\xbb\xbf"

func TestRows(t *testing.T) {
	for _, test := range []struct {
		name, extension, text string
		want                  []string
	}{
		{"jsonl", ".jsonl", `{"q":"x","a":1}` + "\n" + `  {"q": [1, 2]}  `, []string{
			`row 1 @1:1 q@1:6="x" a@1:14=1`,
			`row 2 @2:3 q@2:9=[1, 2]`,
		}},
		{"jsonl, upper case extension", ".JSONL", `{}`, []string{`row 1 @1:1`}},
		{"byte order mark, CRLF, blank lines", ".jsonl", mark + "{\"a\":1}\r\n\r\n \t\r\n{\"a\":2}\r\n\n", []string{
			`row 1 @1:1 a@1:6=1`,
			`row 2 @4:1 a@4:6=2`,
		}},
		{"a bad row hides no other", ".jsonl", "{\"a\":1}\n{\"a\":\n[1]\n{\"a\":1,\"a\":2}\n{a:1}\n{\"a\":1} {\"b\":2}\n\"x\"\nnull\n{\"a\":2}", []string{
			`row 1 @1:1 a@1:6=1`,
			`row 2 @2:6 problem: the JSON is cut off: it ends before it is closed`,
			`row 3 @3:1 problem: want a JSON object, found an array`,
			`row 4 @4:8 problem: the key "a" occurs twice`,
			`row 5 @5:2 problem: not JSON: invalid character 'a' at start of value`,
			`row 6 @6:9 problem: more text follows the JSON object`,
			`row 7 @7:1 problem: want a JSON object, found text`,
			`row 8 @8:1 problem: want a JSON object, found null`,
			`row 9 @9:1 a@9:6=2`,
		}},
		{"names in other orders and spellings", ".jsonl", "{\"a\":1,\"b\":2}\n{\"b\":1,\"a\":2}\n{\"\\u0062\":1,\"\":2}\n{\"b\":1,\"c\":2,\"a\":3}", []string{
			`row 1 @1:1 a@1:6=1 b@1:12=2`,
			`row 2 @2:1 b@2:6=1 a@2:12=2`,
			`row 3 @3:1 b@3:11=1 @3:16=2`,
			`row 4 @4:1 b@4:6=1 c@4:12=2 a@4:18=3`,
		}},
		{"a name that is no string", ".jsonl", "{\"a\":1,2:3}\n{{}:1}", []string{
			`row 1 @1:8 problem: not JSON: object member name must be a string`,
			`row 2 @2:2 problem: not JSON: object member name must be a string`,
		}},
		{"nested key twice", ".jsonl", `{"a":{"b":1,"b":2}}`, []string{
			`row 1 @1:13 problem: the key "b" occurs twice`,
		}},
		{"NUL and bytes that are not UTF-8", ".jsonl", "{\"a\":\"\x00\"}\n{\"a\":\"\xff\"}\n{\"a\":\"\\ud800\"}\n{\"a\":\"é\xc3\"}", []string{
			`row 1 @1:7 problem: has a NUL byte: the file is not text, or is UTF-16`,
			`row 2 @2:7 problem: is not UTF-8: byte 0xff`,
			"row 3 @3:7 problem: not JSON: invalid surrogate pair `\\ud800\"}` in string",
			`row 4 @4:9 problem: is not UTF-8: byte 0xc3`,
		}},
		{"UTF-16", ".jsonl", "\xff\xfe{\x00}\x00", []string{
			`row 0 @1:1 problem: the text is UTF-16: save the file as UTF-8 [fatal]`,
		}},
		{"an array named .jsonl", ".jsonl", "\n[\n{\"a\":1},\n{\"a\":2}\n]\n", []string{
			`row 1 @2:2 problem: the file holds one JSON array, not one object a line: name it .json [fatal]`,
		}},
		{"empty jsonl", ".jsonl", "", []string{`row 0 @0:0 problem: the file is empty [fatal]`}},
		{"blank jsonl", ".jsonl", mark + " \n\n", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},

		{"json array", ".json", mark + "[\r\n  {\"a\": 1,\n   \"b\": \"x\"}, {\"a\": 2},\n7,\n{}\n]\n", []string{
			`row 1 @2:3 a@2:9=1 b@3:9="x"`,
			`row 2 @3:15 a@3:21=2`,
			`row 3 @4:1 problem: want a JSON object, found a number`,
			`row 4 @5:1`,
		}},
		{"one array in an object", ".json", "{\"version\": 1, \"meta\": {\"x\": [1]},\n\"data\": [{\"a\": 1}], \"end\": true}", []string{
			`row 1 @2:10 a@2:16=1`,
		}},
		{"two arrays in an object", ".json", `{"a": [{"x": 1}], "b": []}`, []string{
			`row 1 @1:8 x@1:14=1`,
			`row 0 @1:22 problem: two members are arrays, "a" and "b": the rows could be either [fatal]`,
		}},
		{"no array in an object", ".json", `{"version": "x", "data": {"a": 1}}`, []string{
			`row 0 @1:34 problem: the file holds one object with no array of rows in it: want a JSON array of objects [fatal]`,
		}},
		{"a single chat row", ".json", `{"messages": [{"role": "user"}]}`, []string{
			`row 0 @1:1 problem: the file holds a single row, not an array of rows: put it in [ ], or name the file .jsonl [fatal]`,
		}},
		{"lines named .json", ".json", "{\"messages\": []}\n{\"messages\": []}\n", []string{
			`row 0 @1:1 problem: the file holds one object a line, not a JSON array: name it .jsonl [fatal]`,
		}},
		{"several objects named .json", ".json", "{\"a\": [{\"x\":\n1}]}\n{\"a\": []}\n", []string{
			`row 1 @1:8 x@2:1=1`,
			`row 0 @3:1 problem: the file holds several objects: one object a line is named .jsonl [fatal]`,
		}},
		{"text after the array", ".json", "[{\"a\":1}]\n[]", []string{
			`row 1 @1:2 a@1:7=1`,
			`row 0 @2:1 problem: more text follows the JSON array [fatal]`,
		}},
		{"truncated json", ".json", "[{\"a\": 1},\n {\"a\": \"tw", []string{
			`row 1 @1:2 a@1:8=1`,
			`row 2 @2:11 problem: the JSON is cut off: it ends before it is closed [fatal]`,
		}},
		{"json cut off between rows", ".json", "[{\"a\": 1},\n", []string{
			`row 1 @1:2 a@1:8=1`,
			`row 2 @2:1 problem: the JSON is cut off: it ends before it is closed [fatal]`,
		}},
		{"json with a syntax error", ".json", "[{\"a\": 1},\n {\"a\": tru},\n{\"a\": 3}]", []string{
			`row 1 @1:2 a@1:8=1`,
			`row 2 @2:11 problem: not JSON: invalid character '}' in literal true (expecting 'e'); rows after it were not read [fatal]`,
		}},
		{"json with a key twice", ".json", "[{\"a\": 1,\n \"a\": 2}, {}]", []string{
			`row 1 @2:2 problem: the key "a" occurs twice`,
			`row 2 @2:11`,
		}},
		{"json that is not UTF-8", ".json", "[\n{\"a\": \"x\xff\"}, {\"a\":\n\"\\ud800\"},\n{}]", []string{
			`row 1 @2:9 problem: is not UTF-8: byte 0xff`,
			"row 2 @3:2 problem: not JSON: invalid surrogate pair `\\ud800\"}` in string",
			`row 3 @4:1`,
		}},
		{"json with a key twice around the array", ".json", "{\"v\": 1, \"v\": 2, \"data\": [{}]}", []string{
			`row 0 @1:10 problem: the key "v" occurs twice; rows after it were not read [fatal]`,
		}},
		{"json that is not UTF-8 around the array", ".json", "{\"data\": [{}],\n\"v\": {\"x\": \"\xff\"}}", []string{
			`row 1 @1:11`,
			`row 0 @2:13 problem: is not UTF-8: byte 0xff; rows after it were not read [fatal]`,
		}},
		{"json with a name that is not UTF-8 after the array", ".json", "{\"data\": [{}],\n\"\xff\": 1}", []string{
			`row 1 @1:11`,
			`row 0 @2:2 problem: is not UTF-8: byte 0xff; rows after it were not read [fatal]`,
		}},
		{"json with a key twice in a member beside the array", ".json", "{\"meta\": {\"x\": 1,\n \"x\": 2}, \"data\": [{}]}", []string{
			`row 0 @2:2 problem: the key "x" occurs twice; rows after it were not read [fatal]`,
		}},
		{"a single chat row over lines", ".json", "{\"id\": 1,\n\"messages\": []}", []string{
			`row 0 @1:1 problem: the file holds a single row, not an array of rows: put it in [ ], or name the file .jsonl [fatal]`,
		}},
		{"json that is true", ".json", "true", []string{
			`row 0 @1:1 problem: want a JSON array of objects, found true or false [fatal]`,
		}},
		{"json of another kind", ".json", ` "x"`, []string{
			`row 0 @1:1 problem: want a JSON array of objects, found text [fatal]`,
		}},
		{"empty array", ".json", " [ ] ", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},
		{"empty json", ".json", "", []string{`row 0 @0:0 problem: the file is empty [fatal]`}},
		{"blank json", ".json", "\n", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},

		{"csv", ".csv", mark + "question, answer\r\nx,y\r\n\r\n\"a \"\"b\"\",\nc\",d\n", []string{
			`row 1 @2:1 question@2:1="x" answer@2:3="y"`,
			`row 2 @4:1 question@4:1="a \"b\",\nc" answer@5:4="d"`,
		}},
		{"csv with bad records", ".csv", "q,a\n1\n1,2,3\nx\"y,2\n\"x\"y,2\n\xff,2\n1,\"\x00\"\n1,2\n", []string{
			`row 1 @2:1 problem: the number of columns is 1 here, and 2 in the header`,
			`row 2 @3:1 problem: the number of columns is 3 here, and 2 in the header`,
			`row 3 @4:2 problem: a quote stands in a cell that does not start with one: put the cell in quotes and double the quote inside`,
			`row 4 @5:3 problem: a quoted cell is not closed properly: a quote inside it is doubled`,
			`row 5 @6:1 problem: column "q" is not UTF-8: byte 0xff`,
			`row 6 @7:3 problem: column "a" has a NUL byte: the file is not text, or is UTF-16`,
			`row 7 @8:1 q@8:1="1" a@8:3="2"`,
		}},
		{"csv with an open quote", ".csv", "q,a\n1,2\n\"x,2\n3,4\n", []string{
			`row 1 @2:1 q@2:1="1" a@2:3="2"`,
			`row 2 @3:0 problem: the quote that opens on line 3 is not closed before the file ends; rows after it were not read [fatal]`,
		}},
		{"csv with an open quote in the last line", ".csv", "q,a\n1,\"2\r\n", []string{
			`row 1 @2:0 problem: the quote that opens on line 2 is not closed before the file ends; rows after it were not read [fatal]`,
		}},
		{"csv with an open quote at the end", ".csv", "q,a\n1,\"2", []string{
			`row 1 @2:0 problem: the quote that opens on line 2 is not closed before the file ends; rows after it were not read [fatal]`,
		}},
		{"csv with a quote closed in another row", ".csv", "q,a\n1,\"the answer\n3,4\n5,\"6\"\n7,8\n", []string{
			`row 1 @2:0 problem: the quote that opens on line 2 is closed on line 4, where other text follows it; rows after it were not read [fatal]`,
		}},
		{"csv with a quote that opens after a cell of lines", ".csv", "q,a\n\"x\r\ny\",\"z\n\"1\",2\n", []string{
			`row 1 @3:0 problem: the quote that opens on line 3 is closed on line 4, where other text follows it; rows after it were not read [fatal]`,
		}},
		{"csv with a bad quote after a cell of lines", ".csv", "q,a\n\n\"x\ny\",\"z\"z\n1,2\n", []string{
			`row 1 @4:6 problem: a quoted cell is not closed properly: a quote inside it is doubled`,
			`row 2 @5:1 q@5:1="1" a@5:3="2"`,
		}},
		{"csv with an open quote in the header", ".csv", "q,\"a\n1,2\n", []string{
			`row 0 @1:0 problem: the quote that opens on line 1 is not closed before the file ends; rows after it were not read [fatal]`,
		}},
		{"csv that names a column twice", ".csv", "q,a,q\n1,2,3\n", []string{
			`row 0 @1:5 problem: the header names the column "q" twice [fatal]`,
		}},
		{"csv with semicolons", ".csv", mark + "\r\nq;\"a;\"\"b\"\"\r\n,\"\r\n1,5;\"x;\"\"y\"\"\"\r\n1\r\n", []string{
			"row 1 @4:1 q@4:1=\"1,5\" a;\"b\"\n,@4:5=\"x;\\\"y\\\"\"",
			`row 2 @5:1 problem: the number of columns is 1 here, and 2 in the header`,
		}},
		{"csv with a semicolon beside commas", ".csv", "q,a;b\n1;2,3\n", []string{
			`row 1 @2:1 q@2:1="1;2" a;b@2:5="3"`,
		}},
		{"csv with semicolons in quotes only", ".csv", "\"q;a\"\n1;2\n", []string{
			`row 0 @1:1 problem: the header is the single column "q;a": columns are separated by commas [fatal]`,
		}},
		{"csv that names its separator", ".csv", mark + "sep=;\r\nq;a\r\n1,5;\"x\r\ny\"\r\n3;\"\"\"4\"\r\n", []string{
			`row 1 @3:1 q@3:1="1,5" a@3:5="x\ny"`,
			`row 2 @5:1 q@5:1="3" a@5:3="\"4"`,
		}},
		{"csv that names the comma", ".csv", "SEP=,\nq;r,a\n1,2\n\n3\n", []string{
			`row 1 @3:1 q;r@3:1="1" a@3:3="2"`,
			`row 2 @5:1 problem: the number of columns is 1 here, and 2 in the header`,
		}},
		{"csv that names the tab", ".csv", "sep=\t\nq\ta\n1\t2\n", []string{
			`row 1 @3:1 q@3:1="1" a@3:3="2"`,
		}},
		{"tsv that names a letter of two bytes", ".tsv", "sep=¦\nq¦a\n1¦2", []string{
			`row 1 @3:1 q@3:1="1" a@3:4="2"`,
		}},
		{"one column that is named as its separator", ".csv", "sep=;\nq,a\n1\n", []string{
			`row 1 @3:1 q,a@3:1="1"`,
		}},
		{"columns that only look like the name of a separator", ".csv", "sep=ab,sep=\n1,2\n", []string{
			`row 1 @2:1 sep=ab@2:1="1" sep=@2:3="2"`,
		}},
		{"nothing but the name of a separator", ".csv", "sep=;", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},
		{"csv with blank records", ".csv", ",,\nq,a\n,\n1,2\n , \t\n,,,,\n \n3,4,5\n\"\",\"\n\"\n,6\n,,\n", []string{
			`row 1 @4:1 q@4:1="1" a@4:3="2"`,
			`row 2 @8:1 problem: the number of columns is 3 here, and 2 in the header`,
			`row 3 @11:1 q@11:1="" a@11:2="6"`,
		}},
		{"csv of blank records", ".csv", "q,a\n,\n,\n", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},
		{"csv with tabs", ".csv", "q\ta\n1\t2\n", []string{
			`row 0 @1:1 problem: the header is the single column "q\ta": columns are separated by commas [fatal]`,
		}},
		{"tsv", ".tsv", mark + "q\ta\r\n1,2\t\"x \"\"y\"\"\tz\"\r\n\r\n3\t4\t5\nx \"y\"\t1\n5\t6", []string{
			`row 1 @2:1 q@2:1="1,2" a@2:5="x \"y\"\tz"`,
			`row 2 @4:1 problem: the number of columns is 3 here, and 2 in the header`,
			`row 3 @5:3 problem: a quote stands in a cell that does not start with one: put the cell in quotes and double the quote inside`,
			`row 4 @6:1 q@6:1="5" a@6:3="6"`,
		}},
		{"tsv with commas", ".tsv", "q,a\n1,2\n", []string{
			`row 0 @1:1 problem: the header is the single column "q,a": columns are separated by tabs [fatal]`,
		}},
		{"tsv with semicolons", ".tsv", "q;a\n1;2\n", []string{
			`row 0 @1:1 problem: the header is the single column "q;a": columns are separated by tabs [fatal]`,
		}},
		{"tsv of one column", ".tsv", "messages\n1\n", []string{
			`row 1 @2:1 messages@2:1="1"`,
		}},
		{"csv with a broken header", ".csv", "q\"x,a\n1,2\n", []string{
			`row 0 @1:2 problem: a quote stands in a cell that does not start with one: put the cell in quotes and double the quote inside [fatal]`,
		}},
		{"csv of an old Mac", ".csv", mark + "q,a\r\"x\",\"y\"\r1,2\r", []string{
			`row 0 @1:4 problem: the lines end in CR alone, so that the file is a single one [fatal]`,
		}},
		{"tsv of an old Mac", ".tsv", "q\ta\rx\ty", []string{
			`row 0 @1:4 problem: the lines end in CR alone, so that the file is a single one [fatal]`,
		}},
		{"jsonl of an old Mac", ".jsonl", "{\"a\":1}\r\r{\"a\":2}\r", []string{
			`row 0 @1:8 problem: the lines end in CR alone, so that the file is a single one [fatal]`,
		}},
		{"a row of JSON with CR for white space", ".jsonl", "{\"a\":{}\r,\r\"b\":1}\r", []string{
			`row 1 @1:1 a@1:6={} b@1:15=1`,
		}},
		{"an array of JSON of an old Mac", ".json", "[{\"a\":1},\r{\"a\":2}]\r", []string{
			`row 1 @1:2 a@1:7=1`,
			`row 2 @1:11 a@1:16=2`,
		}},
		{"csv with CR in a cell", ".csv", "q,a\n\"x\ry\",1\n", []string{
			`row 1 @2:1 q@2:1="x\ry" a@2:7="1"`,
		}},
		{"csv with a header only", ".csv", "q,a\n", []string{`row 0 @0:0 problem: the file holds no rows [fatal]`}},
		{"empty csv", ".csv", "", []string{`row 0 @0:0 problem: the file is empty [fatal]`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := transcript(t, strings.NewReader(test.text), test.extension)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
			slow := transcript(t, oneByte{strings.NewReader(test.text)}, test.extension)
			if diff := cmp.Diff(got, slow); diff != "" {
				t.Errorf("rows differ when bytes come one by one (-at once +slowly):\n%s", diff)
			}
		})
	}
}

// TestHintOfEncoding checks that bytes that are not UTF-8 are never told without the way out, be they in a row, a name or the header.
func TestHintOfEncoding(t *testing.T) {
	for extension, texts := range map[string][]string{
		".jsonl": {"{\"a\":\"\xe9\"}", "{\"\xe9\":1}"},
		".json":  {"[{\"a\":\"\xe9\"}]", "{\"data\":[{\"\xe9\":1}]}"},
		".csv":   {"q,a\n1,\xe9\n", "q,\xe9\n1,2\n", "sep=;\nq;\xe9\n"},
		".tsv":   {"q\ta\n1\t\xe9\n", "q\t\xe9\n1\t2\n"},
	} {
		for _, text := range texts {
			r, err := rows.NewReader(strings.NewReader(text), extension)
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Next()
			if p, ok := errors.AsType[*rows.Problem](err); !ok || p.Hint != "save the file as UTF-8; in Excel: CSV UTF-8" {
				t.Errorf("%s %q: %+v", extension, text, err)
			}
		}
	}
}

type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// TestSingleRow reads one row of every format, alone in a file of .json.
func TestSingleRow(t *testing.T) {
	const want = "row 0 @1:1 problem: the file holds a single row, not an array of rows: put it in [ ], or name the file .jsonl [fatal]"
	for _, text := range []string{
		`{"question": "q", "answer": "a"}`,
		`{"id": 1, "Question": "q", "answers": ["a"]}`,
		`{"instruction": "i", "input": "", "output": "o", "tags": ["x"]}`,
		`{"prompt": "p", "chosen": [{"role": "assistant", "content": "c"}], "rejected": []}`,
		`{"chosen": [{"role": "user", "content": "q"}], "rejected": []}`,
		`{"id": "x", "conversations": [{"from": "human", "value": "q"}]}`,
		`{"conversation": [{"role": "user", "content": "q"}]}`,
		`{"input": {"messages": []}, "preferred_output": [], "non_preferred_output": []}`,
		`{"preferred_output": [{}], "input": {"messages": []}}`,
	} {
		if got := transcript(t, strings.NewReader(text), ".json"); len(got) != 1 || got[0] != want {
			t.Errorf("%s:\n%s", text, strings.Join(got, "\n"))
		}
	}
	late := transcript(t, strings.NewReader(`{"tools": [{"type": "function"}], "messages": [{"role": "user", "content": "q"}]}`), ".json")
	if got := late[len(late)-1]; got != want {
		t.Errorf("tools before messages: %s", got)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct{ path, want string }{
		{filepath.Join(dir, "missing.jsonl"), "no such file"},
		{dir, "is a directory, not a data file"},
		{write("data.xlsx", "x"), `the extension ".xlsx" says nothing about the data: want .jsonl, .json, .csv or .tsv`},
		{write("data", "x"), `the extension "" says nothing about the data: want .jsonl, .json, .csv or .tsv`},
	} {
		_, err := rows.Open(test.path)
		p, ok := errors.AsType[*rows.Problem](err)
		if !ok || p.Message != test.want || !p.Fatal {
			t.Errorf("Open(%q): %v, want %q", test.path, err, test.want)
		}
	}

	text := "{\"a\":1}\n{\n{\"a\":2}\n"
	r, err := rows.Open(write("good.jsonl", text))
	if err != nil {
		t.Fatal(err)
	}
	for range r.All() {
	}
	sum := sha256.Sum256([]byte(text))
	if want := hex.EncodeToString(sum[:]); r.SHA256() != want {
		t.Errorf("SHA256 is %s, want %s", r.SHA256(), want)
	}
	if r.Count() != 3 {
		t.Errorf("Count is %d, want 3", r.Count())
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("Next after the end: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestReadFault(t *testing.T) {
	fault := errors.New("disk on fire")
	for _, extension := range []string{".json", ".jsonl", ".csv", ".tsv"} {
		r, err := rows.NewReader(io.MultiReader(strings.NewReader("[{"), failing{fault}), extension)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(); !errors.Is(err, fault) {
			t.Errorf("%s: error is %v, want the fault of reading", extension, err)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: error after the fault is %v, want EOF", extension, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestRowsStayValid(t *testing.T) {
	for extension, text := range map[string]string{
		".json":  `[{"a":"one"},{"a":"two"},{"a":"three"}]`,
		".jsonl": "{\"a\":\"one\"}\n{\"a\":\"two\"}\n{\"a\":\"three\"}\n",
		".csv":   "a\none\ntwo\nthree\n",
	} {
		r, err := rows.NewReader(strings.NewReader(text), extension)
		if err != nil {
			t.Fatal(err)
		}
		var kept []rows.Row
		for row, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, row)
		}
		for i, want := range []string{`"one"`, `"two"`, `"three"`} {
			if got := string(kept[i].Fields[0].Value); got != want {
				t.Errorf("%s: row %d is %s, want %s", extension, i+1, got, want)
			}
		}
	}
}
