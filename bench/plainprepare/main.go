// Command plainprepare is what bench/prepare.sh holds ftrun's prepare stage to: the program that everybody writes for it, with the usual library
// for counting tokens, the cookbook's formula and the standard library's JSON. It is written as one would write it, and not slowed down.
//
//	plainprepare -system PROMPT -limit TOKENS ROWS.json TRAIN.jsonl
//
// ROWS.json is an array of {"question": …, "answer": …}. It prints the number of examples and of their tokens.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/pkoukk/tiktoken-go"
	tiktoken_loader "github.com/pkoukk/tiktoken-go-loader"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "plainprepare:", err)
		os.Exit(1)
	}
}

type row struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type example struct {
	Messages []message `json:"messages"`
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("plainprepare", flag.ContinueOnError)
	system := flags.String("system", "", "system prompt of every example")
	limit := flags.Int("limit", 65536, "tokens of an example, at most")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return fmt.Errorf("want two files, found %q", flags.Args())
	}
	rows, err := readRows(flags.Arg(0))
	if err != nil {
		return err
	}
	tiktoken.SetBpeLoader(tiktoken_loader.NewOfflineLoader())
	encoding, err := tiktoken.GetEncoding("o200k_base")
	if err != nil {
		return err
	}

	f, err := os.Create(flags.Arg(1))
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	total := 0
	for i, r := range rows {
		ex := example{[]message{{"system", *system}, {"user", r.Question}, {"assistant", r.Answer}}}
		n := countTokens(encoding, ex)
		if n > *limit {
			return fmt.Errorf("row %d has %d tokens, and the limit is %d", i+1, n, *limit)
		}
		total += n
		if err := encoder.Encode(ex); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%d examples, %d tokens\n", len(rows), total)
	return err
}

func readRows(path string) ([]row, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rows []row
	if err := json.Unmarshal(data, &rows); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// countTokens counts as OpenAI's cookbook does: three for each message and for the reply's start, and every text.
func countTokens(encoding *tiktoken.Tiktoken, ex example) int {
	n := 3
	for _, m := range ex.Messages {
		n += 3 + len(encoding.Encode(m.Role, nil, nil)) + len(encoding.Encode(m.Content, nil, nil))
	}
	return n
}
