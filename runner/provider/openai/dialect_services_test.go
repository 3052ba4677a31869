package openai_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"ftrun/runner/provider"
)

// dialects returns a server for every row of provider.Profiles; Azure has two.
func dialects() []dialect {
	return []dialect{
		{name: "openai", kind: "openai", path: "/v1"},
		{name: "embedded", kind: provider.KindEmbedded, path: "/v1"},
		azure("azure", "/openai/v1", ""),
		azure("azure, older form", "/openai", "2024-10-21"),
		nebius(),
		crusoe(),
		litellm(),
		llmariner(),
		compatible(),
	}
}

// azure follows the published description of the authoring API, 2024-10-21, and the how-to pages of Azure OpenAI: jobs are pending
// before they run and resume after a pause, a file is used once it is processed, suffixes have up to 40 characters of a-z, A-Z, 0-9,
// - and _, result files are CSV, and a model answers under the name of a deployment. Each data resource has an api-key.
//
// The description of 2024-10-21 has neither method nor metadata, and does not say what becomes of them: here they are refused. The
// v1 form lists both; nothing says that metadata comes back, so here it does not.
func azure(name, path, version string) dialect {
	d := dialect{
		name: name, kind: "azure", path: path, deploys: true, settling: 2, metadata: provider.MetadataIgnored,
		passing: []string{"pending", "notRunning", "running", "resuming"},
		envelope: func(no *refusal) any {
			return object{"error": object{"code": no.code, "message": no.message}}
		},
		unserved: func(name string) *refusal {
			return denied(http.StatusNotFound, "DeploymentNotFound", "The API deployment for this resource does not exist: %s.", name)
		},
		create: func(body object) *refusal {
			if suffix, ok := body["suffix"].(string); ok && !azureSuffix.MatchString(suffix) {
				return denied(http.StatusBadRequest, "invalidPayload", "The suffix is not 1 to 40 of a-z, A-Z, 0-9, - and _.")
			}
			return nil
		},
		job: func(s *service, job object) {
			s.rename(job, func(engines string) string {
				sum := sha256.Sum256([]byte(engines))
				return fmt.Sprintf("%s.ft-%s", job["model"], hex.EncodeToString(sum[:16]))
			})
			job["organisation_id"], job["result_files"] = nil, nil
			if job["status"] == "succeeded" {
				job["result_files"] = []any{s.azureResults(job["id"].(string))}
			}
		},
		event: func(event object) {
			if event["level"] == "warn" {
				event["level"] = "warning"
			}
		},
	}
	if version == "" {
		return d
	}
	d.query, d.wire, d.metadata = "api-version="+version, provider.WireHyperparameters, provider.MetadataRejected
	d.admit = func(r *http.Request) *refusal {
		if r.URL.Query().Get("api-version") != version {
			return denied(http.StatusNotFound, "404", "Resource not found")
		}
		if strings.HasSuffix(r.URL.Path, "/chat/completions") && !strings.Contains(r.URL.Path, "/deployments/") {
			return denied(http.StatusNotFound, "404", "Resource not found")
		}
		return nil
	}
	checkSuffix := d.create
	d.create = func(body object) *refusal {
		for _, field := range []string{"method", "metadata"} {
			if _, ok := body[field]; ok {
				return denied(http.StatusBadRequest, "invalidPayload", "Unknown field %s.", field)
			}
		}
		return checkSuffix(body)
	}
	return d
}

var azureSuffix = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// azureResults makes results.csv of a job, with Azure's columns, and returns its id.
func (s *service) azureResults(job string) string {
	sum := sha256.Sum256([]byte(job))
	id := "file-" + hex.EncodeToString(sum[:16])
	if _, made := s.own[id]; made {
		return id
	}
	var b strings.Builder
	b.WriteString("step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy\r\n")
	for _, m := range s.metrics(job) {
		cells := []string{}
		for _, name := range []string{
			"step", "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy", "full_valid_loss", "full_valid_mean_token_accuracy",
		} {
			number, _ := m[name].(json.Number)
			cells = append(cells, number.String())
		}
		b.WriteString(strings.Join(cells, ",") + "\r\n")
	}
	s.own[id] = ownFile{"results.csv", b.String()}
	return id
}

// fastAPI is how services written with FastAPI word a refusal.
func fastAPI(no *refusal) any { return object{"detail": no.message} }

