package main

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// maxSteps is how many bytes of a tail are described. The package keeps its place in them in the bits of a word.
const maxSteps = 60

// A place is one byte of what follows an anchor.
type place struct {
	class    string // its bytes, sorted
	optional bool
}

// stepsFrom describes what follows an anchor in a match, so far as that is easily said. It may allow more than the items do, and never less.
func stepsFrom(items []*syntax.Regexp) []step {
	places, _ := placesOf(items)
	for len(places) > 0 && places[len(places)-1].optional {
		places = places[:len(places)-1]
	}
	var steps []step
	for i, p := range places {
		class := ranges(p.class)
		if i == 0 || steps[len(steps)-1].Class != class || !p.optional && steps[len(steps)-1].Max > steps[len(steps)-1].Min {
			steps = append(steps, step{Class: class})
		}
		last := &steps[len(steps)-1]
		last.Max++
		if !p.optional {
			last.Min++
		}
	}
	return steps
}

// placesOf returns the places of items that follow one another, and whether they say all. Where they don't, nothing is known of what comes
// after them.
func placesOf(items []*syntax.Regexp) ([]place, bool) {
	var places []place
	for _, item := range items {
		more, whole := placesOfOne(item)
		if places = append(places, more...); len(places) > maxSteps {
			return places[:maxSteps], false
		}
		if !whole {
			return places, false
		}
	}
	return places, true
}

func placesOfOne(re *syntax.Regexp) ([]place, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return nil, true
	case syntax.OpLiteral:
		var places []place
		for _, r := range re.Rune {
			class, ok := literalClass(r, re.Flags&syntax.FoldCase != 0)
			if !ok {
				return places, false
			}
			places = append(places, place{class: class})
		}
		return places, true
	case syntax.OpCharClass:
		class, ok := bytesOf(re)
		if !ok {
			return nil, false
		}
		return []place{{class: class}}, true
	case syntax.OpCapture, syntax.OpConcat:
		return placesOf(re.Sub)
	case syntax.OpAlternate:
		return placesOfBranches(re.Sub)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return placesOfRepeat(re)
	}
	return nil, false
}

func placesOfRepeat(re *syntax.Regexp) ([]place, bool) {
	one, whole := placesOfOne(re.Sub[0])
	least, most := counts(re)
	var places []place
	for n := 0; most < 0 || n < most; n++ {
		if n >= least && (most < 0 || !whole) {
			return places, false
		}
		for _, p := range one {
			places = append(places, place{p.class, p.optional || n >= least})
		}
		if !whole || len(places) > maxSteps {
			return places, false
		}
	}
	return places, true
}

// placesOfBranches lays alternatives over one another: each byte may be what it may be in any of them, and is optional where one of them does
// without.
func placesOfBranches(branches []*syntax.Regexp) ([]place, bool) {
	var all [][]place
	wholeAll, shortest, longest := true, maxSteps+1, 0
	for _, b := range branches {
		places, whole := placesOfOne(b)
		all = append(all, places)
		if !whole {
			wholeAll, shortest = false, min(shortest, len(places))
		}
		longest = max(longest, len(places))
	}
	var union []place
	for i := range min(longest, shortest) {
		p := place{}
		for _, places := range all {
			if i < len(places) {
				p.class += places[i].class
			}
			p.optional = p.optional || i >= len(places) || places[i].optional
		}
		union = append(union, p)
	}
	return union, wholeAll
}

// ranges writes a class as pairs of first and last byte.
func ranges(class string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values([]byte(class))))
	var b strings.Builder
	for i := 0; i < len(sorted); {
		j := i
		for j+1 < len(sorted) && sorted[j+1] == sorted[j]+1 {
			j++
		}
		b.WriteByte(sorted[i])
		b.WriteByte(sorted[j])
		i = j + 1
	}
	return b.String()
}
