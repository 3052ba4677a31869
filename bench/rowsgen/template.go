package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// A row is a question with its answer.
type row struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// A template is a row cut into pieces, of which some can be replaced.
type template struct{ question, answer []piece }

// A piece is text of one kind.
type piece struct {
	kind kind
	text string
}

type kind int

const (
	fixed  kind = iota
	name        // a first name
	number      // digits
	word        // one of several that mean about the same
)

func readTemplates(path string) ([]template, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w (set FTRUN_TESTDATA)", err)
	}
	defer f.Close()
	var list []template
	for decoder := json.NewDecoder(bufio.NewReader(f)); ; {
		var r row
		if err := decoder.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, len(list)+1, err)
		}
		list = append(list, template{cut(r.Question), cut(r.Answer)})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no rows", path)
	}
	return list, nil
}

// cut cuts a text into pieces.
func cut(text string) []piece {
	var pieces []piece
	for len(text) > 0 {
		run := piece{text: text[:1]}
		switch {
		case isDigit(text[0]):
			run = piece{number, text[:countWhile(text, isDigit)]}
		case isLetter(text[0]):
			run.text = text[:countWhile(text, isLetter)]
			if slices.Contains(names, run.text) {
				run.kind = name
			} else if len(others(run.text)) > 0 {
				run.kind = word
			}
		}
		text = text[len(run.text):]
		if n := len(pieces); n > 0 && run.kind == fixed && pieces[n-1].kind == fixed {
			pieces[n-1].text += run.text
			continue
		}
		pieces = append(pieces, run)
	}
	return pieces
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func countWhile(text string, is func(byte) bool) int {
	n := 0
	for n < len(text) && is(text[n]) {
		n++
	}
	return n
}

// A varier makes variants. It remembers the hash of every question, which takes some tens of bytes a row.
type varier struct {
	random *rand.Rand
	seen   map[uint64]struct{}
	said   map[piece]string // within a row: the same name or number becomes the same
}

func newVarier(seed uint64) *varier {
	return &varier{random: rand.New(rand.NewPCG(seed, 0)), seen: map[uint64]struct{}{}, said: map[piece]string{}}
}

// vary returns a variant whose question was not there before. Its sums need not be right any more.
func (v *varier) vary(t *template) row {
	for try := 0; ; try++ {
		clear(v.said)
		r := row{Question: v.fill(t.question), Answer: v.fill(t.answer)}
		if try > 0 { // a row with little in it that can be replaced
			r.Question = fmt.Sprintf("It is %s in %s. %s", pick(v.random, days), pick(v.random, places), r.Question)
		}
		hash := fnv.New64a()
		io.WriteString(hash, r.Question)
		if _, again := v.seen[hash.Sum64()]; !again {
			v.seen[hash.Sum64()] = struct{}{}
			return r
		}
	}
}

func (v *varier) fill(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		switch p.kind {
		case fixed:
			b.WriteString(p.text)
		case word:
			b.WriteString(v.other(p.text))
		default:
			instead, known := v.said[p]
			if !known {
				instead = v.replace(p)
				v.said[p] = instead
			}
			b.WriteString(instead)
		}
	}
	return b.String()
}

// replace returns another name, or another number of as many digits. Zero and one stay: "one day" is not "seven day".
func (v *varier) replace(p piece) string {
	if p.kind == name {
		return pick(v.random, names)
	}
	if p.text == "0" || p.text == "1" {
		return p.text
	}
	digits := []byte(p.text)
	for i := range digits {
		digits[i] = byte('0' + v.random.IntN(10))
	}
	if digits[0] == '0' {
		digits[0] = byte('2' + v.random.IntN(8))
	}
	return string(digits)
}

// other returns a word or one that means about the same.
func (v *varier) other(text string) string {
	if list := others(text); v.random.IntN(2) == 0 {
		return pick(v.random, list)
	}
	return text
}

func pick(random *rand.Rand, list []string) string { return list[random.IntN(len(list))] }
