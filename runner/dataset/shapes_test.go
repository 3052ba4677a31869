package dataset_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ftrun/runner/dataset"
	"ftrun/spec"
)

// line returns the training line of messages that are given as pairs of role and content.
func line(pairs ...string) string {
	var messages []string
	for i := 0; i < len(pairs); i += 2 {
		messages = append(messages, fmt.Sprintf(`{"role":%q,"content":%q}`, pairs[i], pairs[i+1]))
	}
	return `{"messages":[` + strings.Join(messages, ",") + "]}\n"
}

// TestShapes holds the prepared line of one row in every shape, and what is reported of it.
func TestShapes(t *testing.T) {
	const preference = `{"input":{"messages":[{"role":"user","content":"q"}]},` +
		`"preferred_output":[{"role":"assistant","content":"good"}],"non_preferred_output":[{"role":"assistant","content":"bad"}]}` + "\n"
	for _, test := range []struct {
		name, row string
		fields    map[string]string
		shape     string
		want      string
	}{
		{"alpaca", `{"instruction":"Add.","input":"1 2","output":"3"}`, nil, "alpaca", line("user", "Add.\n1 2", "assistant", "3")},
		{"alpaca without input", `{"instruction":"Sing.","input":"","output":"La"}`, nil, "alpaca", line("user", "Sing.", "assistant", "La")},
		{"alpaca with a history", `{"instruction":"And?","output":"b","system":"S","history":[["q1","a1"],["q2","a2"]]}`, nil, "alpaca",
			line("system", "S", "user", "q1", "assistant", "a1", "user", "q2", "assistant", "a2", "user", "And?", "assistant", "b")},
		{"columns of alpaca", `{"task":"Add.","context":"1 2","result":"3"}`, map[string]string{"instruction": "task", "input": "context", "output": "result"}, "alpaca",
			line("user", "Add.\n1 2", "assistant", "3")},
		{"prompt and completion", `{"prompt":"p","completion":" c"}`, nil, "completion", line("user", "p", "assistant", " c")},
		{"sharegpt", `{"conversations":[{"from":"system","value":"S"},{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}`, nil, "sharegpt",
			line("system", "S", "user", "q", "assistant", "a")},
		{"sharegpt with roles", `{"conversations":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"system":"S"}`, nil, "sharegpt",
			line("system", "S", "user", "q", "assistant", "a")},
		{"pairs of human and assistant", `{"conversation":[{"human":"q1","assistant":"a1"},{"human":"q2","assistant":"a2"}]}`, nil, "sharegpt",
			line("user", "q1", "assistant", "a1", "user", "q2", "assistant", "a2")},
		{"sharegpt with a turn that is not learnt", `{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a","loss":false},` +
			`{"from":"human","value":"q2"},{"from":"gpt","value":"a2","weight":1}]}`, nil, "sharegpt",
			`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","weight":0},{"role":"user","content":"q2"},` +
				`{"role":"assistant","content":"a2","weight":1}]}` + "\n"},
		{"calls that are answered together, and not learnt", `{"system":"no","conversations":[{"from":"system","value":"S"},{"from":"human","value":"q","loss":false},` +
			`{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":\"{}\"}"},{"from":"function_call","value":"{\"name\":\"g\",\"arguments\":\"{}\"}"},` +
			`{"from":"observation","value":"1"},{"from":"observation","value":"2"},{"from":"gpt","value":"a"},` +
			`{"from":"human","value":"q"},{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":\"{}\"}","loss":false},{"from":"observation","value":"1"},{"from":"gpt","value":"a"}]}`,
			nil, "sharegpt", `{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"},{"role":"assistant","tool_calls":[` +
				`{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]},` +
				`{"role":"tool","content":"1","tool_call_id":"call_1"},{"role":"tool","content":"2","tool_call_id":"call_2"},{"role":"assistant","content":"a"},` +
				`{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"call_3","type":"function","function":{"name":"f","arguments":"{}"}}],"weight":0},` +
				`{"role":"tool","content":"1","tool_call_id":"call_3"},{"role":"assistant","content":"a"}]}` + "\n"},
		{"no refusal and no calls", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a","refusal":"","tool_calls":[]}]}`, nil, "chat",
			line("user", "q", "assistant", "a")},
		{"sharegpt with tools", `{"tools":"[{\"name\":\"f\",\"parameters\":{}}]","conversations":[{"from":"human","value":"q"},` +
			`{"from":"function_call","value":"{\"name\":\"f\",\"arguments\":{\"x\": 1}}"},{"from":"observation","value":"2"},{"from":"gpt","value":"a"}]}`, nil, "sharegpt",
			`{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},` +
				`{"role":"tool","content":"2","tool_call_id":"call_1"},{"role":"assistant","content":"a"}],` +
				`"tools":[{"type":"function","function":{"name":"f","parameters":{}}}]}` + "\n"},
		{"chat in a column of another name", `{"talk":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, map[string]string{"messages": "talk"}, "chat",
			line("user", "q", "assistant", "a")},
		{"chat with a name and an image", `{"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"q"}],` +
			`"name":"Ann","role":"user"},{"role":"assistant","content":"a"}]}`, nil, "chat",
			`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},{"type":"text","text":"q"}],"name":"Ann"},` +
				`{"role":"assistant","content":"a"}]}` + "\n"},
		{"preference", `{"non_preferred_output":[{"role":"assistant","content":"bad"}],"input":{"messages":[{"role":"user","content":"q"}]},` +
			`"preferred_output":[{"role":"assistant","content":"good"}]}`, nil, "preference", preference},
		{"preference in texts", `{"prompt":"q","chosen":"good","rejected":"bad"}`, nil, "preference", preference},
		{"preference of whole conversations", `{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"good"}],` +
			`"rejected":[{"role":"user", "content":"q"},{"role":"assistant","content":"bad"}]}`, nil, "preference", preference},
		{"preference of whole conversations and the prompt", `{"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"good"}],` +
			`"rejected":[{"role":"user","content":"q"},{"role":"assistant","content":"bad"}],"score":1}`, nil, "preference", preference},
		{"preference of messages", `{"prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"good"}],` +
			`"rejected":[{"role":"assistant","content":"bad"}]}`, nil, "preference", preference},
		{"prompt and completion of messages", `{"prompt":[{"role":"user","content":"q"}],"completion":[{"role":"assistant","content":"a"}]}`, nil, "completion",
			line("user", "q", "assistant", "a")},
		{"chat in a text", `{"messages":"[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":\"a\"}]"}`, nil, "chat",
			line("user", "q", "assistant", "a")},
		{"preference of texts that are JSON", `{"prompt":"q","chosen":"[\"good\"]","rejected":"{}"}`, nil, "preference",
			strings.Replace(strings.Replace(preference, `"good"`, `"[\"good\"]"`, 1), `"bad"`, `"{}"`, 1)},
		{"a chat row's own system prompt", `{"system":"S","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`, nil, "chat",
			line("system", "S", "user", "q", "assistant", "a")},
		{"a call with empty content, and a tool that says nothing", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"",` +
			`"tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":""}}]},{"role":"tool","tool_call_id":"c","content":""},` +
			`{"role":"function","name":"f","content":null},{"role":"assistant","content":"a","weight":1.0}]}`, nil, "chat",
			`{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":""}}]},` +
				`{"role":"tool","content":"","tool_call_id":"c"},{"role":"function","content":null,"name":"f"},{"role":"assistant","content":"a","weight":1}]}` + "\n"},
		{"an answer in sound", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","audio":{"id":"x"}},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}`,
			nil, "chat", `{"messages":[{"role":"user","content":"q"},{"role":"assistant","audio":{"id":"x"}},{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}` + "\n"},
		{"an instruction with a context", `{"instruction":"Sum up.","context":"long","response":"short","category":"x"}`, nil, "alpaca",
			line("user", "Sum up.\nlong", "assistant", "short")},
		{"a name that may mean much", `{"question":"q","text":"a"}`, nil, "qa", line("user", "q", "assistant", "a")},
		{"a name that may mean much, beside a better one", `{"question":"q","text":"no","answer":"a"}`, nil, "qa", line("user", "q", "assistant", "a")},
		{"preference of a question", `{"system":"","question":"q","chosen":"good","rejected":"bad"}`, nil, "preference", preference},
		{"columns of preference", `{"q":"q","a":"good","b":"bad"}`, map[string]string{"input": "q", "preferred_output": "a", "non_preferred_output": "b"}, "preference", preference},
		{"preference with tools and a system message", `{"input":{"tools":[{"type":"function","function":{"name":"f"}}],"messages":[{"role":"system","content":"S"},` +
			`{"role":"user","content":"q"}]},"preferred_output":[{"role":"assistant","content":"good"}],"non_preferred_output":"bad"}`, nil, "preference",
			`{"input":{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"}],"tools":[{"type":"function","function":{"name":"f"}}]},` +
				`"preferred_output":[{"role":"assistant","content":"good"}],"non_preferred_output":[{"role":"assistant","content":"bad"}]}` + "\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t, write(t, "d.jsonl", strings.Repeat(test.row+"\n", 10)))
			c.Dataset.Fields = test.fields
			if test.shape == "preference" {
				c.Method = spec.MethodDPO
			}
			got, text := prepare(t, c)
			if diff := cmp.Diff(strings.Repeat(test.want, 10), text); diff != "" {
				t.Errorf("the training file differs (-want +got):\n%s", diff)
			}
			if shape := got.Stats.Sources[0].Shape; shape != test.shape {
				t.Errorf("the shape is %q, want %q", shape, test.shape)
			}
		})
	}
}

