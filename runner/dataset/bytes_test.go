package dataset_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
	"ftrun/runner/result"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// TestPreparedBytes holds the promise of FormatVersion: where a wanted line here must change, the version must too.
func TestPreparedBytes(t *testing.T) {
	const bare = `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}` + "\n"
	for _, test := range []struct {
		name, file, text string
		edit             func(*dataset.Config)
		want             string
	}{
		{
			name: "question and answer", file: "d.jsonl",
			text: `{"question":"What is \u00e9?","answer":"An <e> & \"accent\"\n\u2028\ud83d\ude00 \u0007\/"}` + "\n" + qaPad,
			want: `{"messages":[{"role":"user","content":"What is é?"},{"role":"assistant","content":"An <e> & \"accent\"\n` +
				"\u2028😀" + ` \u0007/"}]}` + "\n" + chatPad,
		},
		{
			name: "byte order mark, CRLF, blank lines", file: "d.jsonl",
			text: "\xef\xbb\xbf\r\n{\"question\": \" 1\" , \"answer\": \"2\\r\\n\"}\r\n\r\n" + qaPad,
			want: `{"messages":[{"role":"user","content":" 1"},{"role":"assistant","content":"2\r\n"}]}` + "\n" + chatPad,
		},
		{
			name: "numbers and booleans as written", file: "d.jsonl",
			text: `{"question":1.50,"answer":true}` + "\n" + qaPad,
			want: `{"messages":[{"role":"user","content":"1.50"},{"role":"assistant","content":"true"}]}` + "\n" + chatPad,
		},
		{
			name: "a row's own system prompt wins, and a null or blank one is none", file: "d.jsonl",
			edit: func(c *dataset.Config) { c.SystemPrompt = "Be brief." },
			text: `{"question":"q","answer":"a","system":"Be long."}` + "\n" +
				`{"question":"q","answer":"a","system":null}` + "\n" +
				`{"question":"q","answer":"a","system_prompt":" "}` + "\n" + strings.Repeat(`{"question":"q","answer":"a"}`+"\n", 7),
			want: `{"messages":[{"role":"system","content":"Be long."},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}` + "\n" +
				strings.Repeat(`{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`+"\n", 9),
		},
		{
			name: "csv with synonyms in upper case and other columns", file: "d.csv",
			text: "ID,Prompt,Completion,topic\n1,\"a, b\",\"c\n\"\"d\"\"\",t\n" + strings.Repeat("1,q,a,t\n", 10),
			want: `{"messages":[{"role":"user","content":"a, b"},{"role":"assistant","content":"c\n\"d\""}]}` + "\n" + chatPad,
		},
		{
			name: "columns that the spec names", file: "d.jsonl",
			edit: func(c *dataset.Config) { c.Dataset.Fields = map[string]string{"question": "output", "answer": "text"} },
			text: strings.Repeat(`{"question":"no","output":"q","text":"a","response":"no"}`+"\n", 10),
			want: chatPad,
		},
		{
			name: "one column that the spec names", file: "d.jsonl",
			edit: func(c *dataset.Config) { c.Dataset.Fields = map[string]string{"question": "input"} },
			text: strings.Repeat(`{"instruction":"no","input":"q","output":"a"}`+"\n", 10),
			want: chatPad,
		},
		{
			name: "one array in an object", file: "d.json",
			text: `{"data":[` + strings.Repeat(`{"q":"q","a":"a"},`, 9) + `{"q":"q","a":"a"}]}`,
			want: chatPad,
		},
		{
			name: "chat", file: "c.jsonl",
			edit: func(c *dataset.Config) { c.SystemPrompt = "S" },
			text: `{ "parallel_tool_calls" : false, "id": 7, "tools" : [ {"type": "own", "n": 1.0, "a": "\u00e9"} ], "messages":[ ` +
				`{"content":"D","role":"developer"}, ` +
				`{"name":"Ann","content":[ {"type": "text", "text": "look"}, {"type":"image_url","image_url":{"url":"https://x/y.png"}}],"role":"user"}, ` +
				`{"role":"assistant","weight":0,"content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]}, ` +
				`{"role":"tool","tool_call_id":"c1","content":"42"}, {"weight":1,"role":"assistant","content":"\u0034\u0032"} ]}` + "\n" + chatPad,
			want: `{"messages":[{"role":"developer","content":"D"},` +
				`{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}],"name":"Ann"},` +
				`{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}],"weight":0},` +
				`{"role":"tool","content":"42","tool_call_id":"c1"},{"role":"assistant","content":"42","weight":1}],` +
				`"tools":[{"type":"own","n":1.0,"a":"\u00e9"}],"parallel_tool_calls":false}` + "\n" +
				strings.Repeat(`{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`+"\n", 10),
		},
		{
			name: "the order of a chat row's keys does not matter", file: "c.jsonl",
			text: strings.Repeat(`{"messages":[{"content":"q","role":"user"},{"content":"a","role":"assistant"}]}`+"\n", 10),
			want: strings.Repeat(bare, 10),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, write(t, test.file, test.text))
			if test.edit != nil {
				test.edit(&c)
			}
			prepared, got := prepare(t, c)
			if diff := cmp.Diff(strings.SplitAfter(test.want, "\n"), strings.SplitAfter(got, "\n")); diff != "" {
				t.Errorf("prepared bytes differ (-want +got):\n%s", diff)
			}
			sum := sha256.Sum256([]byte(got))
			if prepared.SHA256 != hex.EncodeToString(sum[:]) || prepared.Bytes != int64(len(got)) || prepared.Path != c.Out {
				t.Errorf("reported %s, %d bytes, at %q, which is not what was written", prepared.SHA256, prepared.Bytes, prepared.Path)
			}
		})
	}
}