// onlyTop refuses a request for a job that is not of the older form, or whose hyperparameters are not numbers.
func onlyTop(body object) *refusal {
	if _, ok := body["method"]; ok {
		return denied(http.StatusBadRequest, "", "method is not supported, use hyperparameters")
	}
	params, _ := body["hyperparameters"].(object)
	for name, value := range params {
		if _, ok := value.(json.Number); !ok {
			return denied(http.StatusUnprocessableEntity, "", "hyperparameters.%s: Input should be a valid number", name)
		}
	}
	return nil
}

// nebius follows the API reference of Nebius Token Factory: hyperparameters at the top, epochs from 1 to 20; a job has no
// fine_tuned_model but trained_steps and total_steps; checkpoints carry the metrics and the files; a checkpoint is deployed under a
// name before it is served. Its list of jobs takes neither a limit nor a filter.
//
// The reference lists method too and refuses it beside hyperparameters; servers of the older name refuse it at all, and so does
// this one. Events are described as messages: here they have no data. Metadata is not in the reference: here it is dropped.
func nebius() dialect {
	return dialect{
		name: "nebius", kind: "nebius", path: "/v1", deploys: true, metadata: provider.MetadataIgnored, envelope: fastAPI,
		missing: map[operation]int{opModel: http.StatusNotFound},
		create: func(body object) *refusal {
			params, _ := body["hyperparameters"].(object)
			if n, ok := params["n_epochs"].(json.Number); ok {
				if epochs, err := n.Int64(); err != nil || epochs < 1 || epochs > 20 {
					return denied(http.StatusUnprocessableEntity, "", "hyperparameters.n_epochs: Input should be from 1 to 20")
				}
			}
			return onlyTop(body)
		},
		job: func(s *service, job object) {
			steps := len(s.metrics(job["id"].(string)))
			delete(job, "fine_tuned_model")
			delete(job, "method")
			job["result_files"], job["trained_steps"], job["total_steps"] = []any{}, steps, max(steps, 1)
		},
		page:  func(page object) { page["has_more"] = false },
		event: func(event object) { delete(event, "data"); delete(event, "type") },
		points: func(s *service, id string) any {
			list := []any{}
			for _, m := range s.metrics(id) {
				list = append(list, object{
					"id": fmt.Sprintf("ftckpt_%v", m["step"]), "object": "fine_tuning.job.checkpoint", "fine_tuning_job_id": id,
					"fine_tuned_model_checkpoint": "", "step_number": m["step"], "metrics": m, "result_files": []any{"file-weights"},
				})
			}
			slices.Reverse(list)
			return object{"object": "list", "data": list, "has_more": false}
		},
	}
}

// crusoe follows the pages of Crusoe's Serverless Fine-Tuning: hyperparameters at the top, the job's record lists the files of its
// checkpoints, and a checkpoint is deployed elsewhere. Of the API's reference little is public: here a job names no model, metadata is
// dropped, events have no data, and checkpoints and models have no endpoint.
func crusoe() dialect {
	return dialect{
		name: "crusoe", kind: "crusoe", path: "/v1", metadata: provider.MetadataIgnored, create: onlyTop,
		missing: map[operation]int{opChat: http.StatusNotFound, opModel: http.StatusNotFound, opCheckpoints: http.StatusNotFound},
		job: func(s *service, job object) {
			delete(job, "fine_tuned_model")
			job["result_files"] = []any{}
			if job["status"] == "succeeded" {
				s.own["file-adapter"] = ownFile{"adapter_model.safetensors", strings.Repeat("\x00", 1000)}
				job["result_files"] = []any{"file-adapter"}
			}
		},
		event: func(event object) { delete(event, "data") },
	}
}

