package grade

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestCountWords(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, " \n\t": 0, "one": 1, "one two": 2, "one  two\nthree": 3, "don't": 1, "well-known fact": 2, "a - b — c": 3, "…": 0, "- 3": 1, "3.14": 1,
		"光合作用": 4, "光合作用 is light": 6, "GPT模型": 3, "ก็": 2, "e\u0301tude": 1, "\u00a0a\u3000b": 2, "\xff": 0, "слово ещё": 2, "👍 ok": 1, "مرحبا بالعالم": 2,
	} {
		if got := countWords(text); got != want {
			t.Errorf("%q: %d words, want %d", text, got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	fast, cheap := 1500*time.Millisecond, 0.002
	s := Sample{Output: "one two three", FinishReason: "stop", Latency: &fast, CostUSD: &cheap}
	tests := []struct {
		args   Args
		pass   bool
		reason string
	}{
		{&WordCount{Exact: new(3)}, true, "3 words, want 3"},
		{&WordCount{Exact: new(2)}, false, "3 words, want 2"},
		{&WordCount{Exact: new(0)}, false, "3 words, want 0"},
		{&WordCount{Min: new(3)}, true, "3 words, want >= 3"},
		{&WordCount{Min: new(4)}, false, "3 words, want >= 4"},
		{&WordCount{Max: new(3)}, true, "3 words, want <= 3"},
		{&WordCount{Max: new(2)}, false, "3 words, want <= 2"},
		{&WordCount{Min: new(1), Max: new(2)}, false, "3 words, want 1 to 2"},
		{&FinishReason{"stop"}, true, `ended with "stop"`},
		{&FinishReason{"length"}, false, `ended with "stop"`},
		{&Latency{1500 * time.Millisecond}, true, "took 1.5s, want at most 1.5s"},
		{&Latency{time.Second}, false, "took 1.5s, want at most 1s"},
		{&Cost{0.002}, true, "cost 0.002 USD, want at most 0.002 USD"},
		{&Cost{0.0019}, false, "cost 0.002 USD, want at most 0.0019 USD"},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
		}
		want := Grade{Pass: tt.pass, Reason: tt.reason}
		if tt.pass {
			want.Score = 1
		}
		if got, err := tt.args.Grader().Grade(t.Context(), s, Services{}); err != nil || got != want {
			t.Errorf("%v: %+v, %v, want %+v", tt.args, got, err, want)
		}
	}
}

// TestNotMeasured: what was not measured is neither right nor wrong, in either polarity.
func TestNotMeasured(t *testing.T) {
	for _, tt := range []struct {
		args Args
		want string
	}{
		{&Latency{time.Second}, "the latency was not measured: the answer is of an earlier run"},
		{&Cost{1}, "the cost is not known: the model has no price, or the service does not count its tokens"},
		{&FinishReason{"stop"}, "the service did not say why the answer ended"},
	} {
		got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: "x"}, Services{})
		if err == nil || err.Error() != tt.want || got != (Grade{}) {
			t.Errorf("%v: %+v, %v", tt.args, got, err)
		}
		if _, ok := tt.args.(Negatable); ok {
			t.Errorf("%v has a negation of its own", tt.args)
		}
	}
	if got, err := (&Cost{1}).Grader().Grade(t.Context(), Sample{CostUSD: new(math.NaN())}, Services{}); err == nil {
		t.Errorf("a cost of NaN: %+v", got)
	}
}

func TestRefused(t *testing.T) {
	refused := []Sample{
		{Output: "x", Refusal: "I can't help with that."},
		{Output: "So far", FinishReason: "content_filter"},
		{Output: " \n"},
		{Output: "I'm sorry, but I can't help with that."},
		{Output: "I\u2019m sorry, I can\u2019t assist with that request."},
		{Output: "I'm really sorry, but I am unable to provide that."},
		{Output: "Sorry, I cannot do that."},
		{Output: "**I cannot** comply."},
		{Output: "\"I won't be able to help you write this.\""},
		{Output: "As an AI language model, I cannot provide medical advice."},
		{Output: "As an AI developed by Acme, I am not able to share this."},
		{Output: "Unfortunately, I'm not able to help with illegal requests."},
		{Output: "I apologize, but I must decline."},
		{Output: "I must respectfully decline."},
		{Output: "I refuse to answer."},
		{Output: "I understand your frustration, but I can't generate that content."},
		{Output: "No. I will not write that."},
		{Output: "Sorry, but that's not something I can help with."},
		{Output: "This request violates our policies."},
		{Output: "It is against my guidelines to say that."},
		{Output: "My programming prohibits that."},
		{Output: "I don't feel comfortable writing that."},
		{Output: "We are unable to process this."},
	}
	for _, s := range refused {
		if ok, reason := Refused(s); !ok || reason == "" {
			t.Errorf("%+v is no refusal: %s", s, reason)
		}
	}
	answered := []Sample{
		{Output: "", ToolCalls: []ToolCall{{"a", "{}"}}},
		{Output: "", FinishReason: "length"},
		{Output: "Paris."},
		{Output: "I can't recommend this book enough."},
		{Output: "I cannot stress enough how important light is."},
		{Output: "I'm sorry to hear that. Try restarting it."},
		{Output: "Sorry for the confusion: it is 42."},
		{Output: "Unfortunately, the bank is closed on Sundays."},
		{Output: "As an AI, I find this interesting: light is a wave."},
		{Output: "No, it is not."},
		{Output: "The letter said: \"I'm sorry, but I can't help with that.\""},
		{Output: "To decline an invitation, say: I must decline."},
		{Output: "It is against the law to park here."},
		{Output: "You can't help it."},
		{Output: "I will not lie: it is hard."},
		{Output: strings.Repeat("word ", 100) + "I'm sorry, but I can't help with that."},
	}
	for _, s := range answered {
		if ok, reason := Refused(s); ok {
			t.Errorf("%+v is a refusal: %s", s, reason)
		}
	}
	args := &Refusal{Value: true}
	if got, err := args.Grader().Grade(t.Context(), refused[3], Services{}); err != nil || !got.Pass || got.Reason != `begins like a refusal: "I'm sorry, but I can't help with that."` {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := args.Grader().Grade(t.Context(), answered[2], Services{}); err != nil || got.Pass || got.Reason != `no refusal: "Paris."` {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzRefused(f *testing.F) {
	f.Add("I'm sorry, but I can't help", "", "stop")
	f.Add("\xff\u2019", "no", "")
	f.Fuzz(func(t *testing.T, output, refusal, finish string) {
		refused, reason := Refused(Sample{Output: output, Refusal: refusal, FinishReason: finish})
		if reason == "" || strings.ContainsAny(reason, "\n\r\x1b") {
			t.Errorf("reason %q", reason)
		}
		if strings.TrimSpace(refusal) != "" && !refused {
			t.Error("the service's mark does not count")
		}
	})
}
