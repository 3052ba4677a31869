package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is GSM8K where it is there, and else a few rows of its kind.
func source(t *testing.T) []template {
	t.Helper()
	path := filepath.Join("..", "..", defaultSource())
	if filepath.IsAbs(defaultSource()) {
		path = defaultSource()
	}
	if list, err := readTemplates(path); err == nil {
		return list
	}
	path = filepath.Join(t.TempDir(), "rows.jsonl")
	rows := `{"question": "Natalia bought 48 clips in April. How many altogether?", "answer": "48/2 = <<48/2=24>>24 of Natalia's."}
{"question": "How many legs has a dog?", "answer": "Four."}
`
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := readTemplates(path)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func written(t *testing.T, c config, templates []template) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := c.write(&b, templates); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestRowsDiffer: no question comes twice, the same seed gives the same bytes, and another seed others.
func TestRowsDiffer(t *testing.T) {
	templates := source(t)
	c := config{shape: "qa", container: "json", rows: min(20_000, 20*len(templates)), seed: 1}
	one := written(t, c, templates)
	if sha256.Sum256(one) != sha256.Sum256(written(t, c, templates)) {
		t.Error("the same flags write other bytes")
	}
	c.seed = 2
	if bytes.Equal(one, written(t, c, templates)) {
		t.Error("another seed writes the same bytes")
	}
	var rows []row
	if err := json.Unmarshal(one, &rows); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for i, r := range rows {
		if known[r.Question] || r.Answer == "" {
			t.Errorf("row %d was there before, or has no answer: %q", i+1, r)
		}
		known[r.Question] = true
	}
	if len(rows) != c.rows {
		t.Errorf("%d rows, want %d", len(rows), c.rows)
	}
}

// TestOfOneRow: a name or a number that comes again becomes the same again, in the answer too.
func TestOfOneRow(t *testing.T) {
	tmpl := template{cut("Natalia sold 48 clips."), cut("Natalia's 48/2 = <<48/2=24>>24")}
	v := newVarier(1)
	changed := false
	for range 50 {
		r := v.vary(&tmpl)
		words := strings.Fields(r.Question)
		who, many := words[len(words)-4], words[len(words)-2]
		if !strings.HasPrefix(r.Answer, who+"'s "+many+"/") || strings.Count(r.Answer, many) < 2 {
			t.Errorf("%q has the answer %q", r.Question, r.Answer)
		}
		changed = changed || who != "Natalia" && many != "48"
	}
	if !changed {
		t.Error("neither name nor number ever changed")
	}
}

// TestContainers: every shape is what its container says, in as many rows as are asked for.
func TestContainers(t *testing.T) {
	templates := source(t)
	for shape, cells := range shapes() {
		for _, container := range []string{"json", "jsonl", "csv", "tsv"} {
			isTable := container == "csv" || container == "tsv"
			c := config{shape: shape, container: container, rows: 7, seed: 1}
			var b bytes.Buffer
			if err := c.write(&b, templates); err != nil {
				if !isTable || len(cells(row{})) == 2 {
					t.Errorf("%s in %s: %v", shape, container, err)
				}
				continue
			}
			n := 0
			switch container {
			case "json":
				var list []map[string]any
				if err := json.Unmarshal(b.Bytes(), &list); err != nil {
					t.Errorf("%s: %v", shape, err)
				}
				n = len(list)
			case "jsonl":
				for line := range bytes.Lines(b.Bytes()) {
					if !json.Valid(line) {
						t.Errorf("%s: %s", shape, line)
					}
					n++
				}
			default:
				r := csv.NewReader(&b)
				if container == "tsv" {
					r.Comma = '\t'
				}
				records, err := r.ReadAll()
				if err != nil {
					t.Errorf("%s in %s: %v", shape, container, err)
				}
				n = len(records) - 1
			}
			if n != c.rows {
				t.Errorf("%s in %s: %d rows, want %d", shape, container, n, c.rows)
			}
		}
	}
	if err := (config{shape: "chat", container: "csv", rows: 1}).write(&bytes.Buffer{}, templates); err == nil {
		t.Error("chat goes into a table")
	}
}
