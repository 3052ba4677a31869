package openai_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

func TestUploadStreams(t *testing.T) {
	const size = 32 << 20
	var opened atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if opened.Load() == 1 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if r.ContentLength <= size {
			t.Errorf("content length %d, want it known and above %d", r.ContentLength, size)
		}
		n, name := readUpload(t, r)
		if n != size || name != "train.jsonl" {
			t.Errorf("%d bytes of %q, want %d of train.jsonl", n, name, size)
		}
		fmt.Fprintf(w, `{"id":"file-1","filename":"train.jsonl","bytes":%d,"purpose":"fine-tune"}`, n)
	}))
	defer server.Close()
	c := openai.New(openai.Config{Endpoint: endpoint(server.URL)})
	file, err := c.Upload(t.Context(), provider.Upload{Name: "train.jsonl", Size: size, Open: func() (io.ReadCloser, error) {
		opened.Add(1)
		return io.NopCloser(io.LimitReader(zeros{}, size)), nil
	}})
	if err != nil || file.ID != "file-1" || opened.Load() != 2 {
		t.Errorf("file %+v, %v after %d readings, want the second to be taken", file, err, opened.Load())
	}
}

// TestUploadCut: an upload that a server ends halfway is told as the server told it, and sent again only where that is certain.
func TestUploadCut(t *testing.T) {
	for name, test := range map[string]struct {
		handler  http.HandlerFunc
		kind     provider.Kind
		definite bool
	}{
		"refused before the end": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "close")
			coded(http.StatusRequestEntityTooLarge, "", "too large")(w, &http.Request{Body: http.NoBody})
		}, provider.KindInvalid, true},
		"cut in the middle": {func(w http.ResponseWriter, r *http.Request) {
			io.CopyN(io.Discard, r.Body, 1<<20)
			cutAfter(t, "")(w, &http.Request{Body: http.NoBody})
		}, provider.KindBroken, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, end := pipeClient(t, test.handler, time.Minute)
				defer end()
				_, err := c.Upload(t.Context(), provider.Upload{Name: "x", Size: 8 << 20, Open: func() (io.ReadCloser, error) {
					return io.NopCloser(io.LimitReader(zeros{}, 8<<20)), nil
				}})
				if failure := failureOf(t, err); failure.Kind != test.kind || failure.Definite() != test.definite || c.Requests() != 1 {
					t.Errorf("%v of kind %d after %d requests", err, failure.Kind, c.Requests())
				}
			})
		})
	}
}

// readUpload returns the size and the name of the file in a multipart body.
func readUpload(t *testing.T, r *http.Request) (size int64, name string) {
	t.Helper()
	parts, err := r.MultipartReader()
	if err != nil {
		t.Fatal(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return size, name
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, part)
		if err != nil {
			t.Fatal(err)
		}
		if part.FormName() == "file" {
			size, name = n, part.FileName()
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
