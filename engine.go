package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"ftrun/runner/provider/embedded"
)

// An engine is the embedded engine on a loopback port.
type engine struct {
	baseURL string
	server  *http.Server
	handler *embedded.Server
}

// startEngine serves an engine on a loopback port; open opens the one whose files are in dir.
func startEngine(dir string, open func(dir string) (*embedded.Server, error)) (*engine, error) {
	handler, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded engine: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("embedded engine: %w", err), handler.Close())
	}
	e := &engine{baseURL: "http://" + listener.Addr().String() + "/v1", handler: handler, server: newServer(handler)}
	go func() { _ = e.server.Serve(listener) }() // ends with stop; a request shows any other end
	return e, nil
}

// trainingEngine opens an engine that trains; embedded.Look and embedded.Idle open those that don't.
func trainingEngine(dir string) (*embedded.Server, error) {
	return embedded.New(embedded.Options{Dir: dir})
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second}
}

// stop ends the server and leaves training at a point from which the next run goes on.
func (e *engine) stop() error { return errors.Join(e.server.Close(), e.handler.Close()) }

// serve runs the embedded engine until it is interrupted.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	faults, err := readFaults(o.Faults)
	if err != nil {
		return err
	}
	if err := checkState(o.State); err != nil {
		return err
	}
	handler, err := embedded.New(embedded.Options{Dir: o.State, Faults: faults})
	if err != nil {
		return fmt.Errorf("embedded engine: %w", err)
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("serve: %w", err), handler.Close())
	}
	fmt.Fprintf(stdout, "ftrun embedded engine at http://%s/v1 (a stand-in that trains a small model; not a GPT)\n", listener.Addr())
	server := newServer(handler)
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(fmt.Errorf("serve: %w", err), handler.Close())
	}
	return handler.Close()
}

func readFaults(path string) (*embedded.Faults, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, usageError{err: fmt.Errorf("faults: %w", err)}
	}
	defer f.Close()
	faults, err := embedded.ParseFaults(f)
	if err != nil {
		return nil, usageError{err: fmt.Errorf("faults: %s: %w", path, err)}
	}
	return faults, nil
}
