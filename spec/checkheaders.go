package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ftrun/runner/provider"
	"ftrun/spec/internal/yamlpos"
)

// A headerForm is the value of a header, and what of it is not the file's own text.
type headerForm struct {
	text      string
	variables []yamlpos.Variable
}

func (f *headerForm) UnmarshalValue(v yamlpos.Value) {
	v.Into(&f.text)
	f.variables = v.Variables()
}

const maxHeader = 8 << 10 // bytes; servers refuse longer ones

// headerPattern is compiled when a spec has headers: with so many repetitions it takes a quarter of a millisecond.
var headerPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$") })

// headers returns the headers of every request. No message shows a value.
func (c *checker) headers(path string, written map[string]headerForm, profile provider.Profile) map[string]provider.Secret {
	if written == nil {
		return nil
	}
	headers := map[string]provider.Secret{}
	first := map[string]string{} // lower case to the name as written
	for _, name := range slices.Sorted(maps.Keys(written)) {
		at, lower := yamlpos.Join(path, name), strings.ToLower(name)
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

// secretsOf returns what variables filled into headers. That is what nobody may see: what the file itself says is no secret.
func secretsOf(written map[string]headerForm) []provider.Secret {
	var secrets []provider.Secret
	for _, name := range slices.Sorted(maps.Keys(written)) {
		for _, v := range written[name].variables {
			if secret := provider.Secret(v.Value); !slices.Contains(secrets, secret) {
				secrets = append(secrets, secret)
			}
		}
	}
	return secrets
}

func (c *checker) headerName(at, name string, profile provider.Profile) bool {
	reserved := profile.ReservedHeader(name)
	switch {
	case !headerPattern().MatchString(name):
		c.Add(at, "not the name of a header", "a name has letters, digits and -")
	case reserved != "":
		c.Add(at, "a header that the file can't set", reserved)
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
	case len(f.variables) == 0 && (looksLikeKey(f.text) || namesKey(name, headerNamePattern)):
		c.Add(at, "a key in the file", "write ${"+VariablePrefix+"NAME} here, and set that variable")
	}
}
