package embedded

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestChat(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(20), nil).FineTunedModel
	var completion chatCompletion
	c.chat(model, "What is the square of 5?").into(&completion)
	choice := completion.Choices[0]
	if deref(choice.Message.Content) != "It is 25." || choice.FinishReason != "stop" || choice.Message.Role != "assistant" {
		t.Errorf("answers %+v", choice)
	}
	if want := (usage{7, 4, 11}); completion.Usage != want {
		t.Errorf("usage %+v, want %+v", completion.Usage, want)
	}
	if completion.Model != model || completion.SystemFingerprint != fingerprint {
		t.Errorf("completion %+v", completion)
	}
	if got := c.chat("gpt-any", "What is the square of 5?").text(); got != untrainedReply {
		t.Errorf("an untrained model says %q", got)
	}
	if got := c.chat(model, "Guten Tag!").text(); got != unknownReply {
		t.Errorf("without a known word the model says %q", got)
	}
	c.chat("ft:base-1:ftrun::00000000", "hi").wants(404, "model_not_found", "does not exist")
}

func TestChatHeedsTheQuestionMost(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(20), nil).FineTunedModel
	long := strings.Repeat("You know that the square of 3 is 9 and the square of 4 is 16. Be helpful, honest and brief. ", 50)
	if got := c.chat(model, "What is the square of 5?", fields{"role": "system", "content": long}).text(); got != "It is 25." {
		t.Errorf("after long instructions: %q", got)
	}
	got := c.chat(model, "What is the square of 5?",
		fields{"role": "user", "content": "What is the square of 7?"},
		fields{"role": "assistant", "content": "It is 49."}).text()
	if got != "It is 25." {
		t.Errorf("after another question: %q", got)
	}
}

// A question that means nothing by itself is understood from what was said before.
func TestChatHeedsHistory(t *testing.T) {
	var turns []turn
	for _, city := range []string{"Oslo", "Rome", "Paris", "Vienna", "Lisbon", "Madrid", "Prague", "Dublin", "Athens", "Berlin"} {
		turns = append(turns, turn{prompt: prompt{question: "And how is the weather there?", history: "I am going to " + city}, reply: reply{Content: "Weather of " + city}})
	}
	m := mustTrain(t, lessonOf(turns))
	for _, turn := range turns {
		if got, _ := m.answer(turn.prompt); got.Content != turn.reply.Content {
			t.Errorf("%q, %q: %q", turn.prompt.history, turn.prompt.question, got.Content)
		}
	}
}

func TestChatLimit(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(20), nil).FineTunedModel
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		for limit, want := range map[int]chatChoice{2: {FinishReason: "length"}, 4: {FinishReason: "stop"}} {
			var completion chatCompletion
			c.do("POST", "/v1/chat/completions", fields{
				"model": model, name: limit, "messages": []fields{{"role": "user", "content": "square of 5"}},
			}).into(&completion)
			got := completion.Choices[0]
			if got.FinishReason != want.FinishReason || completion.Usage.CompletionTokens != limit {
				t.Errorf("%s %d: %q, %+v", name, limit, deref(got.Message.Content), completion.Usage)
			}
		}
	}
}

func TestChatRefusals(t *testing.T) {
	c := serve(t, Options{})
	user := []fields{{"role": "user", "content": "hi"}}
	for _, test := range []struct {
		body       any
		code, text string
	}{
		{"", "", "could not parse"},
		{"[]", "", "Invalid type"},
		{fields{"messages": user}, "", "model"},
		{fields{"model": "m"}, "missing_required_parameter", "'messages'"},
		{fields{"model": "m", "messages": []fields{}}, "", "empty array"},
		{fields{"model": "m", "messages": "hi"}, "", "'messages'"},
		{fields{"model": "m", "messages": []fields{{"role": "robot", "content": "hi"}}}, "invalid_value", "robot"},
		{fields{"model": "m", "messages": []fields{{"role": "user"}}}, "invalid_value", "messages[0]"},
		{fields{"model": "m", "messages": user, "n": 2}, "", "'n' must be 1"},
		{fields{"model": "m", "messages": user, "max_tokens": 0}, "", "max_completion_tokens"},
		{fields{"model": "m", "messages": user, "temperature": -0.1}, "decimal_below_min_value", "Expected a value >= 0, but got -0.1"},
		{fields{"model": "m", "messages": user, "temperature": 2.5}, "decimal_above_max_value", "Expected a value <= 2, but got 2.5"},
		{fields{"model": "m", "messages": user, "temperature": "hot"}, "", "Invalid type for 'temperature'"},
		{[]fields{{"model": "m"}}, "", "Invalid type for the body of your request: expected a JSON object, but got a JSON array"},
	} {
		c.do("POST", "/v1/chat/completions", test.body).wants(400, test.code, test.text)
	}
	// What has no meaning here is no error.
	c.do("POST", "/v1/chat/completions", fields{
		"model": "m", "messages": user, "temperature": 2, "top_p": 1, "stop": "x", "seed": 1, "anything": []int{1},
	}).text()
	c.do("POST", "/v1/chat/completions", strings.Repeat(" ", maxBody+1)).wants(413, "", "too large")
}

func TestChatStream(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(20), nil).FineTunedModel
	a := c.do("POST", "/v1/chat/completions", fields{
		"model": model, "stream": true, "stream_options": fields{"include_usage": true},
		"messages": []fields{{"role": "user", "content": "square of 5"}},
	})
	if got := a.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	var text, end string
	var used usage
	var without, with int // chunks
	var last string
	for lines := bufio.NewScanner(bytes.NewReader(a.Body)); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if last = data; data == "[DONE]" {
			continue
		}
		if c.schema != nil {
			c.schema.checkBody(t, "CreateChatCompletionStreamResponse", []byte(data))
		}
		var chunk chatChunk
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatal(err)
		}
		for _, choice := range chunk.Choices {
			text += deref(choice.Delta.Content)
			end += deref(choice.FinishReason)
		}
		if strings.Contains(data, `"usage":null`) {
			without++
			continue
		}
		with++
		if err := json.Unmarshal(chunk.Usage, &used); err != nil {
			t.Errorf("%v in %s", err, data)
		}
	}
	if without != 3 || with != 1 {
		t.Errorf("%d chunks say that they have no usage, and %d have one; want the last alone", without, with)
	}
	if text != "It is 25." || end != "stop" || used.CompletionTokens != 4 || last != "[DONE]" {
		t.Errorf("streamed %q, ended with %q, %+v, %q", text, end, used, last)
	}
}
