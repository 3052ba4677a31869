package openai_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A picky service refuses questions that have a field, in its own words, and answers all others.
type picky struct {
	field  string
	status int
	says   string

	mu     sync.Mutex
	bodies []map[string]any
}

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	json.NewDecoder(r.Body).Decode(&body)
	p.mu.Lock()
	p.bodies = append(p.bodies, body)
	p.mu.Unlock()
	if _, has := body[p.field]; has {
		w.WriteHeader(p.status)
		io.WriteString(w, p.says)
		return
	}
	io.WriteString(w, answer)
}

func says(message, param, code string) string {
	return fmt.Sprintf(`{"error":{"message":%q,"type":"invalid_request_error","param":%s,"code":%s}}`, message, param, code)
}

// limited asks for a temperature and a limit.
func limited(t *testing.T, c *openai.Client, model string) (provider.Completion, error) {
	temperature := 0.2
	return c.Complete(t.Context(), provider.CompletionRequest{
		Model: model, Temperature: &temperature, MaxCompletionTokens: 9, Messages: []provider.Message{{Role: "user", Content: "hi"}},
	})
}

// TestTemperatureIsRefused: however a service says that a model takes no temperature, the model is asked without one, and from then on
// never with one again.
func TestTemperatureIsRefused(t *testing.T) {
	for name, service := range map[string]*picky{
		"unsupported value":     {status: 400, says: says("Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.", `"temperature"`, `"unsupported_value"`)},
		"unsupported parameter": {status: 400, says: says("Unsupported parameter: 'temperature' is not supported with this model.", `"temperature"`, `"unsupported_parameter"`)},
		"without a code":        {status: 400, says: says("Unsupported parameter: 'temperature' is not supported with this model.", `"temperature"`, "null")},
		"param alone":           {status: 400, says: says("", `"temperature"`, "null")},
		"words alone":           {status: 400, says: says("Unsupported value: 'temperature' does not support 0.2 with this model.", "null", "null")},
		"litellm":               {status: 400, says: says("litellm.UnsupportedParamsError: O-series models don't support temperature=0.2. Only temperature=1 is supported. To drop unsupported openai params from the call, set `litellm.drop_params = True`", "null", `"400"`)},
		"litellm, parameters":   {status: 400, says: says("litellm.UnsupportedParamsError: azure does not support parameters: ['temperature'], for model=o3", "null", `"400"`)},
		"refusal in a refusal":  {status: 400, says: `{"detail":"Error occurred: Error code: 400 - {'error': {'message': \"Unsupported parameter: 'temperature' is not supported with this model.\", 'param': 'temperature'}}"}`},
		"anthropic":             {status: 400, says: `{"type":"error","error":{"type":"invalid_request_error","message":"` + "`temperature`" + ` is deprecated for this model."}}`},
		"anthropic, thinking":   {status: 400, says: `{"type":"error","error":{"type":"invalid_request_error","message":"` + "`temperature`" + ` may only be set to 1 when thinking is enabled or in adaptive mode."}}`},
		"bedrock in litellm":    {status: 400, says: says(`litellm.BadRequestError: BedrockException - {\"message\":\"The model returned the following errors: {\\\"type\\\":\\\"error\\\",\\\"error\\\":{\\\"message\\\":\\\"`+"`temperature`"+` is deprecated for this model.\\\"}}\"}`, "null", "null")},
		"moonshot":              {status: 400, says: says("invalid temperature: only 1 is allowed for this model", "null", "null")},
		"pydantic":              {status: 422, says: `{"detail":[{"type":"extra_forbidden","loc":["body","temperature"],"msg":"Extra inputs are not permitted","input":0.2}]}`},
		"thinking models":       {status: 400, says: says("temperature should be 1 for thinking models", "null", "null")},
		"reasoning models":      {status: 400, says: says("The parameter temperature is invalid for reasoning models.", "null", "null")},
		"a text":                {status: 400, says: "Temperature is not supported by this model"},
	} {
		t.Run(name, func(t *testing.T) {
			service.field = "temperature"
			c := bubbleClient(service.ServeHTTP, nil)
			for i, attempts := range []int{2, 1, 1} {
				got, err := limited(t, c, "m")
				if err != nil || got.Text != "hello" || got.Attempts != attempts {
					t.Fatalf("question %d: %+v, %v, want an answer to attempt %d", i, got, err, attempts)
				}
			}
			for i, body := range service.bodies {
				if _, has := body["temperature"]; has != (i == 0) || body["max_completion_tokens"] != 9.0 {
					t.Errorf("request %d: %v", i, body)
				}
			}
			if _, err := limited(t, c, "another"); err != nil || len(service.bodies) != 6 {
				t.Errorf("another model: %v after %d requests, want it asked with a temperature first", err, len(service.bodies))
			}
		})
	}
}

