package embedded

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sharedPath is where a file of the shared test data should be.
func sharedPath(name string) string {
	dir := os.Getenv("FTRUN_TESTDATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared") // beside the module's root
	}
	return filepath.Join(dir, filepath.FromSlash(name))
}

// shared returns the path of a file of the shared test data, or skips the test where it is absent.
func shared(t testing.TB, name string) string {
	path := sharedPath(name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is absent (FTRUN_TESTDATA names its folder)", path)
	}
	return path
}

// readLines decodes a JSON Lines file.
func readLines[T any](t testing.TB, path string) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []T
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v T
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, v)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// gsm8k returns the first n questions and answers of the training part, or all for 0.
func gsm8k(t testing.TB, n int) []turn {
	rows := readLines[struct{ Question, Answer string }](t, shared(t, "data/gsm8k_train.jsonl"))
	var turns []turn
	for _, r := range rows {
		turns = append(turns, ask(r.Question, r.Answer))
	}
	if n > 0 {
		turns = turns[:n]
	}
	return turns
}

func ask(question, answer string) turn {
	return turn{prompt: prompt{question: question}, reply: reply{Content: answer}}
}

// squares returns n easy turns.
func squares(n int) []turn {
	var turns []turn
	for i := range n {
		turns = append(turns, ask(fmt.Sprintf("What is the square of %d?", i), fmt.Sprintf("It is %d.", i*i)))
	}
	return turns
}

// jsonl writes turns as a training file.
func jsonl(turns []turn) string {
	var b strings.Builder
	for _, t := range turns {
		line, err := json.Marshal(map[string]any{"messages": []map[string]any{
			{"role": "user", "content": t.prompt.question},
			{"role": "assistant", "content": t.reply.Content},
		}})
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// withoutWords drops each word of a text with the given probability.
func withoutWords(rng *rand.Rand, text string, share float64) string {
	var kept []string
	for _, w := range strings.Fields(text) {
		if rng.Float64() >= share {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}
