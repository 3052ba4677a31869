package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// A question is one case, in the words of a pipeline and of a case file.
type question struct {
	ID       string              `json:"id"`
	Question string              `json:"question"`
	Assert   []map[string]string `json:"assert"`
}

// ask returns case n: what is asked, and the word that the answer must have. The zero before the number keeps one word from being the
// beginning of another.
func ask(n int) (text, word string) {
	word = fmt.Sprintf("leaf-%05d", n)
	return "Explain in about a hundred words how a plant makes its food, and have this word in it: " + word, word
}

func questions(n int) []question {
	list := make([]question, n)
	for i := range list {
		text, word := ask(i)
		list[i] = question{ID: fmt.Sprintf("q%d", i), Question: text, Assert: []map[string]string{{"contains": word}}}
	}
	return list
}

// writeSpec writes a pipeline that trains nothing and asks what the service answers. Its cases stand in it, or in cases.jsonl beside it.
func writeSpec(path string, c config) error {
	return create(path, func(w io.Writer) error {
		fmt.Fprintf(w, "version: 1\nname: answers\ntrain: off\n")
		if c.baseline {
			fmt.Fprintf(w, "base_model: %s\n", baseModel)
		}
		fmt.Fprintf(w, "test:\n  model: %s\n  concurrency: %d\n", tunedModel, c.concurrency)
		if c.caseFile {
			const name = "cases.jsonl"
			fmt.Fprintf(w, "  cases:\n    file: %s\n", name)
			return create(filepath.Join(filepath.Dir(path), name), func(w io.Writer) error { return lines(w, "", c.cases) })
		}
		fmt.Fprintf(w, "  cases:\n")
		return lines(w, "    - ", c.cases) // JSON is YAML
	})
}

// lines writes the cases as JSON, one a line, each behind a prefix.
func lines(w io.Writer, prefix string, n int) error {
	for _, q := range questions(n) {
		line, err := json.Marshal(q)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", prefix, line); err != nil {
			return err
		}
	}
	return nil
}

// writePromptfoo writes the same cases as promptfoo wants them.
func writePromptfoo(path, url string, c config) error {
	type assert struct {
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	type test struct {
		Vars   map[string]string `json:"vars"`
		Assert []assert          `json:"assert"`
	}
	tests := make([]test, c.cases)
	for i := range tests {
		text, word := ask(i)
		tests[i] = test{map[string]string{"question": text}, []assert{{"contains", word}}}
	}
	return create(path, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(map[string]any{
			"prompts": []string{"{{question}}"},
			"providers": []any{map[string]any{
				"id": "openai:chat:" + tunedModel, "config": map[string]any{"apiBaseUrl": url, "apiKey": "unused-unused", "temperature": 0},
			}},
			"tests": tests,
		})
	})
}

// create makes a file of what write writes.
func create(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}
