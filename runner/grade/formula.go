package grade

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A formula computes a number out of the scores of graders:
//
//	sum     = product { ("+" | "-") product }
//	product = power { ("*" | "/") power }
//	power   = "-" power | "+" power | atom [ "^" power ]
//	atom    = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
//
// So -2^2 is -4, and 2^3^2 is 2^9, as in mathematics. The functions are min and max, of one number or more, and abs, floor, ceil, exp, sqrt and log (the
// natural one), of one.
type formula struct {
	root  node
	names []string // that occur, each once
}

// A node computes a part of a formula.
type node func(scores map[string]float64) (float64, error)

// maxFormulaBytes and maxFormulaDepth bound a formula.
const (
	maxFormulaBytes = 10_000
	maxFormulaDepth = 100
)

// functions are those of a formula; those of several numbers are folded.
var functions = map[string]struct {
	several bool
	of      func(a, b float64) float64 // b counts where there are several
}{
	"min":   {true, math.Min},
	"max":   {true, math.Max},
	"abs":   {false, func(a, _ float64) float64 { return math.Abs(a) }},
	"floor": {false, func(a, _ float64) float64 { return math.Floor(a) }},
	"ceil":  {false, func(a, _ float64) float64 { return math.Ceil(a) }},
	"exp":   {false, func(a, _ float64) float64 { return math.Exp(a) }},
	"sqrt":  {false, func(a, _ float64) float64 { return math.Sqrt(a) }},
	"log":   {false, func(a, _ float64) float64 { return math.Log(a) }},
}

// parseFormula reads a formula.
func parseFormula(text string) (*formula, error) {
	if len(text) > maxFormulaBytes {
		return nil, fmt.Errorf("longer than %d bytes", maxFormulaBytes)
	}
	p := &formulaParser{text: text}
	p.next()
	if p.token == "" && p.err == nil {
		return nil, errors.New("empty; want a formula of the graders' names, such as 0.7*a + 0.3*b")
	}
	root := p.sum()
	if p.err == nil && p.token != "" {
		p.fail("want an operator before %s", p.quoted())
	}
	if p.err != nil {
		return nil, p.err
	}
	return &formula{root: root, names: p.names}, nil
}

// compute returns the value of the formula, a finite number.
func (f *formula) compute(scores map[string]float64) (float64, error) { return f.root(scores) }

type formulaParser struct {
	text  string
	at    int    // after the token
	token string // "" at the end
	depth int
	names []string
	err   error // the first
}

func (p *formulaParser) fail(format string, args ...any) node {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.token = ""
	return nil
}

func (p *formulaParser) quoted() string { return quoteHead(p.token, excerptRunes) }

// next moves to the next token: a number, a name or a character.
func (p *formulaParser) next() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n"))
	start := p.at
	switch {
	case p.at == len(p.text):
	case isDigit(p.text[p.at]) || p.text[p.at] == '.':
		p.skip(func(c byte) bool { return isDigit(c) || c == '.' })
		p.skipExponent()
	case isNameByte(p.text[p.at]):
		p.skip(func(c byte) bool { return isNameByte(c) || isDigit(c) })
	case strings.IndexByte("+-*/^(),", p.text[p.at]) >= 0:
		p.at++
	default:
		p.fail("%s can't be part of a formula; want names, numbers, + - * / ^, parentheses and functions", quoteHead(p.text[p.at:], 1))
		return
	}
	p.token = p.text[start:p.at]
}

func (p *formulaParser) skip(while func(byte) bool) {
	for p.at < len(p.text) && while(p.text[p.at]) {
		p.at++
	}
}

// skipExponent moves over e-3, and not over a name that begins with e.
func (p *formulaParser) skipExponent() {
	if p.at < len(p.text) && (p.text[p.at] == 'e' || p.text[p.at] == 'E') {
		if digits, end := signedDigits(p.text, p.at+1); digits != "" {
			p.at = end
		}
	}
}

