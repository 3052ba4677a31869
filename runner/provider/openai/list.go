package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"ftrun/runner/provider"
)

// Bounds on a list: a service that has no end must not have all of the memory or of the night.
const (
	maxPages = 1000
	maxList  = 256 << 20 // bytes
)

// list reads every page of a list endpoint that go-openai lacks, each item once.
func (c *Client) list(ctx context.Context, call *call, path string, query url.Values) ([]json.RawMessage, error) {
	var all []json.RawMessage
	seen := map[string]bool{}
	size := 0
	for range maxPages {
		if err := c.get(ctx, call, path, query); err != nil {
			return nil, err
		}
		items, more, said, err := decodePage(call.body)
		if err != nil {
			return nil, call.unreadable(err)
		}
		if size += len(call.body); size > maxList {
			return nil, call.unreadable(fmt.Errorf("list is longer than %d bytes", maxList))
		}
		news, last := unseen(items, seen)
		all = append(all, news...)
		if said && !more || len(items) == 0 || last == "" && !said {
			return all, nil // where nobody says whether there is more, a page that brings nothing new is the end
		}
		if last == "" { // nothing new, and yet more to come
			return nil, call.unreadable(errors.New("list does not end: the next page brings nothing new"))
		}
		query.Set("after", last)
	}
	return nil, call.unreadable(fmt.Errorf("list has more than %d pages", maxPages))
}

// unseen returns the items that are new, and the last id among them; it marks them as seen. An item without an id is always new.
func unseen(items []json.RawMessage, seen map[string]bool) (news []json.RawMessage, last string) {
	for _, item := range items {
		id, err := decodeID(item)
		if err == nil {
			if seen[id] {
				continue
			}
			seen[id], last = true, id
		}
		news = append(news, item)
	}
	return news, last
}

// get asks an endpoint that go-openai lacks.
func (c *Client) get(ctx context.Context, call *call, path string, query url.Values) error {
	req, err := http.NewRequestWithContext(call.context(ctx), http.MethodGet, c.baseURL+path+"?"+query.Encode(), nil)
	if err != nil {
		return &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: err}
	}
	return c.send(ctx, call, req)
}

// send sends a request of our own making and finishes its call.
func (c *Client) send(ctx context.Context, call *call, req *http.Request) error {
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err == nil {
		err = resp.Body.Close()
	}
	return call.finish(ctx, err)
}
