package spec_test

import (
	"errors"
	"strings"
	"testing"

	"ftrun/runner/provider"
	"ftrun/spec"
)

// TestHeadersAreRefusedAlike: a header that a run would refuse is refused when the file is checked, and one that passes the check is sent.
func TestHeadersAreRefusedAlike(t *testing.T) {
	env := provider.Environment{
		Lookup:     func(string) (string, bool) { return "sk-1", true },
		AllowHosts: []string{"h.example.com"},
	}
	names := append(provider.ReservedHeaders(), "OpenAI-Project", "openai-organization", "X-Team", "Cookies", "Idempotency")
	for _, kind := range []string{"openai", "compatible"} {
		for _, name := range names {
			for _, name := range []string{name, strings.ToLower(name)} {
				_, err := spec.Parse("p.yaml", []byte(pipeline("a.jsonl",
					"provider: {kind: "+kind+", base_url: \"https://h.example.com/v1\", headers: {"+name+": gold}}\n")))
				_, atRun := provider.Resolve(provider.Settings{
					Kind: kind, BaseURL: "https://h.example.com/v1", Headers: map[string]provider.Secret{name: "gold"},
				}, env)
				config, refused := errors.AsType[*provider.ConfigError](atRun)
				if (err != nil) != refused || refused && config.Code != "bad_header" {
					t.Errorf("%s at %s: the check says %v, the run %v", name, kind, err, atRun)
				}
			}
		}
	}
}
