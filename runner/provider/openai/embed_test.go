package openai_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

func embeddings(data string) string {
	return `{"object":"list","model":"e","data":` + data + `,"usage":{"prompt_tokens":4,"total_tokens":4}}`
}

// TestEmbedShapes: vectors come in the order of their texts, whatever the order and the shape in which they were sent; what is no set of
// vectors is an error that passes, as an answer to a question is.
func TestEmbedShapes(t *testing.T) {
	ab := [][]float64{{1, 0}, {0, -0.5}}
	for name, test := range map[string]struct {
		data string
		want [][]float64 // nil: an error that says so
		says string
	}{
		"in order":         {`[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,-0.5]}]`, ab, ""},
		"out of order":     {`[{"index":1,"embedding":[0,-0.5]},{"index":0,"embedding":[1,0.0]}]`, ab, ""},
		"no indexes":       {`[{"embedding":[1,0]},{"embedding":[0,-5e-1]}]`, ab, ""},
		"indexes as texts": {`[{"index":"1","embedding":[0,-0.5]},{"index":"0","embedding":[1,0]}]`, ab, ""},
		"base64":           {`[{"index":0,"embedding":"AACAPwAAAAA="},{"index":1,"embedding":"AAAAAAAAAL8="}]`, ab, ""},
		"one too few":      {`[{"index":0,"embedding":[1,0]}]`, nil, "1 embeddings of 2 texts"},
		"one too many":     {`[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]`, nil, "3 embeddings of 2 texts"},
		"an index twice":   {`[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[0,1]}]`, nil, "index 0"},
		"a wrong index":    {`[{"index":0,"embedding":[1,0]},{"index":2,"embedding":[0,1]}]`, nil, "index 2"},
		"below 0":          {`[{"index":-1,"embedding":[1,0]},{"index":0,"embedding":[0,1]}]`, nil, "index -1"},
		"two lengths":      {`[{"embedding":[1,0]},{"embedding":[0]}]`, nil, "of 2 and of 1 numbers"},
		"empty":            {`[{"embedding":[]},{"embedding":[]}]`, nil, "embedding 0 is no list of numbers"},
		"no vector":        {`[{"embedding":[1]},{}]`, nil, "embedding 1 is no list of numbers"},
		"null":             {`[{"embedding":[1,0]},{"embedding":null}]`, nil, "embedding 1 is no list of numbers"},
		"a null inside":    {`[{"embedding":[1,0]},{"embedding":[null,1]}]`, nil, "embedding 1 has something that is no finite number"},
		"too large":        {`[{"embedding":[1,0]},{"embedding":[1e999,1]}]`, nil, "embedding 1 is no list of numbers"},
		"NaN in base64":    {`[{"embedding":[1,0]},{"embedding":"AADAfwAAgD8="}]`, nil, "no finite number"},
		"no base64":        {`[{"embedding":[1,0]},{"embedding":"AADAf"}]`, nil, "no list of numbers"},
		"odd base64":       {`[{"embedding":[1,0]},{"embedding":"AADA"}]`, nil, "no list of numbers"},
		"words":            {`[{"embedding":["a"]},{"embedding":[1]}]`, nil, "no list of numbers"},
		"no list":          {`{"0":1}`, nil, "0 embeddings of 2 texts"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				c := bubbleClient(func(w http.ResponseWriter, r *http.Request) { n++; serve(embeddings(test.data))(w, r) }, nil)
				got, err := c.Embed(t.Context(), "e", []string{"a", "b"})
				if test.want == nil {
					failure := failureOf(t, err)
					if failure.Kind != provider.KindBroken || n != 8 || !failure.Question || !strings.Contains(err.Error(), test.says) {
						t.Errorf("%v after %d requests, want %q", err, n, test.says)
					}
					return
				}
				if err != nil || !reflect.DeepEqual(got.Vectors, test.want) || *got.Usage != (provider.Usage{PromptTokens: 4}) {
					t.Errorf("%+v, %v, want %v", got, err, test.want)
				}
			})
		})
	}
}

