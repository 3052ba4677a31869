package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A written request, or answer, is one that the tests make up.
type written struct {
	method, path string
	kind         string // content type
	body         string
}

func (w written) header() http.Header {
	h := http.Header{}
	if w.kind != "" {
		h.Set("Content-Type", w.kind)
	}
	return h
}

func (w written) check(t *testing.T, d *Description) error {
	t.Helper()
	path, query, _ := strings.Cut(w.path, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return d.CheckRequest(w.method, path, values, w.header(), []byte(w.body))
}

func get(path string) written { return written{method: "GET", path: path} }

func job(fields string) written {
	return written{"POST", "/v1/fine_tuning/jobs", "application/json", fields}
}

func chat(fields string) written {
	return written{"POST", "/v1/chat/completions", "application/json; charset=utf-8", fields}
}

// form is an upload of the fields, given as name and value in turn. A value that begins with "@" is a file of that name.
func form(t *testing.T, fields ...string) written {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		var err error
		if name, ok := strings.CutPrefix(fields[i+1], "@"); ok {
			_, err = w.CreateFormFile(fields[i], name)
		} else {
			err = w.WriteField(fields[i], fields[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return written{"POST", "/v1/files", w.FormDataContentType(), b.String()}
}

func cutShort(w written) written {
	w.body = w.body[:len(w.body)-8]
	return w
}

func manyPairs(n int) string {
	pairs := make([]string, n)
	for i := range pairs {
		pairs[i] = fmt.Sprintf(`"k%d":"v"`, i)
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func TestRightRequestsPass(t *testing.T) {
	d := Load(t)
	for name, w := range map[string]written{
		"a page of files":        get("/v1/files?purpose=fine-tune&limit=10000&order=asc&after=file-1"),
		"a page of jobs":         get("/v1/fine_tuning/jobs?limit=100&metadata[ftrun_key]=k&metadata[a%20b]=x%3Dy&after=ftjob-1"),
		"jobs, escaped brackets": get("/v1/fine_tuning/jobs?metadata%5Bftrun_key%5D=k"),
		"events":                 get("/v1/fine_tuning/jobs/ftjob-1/events?limit=100&after=ftevent-1"),
		"checkpoints":            get("/v1/fine_tuning/jobs/ftjob-1/checkpoints?limit=5"),
		"a model with a slash":   get("/v1/models/org%2Fmodel"),
		"a file's content":       get("/v1/files/file-1/content"),
		"delete a file":          {method: "DELETE", path: "/v1/files/file-1"},
		"cancel":                 {method: "POST", path: "/v1/fine_tuning/jobs/ftjob-1/cancel"},
		"the least job":          job(`{"model":"m","training_file":"file-1"}`),
		"nulls":                  job(`{"model":"m","training_file":"file-1","validation_file":null,"suffix":null,"seed":null,"metadata":null}`),
		"a whole job": job(`{"model":"m","training_file":"f","validation_file":"v","suffix":"s","seed":0,"metadata":` + manyPairs(16) + `,
			"method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":50,"batch_size":"auto","learning_rate_multiplier":0.1}}}}`),
		"the deprecated form": job(`{"model":"m","training_file":"f","hyperparameters":{"n_epochs":"auto","batch_size":256}}`),
		"preferences":         job(`{"model":"m","training_file":"f","method":{"type":"dpo","dpo":{"hyperparameters":{"beta":0.1}}}}`),
		"an integration":      job(`{"model":"m","training_file":"f","integrations":[{"type":"wandb","wandb":{"project":"p","name":null,"tags":["a"]}}]}`),
		"a question":          chat(`{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}],"temperature":0,"max_completion_tokens":50}`),
		"a whole conversation": chat(`{"model":"m","messages":[{"role":"developer","content":"x"},{"role":"user","content":[{"type":"text","text":"hi"}],"name":"n"},
			{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"1","tool_call_id":"c"}],
			"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"anything":1}}},"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
			"seed":1,"stop":["a"],"metadata":{"k":"v"},"top_p":1,"n":1}`),
		"an upload":                form(t, "purpose", "fine-tune", "file", "@train.jsonl"),
		"an upload that will pass": form(t, "file", "@a.jsonl", "purpose", "batch", "expires_after[anchor]", "created_at", "expires_after[seconds]", "3600"),
	} {
		if err := w.check(t, d); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrongRequestsAreRefused(t *testing.T) {
	d := Load(t)
	const least = `"model":"m","training_file":"f"`
	const hi = `"messages":[{"role":"user","content":"hi"}]`
	for name, test := range map[string]struct {
		written
		want string // in the error
	}{
		"unknown path":                {get("/v1/file"), "unknown path"},
		"a trailing slash":            {get("/v1/files/"), "unknown path"},
		"no version":                  {get("/files"), "not under /v1"},
		"a model's slash, unescaped":  {get("/v1/models/org/model"), "unknown path"},
		"unknown method":              {written{method: "PUT", path: "/v1/files"}, "unknown method"},
		"unknown query parameter":     {get("/v1/files?page=2"), `unknown query parameter "page"`},
		"query where there is none":   {get("/v1/models?limit=10"), `unknown query parameter "limit"`},
		"limit is no number":          {get("/v1/fine_tuning/jobs?limit=ten"), "want integer"},
		"limit is a fraction":         {get("/v1/fine_tuning/jobs?limit=1.5"), "want integer"},
		"limit past the documented":   {get("/v1/files?limit=10001"), "maximum"},
		"order of no kind":            {get("/v1/files?order=up"), "'asc', 'desc'"},
		"a parameter twice":           {get("/v1/files?limit=1&limit=2"), "stands 2 times"},
		"a metadata key twice":        {get("/v1/fine_tuning/jobs?metadata[a]=1&metadata[a]=2"), "stands 2 times"},
		"metadata without a key":      {get("/v1/fine_tuning/jobs?metadata=a"), `unknown query parameter "metadata"`},
		"metadata where it is not":    {get("/v1/files?metadata[a]=b"), "unknown query parameter"},
		"body where there is none":    {written{"POST", "/v1/fine_tuning/jobs/j/cancel", "application/json", "{}"}, "not described"},
		"no body":                     {job(""), "body is missing"},
		"no content type":             {written{"POST", "/v1/fine_tuning/jobs", "", "{" + least + "}"}, `content type ""`},
		"wrong content type":          {written{"POST", "/v1/fine_tuning/jobs", "text/plain", "{" + least + "}"}, "text/plain"},
		"no JSON":                     {job(`{`), "no JSON"},
		"a field twice":               {job(`{"model":"m",` + least + `}`), "stands twice"},
		"missing model":               {job(`{"training_file":"f"}`), "missing property 'model'"},
		"missing training file":       {job(`{"model":"m"}`), "missing property 'training_file'"},
		"a model of the wrong type":   {job(`{"model":1,"training_file":"f"}`), "/model"},
		"seed below zero":             {job(`{` + least + `,"seed":-1}`), "/seed"},
		"seed past 31 bits":           {job(`{` + least + `,"seed":2147483648}`), "/seed"},
		"seed is a fraction":          {job(`{` + least + `,"seed":1.5}`), "/seed"},
		"empty suffix":                {job(`{` + least + `,"suffix":""}`), "/suffix"},
		"long suffix":                 {job(`{` + least + `,"suffix":"` + strings.Repeat("x", 65) + `"}`), "/suffix"},
		"unknown field":               {job(`{` + least + `,"n_epochs":3}`), "'/n_epochs': not described"},
		"both forms":                  {job(`{` + least + `,"method":{"type":"supervised"},"hyperparameters":{}}`), "not"},
		"no epochs":                   {job(`{` + least + `,"hyperparameters":{"n_epochs":0}}`), "n_epochs"},
		"no epochs, in the method":    {job(`{` + least + `,"method":{"type":"supervised","supervised":{"hyperparameters":{"n_epochs":0}}}}`), "n_epochs"},
		"no learning":                 {job(`{` + least + `,"hyperparameters":{"learning_rate_multiplier":0}}`), "learning_rate_multiplier"},
		"a batch of no size":          {job(`{` + least + `,"hyperparameters":{"batch_size":"none"}}`), "batch_size"},
		"unknown hyperparameter":      {job(`{` + least + `,"hyperparameters":{"epochs":1}}`), "epochs"},
		"unknown hyperparameter, new": {job(`{` + least + `,"method":{"type":"supervised","supervised":{"hyperparameters":{"beta":1}}}}`), "beta"},
		"hyperparameters too high up": {job(`{` + least + `,"method":{"type":"supervised","hyperparameters":{"n_epochs":1}}}`), "hyperparameters"},
		"a method without a type":     {job(`{` + least + `,"method":{}}`), "type"},
		"a method of no kind":         {job(`{` + least + `,"method":{"type":"magic"}}`), "/method/type"},
		"metadata of 17 pairs":        {job(`{` + least + `,"metadata":` + manyPairs(17) + `}`), "metadata"},
		"metadata with a long key":    {job(`{` + least + `,"metadata":{"` + strings.Repeat("k", 65) + `":"v"}}`), "propertyName"},
		"metadata with a long value":  {job(`{` + least + `,"metadata":{"k":"` + strings.Repeat("v", 513) + `"}}`), "metadata"},
		"metadata with a number":      {job(`{` + least + `,"metadata":{"k":1}}`), "metadata"},
		"an integration without one":  {job(`{` + least + `,"integrations":[{"type":"wandb"}]}`), "wandb"},
		"an unknown field of one":     {job(`{` + least + `,"integrations":[{"type":"wandb","wandb":{"project":"p","url":"x"}}]}`), "url"},
		"no messages":                 {chat(`{"model":"m","messages":[]}`), "/messages"},
		"a message of no role":        {chat(`{"model":"m","messages":[{"role":"teacher","content":"hi"}]}`), "/messages/0"},
		"a message without content":   {chat(`{"model":"m","messages":[{"role":"user"}]}`), "/messages/0"},
		"a message with more":         {chat(`{"model":"m","messages":[{"role":"user","content":"hi","weight":1}]}`), "weight"},
		"a part with more":            {chat(`{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi","x":1}]}]}`), "/messages/0"},
		"an image that is no address": {chat(`{"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"::"}}]}]}`), "uri"},
		"heat":                        {chat(`{"model":"m",` + hi + `,"temperature":2.1}`), "/temperature"},
		"a sampling of no name":       {chat(`{"model":"m",` + hi + `,"top_k":3}`), "top_k"},
		"a question without a model":  {chat(`{` + hi + `}`), "model"},
		"a form for a job":            {written{"POST", "/v1/fine_tuning/jobs", form(t).kind, form(t).body}, "multipart/form-data"},
		"JSON for an upload":          {written{"POST", "/v1/files", "application/json", "{}"}, "application/json"},
		"wrong purpose":               {form(t, "purpose", "fine_tune", "file", "@a.jsonl"), "/purpose"},
		"no purpose":                  {form(t, "file", "@a.jsonl"), "'purpose'"},
		"no file":                     {form(t, "purpose", "fine-tune"), "'file'"},
		"a file without a name":       {form(t, "purpose", "fine-tune", "file", "content"), "file name"},
		"a purpose with a name":       {form(t, "purpose", "@purpose", "file", "@a.jsonl"), "file name"},
		"purpose twice":               {form(t, "purpose", "fine-tune", "purpose", "batch", "file", "@a.jsonl"), "stands twice"},
		"an unknown form field":       {form(t, "purpose", "fine-tune", "file", "@a.jsonl", "name", "x"), "name"},
		"expiry too soon":             {form(t, "purpose", "batch", "file", "@a", "expires_after[anchor]", "created_at", "expires_after[seconds]", "60"), "seconds"},
		"expiry in words":             {form(t, "purpose", "batch", "file", "@a", "expires_after[anchor]", "created_at", "expires_after[seconds]", "1h"), "seconds"},
		"expiry from nowhere":         {form(t, "purpose", "batch", "file", "@a", "expires_after[anchor]", "now", "expires_after[seconds]", "3600"), "anchor"},
		"expiry with more":            {form(t, "purpose", "batch", "file", "@a", "expires_after[anchor]", "created_at", "expires_after[seconds]", "3600", "expires_after[x]", "y"), "/expires_after/x': not described"},
		"a form without parts":        {written{"POST", "/v1/files", form(t).kind, "--"}, "missing"},
		"a form cut short":            {cutShort(form(t, "purpose", "fine-tune", "file", "@a.jsonl")), "form"},
	} {
		if err := test.check(t, d); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	d := Load(t)
	const (
		file    = `{"id":"file-1","object":"file","bytes":1,"created_at":1,"filename":"a.jsonl","purpose":"fine-tune","status":"processed"}`
		refusal = `{"error":{"code":null,"message":"no","param":null,"type":"invalid_request_error"}}`
		chunk   = `data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}`
	)
	for name, test := range map[string]struct {
		method, path string
		status       int
		kind, body   string
		want         string // in the error; empty: none
	}{
		"right":                    {"GET", "/v1/files/file-1", 200, typeJSON, file, ""},
		"bytes":                    {"GET", "/v1/files/file-1/content", 200, "application/octet-stream", "\x00", ""},
		"a refusal":                {"GET", "/v1/files/file-1", 404, typeJSON, refusal, ""},
		"a refusal off the map":    {"GET", "/", 404, typeJSON, refusal, ""},
		"a stream":                 {"POST", "/v1/chat/completions", 200, typeStream, chunk + "\n\ndata: [DONE]\n\n", ""},
		"an unannounced date":      {"GET", "/v1/models/m", 200, typeJSON, `{"id":"m","object":"model","created":1,"owned_by":"o","shutdown_date":null}`, ""},
		"a date that is none":      {"GET", "/v1/models/m", 200, typeJSON, `{"id":"m","object":"model","created":1,"owned_by":"o","shutdown_date":"soon"}`, "date"},
		"a stream gone wrong":      {"POST", "/v1/chat/completions", 200, typeStream, `data: {"id":"c"}`, "missing"},
		"another status":           {"GET", "/v1/files/file-1", 201, typeJSON, file, "status is not described"},
		"a redirect":               {"GET", "/v1/files/file-1", 302, typeJSON, refusal, "status is not described"},
		"text":                     {"GET", "/v1/files/file-1", 200, "text/html", file, "text/html"},
		"no JSON":                  {"GET", "/v1/files/file-1", 200, typeJSON, "<html>", "no JSON"},
		"a part of it":             {"GET", "/v1/files/file-1", 200, typeJSON, `{"id":"file-1"}`, "missing"},
		"more than it":             {"GET", "/v1/files/file-1", 200, typeJSON, strings.Replace(file, "{", `{"x":1,`, 1), "'/x': not described"},
		"the answer of another":    {"GET", "/v1/fine_tuning/jobs/j", 200, typeJSON, file, "missing"},
		"a success for a refusal":  {"GET", "/v1/files/file-1", 404, typeJSON, file, "missing"},
		"a refusal that is a page": {"GET", "/v1/files/file-1", 502, "text/html", "<html>", "text/html"},
		"a refusal without a code": {"GET", "/v1/files/file-1", 404, typeJSON, `{"error":{"message":"no","param":null,"type":"t"}}`, "'code'"},
	} {
		header := http.Header{"Content-Type": {test.kind}}
		err := d.CheckAnswer(test.method, test.path, test.status, header, []byte(test.body))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

// TestEverySchemaCompiles reads the whole of what ftrun and the embedded engine speak: an unknown keyword or a reference to nowhere
// would else show only where somebody sends it.
func TestEverySchemaCompiles(t *testing.T) {
	d := Load(t)
	n := 0
	for _, path := range slices.Sorted(maps.Keys(d.paths)) {
		if !slices.ContainsFunc([]string{"/files", "/fine_tuning/jobs", "/models", "/chat/completions"}, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
			continue
		}
		for method := range children(d.paths[path], 4) {
			op, err := d.operation(strings.ToUpper(method), basePath+path)
			if err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			n++
			compile := func(what string, schema map[string]any) {
				if _, err := d.inline(op.name+" "+what, schema); err != nil {
					t.Errorf("%s: %s: %v", op.name, what, err)
				}
			}
			for _, p := range op.Parameters {
				compile(p.Name, p.Schema)
			}
			if op.RequestBody != nil {
				for _, content := range op.RequestBody.Content {
					compile("body", content.Schema)
				}
			}
			for status, r := range op.Responses {
				for kind, content := range r.Content {
					compile(status+" "+kind, content.Schema)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("%d operations, want at least 20", n)
	}
}

func TestProseIsOfTheDocument(t *testing.T) {
	d := Load(t)
	for name := range prose {
		if method, rest, ok := strings.Cut(name, " "); ok {
			path, wanted, _ := strings.Cut(rest, " ")
			op, err := d.operation(method, basePath+path)
			if err != nil || !slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == wanted }) {
				t.Errorf("%s is no parameter of the document: %v", name, err)
			}
		} else if d.schemas[name] == "" {
			t.Errorf("%s is no schema of the document", name)
		}
	}
}

func TestTranslate(t *testing.T) {
	for name, schema := range map[string]map[string]any{
		"a keyword that is not known":   {"type": "object", "minProperty": 1},
		"one deep inside":               {"properties": map[string]any{"a": map[string]any{"anyOf": []any{map[string]any{"if": true}}}}},
		"a reference to somewhere else": {"$ref": "other.yaml#/A"},
		"a list that is none":           {"anyOf": "x"},
		"a schema that is none":         {"items": "x"},
	} {
		if out, err := translate(schema, true); err == nil {
			t.Errorf("%s: %v, want an error", name, out)
		}
	}
}

func TestChildren(t *testing.T) {
	const text = "a:\n  x: 1\n  # y:\n  - z: 2\n\n  y:\n    - k: >\n        x: no\n  /p/{q}:\n    r: 1\nb: [1]\n"
	top := children(text, 0)
	if got := slices.Sorted(maps.Keys(top)); !slices.Equal(got, []string{"a", "b"}) || top["b"] != "b: [1]\n" {
		t.Errorf("top %q", top)
	}
	inner := children(top["a"], 2)
	if got := slices.Sorted(maps.Keys(inner)); !slices.Equal(got, []string{"/p/{q}", "x", "y"}) || inner["y"] != "  y:\n    - k: >\n        x: no\n" {
		t.Errorf("inner %q", inner)
	}
}

func TestAbsentDescription(t *testing.T) {
	t.Setenv("FTRUN_TESTDATA", filepath.Join(t.TempDir(), "nowhere"))
	if _, err := open(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "FTRUN_TESTDATA") {
		t.Errorf("error %v, want one that says what is absent and how to name it", err)
	}
	if _, err := parse("openapi: 3.1.0\npaths:\n"); err == nil {
		t.Error("an empty document is a description")
	}
}

// BenchmarkFirstUse is what a process pays: reading the document, and all that one job and one question need of it.
func BenchmarkFirstUse(b *testing.B) {
	Load(b)
	for b.Loop() {
		d, err := open()
		if err != nil {
			b.Fatal(err)
		}
		for _, w := range []written{
			get("/v1/files?limit=1"), get("/v1/fine_tuning/jobs?limit=1"), get("/v1/models/m"),
			job(`{"model":"m","training_file":"f"}`), chat(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`),
		} {
			path, query, _ := strings.Cut(w.path, "?")
			values, _ := url.ParseQuery(query)
			if err := d.CheckRequest(w.method, path, values, w.header(), []byte(w.body)); err != nil {
				b.Fatal(err)
			}
			_ = d.CheckAnswer(w.method, path, 200, http.Header{"Content-Type": {typeJSON}}, []byte("{}"))
		}
	}
}