// TestLimitIsRefused: a service that knows the limit by its older name only gets that.
func TestLimitIsRefused(t *testing.T) {
	for name, service := range map[string]*picky{
		"azure":      {status: 400, says: says("Unrecognized request argument supplied: max_completion_tokens", "null", "null")},
		"openai":     {status: 400, says: says("Unknown parameter: 'max_completion_tokens'.", `"max_completion_tokens"`, `"unknown_parameter"`)},
		"vllm":       {status: 400, says: `{"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs are not permitted', 'input': 9}]","type":"BadRequestError","param":null,"code":400}`},
		"pydantic":   {status: 422, says: `{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted","input":9}]}`},
		"groq":       {status: 400, says: says("property 'max_completion_tokens' is unsupported", "null", "null")},
		"protobuf":   {status: 400, says: `[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"max_completion_tokens\": Cannot find field.","status":"INVALID_ARGUMENT"}}]`},
		"jsonschema": {status: 400, says: says("Additional properties are not allowed ('max_completion_tokens' was unexpected)", "null", "null")},
		"go":         {status: 400, says: `{"error":"json: unknown field \"max_completion_tokens\""}`},
	} {
		t.Run(name, func(t *testing.T) {
			service.field = "max_completion_tokens"
			c := bubbleClient(service.ServeHTTP, nil)
			for range 2 {
				if got, err := limited(t, c, "m"); err != nil || got.Text != "hello" {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			if len(service.bodies) != 3 {
				t.Fatalf("%d requests, want one refused and two answered", len(service.bodies))
			}
			for _, body := range service.bodies[1:] {
				if _, has := body["max_completion_tokens"]; has || body["max_tokens"] != 9.0 || body["temperature"] != 0.2 {
					t.Errorf("request %v", body)
				}
			}
		})
	}
}

// TestBothAreRefused: one after the other, each is found out.
func TestBothAreRefused(t *testing.T) {
	var bodies []map[string]any
	c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		json.NewDecoder(r.Body).Decode(&body)
		bodies = append(bodies, body)
		for _, field := range []string{"max_completion_tokens", "temperature"} {
			if _, has := body[field]; has {
				answerWith(400, says("Unsupported parameter", `"`+field+`"`, `"unsupported_parameter"`))(w, r)
				return
			}
		}
		io.WriteString(w, answer)
	}, nil)
	for i, attempts := range []int{3, 1} {
		if got, err := limited(t, c, "m"); err != nil || got.Attempts != attempts {
			t.Errorf("question %d: %+v, %v", i, got, err)
		}
	}
	if last := bodies[len(bodies)-1]; len(bodies) != 4 || last["max_tokens"] != 9.0 {
		t.Errorf("%d requests, the last %v", len(bodies), last)
	}
}

