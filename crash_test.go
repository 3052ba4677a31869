package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crashFiles are a pipeline that a run gets through in less than a second. Its base model is one whose encoding loads quickly.
var crashFiles = map[string]string{
	"pipeline.yaml": `version: 1
base_model: gpt-3.5-turbo-0125
dataset: colours.jsonl
train:
  hyperparameters:
    n_epochs: 1
test:
  - question: What colour is thing number 3?
    answer: Thing 3 has colour 9.
  - question: Tell me the colour of thing number 7
    assert:
      - icontains: colour 49
`,
	"colours.jsonl": func() string {
		var rows strings.Builder
		for i := range 12 {
			fmt.Fprintf(&rows, "{\"question\": \"What colour is thing number %d?\", \"answer\": \"Thing %d has colour %d.\"}\n", i, i, i*i)
		}
		return rows.String()
	}(),
	"held.jsonl": `{"question": "Which colour has thing number 3?", "answer": "Thing 3 has colour 9."}` + "\n",
}

// validated is the pipeline with a second file to upload.
func validated(pipeline string) string {
	return strings.Replace(pipeline, "dataset: colours.jsonl\n", "dataset:\n  path: colours.jsonl\n  validation: held.jsonl\n", 1)
}

// TestKilledAtAnyMoment kills real runs with SIGKILL, again and again, until one gets to its end, and then holds what came of it against
// a run that nobody disturbed: one job trained, each file uploaded once (every other seed has two), the same results. After every kill the ledger opens and no report
// is green. A schedule is all that one seed does: when to kill, by the clock or at a request, what the service answers wrongly meanwhile,
// and whether the state folder gets lost between two runs, as on a fresh machine.
//
// The short form leaves out what would make ftrun look for a job for a minute, as it should: a creation that never reached the
// service, and one that lists show late. The long form, with its figures, is bench/crash.sh. Its variables:
//
//	FTRUN_CRASH_SCHEDULES=300  the long form, with so many schedules
//	FTRUN_CRASH_SEED=17        the first seed (1)
//	FTRUN_BIN=/abs/ftrun       kill this binary (an absolute path) instead of the test's own copy of main
//
// A seed decides everything but the clock, so a failure that is one of a race may need more than one replay.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	long := os.Getenv("FTRUN_CRASH_SCHEDULES") != ""
	schedules, first, workers := envInt(t, "FTRUN_CRASH_SCHEDULES", 20), envInt(t, "FTRUN_CRASH_SEED", 1), 8
	if long {
		workers = 24 // most of them wait, for lists or for the service
	}
	began := time.Now()
	quiet := [...]calm{undisturbed(t, 0), undisturbed(t, 1)}
	sum := tally{where: map[string]int{}}
	seeds := make(chan int)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for seed := range seeds {
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
					s := newSchedule(t, uint64(seed), long, quiet[seed%2])
					defer func() {
						if t.Failed() {
							t.Logf("replay: %s\n%s", replay(seed, long), strings.Join(s.log, "\n"))
						}
					}()
					s.play(t)
					sum.add(s)
				})
			}
		})
	}
	for seed := first; seed < first+schedules; seed++ {
		seeds <- seed
	}
	close(seeds)
	group.Wait()
	t.Logf("%v; %.1f s", &sum, time.Since(began).Seconds())
}

// replay is the command that makes the same schedule again.
func replay(seed int, long bool) string {
	command := fmt.Sprintf("FTRUN_CRASH_SEED=%d go test -count=1 -run 'TestKilledAtAnyMoment/seed=%d$' -v .", seed, seed)
	if long {
		return "FTRUN_CRASH_SCHEDULES=1 " + command
	}
	return command
}

