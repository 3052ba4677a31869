package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ftrun/runner/provider"
)

// purposeFineTune is the purpose of every file that ftrun sends.
const purposeFineTune = "fine-tune"

// ownPrefix begins the name of every file that ftrun sends. A file of somebody else that can't be read is left out of lists.
const ownPrefix = "ftrun-"

// maxFilesPage is the most that one page of the files list may hold.
const maxFilesPage = 10000

// Upload streams a file from where it lies: go-openai would hold it in memory whole.
func (c *Client) Upload(ctx context.Context, u provider.Upload) (provider.File, error) {
	call := &call{op: fmt.Sprintf("upload %s", u.Name), replay: replayDefinite}
	head, tail, contentType, err := multipartFrame(u)
	if err != nil {
		return provider.File{}, &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: err}
	}
	open := func() (io.ReadCloser, error) {
		f, err := u.Open()
		if err != nil {
			return nil, err
		}
		return &framed{Reader: io.MultiReader(bytes.NewReader(head), f, bytes.NewReader(tail)), Closer: f}, nil
	}
	body, err := open()
	if err != nil {
		return provider.File{}, &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: err}
	}
	req, err := http.NewRequestWithContext(call.context(ctx), http.MethodPost, c.baseURL+"/files", body)
	if err != nil {
		return provider.File{}, &provider.Error{Op: call.op, Kind: provider.KindInvalid, Err: errors.Join(err, body.Close())}
	}
	req.GetBody = open
	req.ContentLength = int64(len(head)) + u.Size + int64(len(tail))
	req.Header.Set("Content-Type", contentType)
	if err := c.send(ctx, call, req); err != nil {
		return provider.File{}, err
	}
	file, err := decodeFile(call.body)
	if err != nil {
		return provider.File{}, call.unreadable(err)
	}
	return file, nil
}

// framed is a file between the head and the tail of a multipart body.
type framed struct {
	io.Reader
	io.Closer
}

// multipartFrame returns what stands before and after a file's bytes in a multipart body.
func multipartFrame(u provider.Upload) (head, tail []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.WriteField("purpose", purposeFineTune); err != nil {
		return nil, nil, "", err
	}
	if u.ExpiresAfter > 0 {
		seconds := strconv.FormatInt(int64(u.ExpiresAfter/time.Second), 10)
		if err := errors.Join(w.WriteField("expires_after[anchor]", "created_at"), w.WriteField("expires_after[seconds]", seconds)); err != nil {
			return nil, nil, "", err
		}
	}
	if _, err := w.CreateFormFile("file", u.Name); err != nil {
		return nil, nil, "", err
	}
	split := b.Len()
	if err := w.Close(); err != nil {
		return nil, nil, "", err
	}
	return b.Bytes()[:split], b.Bytes()[split:], w.FormDataContentType(), nil
}

// Files lists the uploaded training files; see ownPrefix.
func (c *Client) Files(ctx context.Context) ([]provider.File, error) {
	call := &call{op: "list files", replay: replayAlways}
	raw, err := c.list(ctx, call, "/files", url.Values{"purpose": {purposeFineTune}, "limit": {strconv.Itoa(maxFilesPage)}})
	if err != nil {
		return nil, err
	}
	files := make([]provider.File, 0, len(raw))
	for _, item := range raw {
		file, err := decodeFile(item)
		if err != nil && mentions(item, ownPrefix) {
			return nil, call.unreadable(err)
		}
		if err == nil {
			files = append(files, file)
		}
	}
	return files, nil
}

// File asks for an uploaded file.
func (c *Client) File(ctx context.Context, id string) (provider.File, error) {
	call := &call{op: "get file " + id, replay: replayAlways}
	_, libraryErr := c.api.GetFile(call.context(ctx), url.PathEscape(id))
	if err := call.finish(ctx, libraryErr); err != nil {
		return provider.File{}, err
	}
	file, err := decodeFile(call.body)
	if err != nil {
		return provider.File{}, call.unreadable(err)
	}
	return file, nil
}

// DeleteFile removes an uploaded file; see provider.Trainer.
func (c *Client) DeleteFile(ctx context.Context, id string) error {
	call := &call{op: "delete file " + id, replay: replayAlways, raw: true}
	return goneIsDeleted(call.finish(ctx, c.api.DeleteFile(call.context(ctx), url.PathEscape(id))))
}
