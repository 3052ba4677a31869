package openai

import "net/http"

// Transport is the stack that a client's requests go through.
func Transport(c *Client) http.RoundTripper { return c.http.Transport }
