package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// Faults are a script of what goes wrong; the package comment describes the document. They are only read, so one may serve several servers,
// each of which counts for itself.
type Faults struct {
	rules          []rule
	scripts        []jobScript
	uploads        []fileScript
	refuseTraining bool
	listLag        time.Duration
	dialect        dialect
}

// The kinds of faults.
const (
	faultStatus   = "status"
	faultReset    = "reset"
	faultLost     = "lost"
	faultTruncate = "truncate"
	faultGarbage  = "garbage"
	faultHTML     = "html"
	faultSlow     = "slow"
)

// occasions says which of the things that a rule or a script is meant for it gets: none of the first Skip, then Times of them.
type occasions struct {
	Skip   int  `json:"skip"`
	Times  *int `json:"times"` // nil: 1
	Always bool `json:"always"`
}

// hit says whether the nth thing (from 0) is one of them.
func (o *occasions) hit(n int) bool {
	times := 1
	if o.Times != nil {
		times = *o.Times
	}
	return n >= o.Skip && (o.Always || n < o.Skip+times)
}

func (o *occasions) check() error {
	switch {
	case o.Skip < 0:
		return fmt.Errorf("skip: %d is negative", o.Skip)
	case o.Times != nil && *o.Times < 1:
		return fmt.Errorf("times: %d is less than 1", *o.Times)
	case o.Times != nil && o.Always:
		return errors.New("times: has no meaning beside always")
	}
	return nil
}

// A rule is what happens to some requests.
type rule struct {
	occasions
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Fault   string            `json:"fault"`
	Execute bool              `json:"execute"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    *string           `json:"body"`
	Code    string            `json:"code"`
	Type    string            `json:"type"`
	Message string            `json:"message"`
	Delay   duration          `json:"delay"`
	Trickle duration          `json:"trickle"`
}

// duration is a time.Duration that is written as "1.5s" in JSON.
type duration time.Duration

// MarshalJSON writes the duration as a string.
func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads a string that time.ParseDuration takes.
func (d *duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("%s is not a duration such as \"1.5s\"", b)
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is not a duration such as \"1.5s\"", text)
	}
	*d = duration(v)
	return nil
}

// ParseFaults reads a document of faults. The error names everything that is wrong with it, each on a line: unknown fields, unknown kinds,
// values out of range, and fields that have no meaning where they stand.
func ParseFaults(r io.Reader) (*Faults, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	var doc struct {
		Rules          []json.RawMessage `json:"rules"`
		Jobs           []json.RawMessage `json:"jobs"`
		Files          []json.RawMessage `json:"files"`
		RefuseTraining bool              `json:"refuse_training"`
		ListLag        duration          `json:"list_lag"`
		dialect
	}
	if err := decodeStrictly(text, &doc); err != nil {
		return nil, fmt.Errorf("faults: %w", err)
	}
	f := &Faults{refuseTraining: doc.RefuseTraining, listLag: time.Duration(doc.ListLag), dialect: doc.dialect}
	var problems []error
	note := func(list string, i int, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("faults: %s[%d]: %w", list, i, err))
		}
	}
	f.rules = make([]rule, len(doc.Rules))
	for i, raw := range doc.Rules {
		note("rules", i, decodeAndCheck(raw, &f.rules[i]))
	}
	f.scripts = make([]jobScript, len(doc.Jobs))
	for i, raw := range doc.Jobs {
		note("jobs", i, decodeAndCheck(raw, &f.scripts[i]))
	}
	f.uploads = make([]fileScript, len(doc.Files))
	for i, raw := range doc.Files {
		note("files", i, decodeAndCheck(raw, &f.uploads[i]))
	}
	if err := f.dialect.check(); err != nil {
		problems = append(problems, fmt.Errorf("faults: %w", err))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return f, nil
}

func decodeAndCheck(raw []byte, v interface{ check() error }) error {
	if err := decodeStrictly(raw, v); err != nil {
		return err
	}
	return v.check()
}

// decodeStrictly refuses unknown fields and anything after the value.
func decodeStrictly(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the document")
	}
	return nil
}

func (r *rule) check() error {
	if err := r.occasions.check(); err != nil {
		return err
	}
	if _, err := path.Match(r.Path, "/"); err != nil {
		return fmt.Errorf("path: %q is not a pattern: %w", r.Path, err)
	}
	if r.Path != "" && r.Path[0] != '/' {
		return fmt.Errorf("path: %q does not begin with /", r.Path)
	}
	if r.Method != strings.ToUpper(r.Method) {
		return fmt.Errorf("method: %q is not in capitals", r.Method)
	}
	return r.checkKind()
}

// checkKind refuses fields that say nothing about the rule's kind of fault.
func (r *rule) checkKind() error {
	kinds := map[string][]string{
		faultStatus:   {"status", "headers", "body", "code", "type", "message", "execute"},
		faultGarbage:  {"execute"},
		faultHTML:     {"execute"},
		faultSlow:     {"delay", "trickle"},
		faultReset:    {},
		faultLost:     {},
		faultTruncate: {},
	}
	useful, ok := kinds[r.Fault]
	if !ok {
		return fmt.Errorf("fault: %q is not one of status, reset, lost, truncate, garbage, html, slow", r.Fault)
	}
	given := []struct {
		field string
		given bool
	}{
		{"status", r.Status != 0}, {"headers", r.Headers != nil}, {"body", r.Body != nil}, {"code", r.Code != ""},
		{"type", r.Type != ""}, {"message", r.Message != ""}, {"execute", r.Execute}, {"delay", r.Delay != 0}, {"trickle", r.Trickle != 0},
	}
	for _, g := range given {
		if g.given && !slices.Contains(useful, g.field) {
			return fmt.Errorf("%s: has no meaning for the fault %q", g.field, r.Fault)
		}
	}
	switch {
	case r.Fault == faultStatus && (r.Status < 200 || r.Status > 599):
		return fmt.Errorf("status: %d is not between 200 and 599", r.Status)
	case r.Fault == faultSlow && r.Delay == 0 && r.Trickle == 0:
		return errors.New("delay: a slow answer needs a delay or a trickle")
	case r.Body != nil && r.Code+r.Type+r.Message != "":
		return errors.New("body: stands instead of code, type and message")
	}
	return nil
}
