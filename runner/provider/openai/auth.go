package openai

import (
	"net/http"

	"ftrun/runner/provider"
)

// An authTransport adds the key, the organisation and the endpoint's headers, to the endpoint's own host and to no other.
type authTransport struct {
	next      http.RoundTripper
	endpoint  provider.Endpoint
	userAgent string
}

func (t *authTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Authorization")
	setIfAny(r.Header, "User-Agent", t.userAgent)
	if isOwn(t.endpoint, r.URL) {
		t.addOwn(r.Header)
	}
	return t.next.RoundTrip(r)
}

// addOwn adds what only the endpoint may see. Its headers fill gaps: none replaces a field that the client sets itself.
func (t *authTransport) addOwn(h http.Header) {
	setIfAny(h, "OpenAI-Organization", t.endpoint.Organization)
	setIfAny(h, "OpenAI-Project", t.endpoint.Project)
	if key := t.endpoint.Key.Reveal(); key != "" && t.endpoint.Auth == provider.AuthAPIKey {
		h.Set("api-key", key)
	} else if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	for name, value := range t.endpoint.Headers {
		if _, set := h[http.CanonicalHeaderKey(name)]; !set {
			h.Set(name, value.Reveal())
		}
	}
}

func setIfAny(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}
