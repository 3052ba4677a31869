package ranktable_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"ftrun/runner/tokens/internal/ranktable"
)

// someRanks returns n tokens of one to forty bytes, many of which begin or end others.
func someRanks(n int) map[string]int {
	random := rand.New(rand.NewPCG(5, 5))
	ranks := map[string]int{}
	for len(ranks) < n {
		token := make([]byte, 1+random.IntN(1+random.IntN(40)))
		for i := range token {
			token[i] = "ab \x00\xff"[random.IntN(5)]
		}
		if _, ok := ranks[string(token)]; !ok {
			ranks[string(token)] = len(ranks)
		}
	}
	return ranks
}

func build(t *testing.T, ranks map[string]int) *ranktable.Table {
	t.Helper()
	block, err := ranktable.Build(ranks)
	if err != nil {
		t.Fatal(err)
	}
	table, err := ranktable.Open(string(block))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestRank asks for every token, wherever it stands in a text, and for what is nearly one.
func TestRank(t *testing.T) {
	for _, n := range []int{0, 1, 2, 100, 20_000} {
		ranks := someRanks(n)
		table := build(t, ranks)
		for token := range ranks {
			for _, near := range []string{token, token + "a", token + "\x00", token[1:] + " ", token[:len(token)-1]} {
				want, ok := ranks[near]
				if !ok {
					want = ranktable.None
				}
				for _, after := range []string{"", "b", strings.Repeat("\xff", 9)} {
					if near == "" {
						continue
					}
					if got := table.Rank("\xff "+near+after, 2, len(near)); int(got) != want {
						t.Fatalf("%d tokens: rank of %q before %q is %d, want %d", n, near, after, got, want)
					}
				}
			}
		}
		if got := table.Rank(strings.Repeat("x", 1000), 0, 1000); got != ranktable.None {
			t.Errorf("rank of what is longer than all tokens is %d", got)
		}
	}
}

// TestWordsTellApart: two words and a length are one text only.
func TestWordsTellApart(t *testing.T) {
	type key struct {
		lo, hi uint64
		n      int
	}
	seen := map[key]string{}
	for token := range someRanks(20_000) {
		if len(token) > ranktable.Short {
			continue
		}
		for _, text := range []string{token, token + "after it, more"} {
			lo, hi := ranktable.Words(text, 0, len(token))
			if hi>>56 != 0 {
				t.Fatalf("words of %q use the upper byte: %x", token, hi)
			}
			k := key{lo, hi, len(token)}
			if other, ok := seen[k]; ok && other != token {
				t.Fatalf("%q and %q have the same words", token, other)
			}
			seen[k] = token
		}
	}
}

func TestBuildIsRepeatable(t *testing.T) {
	first, err := ranktable.Build(someRanks(5000))
	if err != nil {
		t.Fatal(err)
	}
	second, err := ranktable.Build(someRanks(5000))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same ranks gave two blocks")
	}
}

func TestBuildRefuses(t *testing.T) {
	for name, ranks := range map[string]map[string]int{
		"a rank below 0":     {"a": -1},
		"a rank that is big": {"a": ranktable.None},
		"an empty token":     {"": 1},
		"a long token":       {strings.Repeat("a", 256): 1},
	} {
		if _, err := ranktable.Build(ranks); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	block, err := ranktable.Build(someRanks(10))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 15, 16, len(block) - 1} {
		if _, err := ranktable.Open(string(block[:n])); err == nil {
			t.Errorf("%d of %d bytes: no error", n, len(block))
		}
	}
}
