package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
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
