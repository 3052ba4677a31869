package dataset_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
	"ftrun/spec"
	"ftrun/spec/diag"
)

// advice returns warnings and notes, a line each, without folders.
func advice(p *dataset.Prepared) []string {
	var lines []string
	for _, d := range p.Advice {
		d.Pos.File = filepath.Base(d.Pos.File)
		lines = append(lines, d.String())
	}
	return lines
}

// TestAdvice is what does not keep a row from being trained on.
func TestAdvice(t *testing.T) {
	const q, a = `{"role":"user","content":"q"},`, `{"role":"assistant","content":"a"}`
	const call = `{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":%q}}]},`
	for name, test := range map[string]struct{ row, want string }{
		"a control character": {`{"messages":[{"role":"user","content":"a\u0007b"},` + a + `]}`,
			"39: warning: row 11: messages[0].content has the control character U+0007"},
		"lost bytes":                {"{\"messages\":[{\"role\":\"user\",\"content\":\"a\uFFFD\"}," + a + "]}", "39: warning: row 11: messages[0].content has U+FFFD, which stands where bytes were lost"},
		"two questions in a row":    {`{"messages":[` + q + q + a + `]}`, `44: warning: row 11: messages[1] is of role "user", as the message before it`},
		"a system message too late": {`{"messages":[` + q + `{"role":"system","content":"s"},` + a + `]}`, `44: warning: row 11: messages[1] is of role "system", which mostly stands first`},
		"a call without an answer": {`{"messages":[` + q + fmt.Sprintf(call, "{}") + q + a + `]}`,
			`151: warning: row 11: messages[2] comes before the call "c1" is answered`},
		"a call of no JSON": {`{"messages":[` + q + fmt.Sprintf(call, "x=1") + `{"role":"tool","tool_call_id":"c1","content":"1"},` + a + `]}`,
			`142: warning: row 11: messages[1].tool_calls[0].function.arguments is no JSON, and that is what would be learnt`},
	} {
		got, _ := prepare(t, config(t, write(t, "d.jsonl", chats(10)+test.row)))
		if diff := cmp.Diff([]string{"d.jsonl:11:" + test.want}, advice(got)); diff != "" {
			t.Errorf("%s (-want +got): %s", name, diff)
		}
		if got.Stats.Training != 11 || len(got.Warnings) != 1 {
			t.Errorf("%s: %d examples and warnings %q", name, got.Stats.Training, got.Warnings)
		}
	}
}

