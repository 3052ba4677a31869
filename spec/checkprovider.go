package spec

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"ftrun/runner/provider"
)

func (c *checker) checkProvider() {
	c.pipeline.Provider = c.provider(pathProvider, c.file.Provider)
}

// pathProvider is the key of the service that trains, and providerPaths are those of every service.
const pathProvider = "provider"

var providerPaths = []string{pathProvider, "test.provider", "test.baseline.provider", "test.judge.provider"}

// otherProvider returns the settings of a service that only answers, or nil where none is named.
func (c *checker) otherProvider(path string, f *providerForm) *provider.Settings {
	if f == nil {
		return nil
	}
	if c.Has(path) && !c.Has(path+".kind") && f.Kind == "" && !c.Troubled(path) {
		f.Kind = defaultKind
	}
	for _, key := range []string{"wire", "extra_body"} {
		if c.Has(path + "." + key) {
			c.Add(path+"."+key, "is about the request for a job, and nothing is trained here", "leave the key out")
		}
	}
	settings := c.provider(path, *f)
	return &settings
}

// provider checks the settings of a service at a path.
func (c *checker) provider(path string, f providerForm) provider.Settings {
	at := path + ".kind"
	if !c.Has(at) {
		at = path
	}
	profile, known := provider.ProfileOf(f.Kind)
	switch {
	case !known:
		c.choice(at, f.Kind, provider.Kinds())
	case f.Kind == provider.KindEmbedded:
		c.refuseOfEmbedded(path)
	case profile.BaseURL == "" && f.BaseURL == "" && !c.Has(path+".base_url"):
		hint := "add base_url, the root of the API such as https://host/v1"
		if f.Kind == kindAzure {
			hint = "add base_url; " + azureForms
		}
		c.Add(at, fmt.Sprintf("provider %q has no fixed host", f.Kind), hint)
	}
	c.baseURL(path+".base_url", f.BaseURL, f.Kind)
	if c.sound(path+keyEnv) && !variablePattern.MatchString(f.APIKeyEnv) {
		// The value is not shown: whoever misread the key's meaning has put a secret here.
		c.Add(path+keyEnv, "not the name of an environment variable",
			"name the variable that holds the key, such as MY_API_KEY; a key never belongs in this file")
	}
	c.choice(path+".auth", f.Auth, []string{provider.AuthBearer, provider.AuthAPIKey})
	c.choice(path+".wire", f.Wire, []string{provider.WireMethod, provider.WireHyperparameters})
	if c.Has(path + ".timeout") {
		c.positive(path+".timeout", f.Timeout)
	}
	if path == pathProvider {
		c.extraBody(f.ExtraBody, cmp.Or(f.Wire, profile.Wire, provider.WireMethod))
	}
	return provider.Settings{
		Kind: f.Kind, BaseURL: f.BaseURL, APIKeyEnv: f.APIKeyEnv, Auth: f.Auth, Wire: f.Wire,
		Headers: c.headers(path+headersKey, f.Headers, profile), Secrets: secretsOf(f.Headers), ExtraBody: f.ExtraBody, Timeout: f.Timeout,
	}
}

func (c *checker) refuseOfEmbedded(path string) {
	for _, key := range []string{"base_url", "api_key_env", "auth", "wire", "headers", "extra_body"} {
		if c.Has(path+"."+key) && !c.Troubled(path+"."+key) {
			c.Add(path+"."+key, "the embedded engine is started by ftrun and takes none", "leave the key out, or use another kind")
		}
	}
}

const (
	kindAzure  = "azure"
	azureForms = "it should look like https://RESOURCE.openai.azure.com/openai/v1 or https://RESOURCE.openai.azure.com/openai?api-version=VERSION"
)

// baseURL wants the root of an API. Messages do not show it: there may be a password in it.
func (c *checker) baseURL(path, text, kind string) {
	if !c.sound(path) {
		return
	}
	const like = "it should look like https://host/v1"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		c.Add(path, "not an http or https address", like)
	case u.User != nil:
		c.Add(path, "an address with a user or password in it", like+"; name the variable that holds the key in api_key_env")
	case u.Fragment != "" || strings.HasSuffix(text, "#"):
		c.Add(path, "an address with a fragment", like)
	case u.ForceQuery:
		c.Add(path, `an address with an empty query`, `leave the "?" out`)
	case c.keyInURL(u):
		c.Add(path, "an address with a key in it", "name the variable that holds the key in api_key_env; auth says how it is sent")
	case kind == kindAzure && !provider.IsAzure(u):
		c.Add(path, "none of Azure's addresses", azureForms)
	default:
		if _, err := url.ParseQuery(u.RawQuery); err != nil {
			c.Add(path, "an address whose query can't be read", "write it like ?name=value&other=value")
		}
	}
}

func (c *checker) keyInURL(u *url.URL) bool {
	for name, values := range u.Query() {
		if namesKey(name, queryNamePattern) || looksLikeKey(name+" "+strings.Join(values, " ")) {
			return true
		}
	}
	return looksLikeKey(u.Host + u.Path)
}
