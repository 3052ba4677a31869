package embedded

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	keptEpochs  = 3        // the last of a job, which have checkpoints; the very last one's is the job's model itself
	keptBytes   = 32 << 20 // the most a model may have for checkpoints before its last; GSM8K makes 12 MB
	checkpoints = 10       // on one page of the list; the service's default
)

func checkpointName(job string, step int) string {
	return fmt.Sprintf("%s/%s.step-%d.model", modelsIn, job, step)
}

// A notebook is what is kept of a training while it goes on. What it stores belongs to nobody before the job's record says so.
type notebook struct {
	server *Server
	ctx    context.Context // of the work on the job
	job    string
	began  time.Time

	last        measurement
	curve       curve
	checkpoints []checkpointObject // named when the job has succeeded
}

// step notes what a step measured.
func (n *notebook) step(m measurement) {
	n.last = m
	n.curve.add(m)
	n.server.publish(n.ctx, n.job, m, n.began)
}

// epoch stores the model at the end of an epoch, if it is one to keep, and there are more to come.
func (n *notebook) epoch(m *model, left int) error {
	if left == 0 || left >= keptEpochs || m.size() > keptBytes {
		return nil
	}
	if err := n.server.store.put(checkpointName(n.job, n.last.step), m.rounded().write); err != nil {
		return fmt.Errorf("store checkpoint: %w", err)
	}
	n.mark()
	return nil
}

// mark makes a checkpoint of the last step.
func (n *notebook) mark() {
	n.checkpoints = append(n.checkpoints, checkpointObject{
		ID:     fmt.Sprintf("ftckpt_%s-%05d", strings.TrimPrefix(n.job, "ftjob-"), n.last.step),
		Object: "fine_tuning.job.checkpoint", CreatedAt: n.server.now().Unix(), FineTuningJobID: n.job,
		StepNumber: n.last.step, Metrics: n.last.checkpointMetrics(),
	})
}

// nameCheckpoints names the checkpoints after the job's model, oldest first. The last one is the model itself.
func nameCheckpoints(list []checkpointObject, model string) {
	for i := range list {
		list[i].Model = fmt.Sprintf("%s:ckpt-step-%d", model, list[i].StepNumber)
	}
	list[len(list)-1].Model = model
}

func (s *Server) listCheckpoints(w http.ResponseWriter, r *http.Request) error {
	id, q := r.PathValue("id"), r.URL.Query()
	rec, err := s.jobs.look(id)
	if err != nil {
		return noSuch("FineTuningJob", "fine_tuning_job_id", id)
	}
	limit, err := limitOf(q, checkpoints, noLimit)
	if err != nil {
		return err
	}
	newest := slices.Clone(rec.Checkpoints)
	slices.Reverse(newest)
	data, more, err := cut(newest, func(c checkpointObject) string { return c.ID }, q.Get("after"), limit)
	if err != nil {
		return err
	}
	p := checkpointPage{Object: "list", Data: data, HasMore: more}
	if len(data) > 0 {
		p.FirstID, p.LastID = &data[0].ID, &data[len(data)-1].ID
	}
	writeJSON(w, p)
	return nil
}
