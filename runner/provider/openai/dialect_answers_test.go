package openai_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"

	"ftrun/runner/provider"
)

// createJob checks a request for a job and hands on what the service does not drop.
func (s *service) createJob(r *http.Request) (int, []byte) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return s.say(denied(http.StatusBadRequest, "", "%v", err))
	}
	s.created = append(s.created, decodeObject(text))
	body := decodeObject(text)
	file, _ := body["training_file"].(string)
	no := s.unsettled(file)
	if no == nil && s.create != nil {
		no = s.create(body)
	}
	if no != nil {
		return s.say(no)
	}
	if s.metadata == provider.MetadataIgnored {
		delete(body, "metadata")
	}
	status, answer := s.engines(http.MethodPost, "/fine_tuning/jobs", body)
	if status >= 300 {
		return status, answer
	}
	job := decodeObject(answer)
	s.showJob(job, false)
	return encode(job)
}

func (s *service) unsettled(file string) *refusal {
	if s.asked[file] < s.settling {
		return denied(http.StatusBadRequest, "invalidPayload", "The file %s is not processed.", file)
	}
	return nil
}

// showFile words a file; each question for it brings it nearer to be settled.
func (s *service) showFile(file object, asked bool) {
	id, _ := file["id"].(string)
	if asked {
		s.asked[id]++
	}
	if s.settling > 0 && s.asked[id] < s.settling {
		file["status"] = "pending"
	}
	if s.file != nil {
		s.file(file)
	}
}

// showJob words a job; each question for it ends one of the statuses that it shows first.
func (s *service) showJob(job object, asked bool) {
	id, _ := job["id"].(string)
	n := s.asked[id]
	if asked {
		s.asked[id]++
	}
	if n < len(s.passing) && job["status"] != "cancelled" {
		job["status"] = s.passing[n]
		for _, name := range []string{"fine_tuned_model", "finished_at", "trained_tokens", "error"} {
			job[name] = nil
		}
		job["result_files"] = []any{}
	}
	if s.metadata == provider.MetadataIgnored || s.metadata == provider.MetadataRejected {
		delete(job, "metadata")
	}
	if s.job != nil {
		s.job(s, job)
	}
}

// question asks a model by the name under which it is served.
func (s *service) question(path, deployment string, r *http.Request) (int, []byte) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return s.say(denied(http.StatusBadRequest, "", "%v", err))
	}
	body := decodeObject(text)
	name, _ := body["model"].(string)
	if deployment != "" {
		name = deployment
	}
	model, ok := s.served(name)
	if !ok {
		return s.say(s.unserved(name))
	}
	body["model"] = model
	status, answer := s.engines(http.MethodPost, path, body)
	if status >= 300 {
		return status, answer
	}
	completion := decodeObject(answer)
	completion["model"] = name
	return encode(completion)
}

// served returns the engine's name of a model that is asked by name.
func (s *service) served(name string) (string, bool) {
	if s.deploys {
		model, ok := s.deployed[name]
		return model, ok
	}
	if model, ok := s.names[name]; ok {
		return model, true
	}
	return name, true
}

// deploy serves the model of a job under a name.
func (s *service) deploy(name, job string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, text := s.engines(http.MethodGet, "/fine_tuning/jobs/"+job, nil)
	s.deployed[name], _ = decodeObject(text)["fine_tuned_model"].(string)
}

// rename shows a model under another name.
func (s *service) rename(job object, name func(engines string) string) {
	if engines, ok := job["fine_tuned_model"].(string); ok {
		shown := name(engines)
		s.names[shown] = engines
		job["fine_tuned_model"] = shown
	}
}

// metrics returns what the engine measured in a job, oldest first.
func (s *service) metrics(job string) []object {
	r := httptest.NewRequest(http.MethodGet, "/v1/fine_tuning/jobs/"+job+"/events?limit="+strconv.Itoa(1_000_000), nil)
	_, text := s.ask(r)
	items, _ := decodeObject(text)["data"].([]any)
	var list []object
	for _, item := range items {
		if event := item.(object); event["type"] == "metrics" {
			list = append(list, event["data"].(object))
		}
	}
	slices.Reverse(list)
	return list
}

// answered counts the requests of an operation that were answered with a status below 300.
func (s *service) answered(op operation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, r := range s.seen {
		if r.op == op && r.status < 300 {
			n++
		}
	}
	return n
}
