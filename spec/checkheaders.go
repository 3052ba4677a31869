package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// A headerForm is the value of a header, and whether it stands in the file itself.
type headerForm struct {
	text    string
	literal bool
}

func (f *headerForm) UnmarshalValue(v yamlpos.Value) {
	v.Into(&f.text)
	f.literal = !v.Filled()
}

const (
	ofKey        = "it carries the key or a login: name the variable that holds the key in api_key_env; auth says how it is sent"
	ofBody       = "ftrun sets it for what it sends"
	ofConnection = "it belongs to the connection"
	maxHeader    = 8 << 10 // bytes; servers refuse longer ones
)

// ownHeaders are the headers that no file can set, and why.
var ownHeaders = map[string]string{
	"authorization":       ofKey,
	"api-key":             ofKey,
	"proxy-authorization": ofKey,
	"cookie":              ofKey,
	"host":                "base_url says the host",
	"accept":              ofBody,
	"accept-encoding":     ofBody,
	"content-encoding":    ofBody,
	"content-length":      ofBody,
	"content-type":        ofBody,
	"range":               ofBody,
	"user-agent":          ofBody,
	"x-client-request-id": ofBody,
	"connection":          ofConnection,
	"expect":              ofConnection,
	"keep-alive":          ofConnection,
	"proxy-connection":    ofConnection,
	"te":                  ofConnection,
	"trailer":             ofConnection,
	"transfer-encoding":   ofConnection,
	"upgrade":             ofConnection,
}

// headerOf are the headers that a variable sets where the profile reads it: the file can't choose who pays.
var headerOf = map[string]string{"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}

var headerPattern = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$")

// headers returns the headers of every request. No message shows a value.
func (c *checker) headers(written map[string]headerForm, profile provider.Profile) map[string]provider.Secret {
	if written == nil {
		return nil
	}
	headers := map[string]provider.Secret{}
	first := map[string]string{} // lower case to the name as written
	for _, name := range slices.Sorted(maps.Keys(written)) {
		at, lower := yamlpos.Join("provider.headers", name), strings.ToLower(name)
		headers[name] = provider.Secret(written[name].text)
		if !c.headerName(at, name, profile) {
			continue
		}
		if earlier, ok := first[lower]; ok {
			c.Add(at, fmt.Sprintf("the same header as %s", yamlpos.Quote(earlier)), "upper and lower case make no difference in the name of a header")
			continue
		}
		first[lower] = name
		c.headerValue(at, name, written[name])
	}
	return headers
}

func (c *checker) headerName(at, name string, profile provider.Profile) bool {
	lower := strings.ToLower(name)
	variable := headerOf[lower]
	switch {
	case !headerPattern.MatchString(name):
		c.Add(at, "not the name of a header", "a name has letters, digits and -")
	case ownHeaders[lower] != "":
		c.Add(at, "a header that the file can't set", ownHeaders[lower])
	case variable != "" && profile.EnvURL:
		c.Add(at, "a header that the file can't set", "set the variable "+variable)
	default:
		return true
	}
	return false
}

func (c *checker) headerValue(at, name string, f headerForm) {
	switch {
	case !c.sound(at):
	case strings.TrimSpace(f.text) == "":
		c.blank(at, "write the header's value, or leave the header out")
	case len(f.text) > maxHeader:
		c.Addf(at, "longer than %d bytes", maxHeader)
	case strings.ContainsFunc(f.text, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }):
		c.Addf(at, "a value that can't be sent: there is a control character or a letter beyond ASCII in it")
	case f.literal && (looksLikeKey(f.text) || namesKey(name, headerNamePattern)):
		c.Add(at, "a key in the file", "write ${"+VariablePrefix+"NAME} here, and set that variable")
	}
}
