package openai_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// A fakeJob is what a service has of a job's training. A path that is not there is answered with missing.
type fakeJob struct {
	answers map[string]string // by path below the API's root
	missing int               // status; 0: 404
}

func (f fakeJob) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := f.answers[strings.TrimPrefix(r.URL.Path, "/v1")]
	if !ok {
		w.WriteHeader(cmp.Or(f.missing, http.StatusNotFound))
		body = `{"error":{"message":"no such thing"}}`
	}
	io.WriteString(w, body)
}

func (f fakeJob) client() *openai.Client {
	return openai.New(openai.Config{Endpoint: endpoint("http://service.test"), Transport: handlerTransport{f}})
}

const (
	eventsPath      = "/fine_tuning/jobs/j/events"
	checkpointsPath = "/fine_tuning/jobs/j/checkpoints"
)

// row is a point without its pointers; a value below 0 was not measured.
type row struct {
	step                                               int
	trainLoss, trainAccuracy, validLoss, validAccuracy float64
}

func rows(points []provider.CurvePoint) []row {
	value := func(p *float64) float64 {
		if p == nil {
			return -1
		}
		return *p
	}
	var list []row
	for _, p := range points {
		list = append(list, row{p.Step, value(p.TrainLoss), value(p.TrainAccuracy), value(p.ValidLoss), value(p.ValidAccuracy)})
	}
	return list
}

// wrapped is base64 as mail has it, and as a careless server sends it.
func wrapped(text string) string {
	code := base64.StdEncoding.EncodeToString([]byte(text))
	var b strings.Builder
	for len(code) > 76 {
		b.WriteString(code[:76] + "\r\n")
		code = code[76:]
	}
	return "\uFEFF" + b.String() + code + "\r\n"
}

func TestCurveFromResultFile(t *testing.T) {
	const (
		today = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n1,2.5,0.25,,\n2,1.5,0.5,1.75,0.625\n"
		azure = "step,train_loss,train_mean_token_accuracy,valid_loss,validation_mean_token_accuracy,full_valid_loss,full_valid_mean_token_accuracy\n" +
			"1,2.5,0.25,3,0.1,,\n2,1.5,0.5,2.9,0.1,1.75,0.625\n"
	)
	both := []row{{1, 2.5, .25, -1, -1}, {2, 1.5, .5, 1.75, .625}}
	for name, test := range map[string]struct {
		file string
		want []row
	}{
		"base64, as OpenAI sends it":         {base64.StdEncoding.EncodeToString([]byte(today)), both},
		"base64 without padding":             {base64.RawStdEncoding.EncodeToString([]byte(today)), both},
		"base64 in lines after a BOM":        {wrapped(today), both},
		"base64 of a text with a BOM":        {wrapped("\uFEFF" + strings.ReplaceAll(today, "\n", "\r\n")), both},
		"plain, as Azure sends it":           {azure, []row{{1, 2.5, .25, 3, .1}, both[1]}},
		"plain with a BOM and CRLF":          {"\uFEFF" + strings.ReplaceAll(today, "\n", "\r\n"), both},
		"OpenAI's first names":               {"step,elapsed_tokens,training_loss,training_token_accuracy,validation_loss,validation_token_accuracy\n1,80,2.5,0.25,,\n2,90,1.5,.5,1.75,.625", both},
		"any order, case and blanks":         {" Train_Loss , X,STEP\n 2.5 ,, 1 \n", []row{{1, 2.5, -1, -1, -1}}},
		"quoted cells":                       {"\"step\",\"train_loss\"\n\"1\",\"2.5\"\n", []row{{1, 2.5, -1, -1, -1}}},
		"steps out of order":                 {"step,train_loss\n2,1.5\n1,2.5\n", []row{{1, 2.5, -1, -1, -1}, {2, 1.5, -1, -1, -1}}},
		"a step twice keeps the first":       {"step,train_loss\n1,2.5\n1,9\n", []row{{1, 2.5, -1, -1, -1}}},
		"the whole validation file counts":   {"step,full_valid_loss,valid_loss\n1,1.75,9\n2,,8\n", []row{{1, -1, -1, 1.75, -1}, {2, -1, -1, 8, -1}}},
		"the preferred name counts":          {"step,train_accuracy,train_mean_token_accuracy\n1,.9,.25\n", []row{{1, -1, .25, -1, -1}}},
		"words for a blank":                  {"step,train_loss,valid_loss\n1,2.5,None\n2,null,n/a\n", []row{{1, 2.5, -1, -1, -1}}},
		"not a number is not measured":       {"step,train_loss,valid_loss\n1,NaN,Inf\n2,-inf,1e999\n3,1,2\n", []row{{3, 1, -1, 2, -1}}},
		"an impossible accuracy":             {"step,train_loss,train_accuracy\n1,2.5,73\n", []row{{1, 2.5, -1, -1, -1}}},
		"a whole step written as a fraction": {"step,train_loss\n3.0,2.5\n", []row{{3, 2.5, -1, -1, -1}}},
		"short and long rows":                {"step,train_loss\n1\n2,1.5,7,7\n", []row{{2, 1.5, -1, -1, -1}}},
		"only names":                         {"step,train_loss\n", nil},
		"nothing known is measured":          {"step,train_reward_mean\n1,0.5\n", nil},
		"empty":                              {"", nil},
		"blank":                              {"\uFEFF\r\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			service := fakeJob{answers: map[string]string{"/files/f/content": test.file}}
			points, err := service.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := rows(points); !reflect.DeepEqual(got, test.want) {
				t.Errorf("curve %v, want %v", got, test.want)
			}
		})
	}
}

