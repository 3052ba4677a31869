package embedded

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestUpload(t *testing.T) {
	c := serve(t, Options{})
	const content = "{\"a\":1}\n{\"b\":2}\n"
	var f fileObject
	c.checked(c.form(`C:\data\rows.jsonl`, content, "purpose", "fine-tune")).into(&f)
	if f.Bytes != int64(len(content)) || f.Filename != "rows.jsonl" || f.Purpose != "fine-tune" || f.ExpiresAt != nil {
		t.Errorf("uploaded %+v", f)
	}
	if got := c.do("GET", "/v1/files/"+f.ID+"/content", nil); string(got.Body) != content {
		t.Errorf("content %q, want %q", got.Body, content)
	}
	var again fileObject
	c.do("GET", "/v1/files/"+f.ID, nil).into(&again)
	if again != f {
		t.Errorf("retrieved %+v, uploaded %+v", again, f)
	}
	var gone deletion
	c.do("DELETE", "/v1/files/"+f.ID, nil).into(&gone)
	if !gone.Deleted {
		t.Error("not deleted")
	}
	for _, path := range []string{"/v1/files/" + f.ID, "/v1/files/" + f.ID + "/content"} {
		c.do("GET", path, nil).wants(404, "", "No such File object")
	}
	c.do("DELETE", "/v1/files/"+f.ID, nil).wants(404, "", "No such File object")
}

func TestUploadRefusals(t *testing.T) {
	c := serve(t, Options{MaxFileBytes: 10})
	c.checked(c.form("a.jsonl", "{}")).wants(400, "missing_required_parameter", "'purpose'")
	c.checked(c.form("", "", "purpose", "fine-tune")).wants(400, "missing_required_parameter", "'file'")
	c.checked(c.form("a.jsonl", "{}", "purpose", "fun")).wants(400, "", "'fun' is not one of")
	c.checked(c.form("a.csv", "{}", "purpose", "fine-tune")).wants(400, "", "Must be .jsonl")
	c.checked(c.form("a.jsonl", "01234567890", "purpose", "fine-tune")).wants(413, "", "limit of 10 bytes")
	c.checked(c.form("a.jsonl", "{}", "purpose", "fine-tune", "expires_after[seconds]", "5")).wants(400, "", "expires_after")
	c.do("POST", "/v1/files", "{}").wants(400, "", "multipart")

	cut := c.form("a.jsonl", "{}", "purpose", "fine-tune")
	body, err := io.ReadAll(cut.Body)
	if err != nil {
		t.Fatal(err)
	}
	cut.Body, cut.ContentLength = io.NopCloser(strings.NewReader(string(body[:len(body)-60]))), int64(len(body)-60)
	c.checked(cut).wants(400, "", "broken")

	var p filePage
	c.do("GET", "/v1/files", nil).into(&p)
	if len(p.Data) != 0 {
		t.Errorf("refused uploads left %d files", len(p.Data))
	}
	if names, err := c.server.store.list(filesIn); err != nil || len(names) != 0 {
		t.Errorf("refused uploads left %q, %v", names, err)
	}
}

func TestListFiles(t *testing.T) {
	c := serve(t, Options{})
	for i := range 5 {
		purpose := "fine-tune"
		if i == 2 {
			purpose = "batch"
		}
		var f fileObject
		c.checked(c.form(fmt.Sprintf("%d.jsonl", i), "{}", "purpose", purpose)).into(&f)
	}
	list := func(query string) (names string, p filePage) {
		t.Helper()
		c.do("GET", "/v1/files?"+query, nil).into(&p)
		for _, f := range p.Data {
			names += strings.TrimSuffix(f.Filename, ".jsonl")
		}
		return names, p
	}
	for query, want := range map[string]string{
		"":                             "43210",
		"order=asc":                    "01234",
		"purpose=fine-tune":            "4310",
		"purpose=fine-tune&order=asc":  "0134",
		"limit=2":                      "43",
		"limit=5":                      "43210",
		"purpose=vision":               "",
		"purpose=batch&limit=1&after=": "2",
	} {
		names, p := list(query)
		if more := query == "limit=2"; names != want || p.HasMore != more {
			t.Errorf("?%s lists %q, more %v; want %q, %v", query, names, p.HasMore, want, more)
		}
	}
	all, after := "", ""
	for {
		names, p := list("limit=2&after=" + after)
		all, after = all+names+" ", p.LastID
		if !p.HasMore {
			break
		}
	}
	if all != "43 21 0 " {
		t.Errorf("pages %q", all)
	}
	c.do("GET", "/v1/files?limit=0", nil).wants(400, "", "'limit'")
	c.do("GET", "/v1/files?limit=many", nil).wants(400, "", "'limit'")
	c.do("GET", "/v1/files?order=up", nil).wants(400, "", "'order'")
	c.do("GET", "/v1/files?after=file-0", nil).wants(400, "", "'after'")
}

// A file of a size that nobody wants in memory streams through.
func TestLargeFile(t *testing.T) {
	c := serve(t, Options{Dir: t.TempDir()})
	const lines = 200_000
	line := strings.Repeat("x", 99) + "\n"
	var f fileObject
	c.checked(c.form("big.jsonl", strings.Repeat(line, lines), "purpose", "fine-tune")).into(&f)
	if f.Bytes != lines*100 {
		t.Errorf("stored %d bytes of %d", f.Bytes, lines*100)
	}
	resp, err := http.Get(c.url + "/v1/files/" + f.ID + "/content")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); n != f.Bytes || err != nil {
		t.Errorf("got %d bytes back, %v", n, err)
	}
}

func TestFilesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, Options{})
		var f fileObject
		c.checked(c.form("a.jsonl", "{}", "purpose", "fine-tune", "expires_after[anchor]", "created_at", "expires_after[seconds]", "3600")).into(&f)
		if f.ExpiresAt == nil || *f.ExpiresAt != f.CreatedAt+3600 {
			t.Fatalf("uploaded %+v", f)
		}
		time.Sleep(time.Hour - time.Second)
		c.do("GET", "/v1/files/"+f.ID, nil).into(&f)
		time.Sleep(time.Second)
		c.do("GET", "/v1/files/"+f.ID, nil).wants(404, "", "No such File")
		var p filePage
		c.do("GET", "/v1/files", nil).into(&p)
		if len(p.Data) != 0 {
			t.Error("an expired file is listed")
		}
	})
}
