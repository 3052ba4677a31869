package openai

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"ftrun/runner/provider"
)

// isOwn reports whether an address is below the endpoint's base url. The key, the headers and the query go there and nowhere else.
func isOwn(e provider.Endpoint, u *url.URL) bool {
	return strings.HasPrefix(u.String(), e.BaseURL+"/")
}

// An addressTransport makes the endpoint's own address out of the one that every service has: it adds the query of the base url,
// and the model where the path names it. A path that would lead elsewhere goes nowhere.
type addressTransport struct {
	next     http.RoundTripper
	endpoint provider.Endpoint
}

func (t *addressTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isOwn(t.endpoint, r.URL) {
		return t.next.RoundTrip(r)
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), pathOf(t.endpoint.BaseURL))
	if model := callOf(r).model; model != "" && hasDeployments(t.endpoint) {
		path = "/deployments/" + url.PathEscape(model) + path
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	u, err := url.Parse(t.endpoint.BaseURL + path)
	if err != nil {
		return nil, err
	}
	u.RawQuery = mergedQuery(t.endpoint.Query, r.URL)
	r = r.WithContext(r.Context()) // a copy; its header stays as it is
	r.URL = u
	return t.next.RoundTrip(r)
}

// pathOf returns the path of a base url as it is escaped there.
func pathOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// hasDeployments reports whether a model is asked below a path of its own: the older one of Azure's two forms, whose base url ends
// in /openai and brings an api-version. Other services have a path like that and no such rule.
func hasDeployments(e provider.Endpoint) bool {
	return e.Kind == "azure" && strings.HasSuffix(e.BaseURL, "/openai")
}

// checkPath refuses a path with an id that is empty or made of dots: whoever tidies the path up would take it for another one.
func checkPath(path string) error {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		id, err := url.PathUnescape(segment)
		isDots := func(part string) bool { return part == "." || part == ".." }
		if err != nil || id == "" || slices.ContainsFunc(strings.Split(id, "/"), isDots) {
			return fmt.Errorf("id %q can't stand in an address", id)
		}
	}
	return nil
}

// mergedQuery adds to the query of a request what the base url's has beside it.
func mergedQuery(base string, u *url.URL) string {
	if base == "" {
		return u.RawQuery
	}
	// What can't be read of the base url's query was refused when the endpoint was resolved.
	query, _ := url.ParseQuery(base)
	for name, values := range u.Query() {
		query[name] = values
	}
	return query.Encode()
}
