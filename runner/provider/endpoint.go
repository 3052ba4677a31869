package provider

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Secret is a key. It prints as a placeholder; only Reveal gives it away.
type Secret string

// Redacted stands where a secret would have stood.
const Redacted = "[redacted]"

// String returns a placeholder.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// GoString returns a placeholder, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns a placeholder, so that no encoder writes the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// An Endpoint is where requests go and what they carry.
type Endpoint struct {
	Kind         string
	BaseURL      string            // without a trailing slash and without a query
	Query        string            // of the base url, such as "api-version=…": sent with every request
	Key          Secret            // empty: none is sent
	Auth         string            // how the key is sent; empty: AuthBearer
	Wire         string            // where hyperparameters stand; empty: WireMethod
	Headers      map[string]Secret // sent with every request
	Secrets      []Secret          // beside the key, what may not be shown of what a service sends
	ExtraBody    map[string]any    // merged into the request for a job, objects into objects
	Organization string            // OpenAI-Organization header, where not empty
	Project      string            // OpenAI-Project header, where not empty
	Timeout      time.Duration     // how long one exchange may make no progress
}

// Profile returns what is known of the endpoint's kind; of an unknown kind nothing is.
func (e Endpoint) Profile() Profile {
	p, _ := ProfileOf(e.Kind)
	return p
}

// DefaultTimeout is how long one exchange may make no progress.
const DefaultTimeout = 2 * time.Minute

// Identity names the provider in the train key: kind and host, with its port except for the embedded engine, whose port is
// another in every run.
func (e Endpoint) Identity() string {
	if e.Kind == KindEmbedded {
		return e.Kind
	}
	u, err := url.Parse(e.BaseURL)
	if err != nil {
		return e.Kind
	}
	return e.Kind + " " + strings.ToLower(u.Host)
}

// Address names whom questions go to: the identity and whatever else of an address may lead to another model of the same name, that is path,
// query and headers. It is a digest where headers are part of it, because they may hold secrets.
func (e Endpoint) Address() string {
	address := e.Identity()
	u, err := url.Parse(e.BaseURL)
	if e.Kind == KindEmbedded || err != nil {
		return address
	}
	if path := strings.TrimRight(u.Path, "/"); path != "/v1" { // as nearly all have it
		address += " " + path
	}
	if e.Query != "" {
		address += "?" + e.Query
	}
	if len(e.Headers) == 0 {
		return address
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		fmt.Fprintf(h, "%q: %q\n", strings.ToLower(name), e.Headers[name].Reveal())
	}
	return address + " " + hex.EncodeToString(h.Sum(nil))
}

// An Environment is what whoever runs ftrun allows. The spec can't change it.
type Environment struct {
	Lookup     func(name string) (string, bool)
	AllowHosts []string // hosts that may get the key: host, host:port, or http://host to allow plain http there
	AllowEnv   []string // variables, beside the profile's, that the spec may name as a key
}

func (e Environment) get(name string) string {
	if e.Lookup == nil {
		return ""
	}
	v, _ := e.Lookup(name)
	return strings.TrimSpace(v)
}

// The reason codes of a key that is not set, and of one that no request can carry.
const (
	CodeNoKey  = "no_key"
	CodeBadKey = "bad_key"
)

// The variables that say for whom a key is used.
const (
	envOrganization = "OPENAI_ORG_ID"
	envProject      = "OPENAI_PROJECT_ID"
)

func isNoKey(err error) bool {
	var config *ConfigError
	return errors.As(err, &config) && config.Code == CodeNoKey
}

// A ConfigError says that the settings and the environment do not go together. Nothing was sent.
type ConfigError struct {
	Code    string // reason code
	Message string
	Way     string
}

func (e *ConfigError) Error() string { return e.Message }

// Hint returns the way out.
func (e *ConfigError) Hint() string { return e.Way }