// TestCurveUnreadable is a result file that is there and can't be read: it is named, and the events still count.
func TestCurveUnreadable(t *testing.T) {
	long := strings.Repeat("1,2.5\n", 1+16<<20/6)
	for name, test := range map[string]struct {
		file string
		want string // in the error
		kept int    // points of the file that count all the same, beside the one of the events
	}{
		"a page":                 {"<html>step,train_loss", "neither a CSV table with a column named step nor base64 of one", 0},
		"JSON":                   {`{"step":1}`, "neither a CSV table", 0},
		"base64 of a page":       {base64.StdEncoding.EncodeToString([]byte("<html>")), "neither a CSV table", 0},
		"no steps":               {"train_loss\n1\n", "neither a CSV table", 0},
		"bytes":                  {"step\x00,\xff\xfe\n1,2\n", "neither a CSV table", 0},
		"a negative step":        {"step,train_loss\n-1,2\n1,2.5\n", "line 2: step is no whole number", 1},
		"half a step":            {"step,train_loss\n1.5,2\n", "line 2: step is no whole number", 0},
		"an endless training":    {"step,train_loss\n1e300,2\n", "line 2: step is no whole number", 0},
		"a word":                 {"step,train_loss,valid_loss\n1,2.5,secret\n", "line 2: valid_loss is no number", 1},
		"an open quote":          {"step,train_loss\n1,2.5\n2,\"3\n4,5\n", "line 3 has a quote that is not closed", 0},
		"a quote inside":         {"step,train_loss\n1,2.5\n2,3\"\"\n", `line 3: bare "`, 1},
		"a million columns":      {"step,train_loss\n1,2.5" + strings.Repeat(",", 1e6) + "\n", "line 2 is longer than", 0},
		"a million column names": {"step" + strings.Repeat(",x", 1e6) + "\n", "neither a CSV table", 0},
		"a hundred thousand one": {"step,train_loss\n" + numbered(100_001), "more than 100000 steps", 100_000},
		"more than 16 MiB":       {"step,train_loss\n" + long, "longer than 16777216 bytes", 0},
	} {
		t.Run(name, func(t *testing.T) {
			service := fakeJob{answers: map[string]string{
				"/files/f/content": test.file,
				eventsPath:         `{"data":[{"id":"e","type":"metrics","created_at":1,"data":{"step":100001000,"train_loss":0.5}}]}`,
			}}
			points, err := service.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "read result file f") {
				t.Errorf("error %v, want the file named and %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error repeats what the file says: %v", err)
			}
			if want := min(test.kept+1, 100_000); len(points) != want {
				t.Errorf("%d points, want %d", len(points), want)
			}
		})
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d,1\n", i)
	}
	return b.String()
}

