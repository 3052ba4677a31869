package provider

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Why no spec sets a header.
const (
	ofKey        = "it carries the key or a login: name the variable that holds the key in api_key_env; auth says how it is sent"
	ofBody       = "ftrun sets it for what it sends"
	ofConnection = "it belongs to the connection"
	ofRepeats    = "it would make the network send the creation of a job a second time by itself"
)

// reservedHeaders are the headers that no spec sets at any kind of provider, and why.
var reservedHeaders = map[string]string{
	"Authorization":       ofKey,
	"Api-Key":             ofKey,
	"Proxy-Authorization": ofKey,
	"Cookie":              ofKey,
	"Host":                "base_url says the host",
	"Accept":              ofBody,
	"Accept-Encoding":     ofBody,
	"Content-Encoding":    ofBody,
	"Content-Length":      ofBody,
	"Content-Type":        ofBody,
	"Range":               ofBody,
	"User-Agent":          ofBody,
	"X-Client-Request-Id": ofBody,
	"Idempotency-Key":     ofRepeats,
	"X-Idempotency-Key":   ofRepeats,
	"Connection":          ofConnection,
	"Expect":              ofConnection,
	"Keep-Alive":          ofConnection,
	"Proxy-Connection":    ofConnection,
	"Te":                  ofConnection,
	"Trailer":             ofConnection,
	"Transfer-Encoding":   ofConnection,
	"Upgrade":             ofConnection,
}

// payers are the headers that say for whom a key is used, and the variables that set them where the profile reads those: a spec can't
// choose who pays.
var payers = map[string]string{"Openai-Organization": envOrganization, "Openai-Project": envProject}

// ReservedHeader says why no spec sets a header at this kind of provider, or nothing where one may.
func (p Profile) ReservedHeader(name string) string {
	name = http.CanonicalHeaderKey(name)
	if variable := payers[name]; variable != "" && p.EnvURL {
		return "set the variable " + variable
	}
	return reservedHeaders[name]
}

// ReservedHeaders lists the headers that no spec sets at any kind of provider, sorted.
func ReservedHeaders() []string { return slices.Sorted(maps.Keys(reservedHeaders)) }

// checkExtraHeader refuses a header that can't be sent or is not the spec's to set. No message shows its value.
func checkExtraHeader(p Profile, name, value string) error {
	bad := &ConfigError{Code: "bad_header", Way: "mend provider.headers, or the variable that it names"}
	reserved := p.ReservedHeader(name)
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) }):
		bad.Message = fmt.Sprintf("%q is no name of a header", name)
	case reserved != "":
		bad.Message = fmt.Sprintf("header %q is not for the spec to set", name)
		bad.Way = "leave it out of provider.headers: " + reserved
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		bad.Message = fmt.Sprintf("the value of header %q can't be sent: there is a control character or a letter beyond ASCII in it", name)
	default:
		return nil
	}
	return bad
}