// TestEmbedOnTheWire: where an Azure resource has it, the model stands in the path; the key is sent, and taken out of what comes back.
func TestEmbedOnTheWire(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint provider.Endpoint
		path     string
	}{
		"openai":            {provider.Endpoint{Kind: "openai", BaseURL: "https://service.test/v1", Key: testKey}, "/v1/embeddings"},
		"azure":             {provider.Endpoint{Kind: "azure", BaseURL: "https://service.test/openai/v1", Key: testKey, Auth: provider.AuthAPIKey}, "/openai/v1/embeddings"},
		"azure, older form": {provider.Endpoint{Kind: "azure", BaseURL: "https://service.test/openai", Query: "api-version=2024-10-21", Key: testKey, Auth: provider.AuthAPIKey, ExtraBody: map[string]any{"for": "jobs"}}, "/openai/deployments/my%20model/embeddings?api-version=2024-10-21"},
	} {
		t.Run(name, func(t *testing.T) {
			c := openai.New(openai.Config{Endpoint: test.endpoint, Transport: handlerTransport{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if got := sorted(t, string(body)); r.URL.RequestURI() != test.path || got != `{"input":["a"],"model":"my model"}` {
					t.Errorf("%s with %s", r.URL.RequestURI(), got)
				}
				w.WriteHeader(401)
				fmt.Fprintf(w, `{"error":{"message":"no such key: %s"}}`, r.Header.Get("Authorization")+r.Header.Get("Api-Key"))
			})}})
			_, err := c.Embed(t.Context(), "my model", []string{"a"})
			if failure := failureOf(t, err); failure.Kind != provider.KindAuth || !strings.Contains(err.Error(), provider.Redacted) || strings.Contains(err.Error(), testKey) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestEmbedBatches: many texts go in several requests, each once and in order, and their usage is added up.
func TestEmbedBatches(t *testing.T) {
	type batch struct {
		Input []string `json:"input"`
	}
	long := strings.Repeat("x", 100<<10)
	for name, test := range map[string]struct {
		texts []string
		want  []int // texts of each request
	}{
		"none":          {nil, nil},
		"many":          {slices.Repeat([]string{"a", "bc"}, 150), []int{128, 128, 44}},
		"long":          {[]string{long, "a", long, long + long, "b", "c"}, []int{2, 1, 1, 2}},
		"exactly a lot": {slices.Repeat([]string{"a"}, 128), []int{128}},
	} {
		t.Run(name, func(t *testing.T) {
			var sizes []int
			c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
				var b batch
				if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
					t.Error(err)
				}
				sizes = append(sizes, len(b.Input))
				var items []string
				for i := range b.Input {
					i = len(b.Input) - 1 - i
					items = append(items, fmt.Sprintf(`{"index":%d,"embedding":[%d,1]}`, i, len(b.Input[i])))
				}
				io.WriteString(w, embeddings("["+strings.Join(items, ",")+"]"))
			}, nil)
			got, err := c.Embed(t.Context(), "e", test.texts)
			if err != nil || len(got.Vectors) != len(test.texts) || !slices.Equal(sizes, test.want) {
				t.Fatalf("%d vectors of %d texts in requests of %v, %v", len(got.Vectors), len(test.texts), sizes, err)
			}
			for i, v := range got.Vectors {
				if v[0] != float64(len(test.texts[i])) {
					t.Fatalf("text %d has the vector %v", i, v)
				}
			}
			if want := int64(4 * len(sizes)); len(sizes) > 0 && got.Usage.PromptTokens != want || len(sizes) == 0 && got.Usage != nil {
				t.Errorf("usage %+v, want %d", got.Usage, want)
			}
		})
	}
}

// TestEmbedAcrossBatches: what only the whole shows is told too.
func TestEmbedAcrossBatches(t *testing.T) {
	texts := slices.Repeat([]string{"a"}, 129)
	first := "[" + strings.TrimSuffix(strings.Repeat(`{"embedding":[1,2]},`, 128), ",") + "]"
	n := 0
	shorter := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		n++
		serve(embeddings([]string{first, `[{"embedding":[1]}]`}[n-1]))(w, r)
	}, nil)
	if _, err := shorter.Embed(t.Context(), "e", texts); err == nil || !strings.Contains(err.Error(), "vectors of 2 and of 1 numbers") {
		t.Errorf("%v", err)
	}
	n = 0
	silent := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		n++
		serve([]string{embeddings(first), `{"data":[{"embedding":[1,2]}]}`}[n-1])(w, r)
	}, nil)
	if got, err := silent.Embed(t.Context(), "e", texts); err != nil || got.Usage != nil {
		t.Errorf("usage %+v, %v, of which the service said only a part", got.Usage, err)
	}
}

// TestEmptyTextIsNotSent: it has no vector anywhere.
func TestEmptyTextIsNotSent(t *testing.T) {
	c := bubbleClient(serve(`{}`), nil)
	_, err := c.Embed(t.Context(), "e", []string{"a", ""})
	if failure := failureOf(t, err); failure.Kind != provider.KindInvalid || c.Requests() != 0 || err.Error() != "embed with e: text 2 of 2 is empty" {
		t.Errorf("%v after %d requests", err, c.Requests())
	}
}

// Whatever a service answers, there are as many finite vectors as texts, all of one length, or there is an error.
func FuzzEmbeddings(f *testing.F) {
	f.Add(embeddings(`[{"index":1,"embedding":[0,-0.5]},{"index":0,"embedding":"AACAPwAAAAA="}]`))
	f.Add(`{"data":[{"embedding":[1e308]},{"embedding":[null]}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		ctx, cancel := deadline(t)
		defer cancel()
		got, err := bubbleClient(serve(body), nil).Embed(ctx, "e", []string{"a", "b"})
		if errors.Is(err, context.DeadlineExceeded) {
			return // a slow machine
		}
		if err != nil {
			failureOf(t, err)
			return
		}
		if len(got.Vectors) != 2 || len(got.Vectors[0]) == 0 || len(got.Vectors[0]) != len(got.Vectors[1]) {
			t.Fatalf("vectors %v", got.Vectors)
		}
		for _, v := range slices.Concat(got.Vectors...) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("vectors %v", got.Vectors)
			}
		}
	})
}
