package grade

import (
	"errors"
	"strings"
	"testing"
)

func TestTemplate(t *testing.T) {
	sample := Sample{
		Output: `{"a": [{"b": "x\ny"}, 1.50, null], "n": 10000000000000000000001, "o": { "k" : true }, "": 1}`, Question: "why?",
		Reference: "because {{item.question}}", Vars: map[string]string{"unit": "km", "two words": "2", "empty": ""},
	}
	for text, want := range map[string]string{
		"":                               "",
		"plain } { text":                 "plain } { text",
		"{{sample.output_text}}":         sample.Output,
		"{{ item.question }}":            "why?",
		"{{item.answer}}":                "because {{item.question}}",
		"<{{item.answer}}>":              "<because {{item.question}}>",
		"10 {{item.unit}}!":              "10 km!",
		"{{item.two words}}":             "2",
		"[{{item.empty}}]":               "[]",
		"{{sample.output_json.a.0.b}}":   "x\ny",
		"{{sample.output_json.a.1}}":     "1.50",
		"{{sample.output_json.a.2}}":     "null",
		"{{sample.output_json.n}}":       "10000000000000000000001",
		"{{sample.output_json.o}}":       `{"k":true}`,
		"{{sample.output_json}}":         `{"a":[{"b":"x\ny"},1.50,null],"n":10000000000000000000001,"o":{"k":true},"":1}`,
		"{{item.unit}}{{item.question}}": "kmwhy?",
	} {
		parsed, err := parseTemplate(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got, err := parsed.render(sample); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
		if want := strings.Contains(text, "item.answer"); parsed.needsAnswer() != want {
			t.Errorf("%q: needs an answer: %v", text, !want)
		}
	}
}

func TestTemplateMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"a {{item.x":                   `"{{item.x" has no end; close it with }}`,
		"{{}}":                         `unknown name "{{}}"; want `,
		"{{output}}":                   `unknown name "{{output}}"; want `,
		"{{item.}}":                    `unknown name "{{item.}}"; want `,
		"{{item}}":                     `unknown name "{{item}}"; want `,
		"{{sample.output_jsonx}}":      `unknown name "{{sample.output_jsonx}}"; want `,
		"{{sample.output_json.}}":      `unknown name "{{sample.output_json.}}"; want `,
		"{{sample.output_json.a..b}}":  `unknown name "{{sample.output_json.a..b}}"; want `,
		"{{item.a{b}}":                 `unknown name "{{item.a{b}}"; want `,
		"{{\x1b[2J}}":                  `unknown name "{{\x1b[2J}}"; want `,
		"{{" + strings.Repeat("x", 99): `"{{` + strings.Repeat("x", 38) + `…" has no end; close it with }}`,
	} {
		if _, err := parseTemplate(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestTemplateOfWhatIsNotThere(t *testing.T) {
	tests := []struct {
		text, output string
		noJSON       bool
		want         string
	}{
		{"{{item.answer}}", "x", false, "the case has no answer, which {{item.answer}} stands for"},
		{"a{{item.x}}", "x", false, `the case has no variable "x", which the template has`},
		{"{{sample.output_json.a}}", "x", true, `no JSON: "x"`},
		{"{{sample.output_json.a}}", "", true, "no JSON: an empty output"},
		{"{{sample.output_json.a}}", "```json\n{}\n```", true, "no JSON: \"```json\\n{}\\n```\""},
		{"{{sample.output_json.a}}", "{}", true, `nothing at "a" in "{}"`},
		{"{{sample.output_json.a.b}}", `{"a":1}`, true, `nothing at "a.b" in "{\"a\":1}"`},
		{"{{sample.output_json.1}}", "[1]", true, `nothing at "1" in "[1]"`},
		{"{{sample.output_json.-1}}", "[1]", true, `nothing at "-1" in "[1]"`},
		{"{{sample.output_json.a}}", strings.Repeat("[", 1<<20), true, `no JSON: "` + strings.Repeat("[", reasonRunes) + `…"`},
	}
	for _, tt := range tests {
		parsed, err := parseTemplate(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		_, err = parsed.render(Sample{Output: tt.output})
		if _, noJSON := errors.AsType[noJSONError](err); noJSON != tt.noJSON || err == nil || err.Error() != tt.want {
			t.Errorf("%q of %.20q: got %v (no JSON: %v), want %s", tt.text, tt.output, err, noJSON, tt.want)
		}
		g, graded := notRendered(err)
		if tt.noJSON != (graded == nil) || g.Pass || g.Score != 0 || tt.noJSON && g.Reason != tt.want {
			t.Errorf("%q of %.20q: graded %+v, %v", tt.text, tt.output, g, graded)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("a {{sample.output_json.a.0}} b", `{"a":["{{item.x}}"]}`)
	f.Add("{{item.question}}{{", "\xff")
	f.Fuzz(func(t *testing.T, text, output string) {
		parsed, err := parseTemplate(text)
		if err != nil {
			return
		}
		got, err := parsed.render(Sample{Output: output, Reference: "r"})
		if !strings.Contains(text, "{{") && (err != nil || got != text) {
			t.Errorf("a text without names became %q, %v", got, err)
		}
		// What a model writes is never read as a template.
		whole, err := parseTemplate(outputTemplate)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := whole.render(Sample{Output: output}); err != nil || got != output {
			t.Errorf("output %q became %q, %v", output, got, err)
		}
	})
}
