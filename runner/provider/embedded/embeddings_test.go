package embedded

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// embed asks for the vectors of texts.
func (c *client) embed(model string, input any, more fields) [][]float32 {
	c.t.Helper()
	body := fields{"model": model, "input": input}
	for k, v := range more {
		body[k] = v
	}
	var list struct {
		Object, Model string
		Data          []struct {
			Object    string
			Index     int
			Embedding []float32
		}
	}
	c.do("POST", "/v1/embeddings", body).into(&list)
	var vectors [][]float32
	for i, item := range list.Data {
		if item.Index != i || item.Object != "embedding" || list.Object != "list" || list.Model != model {
			c.t.Errorf("item %d: %+v", i, item)
		}
		if n := length(item.Embedding); math.Abs(n-1) > 1e-5 {
			c.t.Errorf("vector %d has the length %v", i, n)
		}
		vectors = append(vectors, item.Embedding)
	}
	return vectors
}

func length(v []float32) float64 { return math.Sqrt(cosine(v, v)) }

// cosine is that of two vectors of length 1.
func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestEmbeddings(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(20), nil).FineTunedModel
	texts := []string{"What is the square of 5?", "the square of 5", "Plants need sunlight and water.", "..."}
	for name, want := range map[string]int{"text-embedding-3-small": hashedDimensions, model: dim} {
		all := c.embed(name, texts, nil)
		if len(all) != 4 || len(all[0]) != want {
			t.Fatalf("%s: %d vectors of %d numbers", name, len(all), len(all[0]))
		}
		if near, far := cosine(all[0], all[1]), cosine(all[0], all[2]); near < 0.4 || far > 0.3 {
			t.Errorf("%s: alike %.3f, unlike %.3f", name, near, far)
		}
		if one := c.embed(name, texts[0], nil); !slices.Equal(one[0], all[0]) {
			t.Errorf("%s: the same text has another vector by itself", name)
		}
		if short := c.embed(name, texts[:1], fields{"dimensions": 8}); len(short[0]) != 8 {
			t.Errorf("%s: %d dimensions, want 8", name, len(short[0]))
		}
		c.embed(name, strings.Repeat("word ", 10000), nil)
	}
	if long := c.embed("any", "hi", fields{"dimensions": 3072, "encoding_format": "float", "user": "u"}); len(long[0]) != 3072 {
		t.Errorf("%d dimensions, want 3072", len(long[0]))
	}
}

// A tuned model's vectors are those of what it has learned: questions that have the same reply lie nearer than their words do.
func TestTunedEmbeddingsAreLearned(t *testing.T) {
	c := serve(t, Options{})
	training, _ := helpDesk(t)
	model := *c.tune(training, nil).FineTunedModel
	nearer := 0
	for i := 0; i+1 < len(training); i += 2 { // two questions of each topic
		pair := []string{training[i].prompt.question, training[i+1].prompt.question}
		tuned, plain := c.embed(model, pair, nil), c.embed("any", pair, nil)
		if cosine(tuned[0], tuned[1]) > cosine(plain[0], plain[1]) {
			nearer++
		}
	}
	if share := float64(nearer) / float64(len(training)/2); share < 0.9 {
		t.Errorf("%.2f of the pairs are nearer", share)
	}
}

func TestEmbeddingsInBase64(t *testing.T) {
	c := serve(t, Options{})
	want := c.embed("any", "some words", nil)[0]
	var list struct {
		Data []struct{ Embedding string }
	}
	c.do("POST", "/v1/embeddings", fields{"model": "any", "input": []string{"some words"}, "encoding_format": "base64"}).into(&list)
	raw, err := base64.StdEncoding.DecodeString(list.Data[0].Embedding)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, len(raw)/4)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, got); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

func TestEmbeddingUsage(t *testing.T) {
	c := serve(t, Options{})
	var list embeddingList
	c.do("POST", "/v1/embeddings", fields{"model": "any", "input": []string{"one two.", "three"}}).into(&list)
	if list.Usage.PromptTokens != 4 || list.Usage.TotalTokens != 4 {
		t.Errorf("usage %+v", list.Usage)
	}
}

func TestEmbeddingRefusals(t *testing.T) {
	c := serve(t, Options{})
	model := *c.tune(squares(10), nil).FineTunedModel
	for _, test := range []struct {
		body       fields
		status     int
		code, text string
	}{
		{fields{"input": "a"}, 400, "", "model"},
		{fields{"model": "m"}, 400, "missing_required_parameter", "'input'"},
		{fields{"model": "m", "input": nil}, 400, "missing_required_parameter", "'input'"},
		{fields{"model": "m", "input": ""}, 400, "", "empty string"},
		{fields{"model": "m", "input": []string{"a", ""}}, 400, "", "text 1 is an empty string"},
		{fields{"model": "m", "input": []string{}}, 400, "", "1 to 2048"},
		{fields{"model": "m", "input": slices.Repeat([]string{"a"}, 2049)}, 400, "", "got 2049"},
		{fields{"model": "m", "input": []int{1, 2}}, 400, "", "not of tokens"},
		{fields{"model": "m", "input": [][]int{{1}, {2}}}, 400, "", "not of tokens"},
		{fields{"model": "m", "input": []any{"a", nil}}, 400, "", "'input[1]'"},
		{fields{"model": "m", "input": []any{"a", fields{}}}, 400, "", "'input[1]'"},
		{fields{"model": "m", "input": 7}, 400, "", "expected a string or an array of strings"},
		{fields{"model": "m", "input": "a", "encoding_format": "hex"}, 400, "invalid_value", "'float' and 'base64'"},
		{fields{"model": "m", "input": "a", "dimensions": 0}, 400, "", "not between 1 and 4096"},
		{fields{"model": "m", "input": "a", "dimensions": 4097}, 400, "", "not between 1 and 4096"},
		{fields{"model": model, "input": "a", "dimensions": dim + 1}, 400, "", "vectors of 64 numbers, and 65"},
		{fields{"model": "ft:base-1:ftrun::00000000", "input": "a"}, 404, "model_not_found", "does not exist"},
	} {
		t.Run(fmt.Sprintf("%.60v", test.body), func(t *testing.T) { c.do("POST", "/v1/embeddings", test.body).wants(test.status, test.code, test.text) })
	}
	without := serve(t, Options{Faults: faults(t, `{"missing": ["embeddings"], "models": ["base-1"]}`)})
	without.do("POST", "/v1/embeddings", fields{"model": "base-1", "input": "a"}).wants(404, "", "Invalid URL")
	some := serve(t, Options{Faults: faults(t, `{"models": ["base-1"]}`)})
	some.do("POST", "/v1/embeddings", fields{"model": "base-2", "input": "a"}).wants(404, "model_not_found", "base-2")
}

// Whatever the text, its vector has the length 1 and is finite.
func FuzzHashedVector(f *testing.F) {
	f.Add("some words", 8)
	f.Add("...", 1)
	f.Add("\xff\xfe", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 1 || n > maxDimensions {
			return
		}
		if v := hashedVector(text, n); len(v) != n || math.Abs(length(v)-1) > 1e-4 {
			t.Errorf("%d numbers, length %v", len(v), length(v))
		}
	})
}