// litellm follows the source of LiteLLM's proxy, with OpenAI behind it. A request for a job hands on model, training_file,
// hyperparameters, suffix, validation_file, integrations and seed: method and metadata are lost in silence. It names the service
// behind the proxy in custom_llm_provider, of the body for a new job, of the query for the rest. A list is not filtered. The proxy
// has neither events nor checkpoints: its route for a job takes their paths for ids, and what comes back is an internal error. A
// model is asked by the name that the proxy's configuration gives it, and a new one has none yet.
func litellm() dialect {
	const provided = "Invalid request, No litellm managed file id or custom_llm_provider provided."
	return dialect{
		name: "litellm", kind: "litellm", path: "/v1", query: "custom_llm_provider=openai", extra: object{"custom_llm_provider": "openai"},
		metadata: provider.MetadataIgnored, deploys: true,
		missing: map[operation]int{opEvents: http.StatusInternalServerError, opCheckpoints: http.StatusInternalServerError, opModel: http.StatusNotFound},
		admit: func(r *http.Request) *refusal {
			asks := r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/fine_tuning/")
			if asks && r.URL.Query().Get("custom_llm_provider") == "" {
				return denied(http.StatusUnprocessableEntity, "422", provided)
			}
			return nil
		},
		create: func(body object) *refusal {
			if body["custom_llm_provider"] == nil {
				return denied(http.StatusInternalServerError, "500", provided)
			}
			handedOn := []string{"model", "training_file", "hyperparameters", "suffix", "validation_file", "integrations", "seed"}
			for name := range body {
				if !slices.Contains(handedOn, name) {
					delete(body, name)
				}
			}
			return nil
		},
		unserved: func(name string) *refusal {
			return denied(http.StatusBadRequest, "400", "Invalid model name passed in model=%s.", name)
		},
		page: func(page object) { delete(page, "has_more") },
	}
}

// llmariner follows the source of LLMariner's job and file managers: jobs can be created, listed, asked for and cancelled, and nothing
// else; a suffix is needed and has up to 18 characters; hyperparameters are numbers; a waiting job is creating or canceling, a cancelled
// one canceled; 64-bit numbers are strings; metadata is taken and dropped; files have no status and no pages; trained tokens are not
// counted; and refusals are those of gRPC. Its method has the hyperparameters in another place than OpenAI's: here it is refused.
func llmariner() dialect {
	return dialect{
		name: "llmariner", kind: "llmariner", path: "/v1", metadata: provider.MetadataIgnored, passing: []string{"creating"},
		missing: map[operation]int{opEvents: http.StatusNotFound, opCheckpoints: http.StatusNotFound},
		envelope: func(no *refusal) any {
			return object{"code": no.status % 100, "message": no.message, "details": []any{}}
		},
		create: func(body object) *refusal {
			switch suffix, _ := body["suffix"].(string); {
			case suffix == "":
				return denied(http.StatusBadRequest, "", "suffix is required")
			case len(suffix) > 18:
				return denied(http.StatusBadRequest, "", "suffix is too long")
			}
			return onlyTop(body)
		},
		job: func(s *service, job object) {
			id := job["id"].(string)
			if job["status"] == "cancelled" {
				job["status"] = "canceled"
				if s.asked["cancel "+id]++; s.asked["cancel "+id] < 3 {
					job["status"] = "canceling"
				}
			}
			for _, name := range []string{"created_at", "finished_at"} {
				seconds := "0"
				if number, ok := job[name].(json.Number); ok {
					seconds = number.String()
				}
				job[name] = seconds
			}
			for name, value := range job { // protocol buffers know no null
				if value == nil {
					job[name] = ""
				}
			}
			job["trained_tokens"], job["result_files"], job["error"] = 0, []any{}, nil
		},
		file: func(file object) { delete(file, "status") },
	}
}

// compatible is a server that has as little as can be: no events, no checkpoints, no models, objects of a few fields, lists without
// pages, refusals of one sentence, statuses of its own, and no metadata.
func compatible() dialect {
	keep := func(item object, names ...string) {
		for name := range item {
			if !slices.Contains(names, name) {
				delete(item, name)
			}
		}
	}
	return dialect{
		name: "compatible", kind: "compatible", path: "/some/api", metadata: provider.MetadataIgnored,
		passing:  []string{"accepted", "loading_model"},
		missing:  map[operation]int{opEvents: http.StatusMethodNotAllowed, opCheckpoints: http.StatusNotImplemented, opModel: http.StatusNotFound},
		envelope: func(no *refusal) any { return object{"error": no.message} },
		job: func(_ *service, job object) {
			keep(job, "id", "status", "training_file", "fine_tuned_model")
		},
		page: func(page object) { keep(page, "data") },
	}
}

// baseURL is what a user of the service writes into provider.base_url.
func (d dialect) baseURL(root string) string {
	u, _ := url.Parse(root + d.path)
	u.RawQuery = d.query
	return u.String()
}