// chats returns n chat rows of which no two are the same.
func chats(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"messages":[{"role":"user","content":"question %d"},{"role":"assistant","content":"a"}]}`+"\n", i)
	}
	return b.String()
}

// TestNestedPositions finds a fault inside a row that goes over several lines.
func TestNestedPositions(t *testing.T) {
	text := "[" + strings.Join(strings.Split(strings.TrimSpace(chats(10)), "\n"), ",\n") + `,
{
  "messages": [
    {"role": "user", "content": "q"},
    {"role": "robot", "content": "a"}
  ]
}]`
	got := problems(t, config(t, write(t, "d.json", text)))
	if want := `d.json:14:14: row 11: messages[1].role is "robot": want system, developer, user, assistant, tool, function`; !slices.Contains(got, want) {
		t.Errorf("got %q, want %q among them", got, want)
	}
}

func TestDuplicates(t *testing.T) {
	text := differing(10) + `{"question":"question 3","answer":"a"}` + "\n" + `{"question":"question 4","answer":"b"}` + "\n" +
		`{"question":"question 4","answer":"b"}` + "\n"
	const same, conflict, again = "the same example as row 4", "the question of row 5 has another answer here", "the same example as row 12"
	for mode, want := range map[string]struct {
		training, duplicates int
		advice               []string
	}{
		dataset.DuplicatesWarn: {13, 0, []string{"11:1: warning: row 11: " + same, "12:1: warning: row 12: " + conflict, "13:1: warning: row 13: " + again}},
		dataset.DuplicatesDrop: {11, 2, []string{"12:1: warning: row 12: " + conflict}},
	} {
		c := config(t, write(t, "d.jsonl", text))
		c.Dataset.Duplicates = mode
		got, out := prepare(t, c)
		for i, l := range want.advice {
			want.advice[i] = "d.jsonl:" + l
		}
		if diff := cmp.Diff(want.advice, advice(got)); diff != "" {
			t.Errorf("%s (-want +got): %s", mode, diff)
		}
		s := got.Stats
		if s.Total != 13 || s.Training != want.training || s.Duplicates != want.duplicates || strings.Count(out, "\n") != want.training {
			t.Errorf("%s: stats %+v", mode, s)
		}
	}
	c := config(t, write(t, "d.jsonl", text))
	c.Dataset.Duplicates = dataset.DuplicatesError
	got := problems(t, c)
	if want := []string{"d.jsonl:11:1: row 11: " + same + " | set dataset.duplicates: drop, or take it out",
		"d.jsonl:13:1: row 13: " + again + " | set dataset.duplicates: drop, or take it out"}; !cmp.Equal(got, want) {
		t.Errorf("error: %q, want %q", got, want)
	}
}

// TestManyConflicts is a question with very many answers, which must not take a time that grows with their square.
func TestManyConflicts(t *testing.T) {
	const rows = 50_000
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, `{"question":"q","answer":"%d"}`+"\n", i%(rows/2))
	}
	got, _ := prepare(t, config(t, write(t, "d.jsonl", b.String())))
	counts := map[string]int{}
	for _, f := range got.Stats.Findings {
		counts[f.Kind] = f.Count
	}
	if want := (map[string]int{"conflicting_row": rows/2 - 1, "duplicate_row": rows / 2}); !cmp.Equal(counts, want) {
		t.Errorf("found %v, want %v", counts, want)
	}
	if len(got.Advice) > 1000 {
		t.Errorf("%d findings are kept", len(got.Advice))
	}
}

func TestInvalidDrop(t *testing.T) {
	text := differing(20) + `{"question":"","answer":"a"}` + "\nno json\n" + `{"question":"q","answer":"` + strings.Repeat("long ", 50) + `"}`
	c := config(t, write(t, "d.jsonl", text))
	c.Dataset.Invalid, c.Dataset.TooLong, c.TokenLimit = dataset.InvalidDrop, dataset.TooLongDrop, 30
	got, _ := prepare(t, c)
	if s := got.Stats; s.Total != 23 || s.Training != 20 || s.Invalid != 2 || s.Dropped != 1 {
		t.Errorf("stats %+v", s)
	}
	want := []string{
		`d.jsonl:21:13: warning: row 21: question is blank`,
		`d.jsonl:22:2: warning: row 22: not JSON: invalid character 'o' in literal null (expecting 'u')`,
		`d.jsonl:23:1: note: row 23: the example has 63 tokens, and the limit is 30: dropped`,
	}
	if diff := cmp.Diff(want, advice(got)); diff != "" {
		t.Errorf("advice (-want +got): %s", diff)
	}

	for limit, refused := range map[spec.Amount]bool{
		{Value: 3, Text: "3"}:                    false,
		{Value: 2, Text: "2"}:                    true,
		{Value: 0.05, Percent: true, Text: "5%"}: true,
		{Value: 0.2, Percent: true, Text: "20%"}: false,
		{Value: 0, Percent: true, Text: "0%"}:    true,
	} {
		c.Dataset.MaxDropped = limit
		_, err := dataset.Check(t.Context(), c, nil)
		if (err != nil) != refused {
			t.Errorf("max_dropped %s: %v", limit.Text, err)
		}
		if message := fmt.Sprintf("3 of 23 rows dropped (1 too long, 2 invalid), and dataset.max_dropped is %s", limit.Text); refused && !strings.Contains(err.Error(), message) {
			t.Errorf("max_dropped %s: %v, want %s", limit.Text, err, message)
		}
		if refused && !strings.Contains(err.Error(), `row 21: question is blank`) {
			t.Errorf("max_dropped %s does not say which rows: %v", limit.Text, err)
		}
	}
}

// TestSeveralFiles reads several files as one, of one shape.
func TestSeveralFiles(t *testing.T) {
	c := config(t, write(t, "a.jsonl", differing(10)))
	csv := write(t, "b.csv", "question,answer\nfrom b,1\nquestion 2,a\n")
	c.Training = append(c.Training, dataset.File{Name: "more/b.csv", Path: csv})
	got, out := prepare(t, c)
	if got.Stats.Training != 12 || !strings.Contains(out, "from b") || len(got.Stats.Sources) != 2 || got.Stats.Sources[1].Rows != 2 {
		t.Errorf("stats %+v", got.Stats)
	}
	if want := []string{"b.csv:3:1: warning: row 2: the same example as row 3 of a.jsonl"}; !cmp.Equal(advice(got), want) {
		t.Errorf("advice %q, want %q", advice(got), want)
	}
	c.Training = append(c.Training, dataset.File{Name: "c.jsonl", Path: write(t, "c.jsonl", chats(1))}, dataset.File{Name: "gone", Path: filepath.Join(t.TempDir(), "gone.jsonl")})
	_, err := dataset.Check(t.Context(), c, nil)
	list, _ := err.(diag.List)
	if len(list) != 3 || !strings.Contains(err.Error(), "row 1: the row has the shape of chat rows, and the data holds question and answer rows, as row 1 of a.jsonl decided") ||
		!strings.Contains(err.Error(), "gone.jsonl: no such file") {
		t.Errorf("a file of another shape and one that is not there: %v", err)
	}
}

func TestValidationFile(t *testing.T) {
	c := config(t, write(t, "d.jsonl", differing(10)))
	c.Validation = []dataset.File{{Name: "v.jsonl", Path: write(t, "v.jsonl", `{"question":"held","answer":"a"}`+"\n"+`{"question":"question 7","answer":"other"}`+"\n")}}
	c.Dataset.Validation.Paths = []string{"v.jsonl"}
	got, _ := prepare(t, c)
	text, err := os.ReadFile(c.ValidationOut)
	if err != nil {
		t.Fatal(err)
	}
	if want := line("user", "held", "assistant", "a") + line("user", "question 7", "assistant", "other"); string(text) != want {
		t.Errorf("the validation file is %q", text)
	}
	v := got.Validation
	if s := got.Stats; s.Total != 12 || s.Training != 10 || s.Validation != 2 || v == nil || v.Examples != 2 || v.Bytes != int64(len(text)) || v.Path != c.ValidationOut {
		t.Errorf("stats %+v, validation %+v", s, v)
	}
	want := []string{"v.jsonl:2:1: warning: row 2: the validation row asks what row 8 of d.jsonl of the training data asks, so it measures memory"}
	if diff := cmp.Diff(want, advice(got)); diff != "" {
		t.Errorf("advice (-want +got): %s", diff)
	}
}

// TestSecrets finds keys wherever a row has text, and never shows them.
func TestSecrets(t *testing.T) {
	const key = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX" // of the form of GitHub's, and nobody's
	at := map[string]string{"a question": "50", "an escaped text": "61", "a tool's text": "14"}
	for name, row := range map[string]string{
		"an escaped text": `{"messages":[{"role":"user","content":"\n\u00e9\ud83d\ude00 ` + key + ` ok?"},{"role":"assistant","content":"a"}]}`,
		"a question":      `{"messages":[{"role":"user","content":"my key is ` + key + ` ok?"},{"role":"assistant","content":"a"}]}`,
		"a tool's text":   `{"messages":[{"role":"user","content":[{"type":"text","text":"` + key + `"}]},{"role":"assistant","content":"a"}]}`,
	} {
		c := config(t, write(t, "d.jsonl", chats(10)+row))
		got, _ := prepare(t, c)
		text := strings.Join(advice(got), "\n")
		if !strings.HasPrefix(text, "d.jsonl:11:"+at[name]+": warning: row 11: the text of user may hold a secret") || strings.Contains(text, key) {
			t.Errorf("%s: %s", name, text)
		}
		c.Dataset.Secrets = dataset.SecretsOff
		if got, _ := prepare(t, c); len(got.Advice) > 0 {
			t.Errorf("%s: %q is told where nobody asks", name, advice(got))
		}
		c.Dataset.Secrets, c.Out = dataset.SecretsError, filepath.Join(t.TempDir(), "train.jsonl")
		if list := problems(t, c); len(list) != 1 || !strings.Contains(list[0], "may hold a secret") || strings.Contains(list[0], key) {
			t.Errorf("%s: %q", name, list)
		}
	}
}

// TestSecretsInMessages shows no key of the data in what is said about it.
func TestSecretsInMessages(t *testing.T) {
	const key = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
	for _, row := range []string{
		`{"my ` + key + `":"x"}`,
		`{"messages":[{"role":"` + key + `","content":"x"}]}`,
		`{"messages":[{"role":"Use\n` + key + `\n","content":"user"}]}`,
		`{"messages":[{"role":"user","` + key + `":"x"}]}`,
		`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"s3://x?token=` + key + `"}}]}]}`,
		`{"messages":[{"role":"assistant","content":"x","weight":"` + key + `"}]}`,
		`{"conversations":[{"from":"` + key + `","value":"x"}]}`,
		`{"question":"q","` + key + `":"x","` + key + `":"y"}`,
		`{"question":"q","query":"x","quest ` + key + `":"y"}`,
	} {
		got := problems(t, config(t, write(t, "d.jsonl", row)))
		if text := strings.Join(got, "\n"); strings.Contains(text, key) || !strings.Contains(text, "ghp_***") {
			t.Errorf("%s: %s", row, text)
		}
	}
}

// TestLeakEndsTheRun leaves no row out for a key that the spec allows nowhere.
func TestLeakEndsTheRun(t *testing.T) {
	const key = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
	c := config(t, write(t, "d.jsonl", differing(20)+`{"question":"q","answer":"`+key+`"}`))
	c.Dataset.Invalid, c.Dataset.Secrets = dataset.InvalidDrop, dataset.SecretsError
	if got := problems(t, c); len(got) != 1 || !strings.Contains(got[0], "may hold a secret") {
		t.Errorf("problems %q", got)
	}
}

// TestOnlyLostRowsAreErrors names the rows that were left out where they are too many, and not those that were used.
func TestOnlyLostRowsAreErrors(t *testing.T) {
	twice := `{"messages":[{"role":"user","content":"%d"},{"role":"user","content":"x"},{"role":"assistant","content":"a"%s}]}` + "\n"
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, twice, i, "")
	}
	fmt.Fprintf(&b, twice, 20, `,"weight":2`)
	c := config(t, write(t, "d.jsonl", b.String()))
	c.Dataset.Invalid, c.Dataset.MaxDropped = dataset.InvalidDrop, spec.Amount{Value: 0, Text: "0"}
	got := problems(t, c)
	if len(got) != 2 || !strings.HasPrefix(got[0], "d.jsonl: 1 of 21 rows dropped") || !strings.HasPrefix(got[1], "d.jsonl:21:") {
		t.Errorf("problems %q", got)
	}
}

// TestSameQuestionInOtherLetters compares by what is asked and answered, and not by bytes.
func TestSameQuestionInOtherLetters(t *testing.T) {
	chat := func(question, rest string) string {
		return `{"messages":[{"role":"user","content":"` + question + `"},{"role":"assistant",` + rest + `}]}` + "\n"
	}
	text := chats(10) +
		chat("QUESTION  3", `"content":"b"`) + // another answer
		chat("Question 4", `"content":"a"`) + // the same answer
		chat("question 5", `"content":"a","weight":1`) +
		chat("question 6", `"content":[{"type":"text","text":"a"}]`)
	got, _ := prepare(t, config(t, write(t, "d.jsonl", text)))
	want := []string{
		"d.jsonl:11:1: warning: row 11: the question of row 4 has another answer here",
		"d.jsonl:12:1: note: row 12: the same question and answer as row 5, but for letters, blanks or keys",
		"d.jsonl:13:1: note: row 13: the same question and answer as row 6, but for letters, blanks or keys",
		"d.jsonl:14:1: note: row 14: the same question and answer as row 7, but for letters, blanks or keys",
	}
	if diff := cmp.Diff(want, advice(got)); diff != "" {
		t.Errorf("advice (-want +got): %s", diff)
	}
}

// TestLongRows are read in a time that grows with their length alone: with its square they would take minutes.
func TestLongRows(t *testing.T) {
	turn := `{"role":"user","content":"q"},{"role":"assistant","content":"a"},`
	for name, row := range map[string]string{
		"many messages": `{"messages":[` + strings.Repeat(turn, 50_000) + strings.TrimSuffix(turn, ",") + `]}`,
		"many faults":   `{"messages":[` + strings.Repeat("1,", 300_000) + `1]}`,
		"deep": `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"tools":[{"type":"own","x":` +
			strings.Repeat("[", 9_000) + `"` + strings.Repeat("deep ", 100_000) + `"` + strings.Repeat("]", 9_000) + `}]}`,
		"many calls": `{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[` + calls(20_000) + `]},` + results(20_000) + `{"role":"assistant","content":"a"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, write(t, "d.jsonl", chats(10)+row))
			c.Dataset.Invalid, c.Dataset.TooLong = dataset.InvalidDrop, dataset.TooLongDrop
			got, _ := prepare(t, c)
			if got.Stats.Total != 11 || len(got.Advice) > 110 {
				t.Errorf("%d rows and %d findings", got.Stats.Total, len(got.Advice))
			}
		})
	}
}

