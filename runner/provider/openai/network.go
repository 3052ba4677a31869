package openai

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// network returns the transport below all others: the given one, or Go's own with room for many questions at once to one host.
func network(given http.RoundTripper) http.RoundTripper {
	t, ok := given.(*http.Transport)
	switch {
	case given == nil:
		t = http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 0, 1024
	case ok:
		t = t.Clone()
	default:
		return given
	}
	t.OnProxyConnectResponse = checkTunnel
	return t
}

// opProxy is how net/http calls the way to a proxy.
const opProxy = "proxyconnect"

// A proxyError is what a proxy between here and the service said.
type proxyError struct {
	message   string
	permanent bool
}

func (e *proxyError) Error() string { return e.message }

// checkTunnel refuses a proxy's refusal in words of its own: net/http would repeat the proxy's, and say nothing of its status.
func checkTunnel(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	text := fmt.Sprintf("proxy answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	passing := answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests
	return &net.OpError{Op: opProxy, Net: "tcp", Err: &proxyError{text, !passing}}
}

// proxySecrets returns what may not be shown of the proxy on the way to an address.
func proxySecrets(transport http.RoundTripper, address string) []string {
	t, ok := transport.(*http.Transport)
	if !ok || t.Proxy == nil {
		return nil
	}
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil
	}
	proxy, err := t.Proxy(r)
	if err != nil || proxy == nil || proxy.User == nil {
		return nil
	}
	password, _ := proxy.User.Password()
	return []string{password, base64.StdEncoding.EncodeToString([]byte(proxy.User.Username() + ":" + password))}
}

// isRefusedDial reports whether there was nobody at the address: connection refused, no route, no such host.
func isRefusedDial(err error) bool {
	var dial *net.OpError
	if !errors.As(err, &dial) {
		return false
	}
	if dial.Op == opProxy {
		return isRefusedDial(dial.Err)
	}
	return dial.Op == "dial" && !dial.Timeout() && !isPassingDNS(err)
}

// isPassingDNS reports whether the name service itself had trouble.
func isPassingDNS(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && !dns.IsNotFound
}
