package dataset_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
	"ftrun/spec/diag"
)

func TestProblems(t *testing.T) {
	const hint = " | name the columns in the spec, as in dataset.fields: {question: q, answer: a}"
	for _, test := range []struct {
		name, file, text string
		edit             func(*dataset.Config)
		want             []string
	}{
		{
			name: "empty", file: "d.jsonl",
			want: []string{"d.jsonl: the file is empty"},
		},
		{
			name: "not UTF-8", file: "d.jsonl", text: qaPad + "{\"question\":\"\xe9\",\"answer\":\"a\"}\n",
			want: []string{"d.jsonl:11:14: row 11: is not UTF-8: byte 0xe9 | save the file as UTF-8; in Excel: CSV UTF-8"},
		},
		{
			name: "a line of 20 MB", file: "d.jsonl", text: `{"question":"` + strings.Repeat("x", 20_000_000) + "\"}\n" + qaPad,
			want: []string{"d.jsonl:1: row 1: the line has 20000015 bytes, and a row may have at most 16777216 (16 MiB)"},
		},
		{
			name: "truncated JSON", file: "d.json", text: `[{"question":"q","answer":"a"},` + "\n" + `{"question":"q","ans`,
			want: []string{"d.json:2:21: row 2: the JSON is cut off: it ends before it is closed"},
		},
		{
			name: "wrong names", file: "d.jsonl", text: `{"text":"q","label":"a"}` + "\n" + qaPad,
			want: []string{`d.jsonl:1:1: row 1: found the columns "text", "label": want "messages", or a question and an answer` + hint},
		},
		{
			name: "a slip of the pen", file: "d.jsonl", text: `{"question":"q","anwser":"a"}` + "\n" + qaPad,
			want: []string{`d.jsonl:1:1: row 1: no answer: want a column named answer, response, output, target, targets, completion, solution, answer_key, a; ` +
				`found the columns "question", "anwser" | did you mean "answer" by "anwser"?`},
		},
		{
			name: "neither question nor fields", file: "d.jsonl", text: "{}\n" + qaPad,
			want: []string{`d.jsonl:1:1: row 1: found no columns: want "messages", or a question and an answer` + hint},
		},
		{
			name: "two candidates", file: "d.jsonl", text: `{"query":"q","input":"q","output":"a"}` + "\n" + qaPad,
			want: []string{`d.jsonl:1:22: row 1: both "query" and "input" could be the question | say which: dataset.fields: {question: query}`},
		},
		{
			name: "another column in a later row", file: "d.jsonl", text: qaPad + `{"prompt":"q","answer":"a"}` + "\n",
			want: []string{`d.jsonl:11:11: row 11: the question stands in column "prompt" here, and in "question" in row 1 | name the column alike in every row`},
		},
		{
			name: "chat among question and answer", file: "d.jsonl", text: qaPad + chatPad[:strings.Index(chatPad, "\n")+1],
			want: []string{"d.jsonl:11:1: row 11: the row has the shape of chat rows, and the data holds question and answer rows, as row 1 decided"},
		},
		{
			name: "question and answer among chat", file: "d.jsonl", text: chatPad + `{"question":"q","answer":"a"}` + "\n" + `{"x":1}` + "\n",
			want: []string{
				"d.jsonl:11:1: row 11: the row has the shape of question and answer rows, and the data holds chat rows, as row 1 decided",
				`d.jsonl:12:1: row 12: no "messages": found the columns "x" | name the columns in the spec, as in dataset.fields: {messages: m}`,
			},
		},
		{
			name: "another shape than the spec says", file: "d.jsonl", text: qaPad,
			edit: func(c *dataset.Config) { c.Dataset.Format = "chat" },
			want: func() (list []string) {
				for i := range 10 {
					list = append(list, fmt.Sprintf("d.jsonl:%d:1: row %[1]d: the row has the shape of question and answer rows, and the data holds chat rows, as the spec says", i+1))
				}
				return list
			}(),
		},
		{
			name: "fewer than ten", file: "d.jsonl", text: `{"question":"q","answer":"a"}`,
			want: []string{"d.jsonl: the data has 1 example, and training needs at least 10 | 50 to 100 are advised"},
		},
		{
			name: "fewer than ten, and one of them bad", file: "d.jsonl", text: `{"question":"q","answer":"a"}` + "\n{}\n",
			want: []string{
				"d.jsonl: the data has 2 examples, and training needs at least 10 | 50 to 100 are advised",
				`d.jsonl:2:1: row 2: no answer: want a column named answer, response, output, target, targets, completion, solution, answer_key, a; found no columns` + hint,
				`d.jsonl:2:1: row 2: no question: want a column named question, query, prompt, input, instruction, problem, q; found no columns` + hint,
			},
		},
		{
			name: "fewer than ten after dropping", file: "d.jsonl", text: qaPad[:len(qaPad)/2] + `{"question":"q","answer":"` + strings.Repeat("long ", 50) + `"}`,
			edit: func(c *dataset.Config) { c.Dataset.TooLong, c.TokenLimit = dataset.TooLongDrop, 20 },
			want: []string{"d.jsonl: the data has 5 examples, and training needs at least 10 (1 row dropped for being too long) | 50 to 100 are advised"},
		},
		{
			name: "too long", file: "d.jsonl",
			text: `{"question":"q","answer":"` + strings.Repeat("long ", 50) + `"}` + "\n" + qaPad + `{"question":"q","answer":"` + strings.Repeat("long ", 60) + `"}`,
			edit: func(c *dataset.Config) { c.TokenLimit = 20 },
			want: []string{
				"d.jsonl:1:1: row 1: the example has 63 tokens, and the limit is 20 | shorten it, raise token_limit, or set dataset.too_long: drop",
				"d.jsonl:12:1: row 12: the example has 73 tokens, and the limit is 20 | shorten it, raise token_limit, or set dataset.too_long: drop",
			},
		},
		{
			name: "bad values", file: "d.jsonl",
			text: `{"question":" \n","answer":null}` + "\n" + `{"question":["x"],"answer":{},"system":[]}` + "\n" + qaPad,
			want: []string{
				`d.jsonl:1:13: row 1: question is blank`,
				`d.jsonl:1:28: row 1: answer is null: want text`,
				`d.jsonl:2:13: row 2: question is an array: want text`,
				`d.jsonl:2:28: row 2: answer is an object: want text`,
				`d.jsonl:2:40: row 2: system is an array: want text`,
			},
		},
		{
			name: "a column that the spec names is not there", file: "d.jsonl", text: `{"question":"q","answer":"a"}` + "\n" + strings.Repeat(`{"frage":"q","answer":"a"}`+"\n", 10),
			edit: func(c *dataset.Config) { c.Dataset.Fields = map[string]string{"question": "frage"} },
			want: []string{`d.jsonl:1:1: row 1: no column "frage", which dataset.fields names as the question: found the columns "question", "answer"` + hint},
		},
		{
			name: "bad mapping", file: "d.jsonl", text: qaPad,
			edit: func(c *dataset.Config) { c.Dataset.Fields = map[string]string{"frage": "q"} },
			want: []string{`pipeline.yaml:3:10: dataset.fields: unknown role "frage": question and answer rows have question, answer, system`},
		},
		{
			name: "one column for two roles", file: "d.jsonl", text: qaPad,
			edit: func(c *dataset.Config) { c.Dataset.Fields = map[string]string{"question": "q", "answer": "q"} },
			want: []string{`pipeline.yaml:3:10: dataset.fields: the column "q" is named for two roles, answer and question`},
		},
		{
			name: "fields of chat rows", file: "d.jsonl", text: qaPad,
			edit: func(c *dataset.Config) {
				c.Dataset.Format, c.Dataset.Fields = "chat", map[string]string{"question": "q"}
			},
			want: []string{`pipeline.yaml:3:10: dataset.fields: unknown role "question": chat rows have messages, system, tools, parallel_tool_calls, functions`},
		},
		{
			name: "unknown format", file: "d.jsonl", text: qaPad,
			edit: func(c *dataset.Config) { c.Dataset.Format = "parquet" },
			want: []string{`pipeline.yaml:3:10: dataset.format: unknown format "parquet": want auto, chat, preference, sharegpt, alpaca, completion, qa`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, write(t, test.file, test.text))
			if test.edit != nil {
				test.edit(&c)
			}
			if diff := cmp.Diff(test.want, problems(t, c)); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChatProblems(t *testing.T) {
	const roles = "system, developer, user, assistant, tool, function"
	const good = `{"role":"user","content":"q"},`
	const last = `,{"role":"assistant","content":"a"}`
	for _, test := range []struct {
		row  string
		want []string // without file, line and row
	}{
		{`{"messages":[]}`, []string{`13: messages is empty`}},
		{`{"messages":"hi"}`, []string{`13: messages is text: want an array`}},
		{`{"messages":[` + good + `7]}`, []string{
			`44: messages[1] is a number: want an object`,
			`44: the last message is of role "": want assistant, whose text is what is learnt`,
		}},
		{`{"messages":[` + good + `{"content":"x"}` + last + `]}`, []string{`44: messages[1] has no role: want ` + roles}},
		{`{"messages":[` + good + `{"role":"robot","content":"x"}` + last + `]}`, []string{`52: messages[1].role is "robot": want ` + roles}},
		{`{"messages":[` + good + `{"role":1,"content":"x"}` + last + `]}`, []string{`52: messages[1].role is a number: want ` + roles}},
		{`{"messages":[{"role":"user","content":" "}` + last + `]}`, []string{`39: messages[0].content is blank`}},
		{`{"messages":[{"role":"user"}` + last + `]}`, []string{`14: messages[0].content is missing`}},
		{`{"messages":[{"role":"user","content":3}` + last + `]}`, []string{`39: messages[0].content is a number: want text, or an array of content parts`}},
		{`{"messages":[{"role":"user","content":[]}` + last + `]}`, []string{`39: messages[0].content is an empty array`}},
		{`{"messages":[{"role":"user","content":["x",{"type":"text","text":""}]}` + last + `]}`, []string{
			`40: messages[0].content[0] is no content part: want an object with a type`,
			`44: messages[0].content[1].text is missing or blank`,
		}},
		{`{"messages":[{"role":"user","content":"x","contnet":"y"}` + last + `]}`, []string{`53: messages[0] has the unknown key "contnet", did you mean "content"?`}},
		{`{"messages":[{"role":"user","content":"x","foo":"y"}` + last + `]}`, []string{
			`49: messages[0] has the unknown key "foo": want role, content, name, refusal, tool_calls, tool_call_id, function_call, audio, weight`,
		}},
		{`{"messages":[{"role":"user","content":"x","weight":1,"name":""}` + last + `]}`, []string{
			`52: messages[0].weight is for assistant messages, and this one is of role "user"`,
			`61: messages[0].name is blank: want text`,
		}},
		{`{"messages":[` + good + `{"role":"assistant","content":"a","weight":2}]}`, []string{`87: messages[1].weight is 2: want 0 or 1`}},
		{`{"messages":[` + good + `{"role":"assistant","content":"a","weight":0}]}`, []string{
			`13: every assistant message has weight 0, so there is nothing to learn`,
		}},
		{`{"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]}`, []string{
			`49: the last message is of role "user": want assistant, whose text is what is learnt`,
		}},
		{`{"messages":[{"role":"system","content":"s"}` + last + `]}`, []string{`13: no user message: there is nothing to answer`}},
		{`{"messages":[` + good + `{"role":"assistant","tool_calls":[]}]}`, []string{`44: messages[1].content is missing`}},
		{`{"messages":[` + good + `{"role":"assistant","function_call":"f"}]}`, []string{`80: messages[1].function_call is text: want an object`}},
		{`{"messages":[` + good + `{"role":"tool","content":"1"},{"role":"function","content":"1"}` + last + `]}`, []string{
			`44: messages[1].tool_call_id is missing: it says which call this answers`,
			`74: messages[2].name is missing: it says which function this answers for`,
		}},
		{`{"messages":[` + good[:len(good)-1] + last + `],"tools":{},"parallel_tool_calls":1}`, []string{
			`88: tools is an object: want an array`,
			`113: parallel_tool_calls is a number: want true or false`,
		}},
	} {
		var want []string
		for _, message := range test.want {
			col, text, _ := strings.Cut(message, ": ")
			want = append(want, fmt.Sprintf("d.jsonl:11:%s: row 11: %s", col, text))
		}
		if diff := cmp.Diff(want, problems(t, config(t, write(t, "d.jsonl", chatPad+test.row)))); diff != "" {
			t.Errorf("problems of %s differ (-want +got):\n%s", test.row, diff)
		}
	}
}

func TestFileProblems(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "missing.jsonl"): "no such file",
		dir:                                 "is a directory, not a data file",
	} {
		_, err := dataset.Check(t.Context(), config(t, path), nil)
		if list, ok := errors.AsType[diag.List](err); !ok || list.Error() != path+": "+want {
			t.Errorf("error is %v, want %q at %q", err, want, path)
		}
	}
}

func TestManyProblems(t *testing.T) {
	text := strings.Repeat(`{"question":"q","answer":"","system":[]}`+"\n", 6_000) + "{\n" + qaPad
	got := problems(t, config(t, write(t, "d.jsonl", text)))
	if len(got) != 10_001 {
		t.Fatalf("%d problems are listed, want 10,000 and one that counts the others", len(got))
	}
	if want := "d.jsonl:5001:26: and 2001 more problems from here on"; got[10_000] != want {
		t.Errorf("the last is %q, want %q", got[10_000], want)
	}
}

func TestWriteFault(t *testing.T) {
	c := config(t, write(t, "d.jsonl", qaPad))
	c.Out = filepath.Join(t.TempDir(), "missing", "train.jsonl")
	_, err := dataset.Prepare(t.Context(), c, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "write training file ") {
		t.Errorf("error is %v, want one of writing", err)
	}
	if _, ok := errors.AsType[diag.List](err); ok {
		t.Error("a fault of the disk is reported as one of the data")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := config(t, write(t, "d.jsonl", qaPad))
	if _, err := dataset.Prepare(ctx, c, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that the context was cancelled", err)
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a training file was written: %v", err)
	}
}

// TestHeaderIsToldOnce tells of a wrong header where it stands, and not in every row; what looks like the column that is meant is named.
func TestHeaderIsToldOnce(t *testing.T) {
	text := "qestion,answer\n" + strings.Repeat("q,a\n", 30)
	got := problems(t, config(t, write(t, "d.csv", text)))
	if len(got) != 1 || !strings.HasPrefix(got[0], `d.csv:1:1: row 1: no question: `) || !strings.HasSuffix(got[0], `did you mean "question" by "qestion"?`) {
		t.Errorf("problems %q", got)
	}
	c := config(t, write(t, "d.csv", "Frage,answer\n"+strings.Repeat("q,a\n", 30)))
	c.Dataset.Fields = map[string]string{"question": "frage"}
	if got := problems(t, c); len(got) != 1 || !strings.Contains(got[0], `, did you mean "Frage"?`) {
		t.Errorf("problems %q", got)
	}
}

// TestValidationOfAnotherFormat says of which format the rows are, and not what they lack for the other.
func TestValidationOfAnotherFormat(t *testing.T) {
	c := config(t, write(t, "d.jsonl", differing(10)))
	c.Validation = []dataset.File{{Name: "v.jsonl", Path: write(t, "v.jsonl", `{"input":"q","preferred_output":"a","non_preferred_output":"b"}`)}}
	c.Dataset.Validation.Paths = []string{"v.jsonl"}
	got := strings.Join(problems(t, c), "\n")
	if !strings.Contains(got, "the row has the shape of preference rows, and the data holds question and answer rows, as row 1 of d.jsonl decided") {
		t.Errorf("problems %s", got)
	}
}
