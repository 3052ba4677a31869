package openai_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"ftrun/runner/provider"
	"ftrun/runner/provider/embedded"
)

// An operation is what a request is about.
type operation string

const (
	opUpload      operation = "upload"
	opFiles       operation = "files"
	opFile        operation = "file"
	opDelete      operation = "delete"
	opContent     operation = "content"
	opCreate      operation = "create"
	opJobs        operation = "jobs"
	opJob         operation = "job"
	opCancel      operation = "cancel"
	opEvents      operation = "events"
	opCheckpoints operation = "checkpoints"
	opModel       operation = "model"
	opChat        operation = "chat"
	opEmbed       operation = "embed"
	opNone        operation = "none"
)

// object is a JSON object; its numbers are json.Number.
type object = map[string]any

// A refusal is an answer that is none.
type refusal struct {
	status  int
	code    string
	message string
}

func denied(status int, code, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

// A dialect is how a service differs from OpenAI's API. One that says nothing differs in nothing.
//
// The facts are those of the provider's documents or source, as of November 2026. Where these are silent, the dialect does what
// is worst for a client, and says so.
type dialect struct {
	name  string // as the table names it
	kind  string // row of provider.Profiles
	path  string // of the API's root
	query string // of the base url
	wire  string // that a user of it has to set; empty: the profile's
	extra object // extra_body that a user of it has to set

	admit    func(r *http.Request) *refusal  // what every request must bring beside its key
	missing  map[operation]int               // operations that there are none of, and with which status that is said
	envelope func(no *refusal) any           // how a refusal is worded
	metadata provider.MetadataRule           // default: filter
	settling int                             // questions after which an uploaded file is processed
	passing  []string                        // statuses that a new job shows first, one to a question
	create   func(body object) *refusal      // checks a request for a job, and takes out what is passed over
	job      func(s *service, job object)    // words a job
	file     func(file object)               // words a file
	page     func(page object)               // words any list
	event    func(event object)              // words an event
	points   func(s *service, id string) any // answers for the checkpoints of a job
	deploys  bool                            // a model answers under the name of a deployment only
	unserved func(name string) *refusal      // how the service says that there is no such model
}

// A service is the embedded engine with the manners of a provider.
type service struct {
	dialect
	key    string
	engine *embedded.Server

	mu       sync.Mutex
	seen     []seenRequest
	created  []object          // bodies of requests for jobs, as they came
	asked    map[string]int    // questions for a file or a job, by id
	names    map[string]string // the engine's name of a model by the service's
	deployed map[string]string // the engine's name of a model by its deployment
	own      map[string]ownFile
}

// A seenRequest is a request as it came, and how it was answered.
type seenRequest struct {
	op     operation
	header http.Header
	query  url.Values
	status int
}

// An ownFile is a file that the service makes of what the engine has.
type ownFile struct{ name, content string }

func newService(t *testing.T, d dialect, key string) *service {
	engine, err := embedded.New(embedded.Options{Faults: coldFaults(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	if d.metadata == "" {
		d.metadata = provider.MetadataFilter
	}
	if d.unserved == nil {
		d.unserved = func(name string) *refusal {
			return denied(http.StatusNotFound, "model_not_found", "The model %s does not exist.", name)
		}
	}
	return &service{
		dialect: d, key: key, engine: engine,
		asked: map[string]int{}, names: map[string]string{}, deployed: map[string]string{}, own: map[string]ownFile{},
	}
}

// ServeHTTP answers as the provider would.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	op, id := s.operation(r)
	status, body := s.answer(op, id, r)
	s.seen = append(s.seen, seenRequest{op, r.Header.Clone(), r.URL.Query(), status})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// operation reads a request's path.
func (s *service) operation(r *http.Request) (op operation, id string) {
	path, ok := strings.CutPrefix(r.URL.Path, s.path+"/")
	if !ok {
		return opNone, ""
	}
	if id, ok := strings.CutPrefix(path, "models/"); ok {
		return opModel, id
	}
	parts := strings.Split(path, "/")
	if len(parts) > 1 && parts[0] == "fine_tuning" {
		parts = parts[1:]
	}
	if len(parts) > 1 {
		id, parts[1] = parts[1], "*"
	}
	op, ok = map[string]operation{
		"POST files": opUpload, "GET files": opFiles, "GET files/*": opFile, "DELETE files/*": opDelete, "GET files/*/content": opContent,
		"POST jobs": opCreate, "GET jobs": opJobs, "GET jobs/*": opJob, "POST jobs/*/cancel": opCancel,
		"GET jobs/*/events": opEvents, "GET jobs/*/checkpoints": opCheckpoints,
		"POST chat/*": opChat, "POST deployments/*/chat/completions": opChat,
		"POST embeddings": opEmbed, "POST deployments/*/embeddings": opEmbed,
	}[r.Method+" "+strings.Join(parts, "/")]
	if !ok {
		return opNone, ""
	}
	if parts[0] == "chat" {
		id = ""
	}
	return op, id
}

// answer is the status and the body for a request.
func (s *service) answer(op operation, id string, r *http.Request) (int, []byte) {
	no := s.checkKey(r)
	if no == nil && s.admit != nil {
		no = s.admit(r)
	}
	if status := s.missing[op]; no == nil && status != 0 {
		no = denied(status, "", "no such endpoint: %s %s", r.Method, r.URL.Path)
	}
	if no == nil && op == opNone {
		no = denied(http.StatusNotFound, "404", "Resource not found")
	}
	if no != nil {
		return s.say(no)
	}
	switch op {
	case opCreate:
		return s.createJob(r)
	case opChat:
		return s.question("/chat/completions", id, r)
	case opEmbed:
		return s.question("/embeddings", id, r)
	case opContent:
		if file, ok := s.own[id]; ok {
			return http.StatusOK, []byte(file.content)
		}
	case opFile:
		if file, ok := s.own[id]; ok {
			return encode(object{"id": id, "object": "file", "filename": file.name, "bytes": len(file.content), "purpose": "fine-tune-results"})
		}
	case opCheckpoints:
		if s.points != nil {
			return encode(s.points(s, id))
		}
	case opModel:
		if engines, ok := s.names[id]; ok {
			id = engines
		}
		return s.engines(r.Method, "/models/"+id, nil)
	}
	return s.pass(op, id, r)
}

// checkKey wants the key as the profile sends it, and in no other way.
func (s *service) checkKey(r *http.Request) *refusal {
	bearer, apiKey := "Bearer "+s.key, ""
	if profile, _ := provider.ProfileOf(s.kind); profile.Auth == provider.AuthAPIKey {
		bearer, apiKey = "", s.key
	}
	if s.kind == provider.KindEmbedded {
		bearer = ""
	}
	if r.Header.Get("Authorization") != bearer || r.Header.Get("Api-Key") != apiKey {
		return denied(http.StatusUnauthorized, "401", "Access denied due to an invalid or a second key")
	}
	return nil
}

// say words a refusal.
func (s *service) say(no *refusal) (int, []byte) {
	body := any(object{"error": object{"message": no.message, "type": "invalid_request_error", "param": nil, "code": no.code}})
	if s.envelope != nil {
		body = s.envelope(no)
	}
	_, text := encode(body)
	return no.status, text
}

func encode(v any) (int, []byte) {
	text, err := json.Marshal(v)
	if err != nil {
		return http.StatusInternalServerError, nil
	}
	return http.StatusOK, text
}

// pass hands a request to the engine and words its answer.
func (s *service) pass(op operation, id string, r *http.Request) (int, []byte) {
	forwarded := r.Clone(r.Context())
	forwarded.Header.Del("Authorization")
	forwarded.URL.Path, forwarded.URL.RawPath = "/v1"+strings.TrimPrefix(r.URL.Path, s.path), ""
	if s.metadata != provider.MetadataFilter {
		query := r.URL.Query()
		maps.DeleteFunc(query, func(name string, _ []string) bool { return strings.HasPrefix(name, "metadata") })
		forwarded.URL.RawQuery = query.Encode()
	}
	status, text := s.ask(forwarded)
	if status >= 300 {
		return s.sayAgain(status, text)
	}
	if op == opContent {
		return status, text
	}
	answer := decodeObject(text)
	switch op {
	case opUpload, opFile:
		s.showFile(answer, op == opFile)
	case opJob, opCancel:
		s.showJob(answer, op == opJob)
	}
	if items, ok := answer["data"].([]any); ok {
		for _, item := range items {
			s.showItem(op, item.(object))
		}
		if s.page != nil {
			s.page(answer)
		}
	}
	return encode(answer)
}

func (s *service) showItem(op operation, item object) {
	switch {
	case op == opFiles:
		s.showFile(item, false)
	case op == opJobs:
		s.showJob(item, false)
	case op == opEvents && s.event != nil:
		s.event(item)
	}
}

// sayAgain words a refusal of the engine.
func (s *service) sayAgain(status int, text []byte) (int, []byte) {
	if s.envelope == nil {
		return status, text
	}
	detail, _ := decodeObject(text)["error"].(object)
	return s.say(denied(status, fmt.Sprint(detail["code"]), "%v", detail["message"]))
}

// ask sends a request to the engine.
func (s *service) ask(r *http.Request) (int, []byte) {
	w := httptest.NewRecorder()
	s.engine.ServeHTTP(w, r)
	return w.Code, w.Body.Bytes()
}

// engines asks the engine in the service's name.
func (s *service) engines(method, path string, body any) (int, []byte) {
	_, text := encode(body)
	r := httptest.NewRequest(method, (&url.URL{Path: "/v1" + path}).String(), bytes.NewReader(text))
	status, answer := s.ask(r)
	if status >= 300 {
		return s.sayAgain(status, answer)
	}
	return status, answer
}

func decodeObject(text []byte) object {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	answer := object{}
	if err := decoder.Decode(&answer); err != nil {
		return object{"error": err.Error()}
	}
	return answer
}
