package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ftrun/runner/provider"
)

// uploadAll sees to it that every file of the job is at the provider, ready for use. Where one certainly can't be, those before it were
// sent for nothing.
func (t *trainer) uploadAll(ctx context.Context) error {
	files := t.files()
	for i, file := range files {
		err := t.upload(ctx, file)
		if err == nil {
			continue
		}
		if refusal, ok := errors.AsType[*provider.Error](err); ok && refusal.Definite() || isFileRefused(err) {
			for _, earlier := range files[:i] {
				t.tidyUpload(ctx, *earlier, ok && isPassing(refusal))
			}
		}
		return err
	}
	return nil
}

// upload finds a file at the provider, or sends it where it is not there yet, and waits until it is ready for use.
func (t *trainer) upload(ctx context.Context, own *jobFile) error {
	file, found, err := t.uploaded(ctx, *own)
	if err == nil && !found {
		own.sent = true
		file, err = t.send(ctx, *own)
	}
	if err != nil {
		return err
	}
	own.id = file.ID
	return t.settled(ctx, file)
}

// maxSends is how often a file is sent whose arrival nobody confirms. A second copy costs nothing, and is not used.
const maxSends = 3

// send uploads a file. Where the answer is lost the file may be there: it is looked for before it is sent again.
func (t *trainer) send(ctx context.Context, own jobFile) (provider.File, error) {
	for sends := 1; ; sends++ {
		file, err := t.Trainer.Upload(ctx, provider.Upload{
			Name: own.name,
			Size: own.bytes,
			Open: func() (io.ReadCloser, error) { return os.Open(own.path) },

			ExpiresAfter: t.Pipeline.Train.ExpiresAfter,
		})
		if !isAmbiguous(err) {
			return file, err
		}
		t.inform(stageTrain, "the answer to the upload is lost: looking for the file")
		file, found, lookErr := t.searchFile(ctx, own)
		if lookErr != nil || found {
			return file, lookErr
		}
		if sends == maxSends {
			return provider.File{}, err
		}
	}
}

// searchFile looks for a file that may have arrived, for as long as a list may lag.
func (t *trainer) searchFile(ctx context.Context, own jobFile) (provider.File, bool, error) {
	for _, delay := range lookAgain() {
		if err := pause(ctx, delay); err != nil {
			return provider.File{}, false, err
		}
		if file, found, err := t.uploaded(ctx, own); err == nil && found {
			return file, true, nil
		}
	}
	return provider.File{}, false, nil
}

// settlePatience is how long an uploaded file may take to become usable.
const settlePatience = 10 * time.Minute

// settled waits until the service can use the file: a job created before that fails.
func (t *trainer) settled(ctx context.Context, file provider.File) error {
	told := false
	for start, delay := time.Now(), time.Second; t.unsettled(file.Status); delay = min(2*delay, 10*time.Second) {
		if time.Since(start) > settlePatience {
			return &stuckError{
				Code:    "file_not_ready",
				Message: fmt.Sprintf("uploaded file %s is still %s after %v", file.ID, file.Status, settlePatience),
				Way:     "run the same command again to go on waiting",
			}
		}
		if !told {
			t.inform(stageTrain, fmt.Sprintf("file %s is %s: waiting until the provider can use it", file.ID, file.Status))
			told = true
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
		next, err := t.Trainer.File(ctx, file.ID)
		if err != nil && !isKind(err, provider.KindNotFound) { // a service that is not yet of one mind
			return err
		}
		if err == nil {
			file = next
		}
	}
	if file.Status == provider.FileError {
		return &stuckError{
			Code:    codeFileRefused,
			Message: fmt.Sprintf("the provider can't use file %s: %s", file.ID, orUnsaid(file.Details)),
			Way:     "mend what the reason names and run the same command again: a file that is in error is not used again",
		}
	}
	return nil
}

const codeFileRefused = "file_refused"

// isFileRefused reports whether the service has looked at a file and will not use it.
func isFileRefused(err error) bool {
	stuck, ok := errors.AsType[*stuckError](err)
	return ok && stuck.Code == codeFileRefused
}

// unsettled reports whether a file in that status is to become another. An unknown status is taken for usable: the create says more.
func (t *trainer) unsettled(s provider.FileStatus) bool {
	return s == provider.FilePending || s == provider.FileUploaded && t.profile.SettleFiles
}

func orUnsaid(reason string) string {
	if reason == "" {
		return "it gives no reason"
	}
	return reason
}

// isPassing reports whether a refusal may be none at the next run.
func isPassing(refusal *provider.Error) bool {
	return refusal.Kind == provider.KindRateLimited || refusal.Kind == provider.KindQuota || refusal.Kind == provider.KindAuth
}

// tidyUpload sees to a file of a job that is certainly not to be. One that the next run can use stays; one that this run sent for nothing
// goes; whatever is left is named.
func (t *trainer) tidyUpload(ctx context.Context, file jobFile, passing bool) {
	if passing || !file.sent {
		t.warn(stageTrain, fmt.Sprintf("%s file %s stays at the provider, for the next run", file.role, file.id))
		return
	}
	ctx, cancel := outlive(ctx, answerGrace)
	defer cancel()
	if err := t.Trainer.DeleteFile(ctx, file.id); err != nil {
		t.warn(stageTrain, fmt.Sprintf("%s file %s stays at the provider: %v", file.role, file.id, err))
		return
	}
	t.warn(stageTrain, fmt.Sprintf("%s file %s was deleted at the provider again", file.role, file.id))
}
