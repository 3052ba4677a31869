package embedded

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// formatTexts are values of the formats that structured outputs know, and of some others.
var formatTexts = map[string]string{
	"date-time": "2000-01-01T00:00:%02dZ", "date": "2000-01-%02d", "time": "00:00:%02dZ", "duration": "PT%dS",
	"email": "stand-in-%d@example.com", "hostname": "stand-in-%d.example.com", "ipv4": "192.0.2.%d", "ipv6": "2001:db8::%d",
	"uuid": "00000000-0000-4000-8000-%012d", "uri": "https://example.com/stand-in-%d", "uri-reference": "stand-in-%d", "regex": "stand-in-%d",
	"json-pointer": "/stand-in-%d",
}

func stringFor(parts []*jsonschema.Schema, variant int) (any, bool) {
	text, least, most := standInText, 0, -1
	if variant > 0 {
		text = fmt.Sprintf("%s (%d)", standInText, variant+1)
	}
	for _, p := range parts {
		if p.MinLength != nil {
			least = max(least, *p.MinLength)
		}
		if p.MaxLength != nil && (most < 0 || *p.MaxLength < most) {
			most = *p.MaxLength
		}
		if p.Format != nil && formatTexts[p.Format.Name] != "" {
			text = fmt.Sprintf(formatTexts[p.Format.Name], variant%28+1)
		}
		if p.Pattern != nil && !p.Pattern.MatchString(text) {
			text = sampleOf(p.Pattern.String())
		}
	}
	if least > maxFill {
		return nil, false
	}
	if short := least - len([]rune(text)); short > 0 {
		text += strings.Repeat(".", short)
	}
	if runes := []rune(text); most >= 0 && len(runes) > most {
		text = string(runes[:most])
	}
	return text, true
}

// numbers are a span of numbers, each bound with whether it is out itself, and the step between them.
type numbers struct {
	low, high       *big.Rat // nil: none
	lowOut, highOut bool
	step            *big.Rat
	stepped         bool
}

func numbersOf(parts []*jsonschema.Schema, whole bool) numbers {
	n := numbers{step: big.NewRat(1, 1), stepped: whole}
	for _, p := range parts {
		if p.Minimum != nil && (n.low == nil || p.Minimum.Cmp(n.low) > 0) {
			n.low, n.lowOut = p.Minimum, false
		}
		if p.ExclusiveMinimum != nil && (n.low == nil || p.ExclusiveMinimum.Cmp(n.low) >= 0) {
			n.low, n.lowOut = p.ExclusiveMinimum, true
		}
		if p.Maximum != nil && (n.high == nil || p.Maximum.Cmp(n.high) < 0) {
			n.high, n.highOut = p.Maximum, false
		}
		if p.ExclusiveMaximum != nil && (n.high == nil || p.ExclusiveMaximum.Cmp(n.high) <= 0) {
			n.high, n.highOut = p.ExclusiveMaximum, true
		}
		if p.MultipleOf != nil {
			n.step, n.stepped = p.MultipleOf, true
		}
	}
	return n
}

// first is the least number where there is a lower bound, else the one next to 0.
func (n *numbers) first() *big.Rat {
	v := new(big.Rat)
	below := n.high != nil && (n.high.Sign() < 0 || n.high.Sign() == 0 && n.highOut)
	switch {
	case n.low != nil && n.stepped:
		return onStep(n.low, n.step, n.lowOut, 1)
	case n.low != nil && n.lowOut && n.high != nil:
		return v.Add(n.low, n.high).Quo(v, big.NewRat(2, 1))
	case n.low != nil && n.lowOut:
		return v.Add(n.low, n.step)
	case n.low != nil:
		return v.Set(n.low)
	case below && n.stepped:
		return onStep(n.high, n.step, n.highOut, -1)
	case below && n.highOut:
		return v.Sub(n.high, n.step)
	case below:
		return v.Set(n.high)
	default:
		return v
	}
}

// numberFor is the first of the numbers that the schemas allow, or, for a later variant, one some steps on.
func numberFor(parts []*jsonschema.Schema, whole bool, variant int) (any, bool) {
	n := numbersOf(parts, whole)
	v := n.first()
	v.Add(v, new(big.Rat).Mul(n.step, big.NewRat(int64(variant), 1)))
	if v.IsInt() {
		return json.Number(v.Num().String()), true
	}
	f, _ := v.Float64()
	return f, true
}

// onStep is the multiple of step that is next to a bound, above it or below, and not the bound itself where that is out.
func onStep(bound, step *big.Rat, out bool, direction int64) *big.Rat {
	n := new(big.Rat).Quo(bound, step)
	whole := new(big.Int).Div(n.Num(), n.Denom()) // rounded down
	if direction > 0 && !n.IsInt() || n.IsInt() && out && direction > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	if direction < 0 && n.IsInt() && out {
		whole.Sub(whole, big.NewInt(1))
	}
	return new(big.Rat).Mul(new(big.Rat).SetInt(whole), step)
}