func envInt(t *testing.T, name string, unset int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return unset
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// A calm is a run that nobody disturbed.
type calm struct {
	length   time.Duration
	online   time.Duration // since the first request
	requests int
	results  string // comparable
}

// undisturbed runs the pipeline of a seed.
func undisturbed(t *testing.T, seed uint64) calm {
	t.Helper()
	s := newSchedule(t, seed, false, calm{})
	s.service.faults, s.service.unready, s.service.unknown = 0, 0, 0
	began := time.Now()
	if exit := s.run(t, kill{}); exit != 0 {
		t.Fatalf("an undisturbed run: exit %d\n%s", exit, strings.Join(s.log, "\n"))
	}
	ended := time.Now()
	return calm{
		length: ended.Sub(began), online: ended.Sub(s.service.firstRequest()), requests: s.service.requests(), results: s.comparable(t),
	}
}

// A schedule is one pipeline that is killed until it is done.
type schedule struct {
	seed    uint64
	rng     *rand.Rand
	long    bool
	quiet   calm
	dir     string
	service *shaky
	files   int  // to upload
	kills   int  // left to do
	fresh   bool // the state folder gets lost now and then
	tally
	log []string
}

func newSchedule(t *testing.T, seed uint64, long bool, quiet calm) *schedule {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 4))
	s := &schedule{seed: seed, tally: tally{where: map[string]int{}}, rng: rng, long: long, quiet: quiet, dir: t.TempDir(), files: 1, fresh: rng.IntN(3) == 0}
	s.kills = []int{1, 1, 1, 2, 2, 3}[rng.IntN(6)]
	if long {
		s.kills = 1 + rng.IntN(8)
	}
	if seed%2 == 1 {
		s.files = 2
	}
	for name, text := range crashFiles {
		if s.files == 2 && name == "pipeline.yaml" {
			text = validated(text)
		}
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.service = newShaky(t, rng, long, !s.fresh, filepath.Join(s.state(), "journal"), s.files)
	return s
}

func (s *schedule) state() string { return filepath.Join(s.dir, ".ftrun") }

// mostRuns is how many runs of one schedule may end by themselves before one is green: each fault may spoil one, hardly more.
const mostRuns = 12

// play runs the pipeline to its end, and checks after each run.
func (s *schedule) play(t *testing.T) {
	for spoilt := 0; spoilt < mostRuns; {
		var k kill
		if s.kills > 0 {
			k = s.drawKill()
			s.kills--
		}
		faultsBefore := s.service.faultsGiven()
		switch exit := s.run(t, k); {
		case exit == 0:
			s.finished(t)
			return
		case exit == killed:
			s.checkAfterKill(t)
			s.loseState(t)
		case exit == 3 && s.service.faultsGiven() > faultsBefore: // the service's faults: reported as what was not found out
			spoilt++
			s.checkReports(t)
		default:
			t.Fatalf("exit %d", exit)
		}
		if t.Failed() {
			return
		}
	}
	t.Fatalf("not done after %d runs that nobody killed", mostRuns)
}

// killed is the exit code of a process that a signal ended.
const killed = -1

// run runs the pipeline once, with the kill that is planned for it, and returns its exit code.
func (s *schedule) run(t *testing.T, k kill) int {
	t.Helper()
	cmd := exec.Command("ftrun", "--no-color")
	if bin := os.Getenv("FTRUN_BIN"); bin != "" {
		cmd = exec.Command(bin, "--no-color")
	}
	var output strings.Builder
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, &output, &output
	cmd.Env = []string{
		"HOME=" + s.dir, "TMPDIR=" + s.dir, "PATH=" + os.Getenv("PATH"), "SYSTEMROOT=" + os.Getenv("SYSTEMROOT"),
		"OPENAI_BASE_URL=" + s.service.server.URL + "/v1", "OPENAI_API_KEY=" + plantedKey,
		"GOGC=off", // halves what a start costs, so that the test is quick
	}
	if err := s.service.start(cmd, k); err != nil {
		t.Fatal(err)
	}
	if k.phase == sinceStart {
		timer := time.AfterFunc(k.wait, func() { _ = cmd.Process.Kill() }) // it may have ended
		defer timer.Stop()
	}
	_ = cmd.Wait() // the exit code says it
	exit := cmd.ProcessState.ExitCode()
	s.tally.runs++
	if exit == killed {
		s.tally.kills++
		s.service.addTo(s.tally.where)
		if s.journalHas(`"intent"`) && !s.journalHas(`"created"`) {
			s.tally.where["between the intent and the record of the job"]++
		}
	}
	s.log = append(s.log, fmt.Sprintf("--- %v: exit %d; answered wrongly so far: %s\n%s", k, exit, s.service.history(), output.String()))
	return exit
}

