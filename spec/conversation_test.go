package spec_test

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"ftrun/runner/provider"
	"ftrun/spec"
)

func TestConversations(t *testing.T) {
	src, err := os.ReadFile("testdata/ok/conversations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	test := parse(t, string(src)).Test
	first := test.Cases[0]
	want := []provider.Message{
		{Role: "developer", Content: "Be brief."},
		{Role: "user", Content: "Is it raining in Paris?", Name: "ann"},
		{Role: "assistant", ToolCalls: []provider.ToolCall{
			{ID: "c1", Name: "weather", Arguments: `{"city":"Paris","at":"now"}`}, {ID: "c2", Name: "clock", Arguments: "{}"},
		}},
		{Role: "tool", Content: "12:00", ToolCallID: "c2"},
		{Role: "tool", Content: "dry", ToolCallID: "c1"},
	}
	if !reflect.DeepEqual(first.Messages, want) || first.Question != "Is it raining in Paris?" {
		t.Errorf("messages %+v, question %q", first.Messages, first.Question)
	}
	if !reflect.DeepEqual(first.Vars, map[string]string{"city": "Paris", "count": "010", "sure": "yes"}) || first.Repeat != (spec.Repeat{Times: 4, Need: 2}) {
		t.Errorf("vars %v, repeat %v", first.Vars, first.Repeat)
	}
	tools := []json.RawMessage{
		json.RawMessage(`{"type":"function","function":{"name":"weather","parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string"},"at":{"type":"string"}}}}}`),
		json.RawMessage(`{"type":"function","function":{"name":"clock"}}`),
	}
	if !reflect.DeepEqual(first.Tools, tools) || !reflect.DeepEqual(test.Cases[1].Tools, tools[:1]) {
		t.Errorf("tools %s and %s", first.Tools, test.Cases[1].Tools)
	}
	// The order of keys is that of the file: the model says why before it answers.
	schema := `{"type":"object","properties":{"why":{"type":"string"},"answer":{"type":"string","enum":["yes","no","1"]}},"additionalProperties":false,"required":["why","answer"]}`
	if f := test.ResponseFormat; f.Name != "reply" || string(f.Schema) != schema {
		t.Errorf("response format %s", f.Schema)
	}
	if test.RequestsPerMinute != 60 || test.TokensPerMinute != 100000 {
		t.Errorf("limits %+v", test)
	}
	if p := test.Cases[2].SystemPrompt; p == nil || *p != "" {
		t.Error("off is no empty prompt")
	}
	if p := test.Cases[3].SystemPrompt; p == nil || *p != "Speak French." || test.Cases[4].SystemPrompt != nil {
		t.Error("a prompt of a case got lost, or came")
	}
	if r := test.Cases[4].Repeat; r != (spec.Repeat{Times: 3, Need: 3}) {
		t.Errorf("repeat of the suite: %v", r)
	}
}

// TestConversationIDs holds what the ids of conversations are made of: a changed id loses a case's history.
func TestConversationIDs(t *testing.T) {
	const head = "version: 1\nbase_model: m\ndataset: a.jsonl\ntest:\n"
	id := func(text string) string { return parse(t, head+"- "+text+"\n").Test.Cases[0].ID }
	ids := map[string]string{}
	for text, want := range map[string]string{
		"{question: One and one, answer: two}": "case-ae50150b19f0",
		"{question: One and one, answer: two, vars: {a: b}, repeat: 3, tools: [{type: function, function: {name: f}}]}":                      "case-ae50150b19f0",
		"{messages: [{role: user, content: One and one}], answer: two}":                                                                      "case-ae50150b19f0",
		"{messages: [{role: user, content: One and one, name: ann}], answer: two}":                                                           "case-ed00be4cc47b",
		"{messages: [{role: system, content: Add.}, {role: user, content: One and one}], answer: two}":                                       "case-3272143b9c06",
		"{question: One and one, answer: two, system_prompt: off}":                                                                           "case-f7fd318f06bc",
		"{question: One and one, answer: two, system_prompt: Add.}":                                                                          "case-ca8926d9e95d",
		"{messages: [{role: user, content: One and one}, {role: assistant, content: three}, {role: user, content: No}], answer: two}":        "case-eb5c825fd82b",
		"{messages: [{role: user, content: One and one}, {role: assistant, content: three}, {role: user, content: No}], answer: \"one\\0\"}": "case-80bd6f0e37df",
	} {
		got := id(text)
		if got != want {
			t.Errorf("%s: id %s, want %s", text, got, want)
		}
		if other, taken := ids[got]; taken && want != "case-ae50150b19f0" {
			t.Errorf("%s has the id of %s", text, other)
		}
		ids[got] = text
	}
}

// TestBaselines reads every form.
func TestBaselines(t *testing.T) {
	for file, want := range map[string]spec.Baseline{
		"baseline_off":                 {Kind: spec.BaselineOff},
		"train_off_with_base":          {Kind: spec.BaselineBase},
		"baseline_results":             {Kind: spec.BaselineResults, Results: "earlier/results.json"},
		"baseline_same_name_elsewhere": {Kind: spec.BaselineModel, Model: "m"},
		"baseline_model": {Kind: spec.BaselineModel, Model: "old", Provider: &provider.Settings{
			Kind: "openai", APIKeyEnv: "FTRUN_VAR_OLD", Headers: map[string]provider.Secret{"X-Team": "none"}, Timeout: 30e9,
		}},
	} {
		src, err := os.ReadFile("testdata/ok/" + file + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		got := parse(t, string(src)).Test.Baseline
		want.Pos = got.Pos
		if !reflect.DeepEqual(got, want) || got.Pos.Line == 0 {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
	}
}