func calls(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id":"c%d","type":"function","function":{"name":"f","arguments":"{}"}},`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func results(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"role":"tool","tool_call_id":"c%d","content":"x"},`, i)
	}
	return b.String()
}

// TestCopiesOfAnotherSpelling drops what is the same line as an earlier one, whatever else is like both.
func TestCopiesOfAnotherSpelling(t *testing.T) {
	text := differing(10) + `{"question":"What?","answer":"x"}` + "\n" + strings.Repeat(`{"question":"what?","answer":"x"}`+"\n", 3)
	c := config(t, write(t, "d.jsonl", text))
	c.Dataset.Duplicates = dataset.DuplicatesDrop
	got, _ := prepare(t, c)
	if got.Stats.Duplicates != 2 || got.Stats.Training != 12 {
		t.Errorf("stats %+v", got.Stats)
	}
}

// TestTextAndPartsAskTheSame: what is asked in one text is asked in a part of content too.
func TestTextAndPartsAskTheSame(t *testing.T) {
	text := chats(10) + `{"messages":[{"role":"user","content":[{"type":"text","text":"question 1"}]},{"role":"assistant","content":"b"}]}` + "\n" +
		`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"one"},{"role":"user","content":"and"},{"role":"assistant","content":"ok"}]}` + "\n" +
		`{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"two"},{"role":"user","content":"and"},{"role":"assistant","content":"ok"}]}` + "\n"
	got, _ := prepare(t, config(t, write(t, "d.jsonl", text)))
	want := []string{
		"d.jsonl:11:1: warning: row 11: the question of row 2 has another answer here",
		"d.jsonl:13:1: warning: row 13: the question of row 12 has another answer here",
	}
	if diff := cmp.Diff(want, advice(got)); diff != "" {
		t.Errorf("advice (-want +got): %s", diff)
	}
}