// TestCurveMerges is a service that has everything: what comes first stays, field by field, but the whole validation file counts more
// than a part of it.
func TestCurveMerges(t *testing.T) {
	service := fakeJob{answers: map[string]string{
		"/files/f":         `{"id":"f","filename":"step_metrics.csv","bytes":40}`,
		"/files/f/content": "step,train_loss,valid_loss\n1,2.5,\n2,1.5,7\n",
		"/files/weights":   `{"id":"weights","filename":"adapter.safetensors"}`,
		eventsPath: `{"data":[
			{"id":"c","type":"metrics","created_at":3,"data":{"step":3,"total_steps":3,"train_loss":"0.5"}},
			{"id":"b","type":"metrics","created_at":2,"data":{"step":2,"train_loss":9,"train_mean_token_accuracy":0.5,"full_valid_loss":1.75}},
			{"id":"a","type":"message","created_at":1,"data":{},"message":"step 7"},
			{"id":"d","type":"metrics","created_at":1,"data":{"step":null,"train_loss":1}},
			{"id":"x","type":"metrics","created_at":1,"data":{"step":5,"train_loss":[1]}},
			{"id":"y","type":"metrics","created_at":1,"data":7}]}`,
		checkpointsPath: `{"data":[
			{"id":"k","step_number":3,"metrics":{"step":3,"train_loss":8,"valid_mean_token_accuracy":0.25,"full_valid_mean_token_accuracy":0.75}},
			{"id":"l","metrics":{"step":4,"train_loss":0.25}},
			{"id":"m","step_number":"5"},7]}`,
	}}
	points, err := service.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"weights", "f"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []row{{1, 2.5, -1, -1, -1}, {2, 1.5, .5, 1.75, -1}, {3, .5, -1, -1, .75}, {4, .25, -1, -1, -1}}
	if got := rows(points); !reflect.DeepEqual(got, want) {
		t.Errorf("curve %v, want %v", got, want)
	}
}

// TestCurveOfCheckpointFiles is a service that has nothing but files of checkpoints: the table among them is read, the weights are not.
func TestCurveOfCheckpointFiles(t *testing.T) {
	service := fakeJob{answers: map[string]string{
		"/files/w": `{"id":"w","filename":"adapter.safetensors"}`,
		"/files/c": `{"id":"c","filename":"Metrics.CSV"}`,
		"/files/b": `{"id":"b","bytes":5000000000}`,

		"/files/c/content": "step,train_loss\n1,2.5\n",
		"/files/w/content": "weights are not to be read",
		"/files/b/content": "nor is this",
		checkpointsPath:    `{"data":[{"id":"k","step_number":3,"metrics":{},"result_files":["w","b","c","gone"]}]}`,
	}}
	points, err := service.client().Curve(t.Context(), provider.Job{ID: "j"})
	if got, want := rows(points), []row{{1, 2.5, -1, -1, -1}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("curve %v, %v, want %v", got, err, want)
	}
}

// TestNoCurve is a service without any of the sources: there is nothing, and nothing is wrong.
func TestNoCurve(t *testing.T) {
	for _, status := range []int{404, 405, 410, 501} {
		points, err := fakeJob{missing: status}.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
		if err != nil || len(points) != 0 {
			t.Errorf("with %d: %v, %v, want no points and no error", status, points, err)
		}
	}
}

