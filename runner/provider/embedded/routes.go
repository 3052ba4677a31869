package embedded

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A handler answers a request, or returns an error for the envelope before it has written anything.
type handler func(http.ResponseWriter, *http.Request) error

// newRoutes maps each path and method to its handler. What is asked of a known path with another method is 405, an unknown path is 404.
func (s *Server) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, route := range []struct {
		method, path string
		handler      handler
	}{
		{"POST", "/v1/files", s.createFile},
		{"GET", "/v1/files", s.listFiles},
		{"GET", "/v1/files/{id}", s.getFile},
		{"DELETE", "/v1/files/{id}", s.deleteFile},
		{"GET", "/v1/files/{id}/content", s.fileContent},
		{"POST", "/v1/fine_tuning/jobs", s.createJob},
		{"GET", "/v1/fine_tuning/jobs", s.listJobs},
		{"GET", "/v1/fine_tuning/jobs/{id}", s.getJob},
		{"POST", "/v1/fine_tuning/jobs/{id}/cancel", s.cancelJob},
		{"POST", "/v1/fine_tuning/jobs/{id}/pause", s.pauseJob},
		{"POST", "/v1/fine_tuning/jobs/{id}/resume", s.resumeJob},
		{"GET", "/v1/fine_tuning/jobs/{id}/events", s.listEvents},
		{"GET", "/v1/fine_tuning/jobs/{id}/checkpoints", s.listCheckpoints},
		{"GET", "/v1/models", s.listModels},
		{"GET", "/v1/models/{id...}", s.getModel},
		{"DELETE", "/v1/models/{id...}", s.deleteModel},
		{"POST", "/v1/chat/completions", s.complete},
		{"POST", "/v1/embeddings", s.createEmbeddings},
	} {
		if s.faults.dialect().lacks(route.path) {
			continue
		}
		mux.Handle(route.method+" "+route.path, guard(route.handler))
		allowed[route.path] = append(allowed[route.path], route.method)
	}
	for path, methods := range allowed {
		mux.Handle(path, guard(notAllowed(methods)))
	}
	mux.Handle("/", guard(func(_ http.ResponseWriter, r *http.Request) error {
		return &apiError{Status: http.StatusNotFound, Type: typeInvalid, Message: fmt.Sprintf("Invalid URL (%s %s)", r.Method, r.URL.Path)}
	}))
	return mux
}

func notAllowed(methods []string) handler {
	slices.Sort(methods)
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return &apiError{
			Status: http.StatusMethodNotAllowed, Type: typeInvalid, Code: "method_not_supported",
			Message: fmt.Sprintf("Not allowed to %s on %s (only %s).", r.Method, r.URL.Path, strings.Join(methods, ", ")),
		}
	}
}

// guard turns a handler's error into an answer.
func guard(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if _, ok := errors.AsType[*brokenError](err); ok {
			panic(http.ErrAbortHandler) // the answer has begun: all that is left is to cut the connection
		}
		if err != nil {
			writeError(w, err)
		}
	})
}

// A brokenError stopped an answer that had begun.
type brokenError struct{ error }

// brokenAnswer marks err, if there is one, as having come too late for an envelope.
func brokenAnswer(err error) error {
	if err == nil {
		return nil
	}
	return &brokenError{err}
}

// ServeHTTP answers a request of the API, or does what the faults say instead.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := s.now()
	_, route := s.routes.Handler(r)
	id := "req_" + strings.ToLower(rand.Text())
	answer := &answerLog{ResponseWriter: w}
	answer.Header().Set("X-Request-Id", id)
	defer func() {
		s.opts.Log(fmt.Sprintf("%s %s %s %s %v", r.Method, r.URL.EscapedPath(), answer.outcome(), id, s.now().Sub(began).Round(time.Microsecond)))
	}()

	s.counts.received(route)
	do := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.counts.executed(route)
		s.routes.ServeHTTP(w, r)
	})
	switch fault := s.faults.next(r.Method, r.URL.Path); {
	case fault != nil:
		fault.serve(answer, r, do)
	case !s.mayEnter(r):
		writeError(answer, &apiError{
			Status: http.StatusUnauthorized, Type: typeInvalid, Code: "invalid_api_key", Message: "Incorrect API key provided.",
		})
	default:
		do.ServeHTTP(answer, r)
	}
}

func (s *Server) mayEnter(r *http.Request) bool {
	if s.opts.APIKey == "" {
		return true
	}
	key := r.Header.Get("Api-Key")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		key = bearer
	}
	return subtle.ConstantTimeCompare([]byte(key), []byte(s.opts.APIKey)) == 1
}

// answerLog remembers the status of an answer.
type answerLog struct {
	http.ResponseWriter
	status int
}

func (a *answerLog) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answerLog) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answerLog) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answerLog) outcome() string {
	if a.status == 0 {
		return "cut"
	}
	return fmt.Sprint(a.status)
}
