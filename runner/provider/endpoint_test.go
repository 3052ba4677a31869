package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"ftrun/runner/provider"
)

const secret = provider.Secret("sk-planted-0123456789")

// TestResolve is the rule that decides which host gets which key.
func TestResolve(t *testing.T) {
	key := map[string]string{"OPENAI_API_KEY": "sk-1", "FTRUN_API_KEY": "sk-2", "OTHER_KEY": "sk-3"}
	with := func(more ...string) map[string]string {
		env := map[string]string{}
		for k, v := range key {
			env[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			env[more[i]] = more[i+1]
		}
		return env
	}
	for name, test := range map[string]struct {
		settings provider.Settings
		env      map[string]string
		hosts    []string
		allowEnv []string
		url      string
		key      string
		code     string
	}{
		"openai":                           {settings: provider.Settings{Kind: "openai"}, env: key, url: "https://api.openai.com/v1", key: "sk-1"},
		"openai without a key":             {settings: provider.Settings{Kind: "openai"}, code: "no_key"},
		"a blank key is none":              {settings: provider.Settings{Kind: "openai"}, env: map[string]string{"OPENAI_API_KEY": " \n"}, code: "no_key"},
		"a key of two lines":               {settings: provider.Settings{Kind: "openai"}, env: map[string]string{"OPENAI_API_KEY": "sk-1\nsk-2"}, code: "bad_key"},
		"a key with a space":               {settings: provider.Settings{Kind: "openai"}, env: map[string]string{"OPENAI_API_KEY": "Bearer sk-1"}, code: "bad_key"},
		"a key beyond ASCII":               {settings: provider.Settings{Kind: "openai"}, env: map[string]string{"OPENAI_API_KEY": "sk\u20111"}, code: "bad_key"},
		"a bad key on loopback":            {settings: provider.Settings{Kind: "compatible", BaseURL: "http://localhost:9/v1"}, env: map[string]string{"FTRUN_API_KEY": "sk\x011"}, hosts: []string{"localhost:9"}, code: "bad_key"},
		"a bad organisation":               {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_ORG_ID", "org\r\nX: y"), code: "bad_key"},
		"the environment's host":           {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "https://proxy.test/v1/"), url: "https://proxy.test/v1", key: "sk-1"},
		"the spec's host":                  {settings: provider.Settings{Kind: "openai", BaseURL: "https://evil.test/v1"}, env: key, code: "host_not_allowed"},
		"the spec's host, listed":          {settings: provider.Settings{Kind: "openai", BaseURL: "https://good.test/v1"}, env: key, hosts: []string{"good.test"}, url: "https://good.test/v1", key: "sk-1"},
		"listed with scheme and path":      {settings: provider.Settings{Kind: "openai", BaseURL: "https://good.test/v1"}, env: key, hosts: []string{"https://good.test/v1/"}, url: "https://good.test/v1", key: "sk-1"},
		"listed with its port":             {settings: provider.Settings{Kind: "openai", BaseURL: "https://good.test:8443/v1"}, env: key, hosts: []string{"good.test:8443"}, url: "https://good.test:8443/v1", key: "sk-1"},
		"listed with another port":         {settings: provider.Settings{Kind: "openai", BaseURL: "https://good.test:8443/v1"}, env: key, hosts: []string{"good.test:9"}, code: "host_not_allowed"},
		"a longer name is not the host":    {settings: provider.Settings{Kind: "openai", BaseURL: "https://good.test.evil.test/v1"}, env: key, hosts: []string{"good.test"}, code: "host_not_allowed"},
		"the spec may repeat the profile":  {settings: provider.Settings{Kind: "openai", BaseURL: "https://api.openai.com/v2"}, env: key, url: "https://api.openai.com/v2", key: "sk-1"},
		"the profile's host over http":     {settings: provider.Settings{Kind: "openai", BaseURL: "http://api.openai.com/v1"}, env: key, code: "plain_http"},
		"http in the environment":          {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "http://cluster.test/v1"), code: "plain_http"},
		"http that is listed":              {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "http://cluster.test/v1"), hosts: []string{"http://cluster.test"}, url: "http://cluster.test/v1", key: "sk-1"},
		"http on loopback":                 {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"), url: "http://127.0.0.1:9/v1", key: "sk-1"},
		"http on IPv6 loopback":            {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "http://[::1]:9/v1"), url: "http://[::1]:9/v1", key: "sk-1"},
		"loopback by the spec alone":       {settings: provider.Settings{Kind: "openai", BaseURL: "http://127.0.0.1:9/v1"}, env: key, code: "host_not_allowed"},
		"userinfo in the address":          {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "https://api.openai.com@evil.test/v1"), code: "bad_base_url"},
		"no address at all":                {settings: provider.Settings{Kind: "openai"}, env: with("OPENAI_BASE_URL", "api.openai.com"), code: "bad_base_url"},
		"another variable":                 {settings: provider.Settings{Kind: "openai", APIKeyEnv: "OTHER_KEY"}, env: key, code: "env_not_allowed"},
		"another variable, allowed":        {settings: provider.Settings{Kind: "openai", APIKeyEnv: "OTHER_KEY"}, env: key, allowEnv: []string{"OTHER_KEY"}, url: "https://api.openai.com/v1", key: "sk-3"},
		"embedded needs nothing":           {settings: provider.Settings{Kind: "embedded"}},
		"compatible without an address":    {settings: provider.Settings{Kind: "compatible"}, env: key, code: "no_base_url"},
		"compatible is not for openai's":   {settings: provider.Settings{Kind: "compatible", BaseURL: "https://api.openai.com/v1"}, env: key, code: "host_not_allowed"},
		"compatible, listed":               {settings: provider.Settings{Kind: "compatible", BaseURL: "https://llm.test/v1"}, env: key, hosts: []string{"LLM.test"}, url: "https://llm.test/v1", key: "sk-2"},
		"compatible ignores OPENAI's host": {settings: provider.Settings{Kind: "compatible", BaseURL: "https://llm.test/v1"}, env: with("OPENAI_BASE_URL", "https://llm.test/v1"), code: "host_not_allowed"},
		"compatible on loopback, no key":   {settings: provider.Settings{Kind: "compatible", BaseURL: "http://localhost:9/v1"}, hosts: []string{"localhost:9"}, url: "http://localhost:9/v1"},
		"no such kind":                     {settings: provider.Settings{Kind: "openia"}, env: key, code: "unknown_provider"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := provider.Resolve(test.settings, provider.Environment{
				Lookup: func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }, AllowHosts: test.hosts, AllowEnv: test.allowEnv,
			})
			if test.code != "" {
				config, ok := errors.AsType[*provider.ConfigError](err)
				if !ok || config.Code != test.code || config.Hint() == "" {
					t.Fatalf("%+v, %v, want %s with a way out", got, err, test.code)
				}
				if strings.Contains(config.Error()+config.Hint(), "sk") || got.Key != "" {
					t.Errorf("%v (%s) gives the key away", err, config.Hint())
				}
				return
			}
			if err != nil || got.BaseURL != test.url || got.Key.Reveal() != test.key {
				t.Errorf("%+v (key %q), %v", got, got.Key.Reveal(), err)
			}
		})
	}
}

