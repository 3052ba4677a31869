package openai

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"ftrun/runner/provider"
)

// Bounds on a curve. A service that sends more has its curve cut, and that is said.
const (
	maxResultFile  = 16 << 20      // bytes
	maxResultLine  = 64 << 10      // bytes, and so a bound on columns
	maxResultFiles = 16            // of a job, or of all its checkpoints
	maxPoints      = 100_000       // steps
	maxStep        = 1_000_000_000 // no training is that long
)

// Curve returns the job's training curve; see provider.Trainer. It is put together from the job's result files, the metrics among
// its events and its checkpoints: services have some of them, and each may hold what the others lack. What an earlier one measured
// stays, except that a measurement over the whole validation file is worth more than one over a part of it.
//
// A source that is not there is none. Where one is there and can't be read, the points of the others come along with the error.
func (c *Client) Curve(ctx context.Context, job provider.Job) ([]provider.CurvePoint, error) {
	gathered := curve{}
	var failed error
	note := func(err error) {
		if err != nil && !isMissing(err) {
			failed = also(failed, err)
		}
	}
	for _, id := range firstFiles(job.ResultFiles) {
		note(c.resultFile(ctx, id, gathered))
	}
	note(c.metricEvents(ctx, job.ID, gathered))
	files, err := c.checkpoints(ctx, job.ID, gathered)
	note(err)
	if len(gathered) == 0 { // most files of checkpoints are weights: they are looked at where there is nothing better
		for _, id := range firstFiles(files) {
			note(c.resultFile(ctx, id, gathered))
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return gathered.points(), failed
}

func firstFiles(ids []string) []string { return ids[:min(len(ids), maxResultFiles)] }

// isMissing reports whether a service says that it has no such thing: no such file, or no such endpoint at all.
func isMissing(err error) bool {
	var refusal *provider.Error
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusNotImplemented:
		return true
	default:
		return false
	}
}

// also joins two errors on one line.
func also(first, second error) error {
	if first == nil {
		return second
	}
	return fmt.Errorf("%w; %w", first, second)
}

// resultFile reads a file into a curve. Services keep weights among the files of a job too, which are large and no table: a file
// whose name or size says so is passed over.
func (c *Client) resultFile(ctx context.Context, id string, into curve) error {
	file, err := c.File(ctx, id)
	if err == nil && (file.Bytes > maxResultFile || file.Name != "" && !strings.HasSuffix(strings.ToLower(file.Name), ".csv")) {
		return nil
	}
	call := &call{op: "read result file " + id, replay: replayAlways, raw: true, maxAnswer: maxResultFile}
	content, libraryErr := c.api.GetFileContent(call.context(ctx), url.PathEscape(id))
	if libraryErr == nil {
		libraryErr = content.Close()
	}
	if err := call.finish(ctx, libraryErr); err != nil {
		return err
	}
	if err := readResults(call.body, into); err != nil {
		return call.unreadable(err)
	}
	return nil
}

// metricEvents takes the metrics out of a job's events. Not every service calls them metrics: the data tells.
func (c *Client) metricEvents(ctx context.Context, jobID string, into curve) error {
	events, err := c.Events(ctx, jobID, "")
	for _, e := range events {
		into.take(e.Data, e.Data["step"])
	}
	return err
}

// checkpoints takes the metrics out of a job's checkpoints and returns the ids of the files that belong to them.
func (c *Client) checkpoints(ctx context.Context, jobID string, into curve) (files []string, err error) {
	call := &call{op: "list checkpoints of job " + jobID, replay: replayAlways}
	path := "/fine_tuning/jobs/" + url.PathEscape(jobID) + "/checkpoints"
	items, err := c.list(ctx, call, path, url.Values{"limit": {strconv.Itoa(pageSize)}})
	for _, item := range items {
		var w struct {
			Step    lenient[any]            `json:"step_number"`
			Metrics lenient[map[string]any] `json:"metrics"`
			Files   names                   `json:"result_files"`
		}
		if json.Unmarshal(item, &w) == nil {
			into.take(w.Metrics.v, cmp.Or(w.Step.v, w.Metrics.v["step"]))
			files = append(files, w.Files...)
		}
	}
	return files, err
}

// A measure is one of the things that services measure at a step.
type measure int

const (
	trainLoss measure = iota
	trainAccuracy
	validLoss     // over a part of the validation file
	validAccuracy // likewise
	fullValidLoss
	fullValidAccuracy
	measures // how many there are
)

// measureNames are the names that services give to measures, the preferred ones first. The short ones are today's OpenAI and Azure,
// those with "validation" Azure's, those with "token_accuracy" alone OpenAI's first ones. A name that is not here is passed over.
var measureNames = []struct {
	name string
	is   measure
}{
	{"train_loss", trainLoss},
	{"training_loss", trainLoss},
	{"train_mean_token_accuracy", trainAccuracy},
	{"training_mean_token_accuracy", trainAccuracy},
	{"train_accuracy", trainAccuracy},
	{"training_token_accuracy", trainAccuracy},
	{"valid_loss", validLoss},
	{"validation_loss", validLoss},
	{"valid_mean_token_accuracy", validAccuracy},
	{"validation_mean_token_accuracy", validAccuracy},
	{"valid_accuracy", validAccuracy},
	{"validation_token_accuracy", validAccuracy},
	{"full_valid_loss", fullValidLoss},
	{"full_validation_loss", fullValidLoss},
	{"full_valid_mean_token_accuracy", fullValidAccuracy},
	{"full_validation_mean_token_accuracy", fullValidAccuracy},
	{"full_valid_accuracy", fullValidAccuracy},
}

// A curve is what was measured, by step. What was measured first stays.
type curve map[int]*[measures]*float64

// put adds a measurement; one that can't be true is none. It reports whether there was room for it.
func (c curve) put(step int, m measure, v float64) bool {
	accuracy := m == trainAccuracy || m == validAccuracy || m == fullValidAccuracy
	if math.IsNaN(v) || math.IsInf(v, 0) || accuracy && (v < 0 || v > 1) {
		return true
	}
	row, ok := c[step]
	if !ok {
		if len(c) == maxPoints {
			return false
		}
		row = new([measures]*float64)
		c[step] = row
	}
	if row[m] == nil {
		row[m] = &v
	}
	return true
}

// take adds what an event or a checkpoint says.
func (c curve) take(data map[string]any, at any) {
	step, ok := stepOf(plain(at))
	if !ok {
		return
	}
	for _, n := range measureNames {
		if v, err := strconv.ParseFloat(plain(data[n.name]), 64); err == nil {
			c.put(step, n.is, v)
		}
	}
}

// points returns the curve by step.
func (c curve) points() []provider.CurvePoint {
	var points []provider.CurvePoint
	for _, step := range slices.Sorted(maps.Keys(c)) {
		row := c[step]
		points = append(points, provider.CurvePoint{
			Step: step, TrainLoss: row[trainLoss], TrainAccuracy: row[trainAccuracy],
			ValidLoss: cmp.Or(row[fullValidLoss], row[validLoss]), ValidAccuracy: cmp.Or(row[fullValidAccuracy], row[validAccuracy]),
		})
	}
	return points
}

// stepOf reads a step: a whole number, which some write as 3.0.
func stepOf(text string) (int, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || v != math.Trunc(v) || v < 0 || v > maxStep {
		return 0, false
	}
	return int(v), true
}

// readResults reads a result file: a CSV table with a line of names, or base64 of one. An empty file holds nothing.
// Its errors say where and never what: a file is as long and as hostile as its service likes.
func readResults(body []byte, into curve) error {
	table := trimmed(body)
	if !isTable(table) {
		decoded, err := decodeBase64(table)
		if table = trimmed(decoded); err != nil || len(table) > 0 && !isTable(table) {
			return errors.New("neither a CSV table with a column named step nor base64 of one")
		}
	}
	if len(table) == 0 {
		return nil
	}
	if err := checkLines(table); err != nil {
		return err
	}
	return readTable(newTableReader(table), into)
}

// trimmed takes away a byte order mark and the blanks around a text.
func trimmed(b []byte) []byte { return bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\uFEFF"))) }

// decodeBase64 decodes standard base64, broken into lines or not, padded or not.
func decodeBase64(b []byte) ([]byte, error) {
	dense := bytes.TrimRight(bytes.Join(bytes.Fields(b), nil), "=")
	return base64.RawStdEncoding.AppendDecode(nil, dense)
}

// isTable reports whether a text begins with names of columns, step among them.
func isTable(b []byte) bool {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if len(line) > maxResultLine {
		return false
	}
	header, err := newTableReader(line).Read()
	return err == nil && slices.Contains(columnNames(header), "step")
}

// checkLines bounds the lines and with them the columns. A quoted cell that goes on in the next line is in no table of numbers, and
// would make one endless row of many lines.
func checkLines(b []byte) error {
	n := 0
	for line := range bytes.Lines(b) {
		n++
		if len(line) > maxResultLine {
			return fmt.Errorf("line %d is longer than %d bytes", n, maxResultLine)
		}
		if bytes.Count(line, []byte(`"`))%2 != 0 {
			return fmt.Errorf("line %d has a quote that is not closed", n)
		}
	}
	return nil
}

func newTableReader(b []byte) *csv.Reader {
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord = -1 // rows may be short
	r.ReuseRecord = true
	r.TrimLeadingSpace = true
	return r
}

// columnNames are the names in a table's first line, however they are written.
func columnNames(header []string) []string {
	list := make([]string, len(header))
	for i, name := range header {
		list[i] = strings.ToLower(strings.TrimSpace(name))
	}
	return list
}

// readTable reads the rows of a table. It reads on past cells that are no numbers, and returns the first of them as an error.
func readTable(r *csv.Reader, into curve) error {
	header, err := r.Read()
	if err != nil {
		return tableError(err)
	}
	t := newTable(columnNames(header))
	var odd error
	for {
		row, err := r.Read()
		if err == io.EOF {
			return odd
		}
		if err != nil {
			return cmp.Or(odd, tableError(err))
		}
		if err := t.read(row, into); err != nil && odd == nil {
			line, _ := r.FieldPos(0)
			odd = fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// tableError is what the csv package says, without what stands in the table.
func tableError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}

// A table says in which column what stands.
type table struct {
	step    int
	columns []column
}

type column struct {
	index int
	name  string
	is    measure
}

func newTable(header []string) table {
	t := table{step: slices.Index(header, "step")}
	for _, n := range measureNames {
		if i := slices.Index(header, n.name); i >= 0 {
			t.columns = append(t.columns, column{i, n.name, n.is})
		}
	}
	return t
}

// read reads a row. A row without any measurement is none, whatever its step.
func (t table) read(row []string, into curve) error {
	var odd error
	step, stepOK := stepOf(cell(row, t.step))
	for _, c := range t.columns {
		text := cell(row, c.index)
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			odd = cmp.Or(odd, fmt.Errorf("%s is no number", c.name))
		case !stepOK:
			return errors.New("step is no whole number, or not a possible one")
		case !into.put(step, c.is, v):
			return fmt.Errorf("more than %d steps", maxPoints)
		}
	}
	return odd
}

// cell returns a cell of a row; programs write several words for a blank one.
func cell(row []string, i int) string {
	if i >= len(row) {
		return ""
	}
	switch text := strings.TrimSpace(row[i]); strings.ToLower(text) {
	case "none", "null", "nil", "n/a", "na", "-":
		return ""
	default:
		return text
	}
}