// Resolve decides where requests go and which key they carry. The key of a profile goes to that profile's fixed host, or to the
// host that the environment names, and to no other: a spec may come from a stranger.
// The embedded engine's endpoint has no BaseURL yet; whoever starts it fills it in.
func Resolve(s Settings, env Environment) (Endpoint, error) {
	profile, ok := ProfileOf(s.Kind)
	if !ok {
		return Endpoint{}, &ConfigError{
			Code:    "unknown_provider",
			Message: fmt.Sprintf("unknown provider %q", s.Kind),
			Way:     "one of " + strings.Join(Kinds(), ", "),
		}
	}
	endpoint := Endpoint{
		Kind: s.Kind, Auth: cmp.Or(s.Auth, profile.Auth), Wire: cmp.Or(s.Wire, profile.Wire),
		Headers: s.Headers, Secrets: s.Secrets, ExtraBody: s.ExtraBody, Timeout: cmp.Or(s.Timeout, DefaultTimeout),
	}
	if err := checkExtras(endpoint); err != nil {
		return Endpoint{}, err
	}
	if s.Kind == KindEmbedded {
		return endpoint, nil
	}
	base, trusted, err := baseURL(profile, s, env)
	if err != nil {
		return Endpoint{}, err
	}
	if err := checkHost(base, trusted, env); err != nil {
		return Endpoint{}, err
	}
	endpoint.Query = base.RawQuery
	base.RawQuery = ""
	endpoint.BaseURL = strings.TrimRight(base.String(), "/")
	optional := profile.BaseURL == "" && isLoopback(base.Hostname())
	if endpoint.Key, err = key(profile, s, env); err != nil && !(optional && isNoKey(err)) {
		return Endpoint{}, err
	}
	if profile.EnvURL {
		endpoint.Organization, endpoint.Project = env.get(envOrganization), env.get(envProject)
		if err := cmp.Or(checkHeader(envOrganization, endpoint.Organization), checkHeader(envProject, endpoint.Project)); err != nil {
			return Endpoint{}, err
		}
	}
	return endpoint, nil
}

// baseURL returns the API's root, and whether its host comes from the profile or the environment rather than from the spec.
func baseURL(p Profile, s Settings, env Environment) (u *url.URL, trusted bool, err error) {
	fromEnv := ""
	if p.EnvURL {
		fromEnv = env.get("OPENAI_BASE_URL")
	}
	raw := s.BaseURL
	if raw == "" {
		raw = fromEnv
	}
	if raw == "" {
		raw = p.BaseURL
	}
	if raw == "" {
		return nil, false, &ConfigError{
			Code:    "no_base_url",
			Message: fmt.Sprintf("provider %q has no fixed host", s.Kind),
			Way:     "set provider.base_url to the API's root, such as https://host/v1, and list the host in FTRUN_ALLOW_HOSTS",
		}
	}
	u, err = url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.Fragment != "" || !hasPlainQuery(u) {
		return nil, false, &ConfigError{
			Code:    "bad_base_url",
			Message: "base url is not an http or https address without user and fragment",
			Way:     "it should look like https://host/v1",
		}
	}
	if err := checkAzure(p, u); err != nil {
		return nil, false, err
	}
	return u, sameHost(u, p.BaseURL) || sameHost(u, fromEnv), nil
}

// hasPlainQuery reports whether each part of an address's query can be read.
func hasPlainQuery(u *url.URL) bool {
	_, err := url.ParseQuery(u.RawQuery)
	return err == nil
}

func sameHost(u *url.URL, other string) bool {
	o, err := url.Parse(other)
	return err == nil && o.Host != "" && strings.EqualFold(u.Host, o.Host) && u.Scheme == o.Scheme
}

// checkHost refuses plain http beyond loopback, and hosts that only the spec speaks for.
func checkHost(u *url.URL, trusted bool, env Environment) error {
	if u.Scheme == "http" && !isLoopback(u.Hostname()) && !allowed(env.AllowHosts, "http://", u) {
		return &ConfigError{
			Code:    "plain_http",
			Message: fmt.Sprintf("plain http to %s would send the key and the data unencrypted", shownHost(u.Host)),
			Way:     wayToHost(u.Host, fmt.Sprintf("use https, or list http://%s in FTRUN_ALLOW_HOSTS for a cluster's own network", u.Host)),
		}
	}
	if trusted || allowed(env.AllowHosts, "", u) || allowed(env.AllowHosts, u.Scheme+"://", u) {
		return nil
	}
	return &ConfigError{
		Code:    "host_not_allowed",
		Message: fmt.Sprintf("host %s may not get the key: only the spec names it", shownHost(u.Host)),
		Way:     wayToHost(u.Host, "list it in the environment: FTRUN_ALLOW_HOSTS="+u.Host),
	}
}

