package embedded

import (
	"cmp"
	"slices"
	"sync"
)

// A Request counts the requests of one route, "POST /v1/fine_tuning/jobs". What no route answers is counted as "/".
type Request struct {
	Route    string
	Received int // all that came, whatever became of them
	Executed int // those that were carried out: not the ones that a fault answered instead
}

// Requests returns what the server was asked so far, sorted by route.
func (s *Server) Requests() []Request { return s.counts.all() }

type counter struct {
	mu     sync.Mutex
	routes map[string]*Request
}

func (c *counter) received(route string) { c.count(route, func(r *Request) { r.Received++ }) }
func (c *counter) executed(route string) { c.count(route, func(r *Request) { r.Executed++ }) }

func (c *counter) count(route string, add func(*Request)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.routes == nil {
		c.routes = map[string]*Request{}
	}
	r, ok := c.routes[route]
	if !ok {
		r = &Request{Route: route}
		c.routes[route] = r
	}
	add(r)
}

func (c *counter) all() []Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Request
	for _, r := range c.routes {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Request) int { return cmp.Compare(a.Route, b.Route) })
	return out
}
