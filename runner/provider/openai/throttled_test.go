package openai_test

import (
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
)

// TestThrottled: whoever observes a question hears of each plea to wait, once, before the question is sent again, and of nothing else.
func TestThrottled(t *testing.T) {
	for name, test := range map[string]struct {
		answers []http.HandlerFunc // before the good one
		want    []time.Duration
	}{
		"none":               {nil, nil},
		"429":                {[]http.HandlerFunc{coded(429, "rate_limit_exceeded", "x"), coded(429, "", "x", "Retry-After", "7")}, []time.Duration{0, 7 * time.Second}},
		"429 in ms":          {[]http.HandlerFunc{coded(429, "", "x", "Retry-After-Ms", "1500")}, []time.Duration{1500 * time.Millisecond}},
		"503 with a time":    {[]http.HandlerFunc{answerWith(503, "", "Retry-After", "2")}, []time.Duration{2 * time.Second}},
		"529 with a time":    {[]http.HandlerFunc{answerWith(529, "", "Retry-After", "3")}, []time.Duration{3 * time.Second}},
		"503 without a time": {[]http.HandlerFunc{answerWith(503, ""), answerWith(529, "")}, nil},
		"broken":             {[]http.HandlerFunc{answerWith(500, ""), answerWith(200, "half"), coded(429, "", "x")}, []time.Duration{0}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				var heard []time.Duration
				c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
					if n++; n <= len(test.answers) {
						test.answers[n-1](w, r)
						return
					}
					io.WriteString(w, answer)
				}, nil)
				ctx := provider.OnThrottled(t.Context(), func(wait time.Duration) {
					if len(heard) >= n {
						t.Errorf("heard %d times before request %d", len(heard)+1, n+1)
					}
					heard = append(heard, wait)
				})
				again := 0
				ctx = provider.OnAgain(ctx, func() time.Duration { again++; return 0 })
				completion, err := ask(ctx, c)
				if err != nil || !slices.Equal(heard, test.want) {
					t.Errorf("heard %v, %v, want %v", heard, err, test.want)
				}
				lost := 0
				if name == "broken" { // the answer of which half came may be billed
					lost = 1
				}
				if completion.Lost != lost {
					t.Errorf("%d attempts lost, want %d", completion.Lost, lost)
				}
				if again != len(test.answers) {
					t.Errorf("heard of %d requests that were sent again, want %d", again, len(test.answers))
				}
			})
		})
	}
}

// TestThrottledInVain: a spent quota is no plea to wait, and neither is one that nobody waits for.
func TestThrottledInVain(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"quota":    coded(429, "insufficient_quota", "x", "Retry-After", "1"),
		"too long": coded(429, "", "x", "Retry-After", "3600"),
		"refused":  coded(400, "", "x", "Retry-After", "1"),
	} {
		heard := 0
		_, err := ask(provider.OnThrottled(t.Context(), func(time.Duration) { heard++ }), bubbleClient(handler, nil))
		if err == nil || heard != 0 {
			t.Errorf("%s: %v, heard %d times", name, err, heard)
		}
	}
}
