package grade

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func callsTool(set func(*CallsTool)) *CallsTool {
	a := &CallsTool{Match: matchSubset, PassThreshold: 1}
	set(a)
	return a
}

func TestToolCall(t *testing.T) {
	object := func(text string) map[string]any { return value(t, text).(map[string]any) }
	one := func(name string, arguments map[string]any) *CallsTool {
		return callsTool(func(a *CallsTool) { a.Name, a.Arguments = name, arguments })
	}
	several := func(threshold float64, calls ...ExpectedCall) *CallsTool {
		return callsTool(func(a *CallsTool) { a.Calls, a.PassThreshold = calls, threshold })
	}
	exact := func(a *CallsTool) *CallsTool { a.Match = matchExact; return a }
	twice := func(a *CallsTool) *CallsTool { a.Count = new(2); return a }
	weather := func(arguments string) ToolCall { return ToolCall{"weather", arguments} }

	tests := []struct {
		args   *CallsTool
		calls  []ToolCall
		score  float64
		pass   bool
		reason string
	}{
		{one("weather", nil), []ToolCall{weather(`{"city": "Paris"}`)}, 1, true, `calls "weather"`},
		{one("weather", nil), []ToolCall{{"time", "{}"}, weather("")}, 1, true, `calls "weather"`},
		{one("weather", nil), []ToolCall{{"time", "{}"}}, 0, false, `calls "time", not "weather"`},
		{one("weather", nil), nil, 0, false, `no call in "I'll look."`},
		{one("weather", nil), []ToolCall{weather(`{"city": "Par`)}, 0, false,
			`the arguments of "weather" can't be read: the JSON is cut off: it ends before it is closed: "{\"city\": \"Par"`},
		{one("weather", nil), []ToolCall{weather(`["Paris"]`)}, 0, false, `the arguments of "weather" are no object: "[\"Paris\"]"`},
		{one("weather", nil), []ToolCall{weather(`{"city": 1, "city": 2}`)}, 0, false,
			`the arguments of "weather" can't be read: a name occurs twice in an object: "city": "{\"city\": 1, \"city\": 2}"`},
		{one("time", nil), []ToolCall{weather(`{"city": "Par`), {"time", "{}"}}, 1, true, `calls "time"`},

		{one("weather", object(`{"city": "Paris", "days": 2}`)), []ToolCall{weather(`{"days": 2.0, "city": "Paris", "unit": "C"}`)}, 1, true, `calls "weather"`},
		{one("weather", object(`{"at": {"lat": 1}}`)), []ToolCall{weather(`{"at": {"lat": 1, "lon": 2}}`)}, 1, true, `calls "weather"`},
		{one("weather", object(`{"city": "Paris"}`)), []ToolCall{weather(`{"city": "London"}`)}, 0, false, `calls "weather" with "{\"city\": \"London\"}"`},
		{one("weather", object(`{"days": 2}`)), []ToolCall{weather(`{"days": "2"}`)}, 0, false, `calls "weather" with "{\"days\": \"2\"}"`},
		{exact(one("weather", object(`{"city": "Paris"}`))), []ToolCall{weather(`{"city": "Paris", "unit": "C"}`)}, 0, false,
			`calls "weather" with "{\"city\": \"Paris\", \"unit\": \"C\"}"`},
		{exact(one("weather", object(`{}`))), []ToolCall{weather(" ")}, 1, true, `calls "weather"`},

		{twice(one("weather", nil)), []ToolCall{weather("{}"), weather("{}")}, 1, true, `2 calls of "weather" fit, want 2`},
		{twice(one("weather", nil)), []ToolCall{weather("{}")}, 0, false, `1 calls of "weather" fit, want 2`},
		{twice(one("weather", nil)), []ToolCall{weather("{}"), weather("{}"), weather("{}")}, 0, false, `3 calls of "weather" fit, want 2`},

		{several(1, ExpectedCall{"a", nil}, ExpectedCall{"b", nil}), []ToolCall{{"b", "{}"}, {"a", "{}"}}, 1, true, `F1 of names is 1: 2 of 2 expected calls, 2 made`},
		{several(1, ExpectedCall{"a", nil}), []ToolCall{{"a", "{}"}, {"b", "{}"}}, 2. / 3, false, `F1 of names is 0.666: 1 of 1 expected calls, 2 made`},
		{several(0.6, ExpectedCall{"a", nil}), []ToolCall{{"a", "{}"}, {"b", "{}"}}, 2. / 3, true, `F1 of names is 0.666: 1 of 1 expected calls, 2 made`},
		{several(1, ExpectedCall{"a", nil}, ExpectedCall{"a", nil}), []ToolCall{{"a", "{}"}}, 2. / 3, false, `F1 of names is 0.666: 1 of 2 expected calls, 1 made`},
		{several(1, ExpectedCall{"a", nil}), nil, 0, false, `F1 of names is 0: 0 of 1 expected calls, 0 made`},
		{several(1, ExpectedCall{"a", object(`{"x": 1}`)}), []ToolCall{{"a", `{"x": 2}`}}, 1, false,
			`other arguments than expected in calls of "a"; F1 of names is 1: 1 of 1 expected calls, 1 made`},
		// The first expected call fits both, the second only the first one made: each still finds its own.
		{several(1, ExpectedCall{"a", nil}, ExpectedCall{"a", object(`{"x": 1}`)}), []ToolCall{{"a", `{"x": 1}`}, {"a", `{"x": 2}`}}, 1, true,
			`F1 of names is 1: 2 of 2 expected calls, 2 made`},
	}
	for _, tt := range tests {
		if problems := tt.args.Check(); problems != nil {
			t.Errorf("%v: %v", tt.args, problems)
			continue
		}
		want := Grade{tt.score, tt.pass, tt.reason}
		got, err := tt.args.Grader().Grade(t.Context(), Sample{Output: "I'll look.", ToolCalls: tt.calls}, Services{})
		if err != nil || got != want {
			t.Errorf("%v of %v:\n got %+v, %v\nwant %+v", tt.args, tt.calls, got, err, want)
		}
	}
}