// TestRolesOfSpec holds the shapes against the table of the spec: what a spec may name, a shape has.
func TestRolesOfSpec(t *testing.T) {
	var names []string
	for _, s := range dataset.Shapes() {
		names = append(names, s.Name)
		roles := spec.Roles(s.Name)
		slices.Sort(roles)
		slices.Sort(s.Roles)
		if diff := cmp.Diff(roles, s.Roles); diff != "" {
			t.Errorf("roles of %s rows (-spec +shape):\n%s", s.Name, diff)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(spec.Formats(), names); diff != "" {
		t.Errorf("formats differ (-spec +shapes):\n%s", diff)
	}
}

func TestShapeProblems(t *testing.T) {
	for _, test := range []struct {
		name, row string
		want      []string // without file and line
	}{
		{"a text alone", `{"text":"t"}`, []string{
			`1: row 1: found the columns "text": want "messages", or a question and an answer | a text alone has no question and no answer: fine-tuning for chat needs both`}},
		{"a history that is none", `{"instruction":"i","output":"o","history":[["q"],"x"]}`, []string{
			"44: row 1: history[0] is no pair of question and answer: want an array of two texts",
			"50: row 1: history[1] is no pair of question and answer: want an array of two texts"}},
		{"nobody speaks", `{"conversations":[{"from":"dog","value":"wuff"},{"value":"x"},7]}`, []string{
			`27: row 1: conversations[0].from is "dog": want human, gpt, system, function_call, observation`,
			"49: row 1: conversations[1] lacks from or value: want who says what",
			"63: row 1: conversations[2] is a number: want an object"}},
		{"an observation of nothing", `{"conversations":[{"from":"human","value":"q"},{"from":"observation","value":"x"},{"from":"gpt","value":"a"}]}`, []string{
			"48: row 1: conversations[1] answers no function_call before it"}},
		{"a list of no calls", `{"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"[]"},{"from":"gpt","value":"a"}]}`, []string{
			"80: row 1: conversations[1].value holds no call"}},
		{"a call that is no JSON", `{"conversations":[{"from":"human","value":"q"},{"from":"function_call","value":"f(x)"}]}`, []string{
			"80: row 1: conversations[1].value is no JSON: want an object with name and arguments"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, l := range problems(t, config(t, write(t, "d.jsonl", test.row))) {
				if rest, ok := strings.CutPrefix(l, "d.jsonl:1:"); ok {
					got = append(got, rest)
				}
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPreferenceProblems(t *testing.T) {
	const outputs = `,"preferred_output":[{"role":"assistant","content":"good"}],"non_preferred_output":[{"role":"assistant","content":"bad"}]}`
	for row, want := range map[string]string{
		`{"input":{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}` + outputs: `the last message of input.messages is of role "assistant": the outputs are what comes after it`,
		`{"input":{}` + outputs:                                                                       `input has no messages`,
		`{"input":{"messages":[],"x":1}` + outputs:                                                    `input has the unknown key "x": want messages, tools, parallel_tool_calls`,
		`{"input":7` + outputs:                                                                        `input is a number: want an object with messages, or text`,
		`{"input":{"messages":[{"role":"system","content":"s"}]}` + outputs:                           `no user message: there is nothing to answer`,
		`{"input":"q","preferred_output":"same","non_preferred_output":"same"}`:                       `both outputs are the same: there is nothing to prefer`,
		`{"input":"q","preferred_output":[],"non_preferred_output":"b"}`:                              `preferred_output has no message: want one, of the assistant`,
		`{"input":"q","preferred_output":[{"role":"user","content":"x"}],"non_preferred_output":"b"}`: `preferred_output[0] is of role "user": want assistant`,
		`{"chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"rejected":[{"role":"user","content":"other"},{"role":"assistant","content":"b"}]}`: `chosen and rejected answer different conversations: only their last messages may differ`,
		`{"chosen":"a","rejected":"b"}`:        `no input: want a column named input or prompt, or the conversation before both answers in chosen and rejected`,
		`{"input":"q","preferred_output":"a"}`: `no non_preferred_output: want a column named non_preferred_output, rejected; found the columns "input", "preferred_output"`,
		`{"input":{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}]}` + outputs: `input.messages[0] has content of type "image_url": preferences are learnt from text only`,
	} {
		c := config(t, write(t, "d.jsonl", row))
		c.Method = spec.MethodDPO
		got := strings.Join(problems(t, c), "\n")
		if !strings.Contains(got, want) {
			t.Errorf("problems of %s are\n%s\nwant among them %s", row, got, want)
		}
	}
}

// TestMethodAndShape lets nobody pay for a method that can't learn from the rows.
func TestMethodAndShape(t *testing.T) {
	pairs := strings.Repeat(`{"prompt":"q","chosen":"good","rejected":"bad"}`+"\n", 10)
	for name, test := range map[string]struct{ text, method, want string }{
		"answers under dpo":            {qaPad, spec.MethodDPO, "the method is dpo, which learns from preference rows, and the data holds question and answer rows"},
		"preferences under supervised": {pairs, spec.MethodSupervised, "the data holds preference rows, which the method dpo learns from, and the method is supervised"},
	} {
		c := config(t, write(t, "d.jsonl", test.text))
		c.Method = test.method
		if got := problems(t, c); !strings.Contains(got[0], test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