// shownHost is a host as messages show it. Letters of other alphabets look like ours, and who sees them drawn takes the host for another.
func shownHost(host string) string {
	if isASCII(host) {
		return host
	}
	return strconv.QuoteToASCII(host) + ", which has letters beyond ASCII,"
}

// wayToHost is a way out that has the host to copy, unless that host is not what it looks like.
func wayToHost(host, way string) string {
	if isASCII(host) {
		return way
	}
	return "check provider.base_url: some letters of its host only look like those of another one"
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func allowed(hosts []string, prefix string, u *url.URL) bool {
	return slices.ContainsFunc(hosts, func(h string) bool {
		h = hostOnly(h)
		return h == prefix+strings.ToLower(u.Host) || h == prefix+strings.ToLower(u.Hostname())
	})
}

// hostOnly is an entry of the list of hosts without what a person may copy along with it: a path after the host.
func hostOnly(entry string) string {
	entry = strings.ToLower(strings.TrimSpace(entry))
	scheme, rest, found := strings.Cut(entry, "://")
	if !found {
		scheme, rest = "", entry
	} else {
		scheme += "://"
	}
	host, _, _ := strings.Cut(rest, "/")
	return scheme + host
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// key returns the key that the profile's variable holds, or the one that the spec names and the environment allows.
func key(p Profile, s Settings, env Environment) (Secret, error) {
	name := p.KeyEnv
	if s.APIKeyEnv != "" && s.APIKeyEnv != p.KeyEnv {
		name = s.APIKeyEnv
		if !slices.Contains(env.AllowEnv, name) {
			return "", &ConfigError{
				Code:    "env_not_allowed",
				Message: fmt.Sprintf("the spec may not read the variable %s as a key", name),
				Way:     "allow it on the command line: --allow-env " + name,
			}
		}
	}
	value := env.get(name)
	if value == "" {
		return "", &ConfigError{
			Code:    CodeNoKey,
			Message: fmt.Sprintf("no key: %s is not set", name),
			Way:     fmt.Sprintf("set %s; --provider embedded needs no key", name),
		}
	}
	return Secret(value), checkHeader(name, value)
}

// checkAzure refuses a base url that is neither of the two forms of Azure: every path below it would be unknown there.
func checkAzure(p Profile, u *url.URL) error {
	if p.Kind != "azure" || IsAzure(u) {
		return nil
	}
	return &ConfigError{
		Code:    "bad_base_url",
		Message: "base url is none of Azure's",
		Way:     "it should look like https://RESOURCE.openai.azure.com/openai/v1, or https://RESOURCE.openai.azure.com/openai?api-version=VERSION",
	}
}

// IsAzure reports whether an address is of one of the two forms below which Azure has the API.
func IsAzure(u *url.URL) bool {
	path := strings.TrimRight(u.Path, "/")
	return strings.HasSuffix(path, "/openai/v1") || strings.HasSuffix(path, "/openai") && u.Query().Get("api-version") != ""
}

// checkExtras refuses headers that can't be sent or are not the spec's to set, and a body with two forms of hyperparameters.
func checkExtras(e Endpoint) error {
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		if err := checkExtraHeader(e.Profile(), name, e.Headers[name].Reveal()); err != nil {
			return err
		}
	}
	other := WireHyperparameters
	if e.Wire == WireHyperparameters {
		other = WireMethod
	}
	if _, both := e.ExtraBody[other]; both {
		return &ConfigError{
			Code:    "bad_extra_body",
			Message: fmt.Sprintf("extra_body has %s, and the hyperparameters go elsewhere with wire: %s", other, e.Wire),
			Way:     fmt.Sprintf("take %s out of provider.extra_body, or set provider.wire: %s", other, other),
		}
	}
	return nil
}

// checkHeader refuses a value that can't stand in a header: sent all the same it would look like a network that is down.
func checkHeader(name, value string) error {
	if !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	return &ConfigError{
		Code:    CodeBadKey,
		Message: fmt.Sprintf("what %s holds can't be sent: there is a space, a control character or a letter beyond ASCII in it", name),
		Way:     fmt.Sprintf("set %s again, to the bare value", name),
	}
}
