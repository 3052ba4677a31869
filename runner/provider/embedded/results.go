package embedded

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

const (
	resultPurpose  = "fine-tune-results"
	resultFilename = "step_metrics.csv"
	resultHeader   = "step,train_loss,train_accuracy,valid_loss,valid_"
)

func resultName(job string) string { return resultsIn + "/" + job + ".csv" }

// A curve is the text of a result file: a line for each step, with the validation in the line of an epoch's last step. What was
// not measured is left blank.
type curve struct{ text bytes.Buffer }

func (c *curve) add(m measurement) {
	if c.text.Len() == 0 {
		c.text.WriteString(resultHeader + m.accuracyName() + "\n")
	}
	row := strconv.AppendInt(c.text.AvailableBuffer(), int64(m.step), 10)
	cells := [...]*float64{&m.loss, &m.accuracy, nil, nil}
	if v := m.valid; v != nil {
		if v.measured {
			cells[3] = &v.accuracy
		}
		if v.known > 0 {
			cells[2] = &v.loss
		}
	}
	for _, value := range cells {
		row = append(row, ',')
		if value != nil {
			row = strconv.AppendFloat(row, *value, 'f', -1, 64)
		}
	}
	c.text.Write(append(row, '\n'))
}

// storeResult stores the result file of a job in the form that the service would give it, and returns the note of it, which makes
// it a file as soon as the job's record holds it. The id follows from the job's, so that a training which is repeated repeats it.
func (s *Server) storeResult(job string, c *curve) (*fileNote, error) {
	content := c.text.Bytes()
	switch s.faults.dialect().ResultFile {
	case resultNone:
		return nil, nil
	case "", resultBase64:
		content = base64.StdEncoding.AppendEncode(nil, content)
	}
	err := s.store.put(resultName(job), func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store result file: %w", err)
	}
	sum := sha256.Sum256(content)
	return &fileNote{SHA256: hex.EncodeToString(sum[:]), File: fileObject{
		ID: "file-" + strings.TrimPrefix(job, "ftjob-"), Object: "file", Bytes: int64(len(content)),
		Filename: resultFilename, Purpose: resultPurpose, Status: fileProcessed,
	}}, nil
}

// results returns the result files of all jobs.
func (b *board) results() []fileNote {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []fileNote
	for _, j := range b.jobs {
		if j.Result != nil {
			out = append(out, *j.Result)
		}
	}
	return out
}

// result returns the result file of that id and the job that it is of.
func (b *board) result(id string) (note fileNote, owner string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.jobs, func(j *job) bool { return j.Result != nil && j.Result.File.ID == id })
	if i < 0 {
		return fileNote{}, "", false
	}
	return *b.jobs[i].Result, b.jobs[i].Job.ID, true
}

// removeResult deletes a result file and says whether there was one. The job goes on naming it, as the service's do.
func (b *board) removeResult(id string) (bool, error) {
	_, owner, ok := b.result(id)
	if !ok {
		return false, nil
	}
	_, err := b.change(owner, func(j *job) error {
		j.Result = nil
		return nil
	})
	if err != nil {
		return false, err
	}
	return true, b.store.remove(resultName(owner))
}