// TestCurveNamesEveryFailure is a service whose sources all fail.
func TestCurveNamesEveryFailure(t *testing.T) {
	points, err := fakeJob{missing: 403}.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
	var failure *provider.Error
	if !errors.As(err, &failure) || failure.Kind != provider.KindForbidden || len(points) != 0 {
		t.Fatalf("got %v, %v, want a refusal", points, err)
	}
	for _, op := range []string{"read result file f", "list events of job j", "list checkpoints of job j"} {
		if !strings.Contains(err.Error(), op) {
			t.Errorf("error %q does not name %q", err, op)
		}
	}
}

func TestCurveOfACancelledContext(t *testing.T) {
	why := errors.New("the caller's reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := (fakeJob{}).client().Curve(ctx, provider.Job{ID: "j", ResultFiles: []string{"f"}}); !errors.Is(err, why) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

// TestCurveIsAskedForAgain is a service that recovers: a passing failure costs no curve.
func TestCurveIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		well := fakeJob{answers: map[string]string{"/files/f/content": "step,train_loss\n1,2.5\n"}}
		c := bubbleClient(func(w http.ResponseWriter, r *http.Request) {
			if n++; n%2 == 1 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			well.ServeHTTP(w, r)
		}, nil)
		points, err := c.Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
		if err != nil || len(points) != 1 {
			t.Errorf("got %v, %v, want one point", points, err)
		}
	})
}

// TestCurveIsRedacted is a service that answers with the key it was sent.
func TestCurveIsRedacted(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	c := openai.New(openai.Config{Endpoint: endpoint(server.URL)})
	_, err := c.Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
	if err == nil || strings.Contains(err.Error(), testKey) {
		t.Errorf("error %v, want one without the key", err)
	}
}

// FuzzResultFile holds the reading of a result file to this: whatever the bytes, a curve's steps rise, its values are finite and its
// accuracies lie between 0 and 1; an error names the file; and base64 of the bytes reads as the bytes do, unless these are base64 themselves.
func FuzzResultFile(f *testing.F) {
	for _, seed := range []string{
		"step,train_loss\n1,2.5\n", "\uFEFFstep,valid_loss\r\n2,NaN\r\n", "c3RlcCx0cmFpbl9sb3NzCjEsMi41Cg==", "step,\"train_loss\n",
		"step,step,train_accuracy\n0,1,0x1p-2\n-1,2,3\n", "step\n1e9\n1e10\n", ",,,step,,,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		points, err := readFile(t, file)
		last := -1
		for _, p := range points {
			if p.Step <= last {
				t.Fatalf("step %d after step %d", p.Step, last)
			}
			last = p.Step
			for _, v := range []*float64{p.TrainLoss, p.ValidLoss} {
				if v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
					t.Fatalf("loss %v", *v)
				}
			}
			for _, v := range []*float64{p.TrainAccuracy, p.ValidAccuracy} {
				if v != nil && !(*v >= 0 && *v <= 1) {
					t.Fatalf("accuracy %v", *v)
				}
			}
		}
		if err != nil && !strings.Contains(err.Error(), "read result file f") {
			t.Fatalf("error %q does not name the file", err)
		}
		if _, bad := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(bytes.Join(bytes.Fields(file), nil), "="))); bad == nil {
			return
		}
		again, againErr := readFile(t, []byte(wrapped(string(file))))
		if !reflect.DeepEqual(rows(again), rows(points)) || (againErr == nil) != (err == nil) {
			t.Fatalf("base64 reads as %v, %v and the bytes as %v, %v", rows(again), againErr, rows(points), err)
		}
	})
}

func readFile(t *testing.T, file []byte) ([]provider.CurvePoint, error) {
	service := fakeJob{answers: map[string]string{"/files/f/content": string(file)}}
	return service.client().Curve(t.Context(), provider.Job{ID: "j", ResultFiles: []string{"f"}})
}