// drawKill draws a moment: of the whole length of a run, or at a request, where the narrow windows are.
func (s *schedule) drawKill() kill {
	switch s.rng.IntN(6) {
	case 0:
		return kill{phase: sinceStart, wait: s.drawTime(s.quiet.length)}
	case 1: // on a busy machine all of the above fall into the work before the first request
		return kill{phase: sinceRequest, wait: s.drawTime(s.quiet.online)}
	}
	k := kill{phase: []phase{before, after, answered}[s.rng.IntN(3)], wait: s.drawTime(2 * time.Millisecond)}
	k.route = []string{routeUpload, routeCreate, routeChat, routeAny, routeAny}[s.rng.IntN(5)]
	switch {
	case s.service.has(k.route): // it is there, so no run should ask for it again
		k.route, k.nth = routeAny, s.rng.IntN(s.quiet.requests*3/4)
	case k.route == routeAny:
		k.nth = s.rng.IntN(s.quiet.requests)
	case k.route == routeChat:
		k.nth = s.rng.IntN(5)
	case k.route == routeUpload:
		k.nth = s.rng.IntN(s.files - s.service.commits(routeUpload))
	}
	return k
}

// drawTime draws a moment within a time and a little longer.
func (s *schedule) drawTime(length time.Duration) time.Duration {
	return time.Duration(s.rng.Int64N(int64(length) * 11 / 10))
}

// loseState removes what a fresh machine does not have. The short form does so too where the run died with an intent on disk before its
// creation reached the service: else the next one would look for the job for a minute.
func (s *schedule) loseState(t *testing.T) {
	t.Helper()
	s.service.settle(t) // what the dead run sent has been carried out, or never will be
	lonely := !s.long && s.journalHas(`"intent"`) && s.service.commits(routeCreate) == 0
	if !lonely && (!s.fresh || s.rng.IntN(2) == 0) {
		return
	}
	s.tally.lost++
	for _, path := range []string{s.state(), filepath.Join(s.dir, "ftrun-out")} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
	}
	s.log = append(s.log, "--- state lost")
}

func (s *schedule) journalHas(text string) bool {
	content, err := os.ReadFile(filepath.Join(s.state(), "journal"))
	return err == nil && strings.Contains(string(content), text)
}

// A tally counts what happened.
type tally struct {
	mu                                                   sync.Mutex
	schedules, runs, kills, mostKills, lost, wrong       int
	jobs, mostJobs, uploads, mostUploads, creates, chats int
	where                                                map[string]int // kills
}

func (sum *tally) add(s *schedule) {
	sum.mu.Lock()
	defer sum.mu.Unlock()
	sum.schedules++
	sum.runs += s.tally.runs
	sum.kills += s.tally.kills
	sum.mostKills = max(sum.mostKills, s.tally.kills)
	for place, n := range s.tally.where {
		sum.where[place] += n
	}
	sum.lost += s.tally.lost
	sum.wrong += s.service.faultsGiven()
	sum.jobs += s.tally.jobs
	sum.mostJobs = max(sum.mostJobs, s.tally.jobs)
	sum.uploads += s.tally.uploads
	sum.mostUploads = max(sum.mostUploads, s.tally.uploads)
	sum.creates += s.service.received("POST /v1/fine_tuning/jobs")
	sum.chats += s.service.received("POST /v1/chat/completions")
}

func (sum *tally) String() string {
	return fmt.Sprintf("schedules %d, runs %d, kills %d (at most %d in one), state lost %d times, wrong answers %d; "+
		"jobs %d (at most %d in one), uploads %d (at most %d in one), creations received %d, questions received %d; kills by place: %v",
		sum.schedules, sum.runs, sum.kills, sum.mostKills, sum.lost, sum.wrong,
		sum.jobs, sum.mostJobs, sum.uploads, sum.mostUploads, sum.creates, sum.chats, sum.where)
}