func TestStats(t *testing.T) {
	text := `{"question":"tiktoken is great!","answer":"hello world","topic":"x","id":1}` + "\n" + differing(10)
	c := config(t, write(t, "d.jsonl", text))
	c.SystemPrompt = "system"
	got, _ := prepare(t, c)

	source := sha256.Sum256([]byte(text))
	// The published rule: 3 a message with its role and content, and 3 an example.
	const question = 3 // "question 7"
	const long, short = 3*3 + 1 + 1 + 1 + 6 + 1 + 2 + 3, 3*3 + 1 + 1 + 1 + question + 1 + 1 + 3
	want := &dataset.Prepared{
		Path: c.Out, SHA256: got.SHA256, Bytes: got.Bytes, Files: []string{c.Training[0].Path},
		Warnings: []string{c.Training[0].Path + `:1:1: row 1: column "topic" is not used for training`},
		Advice: diag.List{{Severity: diag.Warning, Kind: "unused_column", Pos: diag.Position{File: c.Training[0].Path, Line: 1, Col: 1}, Path: "row 1",
			Message: `column "topic" is not used for training`, Hint: "name it in dataset.fields if it should be"}},
		Stats: result.Dataset{
			Total: 11, Training: 11, Tokens: long + 10*short, TrainingSHA256: got.SHA256, TrainingBytes: got.Bytes,
			TokenStats: result.TokenStats{
				Encoding: "o200k_base", Limit: 65_536, Min: short, Mean: float64(long+10*short) / 11, P50: short, P95: long, Max: long,
				Histogram: []result.TokenBucket{{From: 20, To: 20, Examples: 10}, {From: 21, To: 21}, {From: 22, To: 22}, {From: 23, To: 23}, {From: 24, To: 24, Examples: 1}},
			},
			RoleTokens: map[string]int64{"system": 11, "user": 6 + 10*question, "assistant": 12, "overhead": 11 * (3*3 + 3 + 3)},
			Columns:    map[string]string{"question": "question", "answer": "answer"},
			Findings: []result.DataFinding{{Kind: "unused_column", Severity: "warning", Count: 1, Message: `column "topic" is not used for training`,
				Hint:   "name it in dataset.fields if it should be",
				Places: []result.DataPlace{{File: c.Training[0].Path, Line: 1, Col: 1, Row: 1, Message: `column "topic" is not used for training`}}}},
			Sources: []result.Source{{Path: "d.jsonl", SHA256: hex.EncodeToString(source[:]), Rows: 11, Shape: "qa", Use: "training"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prepared differs (-want +got):\n%s", diff)
	}

	checked, err := dataset.Check(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	checked.Path = got.Path
	if diff := cmp.Diff(got, checked); diff != "" {
		t.Errorf("Check tells another story than Prepare (-Prepare +Check):\n%s", diff)
	}
}

func TestChatTokens(t *testing.T) {
	row := `{"messages":[{"role":"user","name":"Ann","content":[{"type":"text","text":"hello world"},{"type":"image_url","image_url":{"url":"https://long"}}]},` +
		`{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"x"}}]},` +
		`{"role":"tool","tool_call_id":"c","content":"a"},{"role":"assistant","content":"a"}]}`
	c := config(t, write(t, "c.jsonl", row+"\n"+chatPad))
	got, _ := prepare(t, c)
	const want = 4*3 + 3 + // messages, example
		1 + (1 + 1) + 2 + // user, Ann, hello world
		1 + (1 + 1 + 1 + 1) + // assistant, the strings of the call
		1 + 1 + 1 + 1 + 1 // tool c a, assistant a
	if got.Stats.TokenStats.Max != want {
		t.Errorf("%d tokens, want %d", got.Stats.TokenStats.Max, want)
	}
	if got.Stats.Columns != nil || got.Stats.Sources[0].Shape != "chat" {
		t.Errorf("columns %v and shape %q, want none and chat", got.Stats.Columns, got.Stats.Sources[0].Shape)
	}
}

func TestTooLongDrop(t *testing.T) {
	c := config(t, write(t, "d.jsonl", `{"question":"q","answer":"`+strings.Repeat("long ", 50)+`"}`+"\n"+differing(10)))
	c.Dataset.TooLong = dataset.TooLongDrop
	c.TokenLimit = 20
	got, text := prepare(t, c)
	if got.Stats.Total != 11 || got.Stats.Training != 10 || got.Stats.Dropped != 1 || strings.Count(text, "\n") != 10 {
		t.Errorf("stats %+v, want one of eleven dropped", got.Stats)
	}
	if want := []string{"1 of 11 rows dropped: longer than 20 tokens"}; !cmp.Equal(got.Warnings, want) {
		t.Errorf("warnings %q, want %q", got.Warnings, want)
	}
}

func TestLimitWarnings(t *testing.T) {
	path := write(t, "d.jsonl", differing(10))
	for _, test := range []struct {
		model string
		limit int
		want  []string
		used  int
	}{
		{"gpt-4.1", 0, nil, 65_536},
		{"gpt-4.1", 4096, nil, 4096},
		{"gpt-3.5-turbo-0125", 0, nil, 16_385},
		{"gpt-4.1", 70_000, []string{`token_limit is 70000, and the service cuts examples for base model "gpt-4.1" off at 65536`}, 70_000},
		{"gpt-4", 0, []string{`no limit of tokens is documented for base model "gpt-4", and none is checked: set token_limit`}, 0},
		{"llama", 100, []string{`base model "llama" is not known: tokens are counted as o200k_base`}, 100},
		{"llama", 0, []string{
			`base model "llama" is not known: tokens are counted as o200k_base`,
			`no limit of tokens is documented for base model "llama", and none is checked: set token_limit`,
		}, 0},
	} {
		c := config(t, path)
		c.BaseModel, c.TokenLimit = test.model, test.limit
		got, _ := prepare(t, c)
		if !cmp.Equal(got.Warnings, test.want) || got.Stats.TokenStats.Limit != test.used {
			t.Errorf("%s with limit %d: limit %d, warnings %q; want %d, %q",
				test.model, test.limit, got.Stats.TokenStats.Limit, got.Warnings, test.used, test.want)
		}
	}
}

func TestReplacesTrainingFile(t *testing.T) {
	c := config(t, write(t, "d.jsonl", qaPad))
	if err := os.WriteFile(c.Out, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := c
	bad.Training = []dataset.File{{Name: "bad.jsonl", Path: write(t, "bad.jsonl", "{}\n")}}
	if _, err := dataset.Prepare(t.Context(), bad, nil); err == nil {
		t.Fatal("bad data was prepared")
	}
	if text, err := os.ReadFile(c.Out); err != nil || string(text) != "old" {
		t.Errorf("after bad data the file holds %q (%v), want what it held", text, err)
	}
	if _, text := prepare(t, c); text != chatPad {
		t.Errorf("the file holds %q", text)
	}
}

// TestAnyNumberOfCores wants the same of the same data, however many goroutines take it apart.
func TestAnyNumberOfCores(t *testing.T) {
	var text strings.Builder
	for i := range 3_000 {
		switch {
		case i%7 == 0:
			text.WriteString(`{"question":"","answer":"a"}` + "\n")
		case i%11 == 0:
			text.WriteString("no json\n")
		case i%13 == 0:
			text.WriteString(`{"question":"long","answer":"` + strings.Repeat("long ", 50) + `"}` + "\n")
		default:
			fmt.Fprintf(&text, `{"question":"question %d","answer":"answer %d","more":"x"}`+"\n", i%800, i%5)
		}
	}
	c := config(t, write(t, "d.jsonl", text.String()))
	c.TokenLimit = 30
	c.Dataset.Invalid, c.Dataset.TooLong, c.Dataset.Duplicates = dataset.InvalidDrop, dataset.TooLongDrop, dataset.DuplicatesDrop
	c.Dataset.Validation.Share = spec.Amount{Value: 0.2, Percent: true, Text: "20%"}
	var first *dataset.Prepared
	for _, cores := range []int{1, 2, 8} {
		before := runtime.GOMAXPROCS(cores)
		got, _ := prepare(t, c)
		runtime.GOMAXPROCS(before)
		if first == nil {
			first = got
		}
		if diff := cmp.Diff(first, got); diff != "" {
			t.Errorf("on %d cores (-on one +on these):\n%s", cores, diff)
		}
	}
	if s := first.Stats; s.Invalid == 0 || s.Dropped == 0 || s.Duplicates == 0 || s.Validation == 0 {
		t.Errorf("the data does not have everything: %+v", s)
	}
}