// TestTablesOfChats reads conversations and what belongs to them out of cells, and tells of every row what is wrong with it.
func TestTablesOfChats(t *testing.T) {
	chat := func(i int) string {
		return fmt.Sprintf(`"[{""role"":""user"",""content"":""q%d""},{""role"":""assistant"",""content"":""a""}]"`, i)
	}
	var rows strings.Builder
	for i := range 10 {
		fmt.Fprintf(&rows, "%s,,%s\n", chat(i), []string{"", "true", "false"}[i%3])
	}
	_, text := prepare(t, config(t, write(t, "d.csv", "messages,tools,parallel_tool_calls\n"+rows.String())))
	if want := `{"messages":[{"role":"user","content":"q1"},{"role":"assistant","content":"a"}],"parallel_tool_calls":true}`; strings.Split(text, "\n")[1] != want {
		t.Errorf("the second line of %s", text)
	}
	bad := strings.Repeat(`"[{""role"":""user"",""content"":""x""},{""role"":""assistant"",""content"":""a""}]","[{""role"":""user"",""content"":""y""},{""role"":""assistant"",""content"":""b""}]"`+"\n", 3)
	c := config(t, write(t, "d.csv", "chosen,rejected\n"+bad))
	c.Method = spec.MethodDPO
	if got := problems(t, c); len(got) != 4 { // three rows, and too few examples
		t.Errorf("problems %q", got)
	}
}

// TestBoundedMessages quotes no more of the data than a person reads.
func TestBoundedMessages(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, row := range []string{`{"messages":[{"role":"` + long + `","content":"q"}]}`, `{"messages":[{"role":"assistant","content":"q","weight":"` + long + `"}]}`, `{"` + long + `":1}`} {
		for _, p := range problems(t, config(t, write(t, "d.jsonl", row))) {
			if len(p) > 3_000 {
				t.Errorf("a message of %d bytes", len(p))
			}
		}
	}
}
