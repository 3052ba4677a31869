package secrets

import (
	"encoding/json"
	"fmt"
	"sync"
)

// A tail is what must follow an anchor: an automaton that is in several places at once, one bit for each (Navarro and Raffinot, Flexible Pattern
// Matching in Strings, 4.2). Bit i says that i places are behind.
type tail struct {
	steps []step
	built func() *automaton
}

// A step is so many bytes out of a class.
type step struct {
	Class    string // pairs of first and last byte
	Min, Max int
}

type automaton struct {
	takes    [256]uint64 // by byte: the places that take it
	optional uint64      // the places that may be passed over
	last     uint64      // all places are behind
}

// maxPlaces is as many as fit a word, with the last and a carry.
const maxPlaces = 62

func (t *tail) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &t.steps); err != nil {
		return err
	}
	places := 0
	for _, s := range t.steps {
		if places += s.Max; len(s.Class)%2 != 0 || s.Min > s.Max {
			return fmt.Errorf("step %+v is none", s)
		}
	}
	if places > maxPlaces {
		return fmt.Errorf("%d places are more than %d", places, maxPlaces)
	}
	t.built = sync.OnceValue(t.build)
	return nil
}

func (t *tail) build() *automaton {
	a := &automaton{last: 1}
	for _, s := range t.steps {
		for n := range s.Max {
			for i := 0; i < len(s.Class); i += 2 {
				for b := int(s.Class[i]); b <= int(s.Class[i+1]); b++ {
					a.takes[b] |= a.last
				}
			}
			if n >= s.Min {
				a.optional |= a.last
			}
			a.last <<= 1
		}
	}
	return a
}

// follows says whether a text begins with the tail.
func (t *tail) follows(text string) bool {
	if len(t.steps) == 0 {
		return true
	}
	a := t.built()
	at := a.pass(1)
	for i := 0; i < len(text) && at&a.last == 0; i++ {
		if at &= a.takes[text[i]]; at == 0 {
			return false
		}
		at = a.pass(at << 1)
	}
	return at&a.last != 0
}

// pass adds the places that are reached by passing over optional ones. A carry runs through each row of these from where it is entered.
func (a *automaton) pass(at uint64) uint64 {
	return at | ((a.optional + at&a.optional) ^ a.optional)
}
