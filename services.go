package main

import (
	"cmp"
	"fmt"

	"ftrun/runner"
	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
	"ftrun/spec"
)

// A switchboard reaches the services that a run asks: the pipeline's provider, and those that the spec names for the tested model, the
// baseline and the judge.
type switchboard struct {
	env     provider.Environment
	engine  func() (baseURL string, err error) // of the embedded engine, which is started where it does not run yet
	client  func(provider.Endpoint) *openai.Client
	clients []*openai.Client
}

// dial returns the service of settings; nil settings stand for the pipeline's provider, and give nil. what names the key of the spec.
func (b *switchboard) dial(what string, settings *provider.Settings) (*runner.Service, error) {
	if settings == nil {
		return nil, nil
	}
	endpoint, err := provider.Resolve(*settings, b.env)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	endpoint, client, err := b.connect(endpoint)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return &runner.Service{Endpoint: endpoint, Completer: client, Embedder: client}, nil
}

// connect returns a client of an endpoint, and the endpoint with the embedded engine's address in it.
func (b *switchboard) connect(endpoint provider.Endpoint) (provider.Endpoint, *openai.Client, error) {
	if endpoint.Kind == provider.KindEmbedded {
		var err error
		if endpoint.BaseURL, err = b.engine(); err != nil {
			return endpoint, nil, err
		}
	}
	client := b.client(endpoint)
	b.clients = append(b.clients, client)
	return endpoint, client, nil
}

// dialAll fills in the services that the spec names beside the pipeline's own. One that the run can't do without is an error, before anything
// is paid for; a baseline that nothing depends on may be missing.
func (b *switchboard) dialAll(p *spec.Pipeline, o *runner.Options) error {
	var err error
	if o.Tested, err = b.dial("test.provider", p.Test.Provider); err != nil {
		return err
	}
	if p.Test.Judge != nil {
		if o.Judge, err = b.dial("test.judge.provider", p.Test.Judge.Provider); err != nil {
			return err
		}
	}
	if o.Baseline, err = b.dial("test.baseline.provider", p.Test.Baseline.Provider); err == nil {
		return nil
	}
	if runner.NeedsBaseline(p.Thresholds) {
		return err
	}
	o.Baseline = &runner.Service{Endpoint: unreached(*p.Test.Baseline.Provider), Err: err}
	return nil
}

// unreached is what reports say of a service that could not be resolved.
func unreached(s provider.Settings) provider.Endpoint {
	profile, _ := provider.ProfileOf(s.Kind)
	return provider.Endpoint{Kind: s.Kind, BaseURL: cmp.Or(s.BaseURL, profile.BaseURL)}
}

// counts are the requests and retries of all services together.
func (b *switchboard) counts() (requests, retries int64) {
	for _, c := range b.clients {
		requests += c.Requests()
		retries += c.Retries()
	}
	return requests, retries
}

func (b *switchboard) close() {
	for _, c := range b.clients {
		c.CloseIdleConnections()
	}
}