// TestOtherRefusalsStay: a refusal about something else is the error that it was, after one request.
func TestOtherRefusalsStay(t *testing.T) {
	for name, service := range map[string]*picky{
		"another param":       {status: 400, says: says("Unsupported value: 'top_p'", `"top_p"`, `"unsupported_value"`)},
		"the model":           {status: 400, says: says("this model is not supported", `"model"`, "null")},
		"too high":            {status: 400, says: says("Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", `"temperature"`, `"decimal_above_max_value"`)},
		"out of range":        {status: 422, says: `{"detail":[{"loc":["body","temperature"],"msg":"Input should be less than or equal to 1"}]}`},
		"invalid for range":   {status: 400, says: says("temperature 3 is invalid for this model: it must be between 0 and 2", "null", "null")},
		"should be 1 at most": {status: 400, says: says("temperature should be 1 at most", "null", "null")},
		"a longer name":       {status: 400, says: says("x_temperature is not supported", "null", "null")},
		"far from it":         {status: 400, says: says("The temperature was read. "+strings.Repeat("And so was this. ", 10)+"This model is not supported.", "null", "null")},
		"too long":            {status: 400, says: says("This model's maximum context length is 8192 tokens", `"messages"`, `"context_length_exceeded"`)},
		"a limit too high":    {status: 400, says: says("max_tokens is too large: 9", `"max_tokens"`, "null")},
		"not a 400":           {status: 404, says: says("Unsupported value: 'temperature' does not support 0.2 with this model.", `"temperature"`, `"unsupported_value"`)},
		"forbidden":           {status: 403, says: says("temperature is not allowed", `"temperature"`, "null")},
		"an old limit is new": {status: 400, says: says("Unsupported parameter: 'max_tokens' is not supported with this model.", `"max_tokens"`, `"unsupported_parameter"`)},
	} {
		t.Run(name, func(t *testing.T) {
			service.field = "model" // every question
			c := bubbleClient(service.ServeHTTP, nil)
			_, err := limited(t, c, "m")
			if failure := failureOf(t, err); failure.Status != service.status || len(service.bodies) != 1 {
				t.Errorf("%v after %d requests, want the refusal after one", err, len(service.bodies))
			}
		})
	}
}

// TestUselessMannerIsForgotten: where leaving the field out does not help, the error stays, and later questions have the field again.
func TestUselessMannerIsForgotten(t *testing.T) {
	service := &picky{field: "model", status: 400, says: says("", `"temperature"`, "null")}
	c := bubbleClient(service.ServeHTTP, nil)
	for range 2 {
		if failure := failureOf(t, func() error { _, err := limited(t, c, "m"); return err }()); failure.Param != "temperature" {
			t.Error(failure)
		}
	}
	var with []bool
	for _, body := range service.bodies {
		_, has := body["temperature"]
		with = append(with, has)
	}
	if fmt.Sprint(with) != "[true false true false]" {
		t.Errorf("temperature sent: %v", with)
	}
	c = bubbleClient(service.ServeHTTP, nil)
	service.bodies = nil
	if _, err := c.Complete(t.Context(), provider.CompletionRequest{Model: "m", Messages: []provider.Message{{Role: "user", Content: "hi"}}}); err == nil || len(service.bodies) != 1 {
		t.Errorf("%v after %d requests: there was no temperature to leave out", err, len(service.bodies))
	}
}

// TestMannersOfACrowd: many questions at once learn one manner, over real connections.
func TestMannersOfACrowd(t *testing.T) {
	service := &picky{field: "temperature", status: 400, says: says("", `"temperature"`, `"unsupported_value"`)}
	server := httptest.NewServer(service)
	defer server.Close()
	c := openai.New(openai.Config{Endpoint: endpoint(server.URL)})
	defer c.CloseIdleConnections()
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if _, err := limited(t, c, "m"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	asked := len(service.bodies)
	if got, err := limited(t, c, "m"); err != nil || got.Attempts != 1 || asked > 80 {
		t.Errorf("after %d requests: %+v, %v", asked, got, err)
	}
}
