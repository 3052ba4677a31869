package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"ftrun/runner/provider"
)

// upload returns the training file at the provider, ready for use, and whether this run sent it: it does so only where the file is not
// there yet. Its name carries the key.
func (t *trainer) upload(ctx context.Context) (file provider.File, sent bool, err error) {
	file, found, err := t.uploaded(ctx)
	if err == nil && !found {
		sent = true
		file, err = t.send(ctx)
	}
	if err != nil {
		return provider.File{}, sent, err
	}
	file, err = t.settled(ctx, file)
	return file, sent, err
}

// maxSends is how often a training file is sent whose arrival nobody confirms. A second copy costs nothing, and is not used.
const maxSends = 3

// send uploads the training file. Where the answer is lost the file may be there: it is looked for before it is sent again.
func (t *trainer) send(ctx context.Context) (provider.File, error) {
	for sends := 1; ; sends++ {
		file, err := t.Trainer.Upload(ctx, provider.Upload{
			Name: trainingFileName(t.key),
			Size: t.prepared.Bytes,
			Open: func() (io.ReadCloser, error) { return os.Open(t.prepared.Path) },

			ExpiresAfter: t.Pipeline.Train.ExpiresAfter,
		})
		if !isAmbiguous(err) {
			return file, err
		}
		t.inform(stageTrain, "the answer to the upload is lost: looking for the file")
		file, found, lookErr := t.searchFile(ctx)
		if lookErr != nil || found {
			return file, lookErr
		}
		if sends == maxSends {
			return provider.File{}, err
		}
	}
}

// searchFile looks for a file that may have arrived, for as long as a list may lag.
func (t *trainer) searchFile(ctx context.Context) (provider.File, bool, error) {
	for _, delay := range lookAgain() {
		if err := pause(ctx, delay); err != nil {
			return provider.File{}, false, err
		}
		if file, found, err := t.uploaded(ctx); err == nil && found {
			return file, true, nil
		}
	}
	return provider.File{}, false, nil
}

// settlePatience is how long an uploaded file may take to become usable.
const settlePatience = 10 * time.Minute

// settled waits until the service can use the file: a job created before that fails.
func (t *trainer) settled(ctx context.Context, file provider.File) (provider.File, error) {
	told := false
	for start, delay := time.Now(), time.Second; t.unsettled(file.Status); delay = min(2*delay, 10*time.Second) {
		if time.Since(start) > settlePatience {
			return file, &stuckError{
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
			return file, err
		}
		next, err := t.Trainer.File(ctx, file.ID)
		if err != nil && !isKind(err, provider.KindNotFound) { // a service that is not yet of one mind
			return file, err
		}
		if err == nil {
			file = next
		}
	}
	if file.Status == provider.FileError {
		return file, &stuckError{
			Code:    "file_refused",
			Message: fmt.Sprintf("the provider can't use file %s: %s", file.ID, orUnsaid(file.Details)),
			Way:     "mend what the reason names and run the same command again: a file that is in error is not used again",
		}
	}
	return file, nil
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

// tidyUpload sees to the training file of a job that was certainly refused. One that the next run can use stays; one that this run sent
// for nothing goes; whatever is left is named.
func (t *trainer) tidyUpload(ctx context.Context, file provider.File, sent bool, refusal *provider.Error) {
	passing := refusal.Kind == provider.KindRateLimited || refusal.Kind == provider.KindQuota || refusal.Kind == provider.KindAuth
	if passing || !sent {
		t.warn(stageTrain, fmt.Sprintf("training file %s stays at the provider, for the next run", file.ID))
		return
	}
	ctx, cancel := outlive(ctx, answerGrace)
	defer cancel()
	if err := t.Trainer.DeleteFile(ctx, file.ID); err != nil {
		t.warn(stageTrain, fmt.Sprintf("training file %s stays at the provider: %v", file.ID, err))
		return
	}
	t.warn(stageTrain, fmt.Sprintf("training file %s was deleted at the provider again", file.ID))
}
