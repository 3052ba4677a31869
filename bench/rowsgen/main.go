// Command rowsgen writes data files of any size for the benchmarks of the prepare stage: variants of the training half of GSM8K, each with
// other names, numbers and words, so that no question comes twice. The same flags write the same bytes.
//
//	rowsgen [flags] FILE
//
// GSM8K is looked for as the tests do: in the folder that FTRUN_TESTDATA names, by default ../shared.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "rowsgen:", err)
		os.Exit(1)
	}
}

// config is what the flags say.
type config struct {
	shape     string
	container string
	rows      int
	seed      uint64
}

func run(args []string) error {
	var c config
	var source string
	flags := flag.NewFlagSet("rowsgen", flag.ContinueOnError)
	flags.StringVar(&c.shape, "shape", "qa", "qa, chat, preference, alpaca, sharegpt or completion")
	flags.StringVar(&c.container, "container", "json", "json (one array), jsonl, csv or tsv; the last two for qa, alpaca and completion alone")
	flags.IntVar(&c.rows, "rows", 104_622, "number of rows; the default is 14 variants of each row of GSM8K, about 60 MB")
	flags.Uint64Var(&c.seed, "seed", 1, "seed of the variants")
	flags.StringVar(&source, "gsm8k", defaultSource(), "the rows that are varied: JSONL with question and answer")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("want one file to write, found %q", flags.Args())
	}
	templates, err := readTemplates(source)
	if err != nil {
		return err
	}
	f, err := os.Create(flags.Arg(0))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	return errors.Join(c.write(w, templates), w.Flush(), f.Close())
}

func defaultSource() string {
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "shared")
	}
	return filepath.Join(folder, "data", "gsm8k_train.jsonl")
}

// write writes the rows: the first variant of every row of the source, then the second of each, and so on, so that rows that are alike lie
// far from each other.
func (c config) write(w io.Writer, templates []template) error {
	cells, known := shapes()[c.shape]
	if !known {
		return fmt.Errorf("%q is no shape", c.shape)
	}
	rows, err := newRowWriter(w, c.container, cells)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", c.shape, c.container, err)
	}
	v := newVarier(c.seed)
	for i := range c.rows {
		if err := rows.write(v.vary(&templates[i%len(templates)])); err != nil {
			return err
		}
	}
	return rows.end()
}
