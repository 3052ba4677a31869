package embedded

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"  \n":                   "",
		"It's 3.5 km!":           "It ' s 3 . 5 km !",
		"Größe naïve e\u0301té":  "Größe naïve e\u0301té",
		"東京 to 大阪":               "東 京 to 大 阪",
		"a\xffb":                 "a \xff b",
		"a👍b":                    "a 👍 b",
		"end of a sentence.":     "end of a sentence .",
		"x\u00a0y (non-breaking": "x y ( non - breaking",
	} {
		var got []string
		for tok := range tokens(text) {
			got = append(got, text[tok.start:tok.end])
		}
		if strings.Join(got, " ") != want || countTokens(text) != len(got) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for n, want := range []string{"", "a", "a b", "a b."} {
		if got, cut := firstTokens("a b.", n); got != want || cut != (n < 3) {
			t.Errorf("the first %d tokens: %q, %v", n, got, cut)
		}
	}
}

func TestStem(t *testing.T) {
	for _, family := range []string{
		"connect connected connecting connection connections connects",
		"clean cleaned cleaning cleans", "store stores stored storing", "cancel cancelled cancelling cancels",
		"pay payments paying", "run running runs", "city cities", "berry berries", "box boxes", "quick quickly", "replace replacement",
	} {
		words := strings.Fields(family)
		for _, w := range words[1:] {
			if stem(w) != stem(words[0]) {
				t.Errorf("%s becomes %q, %s becomes %q", words[0], stem(words[0]), w, stem(w))
			}
		}
	}
	for _, w := range []string{"", "a", "is", "gas", "bus", "class", "12", "été", "東"} {
		if got := stem(w); got == "" && w != "" {
			t.Errorf("nothing is left of %q", w)
		}
	}
}

func TestEncode(t *testing.T) {
	texts := []terms{termsOf(prompt{question: "red apple sky"}), termsOf(prompt{question: "green apple sky"}), termsOf(prompt{question: "blue sea"})}
	r := measureRarity(texts)
	fs := r.encode(termsOf(prompt{question: "A red, red apple in an unknown word", system: "apple", history: "sky"}))
	if n := norm(fs); n < 0.9999 || n > 1.0001 {
		t.Errorf("the length is %v", n)
	}
	if !slices.IsSortedFunc(fs, func(a, b feature) int { return int(a.bucket) - int(b.bucket) }) {
		t.Error("the buckets are out of order")
	}
	weight := func(word string) float32 {
		for _, f := range fs {
			if f.bucket == bucketOf(hashString(0, stem(word))) {
				return f.weight
			}
		}
		return 0
	}
	if !(weight("red") > weight("apple") && weight("apple") > weight("sky") && weight("sky") > 0) {
		t.Errorf("red %v, apple %v, sky %v: want them in falling order", weight("red"), weight("apple"), weight("sky"))
	}
	if weight("unknown") != 0 || len(r.encode(termsOf(prompt{question: "entirely unknown"}))) != 0 {
		t.Error("an unknown word counts")
	}
}

func TestCut(t *testing.T) {
	all := []int{1, 2, 3, 4}
	for _, test := range []struct {
		after string
		limit int
		want  []int
		more  bool
	}{{"", 4, all, false}, {"", 3, all[:3], true}, {"2", 1, all[2:3], true}, {"3", 1, all[3:], false}, {"4", 1, []int{}, false}} {
		part, more, err := cut(all, func(i int) string { return fmt.Sprint(i) }, test.after, test.limit)
		if err != nil || more != test.more || !slices.Equal(part, test.want) || part == nil {
			t.Errorf("after %q, %d: %v, %v, %v", test.after, test.limit, part, more, err)
		}
	}
}

// Every training file is read or refused with a reason for the client; nothing else can happen. Under the method dpo, every turn has a worse
// reply, and under supervised none has.
func FuzzReadTraining(f *testing.F) {
	f.Add(jsonl(squares(2)), false)
	f.Add("\ufeff{}\n[]\nnull\n"+`{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},null]}`, false)
	f.Add(`{"messages":[{"role":"assistant","content":null,"tool_calls":[{}],"weight":0}]}`, false)
	f.Add(preferenceLines([]turn{prefer("q", "w", "l")}), true)
	f.Add(`{"input":{"messages":[{"role":"user","content":"a"}]},"preferred_output":[null],"non_preferred_output":[]}`, true)
	f.Fuzz(func(t *testing.T, text string, preferences bool) {
		data := trainingData{method: methodSupervised, param: "training_file", code: codeInvalidTraining}
		if preferences {
			data.method = methodDPO
		}
		if err := data.read(t.Context(), strings.NewReader(text)); err != nil {
			if failure, ok := errors.AsType[*jobFailure](err); !ok || failure.Code != codeInvalidTraining {
				t.Fatalf("%v", err)
			}
			return
		}
		for _, turn := range data.turns {
			termsOf(turn.prompt)
			if utf8.ValidString(text) && !utf8.ValidString(turn.reply.Content) {
				t.Fatalf("reply %q", turn.reply.Content)
			}
			if (turn.worse != nil) != preferences {
				t.Fatalf("worse reply %v", turn.worse)
			}
		}
	})
}

// Whatever the document, faults are parsed or refused, and what was parsed can be asked.
func FuzzParseFaults(f *testing.F) {
	f.Add(`{"rules": [{"path": "/v1/*", "fault": "slow", "delay": "1s", "skip": 1, "times": 2}], "list_lag": "1h"}`)
	f.Add(`{"jobs": [{"outcome": "failed", "error": {"code": "a", "message": "b"}}], "refuse_training": true}`)
	f.Add(`{"files": [{"statuses": [{"status": "pending", "polls": 2}], "outcome": "error", "status_details": "x"}], "metadata": "echo"}`)
	f.Add(`{"models": ["a"], "shutdown_dates": {"a": "2027-01-14"}, "missing": ["events"], "result_file": "plain"}`)
	f.Fuzz(func(t *testing.T, document string) {
		parsed, err := ParseFaults(strings.NewReader(document))
		if err != nil {
			return
		}
		in := newInjector(parsed)
		in.next("GET", "/v1/models")
		in.nextScript()
		u := &upload{fileNote: fileNote{Script: in.nextUpload()}}
		u.shown(time.Unix(0, 0))
		for _, name := range in.dialect().named() {
			if !in.dialect().has(name) {
				t.Fatalf("%q is named and is not there", name)
			}
		}
	})
}