// TestToolCallNegated: a call with broken arguments was made all the same, and proves nothing about them.
func TestToolCallNegated(t *testing.T) {
	for _, tt := range []struct {
		arguments map[string]any
		calls     []ToolCall
		pass      bool // of the negation
	}{
		{nil, nil, true},
		{nil, []ToolCall{{"other", "{"}}, true},
		{nil, []ToolCall{{"delete", "{}"}}, false},
		{nil, []ToolCall{{"delete", `{"all": tr`}}, false},
		{map[string]any{"all": true}, []ToolCall{{"delete", `{"all": false}`}}, true},
		{map[string]any{"all": true}, []ToolCall{{"delete", `{"all": tr`}}, false},
	} {
		args := callsTool(func(a *CallsTool) { a.Name, a.Arguments = "delete", tt.arguments })
		got, err := args.Negated().Grade(t.Context(), Sample{ToolCalls: tt.calls}, Services{})
		if got = Negate(got); err != nil || got.Pass != tt.pass {
			t.Errorf("not delete %v of %v: %+v, %v", tt.arguments, tt.calls, got, err)
		}
	}
}

func FuzzToolCall(f *testing.F) {
	f.Add("a", `{"x": 1}`, "b", `{"x"`, 3)
	f.Add("a\x00", "", "a", "[]", 200)
	f.Fuzz(func(t *testing.T, name, arguments, other, others string, n int) {
		var calls []ToolCall
		for i := range min(max(n, 0), 300) {
			calls = append(calls, ToolCall{name, arguments}, ToolCall{fmt.Sprint(other, i%3), others})
		}
		wanted, _ := parseJSON(arguments)
		object, _ := wanted.(map[string]any)
		for _, args := range []*CallsTool{
			callsTool(func(a *CallsTool) { a.Name, a.Arguments = name, object }),
			callsTool(func(a *CallsTool) { a.Calls = []ExpectedCall{{name, object}, {other, nil}, {name, nil}} }),
		} {
			if args.Check() != nil {
				continue
			}
			g, err := args.Grader().Grade(t.Context(), Sample{ToolCalls: calls}, Services{})
			if err != nil || math.IsNaN(g.Score) || g.Score < 0 || g.Score > 1 {
				t.Errorf("%+v, %v", g, err)
			}
			if strings.ContainsAny(g.Reason, "\x00\n") {
				t.Errorf("reason %q", g.Reason)
			}
		}
	})
}
