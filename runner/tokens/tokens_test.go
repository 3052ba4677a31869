package tokens_test

import (
	"strings"
	"sync"
	"testing"

	"ftrun/runner/tokens"
)

func counter(t testing.TB, encoding string) *tokens.Counter {
	t.Helper()
	c, err := tokens.For(encoding)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCount(t *testing.T) {
	for _, test := range []struct {
		text          string
		o200k, cl100k int
	}{
		{"", 0, 0},
		{"tiktoken is great!", 6, 6}, // [83 8251 2488 382 2212 0] and [83 1609 5963 374 2294 0]
		{"system", 1, 1},
		{"developer", 1, 1},
		{"assistant", 1, 1},
		{"hello world", 2, 2},
		{"2 + 2 = 4", 7, 7},
		{"お誕生日おめでとう", 8, 9},
		{"<|endoftext|>", 7, 7}, // ordinary text, not the special token
		{" \n\n  x\r\n", 4, 4},
		{"AB中C", 3, 3},
	} {
		if got := counter(t, tokens.O200K).Count(test.text); got != test.o200k {
			t.Errorf("o200k_base count of %q is %d, want %d", test.text, got, test.o200k)
		}
		if got := counter(t, tokens.CL100K).Count(test.text); got != test.cl100k {
			t.Errorf("cl100k_base count of %q is %d, want %d", test.text, got, test.cl100k)
		}
	}
}

// TestCountOfOldEncodings has figures of OpenAI's cookbook, "How to count tokens with tiktoken", and what sets the two apart.
func TestCountOfOldEncodings(t *testing.T) {
	for _, test := range []struct {
		text       string
		p50k, r50k int
	}{
		{"", 0, 0},
		{"tiktoken is great!", 6, 6},
		{"antidisestablishmentarianism", 5, 5},
		{"2 + 2 = 4", 5, 5},
		{"お誕生日おめでとう", 14, 14},
		{"if x:\n        y", 6, 12}, // p50k_base has runs of blanks
		{"a\xffb", 3, 3},
	} {
		if got := counter(t, tokens.P50K).Count(test.text); got != test.p50k {
			t.Errorf("p50k_base count of %q is %d, want %d", test.text, got, test.p50k)
		}
		if got := counter(t, tokens.R50K).Count(test.text); got != test.r50k {
			t.Errorf("r50k_base count of %q is %d, want %d", test.text, got, test.r50k)
		}
	}
}

func TestForUnknown(t *testing.T) {
	if _, err := tokens.For("p99k"); err == nil || !strings.Contains(err.Error(), `"p99k"`) {
		t.Errorf("error is %v, want one that names the encoding", err)
	}
}

func TestForShares(t *testing.T) {
	var group sync.WaitGroup
	found := make([]*tokens.Counter, 8)
	for i := range found {
		group.Go(func() {
			c, err := tokens.For(tokens.O200K)
			if err != nil {
				t.Error(err)
				return
			}
			found[i] = c
			c.Count("counted by several at once: 1, 2, 3")
		})
	}
	group.Wait()
	for _, c := range found {
		if c != found[0] {
			t.Fatal("the encoding was loaded twice")
		}
	}
}

func TestModels(t *testing.T) {
	for _, test := range []struct {
		model    string
		encoding string
		known    bool
		limit    int
	}{
		{"gpt-4.1-2025-04-14", "o200k_base", true, 65_536},
		{"gpt-4.1-mini-2025-04-14", "o200k_base", true, 65_536},
		{"gpt-4.1-nano", "o200k_base", true, 65_536},
		{"gpt-4o", "o200k_base", true, 65_536},
		{"gpt-4o-2024-08-06", "o200k_base", true, 65_536},
		{"gpt-4o-mini-2024-07-18", "o200k_base", true, 65_536},
		{"ft:gpt-4.1-mini-2025-04-14:org:suffix:id", "o200k_base", true, 65_536},
		{"ft:gpt-4-0613:org::id", "cl100k_base", true, 0},
		{"ft:gpt-3.5-turbo-0125:org:a:b:ckpt-step-90", "cl100k_base", true, 16_385},
		{"gpt-3.5-turbo-1106", "cl100k_base", true, 16_385},
		{"gpt-3.5-turbo-0613", "cl100k_base", true, 4_096},
		{"gpt-35-turbo-0125", "cl100k_base", true, 16_385},
		{"gpt-4o-mini-2024-07-18.ft-0ab3f80e4f22-science", "o200k_base", true, 65_536},
		{"azure/gpt-4o-mini", "o200k_base", true, 65_536},
		{"openai/ft:gpt-4-0613:org::id", "cl100k_base", true, 0},
		{"gpt-4", "cl100k_base", true, 0},
		{"gpt-4-turbo-2024-04-09", "cl100k_base", true, 0},
		{"GPT-4-0613", "cl100k_base", true, 0},
		{"gpt-5.1-mini", "o200k_base", true, 0},
		{"gpt-5-mini", "o200k_base", true, 0},
		{"gpt-oss-20b", "o200k_base", true, 0},
		{"o4-mini-2025-04-16", "o200k_base", true, 0},
		{"text-davinci-003", "p50k_base", true, 0},
		{"code-cushman-001", "p50k_base", true, 0},
		{"text-davinci-001", "r50k_base", true, 0},
		{"davinci", "r50k_base", true, 0},
		{"ada:ft-org:name-2023-01-01-00-00-00", "r50k_base", true, 0},
		{"davinci-002", "cl100k_base", true, 16_384},
		{"babbage-002", "cl100k_base", true, 16_384},
		{"ada-next", "o200k_base", false, 0}, // not ada
		{"gpt-4.7", "o200k_base", false, 0},  // not gpt-4
		{"o1x", "o200k_base", false, 0},
		{"meta-llama/Llama-3.1-8B-Instruct", "o200k_base", false, 0},
		{"shift:gpt-4", "o200k_base", false, 0},
		{"", "o200k_base", false, 0},
	} {
		encoding, known := tokens.EncodingFor(test.model)
		if encoding != test.encoding || known != test.known {
			t.Errorf("EncodingFor(%q) = %s, %t, want %s, %t", test.model, encoding, known, test.encoding, test.known)
		}
		limit, ok := tokens.Limit(test.model)
		if limit != test.limit || ok != (test.limit > 0) {
			t.Errorf("Limit(%q) = %d, %t, want %d", test.model, limit, ok, test.limit)
		}
	}
}

// TestSingle counts as everybody does.
func TestSingle(t *testing.T) {
	for _, encoding := range []string{tokens.O200K, tokens.CL100K, tokens.P50K} {
		counter, err := tokens.For(encoding)
		if err != nil {
			t.Fatal(err)
		}
		single := counter.Single()
		for _, text := range []string{"", "tiktoken is great!", "Ça va? 你好", "tiktoken is great!"} {
			if got, want := single.Count(text), counter.Count(text); got != want {
				t.Errorf("%s: %q has %d tokens, want %d", encoding, text, got, want)
			}
		}
	}
}
