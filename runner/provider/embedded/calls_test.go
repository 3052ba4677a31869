package embedded

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// TestCallsHaveIDsOfTheirOwn goes on with a conversation in which every answer is the same call, one that was learned and one that was not.
func TestCallsHaveIDsOfTheirOwn(t *testing.T) {
	c := serve(t, Options{})
	for model, want := range map[string][]string{
		"untrained":     {standInCall, standInCall + "_2", standInCall + "_3"},
		callingModel(c): {"call_0", standInCall, standInCall + "_2"},
	} {
		messages := []fields{{"role": "user", "content": "Tell me the weather in Oslo"}}
		var ids []string
		for range want {
			body := fields{"model": model, "messages": messages, "tools": []fields{functionTool("weather", nil)}, "tool_choice": "required"}
			var again [2]string
			for i := range again { // the same question, the same id
				var completion chatCompletion
				c.do("POST", "/v1/chat/completions", body).into(&completion)
				answer := completion.Choices[0].Message
				again[i] = readCalls(answer.ToolCalls)[0].ID
				if i == 0 {
					messages = append(messages, fields{"role": "assistant", "tool_calls": answer.ToolCalls},
						fields{"role": "tool", "tool_call_id": again[0], "content": "sunny"})
				}
			}
			if again[0] != again[1] {
				t.Errorf("%s: ids %q of one question", model, again)
			}
			ids = append(ids, again[0])
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%s: ids %q, want %q", model, ids, want)
		}
	}
	twins := json.RawMessage(`[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"a","type":"custom","custom":{"name":"g","input":"x"}}]`)
	if got, err := withOwnIDs(twins, nil); err != nil || readCalls(got)[0].ID != "a" || readCalls(got)[1].ID != standInCall || *readCalls(got)[1].said() != "x" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestLimitCutsCalls: the arguments of a call break off where the limit is, and so do the calls behind it.
func TestLimitCutsCalls(t *testing.T) {
	c := serve(t, Options{})
	model := callingModel(c)
	// Each call is of 10 tokens: weather {"city":"Rome"}.
	for limit, want := range map[int]string{
		1:  "",
		2:  "weather {",
		6:  `weather {"city":`,
		10: `weather {"city":"Rome"}`,
		11: `weather {"city":"Rome"}`,
		15: `weather {"city":"Rome"} weather {"city"`,
		20: `weather {"city":"Rome"} weather {"city":"Bern"}`,
	} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			end := "length"
			if limit == 20 {
				end = "tool_calls"
			}
			body := fields{"model": model, "max_tokens": limit, "tools": []fields{functionTool("weather", nil)},
				"messages": []fields{{"role": "user", "content": "Compare the weather in Rome and Bern"}}}
			var completion chatCompletion
			c.do("POST", "/v1/chat/completions", body).into(&completion)
			if used := completion.Usage.CompletionTokens; used > limit || used != countTokens(want) {
				t.Errorf("%d tokens", used)
			}
			for _, stream := range []bool{false, true} {
				body["stream"] = stream
				if got, ended := c.said(body); got != want || ended != end {
					t.Errorf("stream %v: %q, ended with %s; want %q and %s", stream, got, ended, want, end)
				}
			}
		})
	}
}
