// Command gsm8kspec writes the pipelines of bench/gsm8k.sh out of GSM8K's rows, and prints the figures of their results.
//
//	gsm8kspec DATA.jsonl EXACT.yaml DROPPED.yaml
//	gsm8kspec -report EXACT-results.json DROPPED-results.json
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"ftrun/runner/result"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gsm8kspec:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("want three arguments, found %d", len(args))
	}
	if args[0] == "-report" {
		return report(stdout, args[1], args[2])
	}
	rows, err := readRows(args[0])
	if err != nil {
		return err
	}
	data := filepath.Base(args[0])
	if err := writeSpec(args[1], data, rows, "98%"); err != nil {
		return err
	}
	return writeSpec(args[2], data, shorten(rows, 200), "90%")
}

type row struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

func readRows(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var rows []row
	for decoder := json.NewDecoder(bufio.NewReader(f)); ; {
		var r row
		if err := decoder.Decode(&r); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
}

// shorten returns n rows drawn by a fixed seed, each question without a fifth of its words.
func shorten(rows []row, n int) []row {
	random := rand.New(rand.NewPCG(1, 2))
	var out []row
	for _, i := range random.Perm(len(rows))[:n] {
		words := strings.Fields(rows[i].Question)
		for range len(words) / 5 {
			gone := random.IntN(len(words))
			words = append(words[:gone], words[gone+1:]...)
		}
		out = append(out, row{Question: strings.Join(words, " "), Answer: rows[i].Answer})
	}
	return out
}

// writeSpec writes a pipeline that asks every row and wants the answer exactly. JSON strings are YAML strings.
func writeSpec(path, data string, rows []row, passRate string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "version: 1\nname: gsm8k\nprovider: embedded\nbase_model: gpt-4.1-mini-2025-04-14\ndataset: %s\n", data)
	fmt.Fprintf(w, "train:\n  seed: 1\nthresholds:\n  - pass_rate >= %s\n  - pass_rate no_significant_drop\ntest:\n  cases:\n", passRate)
	for i, r := range rows {
		question, err := json.Marshal(r.Question)
		if err != nil {
			return err
		}
		answer, err := json.Marshal(r.Answer)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "    - id: q%d\n      question: %s\n      assert:\n        - equals: %s\n", i, question, answer)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func report(w io.Writer, exact, dropped string) error {
	for _, path := range []string{exact, dropped} {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		run, err := result.Read(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Fprintf(w, "%s: %d of %d exact (%.1f %%), base model %d; stages", filepath.Base(filepath.Dir(path)),
			run.Summary.Passed, run.Summary.Cases, 100**run.Summary.PassRate, run.Comparison.Summary.Passed)
		for _, s := range run.Stages {
			fmt.Fprintf(w, " %s %.1f s", s.Name, s.Seconds)
		}
		fmt.Fprintln(w)
	}
	return nil
}
