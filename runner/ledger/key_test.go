package ledger

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func canonical(t *testing.T, text string) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return string(appendCanonical(nil, v))
}

func TestCanonicalJSON(t *testing.T) {
	for text, want := range map[string]string{
		// RFC 8785, section 3.2.2 and its sorting example in 3.2.3.
		`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`:                                        `{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
		`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`: `{"\r":"Carriage Return","1":"One","` + "\u0080" + `":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","` + "\ufb33" + `":"Hebrew Letter Dalet With Dagesh"}`,
		// RFC 8785, appendix B.
		`[-0,-0.0,5e-324,1.7976931348623157e308,9007199254740992,295147905179352830000.0,9.999999999999997e22,1e23,1e21,1e-6,1e-7,999999999999999900000.0]`: `[0,0,5e-324,1.7976931348623157e+308,9007199254740992,295147905179352830000,9.999999999999997e+22,1e+23,1e+21,0.000001,1e-7,999999999999999900000]`,
		// Our own: whole numbers keep their digits, and nothing is escaped for HTML.
		`[9007199254740993,18446744073709551615,1e999]`: `[9007199254740993,18446744073709551615,1e999]`,
		`"<>&\u2028\u007f\b\t\f\u0000"`:                 `"<>&` + "\u2028\u007f" + `\b\t\f\u0000"`,
		` { } `:                                         `{}`,
		`[ ]`:                                           `[]`,
	} {
		if got := canonical(t, text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestKeyNeverChanges: a key that changes pays for a training job again. The hashes were made by another program, of
//
//	null
//	{}
//	{"extra":[1,1e-7,18446744073709551615,true,null],"hyperparameters":{"learning_rate_multiplier":0.1,"n_epochs":3},"model":"gpt-4.1-mini-2025-04-14","seed":42,"suffix":"<häß & 😀>","training":"abab…"}
func TestKeyNeverChanges(t *testing.T) {
	type hyperparameters struct {
		Epochs       int      `json:"n_epochs,omitempty"`
		LearningRate *float64 `json:"learning_rate_multiplier,omitempty"`
	}
	rate := 0.1
	tests := []struct {
		value any
		want  string
	}{
		{nil, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"},
		{map[string]any{}, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
		{map[string]any{
			"training": strings.Repeat("ab", 32), "model": "gpt-4.1-mini-2025-04-14", "suffix": "<häß & 😀>", "seed": 42,
			"hyperparameters": hyperparameters{Epochs: 3, LearningRate: &rate}, "extra": []any{1.0, 1e-7, uint64(math.MaxUint64), true, nil},
		}, "a8269f608b2a285b3e36ad53edd6727099e209274730b11992bb4797ec5af860"},
	}
	for _, tt := range tests {
		if got := Key(tt.value); got != tt.want {
			t.Errorf("Key(%v) = %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestKeyIsOfTheValueNotItsForm(t *testing.T) {
	type ordered struct {
		B float64 `json:"b"`
		A string  `json:"a"`
	}
	want := Key(map[string]any{"a": "x", "b": 1})
	for _, v := range []any{ordered{1, "x"}, &ordered{1, "x"}, json.RawMessage(` {"b": 1.0e0, "a": "\u0078"}`)} {
		if got := Key(v); got != want {
			t.Errorf("Key(%v) = %s, want %s", v, got, want)
		}
	}
	if Key(map[string]any{"a": "x", "b": "1"}) == want {
		t.Error("a string has the key of a number")
	}
}

func TestKeyPanicsWithoutAForm(t *testing.T) {
	defer func() {
		if r, _ := recover().(string); !strings.HasPrefix(r, "ledger: key of float64: ") {
			t.Errorf("recovered %q", r)
		}
	}()
	Key(math.NaN())
}