func TestSecretNeverPrints(t *testing.T) {
	encoded, err := json.Marshal(map[string]any{"key": secret})
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%v %s %+v %#v %q %s", secret, secret, struct{ Key provider.Secret }{secret}, secret, secret, encoded)
	if strings.Contains(text, "planted") {
		t.Errorf("printed as %s", text)
	}
}

func TestIdentity(t *testing.T) {
	for want, e := range map[string]provider.Endpoint{
		"embedded":              {Kind: "embedded", BaseURL: "http://127.0.0.1:4711/v1"},
		"openai api.openai.com": {Kind: "openai", BaseURL: "https://API.openai.com/v1"},
		"compatible llm.test:8": {Kind: "compatible", BaseURL: "https://llm.test:8/v1"},
	} {
		if got := e.Identity(); got != want {
			t.Errorf("identity %q, want %q", got, want)
		}
	}
}

// TestResolveExtras is what a spec may add to requests, and what it may not.
func TestResolveExtras(t *testing.T) {
	header := func(name, value string) provider.Settings {
		return provider.Settings{Headers: map[string]provider.Secret{"X-Fine": "yes", name: provider.Secret(value)}}
	}
	body := func(wire, name string) provider.Settings {
		return provider.Settings{Wire: wire, ExtraBody: map[string]any{name: map[string]any{"n": 1}}}
	}
	for name, test := range map[string]struct {
		settings provider.Settings
		code     string
	}{
		"a header":                     {header("x-team", "a b\tc~"), ""},
		"an empty value":               {header("x-team", ""), ""},
		"authorization":                {header("Authorization", "Bearer planted"), "bad_header"},
		"no name":                      {header("", "planted"), "bad_header"},
		"a space in the name":          {header("X Team", "planted"), "bad_header"},
		"a colon in the name":          {header("X:Team", "planted"), "bad_header"},
		"a line end in the name":       {header("X\r\nTeam", "planted"), "bad_header"},
		"a line end in the value":      {header("X-Team", "planted\r\nX-Evil: 1"), "bad_header"},
		"a value beyond ASCII":         {header("X-Team", "plantéd"), "bad_header"},
		"the host":                     {header("host", "evil.test"), "bad_header"},
		"the length":                   {header("Content-Length", "0"), "bad_header"},
		"the encoding":                 {header("accept-encoding", "gzip"), "bad_header"},
		"what makes a creation repeat": {header("idempotency-key", "planted"), "bad_header"},
		"the same by another name":     {header("X-Idempotency-Key", "planted"), "bad_header"},
		"a body":                       {body("", "trainingType"), ""},
		"more of the method":           {body("", "method"), ""},
		"more hyperparameters":         {body("hyperparameters", "hyperparameters"), ""},
		"both forms":                   {body("", "hyperparameters"), "bad_extra_body"},
		"both forms, the other way":    {body("hyperparameters", "method"), "bad_extra_body"},
	} {
		for kind, env := range map[string]map[string]string{"openai": {"OPENAI_API_KEY": "sk-1"}, "embedded": nil} {
			t.Run(name+" for "+kind, func(t *testing.T) {
				test.settings.Kind = kind
				got, err := provider.Resolve(test.settings, provider.Environment{Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
				if test.code == "" {
					if err != nil || len(got.Headers) != len(test.settings.Headers) || len(got.ExtraBody) != len(test.settings.ExtraBody) {
						t.Errorf("%+v, %v", got, err)
					}
					return
				}
				config, ok := errors.AsType[*provider.ConfigError](err)
				if !ok || config.Code != test.code || config.Hint() == "" || strings.Contains(config.Error()+config.Hint(), "planted") {
					t.Errorf("%v, want %s without the value", err, test.code)
				}
			})
		}
	}
}

// TestReservedHeaders: who pays is reserved only where a variable of the environment says so.
func TestReservedHeaders(t *testing.T) {
	for kind, want := range map[string]string{"openai": "set the variable OPENAI_PROJECT_ID", "compatible": "", "embedded": ""} {
		if got := (provider.Endpoint{Kind: kind}).Profile().ReservedHeader("openai-project"); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
	for _, name := range provider.ReservedHeaders() {
		if name != http.CanonicalHeaderKey(name) {
			t.Errorf("%q is not written as headers are looked up", name)
		}
	}
}

// TestSecretsOfHeaders: what variables filled in goes on to whoever takes it out of answers.
func TestSecretsOfHeaders(t *testing.T) {
	got, err := provider.Resolve(provider.Settings{Kind: "embedded", Secrets: []provider.Secret{secret}}, provider.Environment{})
	if err != nil || len(got.Secrets) != 1 || got.Secrets[0] != secret {
		t.Errorf("%d secrets, %v", len(got.Secrets), err)
	}
}

// TestHostsThatLookAlike: a host with letters of another alphabet is shown as what it is, and nobody is told to copy it.
func TestHostsThatLookAlike(t *testing.T) {
	for given, want := range map[string]string{
		"https://\u0430pi.openai.com/v1":    `host "\u0430pi.openai.com", which has letters beyond ASCII, may not get the key`,
		"http://\u0430pi.openai.com/v1":     `plain http to "\u0430pi.openai.com", which has letters beyond ASCII, would send`,
		"https://%D0%B0pi.openai.com/v1":    `host "\u0430pi.openai.com", which has`,
		"https://api.openai.com\u3002io/v1": `host "api.openai.com\u3002io", which has`,
		"https://%ffpi.openai.com/v1":       `host "\xffpi.openai.com", which has`,
	} {
		_, err := provider.Resolve(provider.Settings{Kind: "openai", BaseURL: given}, provider.Environment{})
		config, ok := errors.AsType[*provider.ConfigError](err)
		if !ok || !strings.Contains(config.Error(), want) || strings.Contains(config.Hint(), "FTRUN_ALLOW_HOSTS") || !strings.Contains(config.Hint(), "provider.base_url") {
			t.Errorf("%q: %v (%s), want %s", given, err, config.Hint(), want)
		}
	}
}

// TestResolveAddress: what becomes of a base url's query, and which of Azure's addresses are known.
func TestResolveAddress(t *testing.T) {
	for given, want := range map[string]struct{ kind, base, query string }{
		"https://res.test/openai/v1":                            {"azure", "https://res.test/openai/v1", ""},
		"https://res.test/openai/v1/?api-version=preview":       {"azure", "https://res.test/openai/v1", "api-version=preview"},
		"https://res.test/api/projects/p/openai/v1/":            {"azure", "https://res.test/api/projects/p/openai/v1", ""},
		"https://res.test/openai/?api-version=2024-10-21":       {"azure", "https://res.test/openai", "api-version=2024-10-21"},
		"https://res.test/openai":                               {"azure", "", ""},
		"https://res.test/openai?api-version=":                  {"azure", "", ""},
		"https://res.test/v1":                                   {"azure", "", ""},
		"https://res.test/":                                     {"azure", "", ""},
		"https://res.test/v1?tenant=a%26b":                      {"compatible", "https://res.test/v1", "tenant=a%26b"},
		"https://res.test/v1?a;b":                               {"compatible", "", ""},
		"https://res.test/v1?a=%zz":                             {"compatible", "", ""},
		"https://res.test/v1#part":                              {"compatible", "", ""},
		"https://res.test":                                      {"compatible", "https://res.test", ""},
		"https://RES.test:443/v1":                               {"compatible", "https://RES.test:443/v1", ""},
		"https://res.test/v1beta/openai":                        {"compatible", "https://res.test/v1beta/openai", ""},
		"https://res.test/gateway/azure/openai?api-version=1&x": {"azure", "https://res.test/gateway/azure/openai", "api-version=1&x"},
	} {
		t.Run(want.kind+" "+given, func(t *testing.T) {
			got, err := provider.Resolve(provider.Settings{Kind: want.kind, BaseURL: given}, provider.Environment{
				Lookup:     func(string) (string, bool) { return "sk-1", true },
				AllowHosts: []string{"res.test"},
			})
			if want.base == "" {
				if config, ok := errors.AsType[*provider.ConfigError](err); !ok || config.Code != "bad_base_url" {
					t.Errorf("%+v, %v, want it refused", got, err)
				}
				return
			}
			if err != nil || got.BaseURL != want.base || got.Query != want.query {
				t.Errorf("%q and %q, %v", got.BaseURL, got.Query, err)
			}
		})
	}
}