func isNameByte(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func (p *formulaParser) sum() node {
	return p.chain(p.product, map[string]func(a, b float64) (float64, error){
		"+": func(a, b float64) (float64, error) { return a + b, nil },
		"-": func(a, b float64) (float64, error) { return a - b, nil },
	})
}

func (p *formulaParser) product() node {
	return p.chain(p.power, map[string]func(a, b float64) (float64, error){
		"*": func(a, b float64) (float64, error) { return a * b, nil },
		"/": divide,
	})
}

func divide(a, b float64) (float64, error) {
	if b == 0 {
		return 0, errors.New("a division by zero")
	}
	return a / b, nil
}

// chain reads operands with operators of one rank between them, which go from left to right.
func (p *formulaParser) chain(operand func() node, operators map[string]func(a, b float64) (float64, error)) node {
	left := operand()
	for p.err == nil {
		operator, ok := operators[p.token]
		if !ok {
			break
		}
		p.next()
		left = binary(left, operand(), operator)
	}
	return left
}

func binary(a, b node, operator func(a, b float64) (float64, error)) node {
	return func(scores map[string]float64) (float64, error) {
		x, err := a(scores)
		if err != nil {
			return 0, err
		}
		y, err := b(scores)
		if err != nil {
			return 0, err
		}
		z, err := operator(x, y)
		if err != nil {
			return 0, err
		}
		return finite(z)
	}
}

func finite(x float64) (float64, error) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, errors.New("no finite number")
	}
	return x, nil
}

func (p *formulaParser) power() node {
	if p.depth++; p.depth > maxFormulaDepth {
		return p.fail("nested more than %d deep", maxFormulaDepth)
	}
	defer func() { p.depth-- }()
	switch p.token {
	case "-":
		p.next()
		return binary(constant(0), p.power(), func(a, b float64) (float64, error) { return a - b, nil })
	case "+":
		p.next()
		return p.power()
	}
	base := p.atom()
	if p.err != nil || p.token != "^" {
		return base
	}
	p.next()
	return binary(base, p.power(), func(a, b float64) (float64, error) {
		if a == 0 && b < 0 {
			return 0, errors.New("a division by zero")
		}
		return math.Pow(a, b), nil
	})
}

func constant(x float64) node {
	return func(map[string]float64) (float64, error) { return x, nil }
}

func (p *formulaParser) atom() node {
	token := p.token
	switch {
	case token == "":
		return p.fail("the formula ends where a number or a name should follow")
	case token == "(":
		p.next()
		inside := p.sum()
		p.expect(")")
		return inside
	case isDigit(token[0]) || token[0] == '.':
		x, err := strconv.ParseFloat(token, 64)
		if err != nil {
			return p.fail("%s is no number", p.quoted())
		}
		p.next()
		return constant(x)
	case !isNameByte(token[0]):
		return p.fail("want a number or a name, found %s", p.quoted())
	}
	p.next()
	if p.token == "(" {
		return p.call(token)
	}
	if !slices.Contains(p.names, token) {
		p.names = append(p.names, token)
	}
	return func(scores map[string]float64) (float64, error) {
		score, ok := scores[token]
		if !ok {
			return 0, fmt.Errorf("no grader is named %q", token)
		}
		return score, nil
	}
}

func (p *formulaParser) expect(token string) {
	if p.err == nil && p.token != token {
		if p.token == "" {
			p.fail("want a %s at the end", token)
			return
		}
		p.fail("want a %s, found %s", token, p.quoted())
		return
	}
	p.next()
}

// call reads the arguments of a function.
func (p *formulaParser) call(name string) node {
	function, ok := functions[name]
	if !ok {
		return p.fail("there is no function %s; want abs, ceil, exp, floor, log, max, min or sqrt", quoteHead(name, excerptRunes))
	}
	p.next()
	args := []node{p.sum()}
	for p.err == nil && p.token == "," {
		p.next()
		args = append(args, p.sum())
	}
	p.expect(")")
	if len(args) > 1 && !function.several {
		return p.fail("%s takes one number, found %d", name, len(args))
	}
	return func(scores map[string]float64) (float64, error) {
		return apply(function.several, function.of, args, scores)
	}
}

func apply(several bool, of func(a, b float64) float64, args []node, scores map[string]float64) (float64, error) {
	x, err := args[0](scores)
	if err != nil {
		return 0, err
	}
	if !several {
		return finite(of(x, 0))
	}
	for _, arg := range args[1:] {
		y, err := arg(scores)
		if err != nil {
			return 0, err
		}
		x = of(x, y)
	}
	return x, nil
}
