package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"ftrun/runner/provider/embedded"
)

// The routes that kills and faults tell apart.
const (
	routeAny    = "any" // also that of all that have no name of their own
	routeUpload = "upload"
	routeCreate = "create"
	routeChat   = "chat"
	routeJob    = "job" // one job is asked for
)

func routeOf(r *http.Request) string {
	job, isJob := strings.CutPrefix(r.URL.Path, "/v1/fine_tuning/jobs/")
	switch {
	case r.Method == "POST" && r.URL.Path == "/v1/files":
		return routeUpload
	case r.Method == "POST" && r.URL.Path == "/v1/fine_tuning/jobs":
		return routeCreate
	case r.Method == "POST" && r.URL.Path == "/v1/chat/completions":
		return routeChat
	case r.Method == "GET" && isJob && !strings.Contains(job, "/"):
		return routeJob
	default:
		return routeAny
	}
}

// A phase is the part of a run in which it is killed.
type phase int

const (
	never        phase = iota
	sinceStart         // some time after its start
	sinceRequest       // some time after its first request
	before             // at a request, on which the service has not acted
	after              // at a request, on which the service has acted; no answer was sent
	answered           // at a request, some time after the answer was sent
)

// A kill is when a run dies.
type kill struct {
	phase phase
	route string        // of the request
	nth   int           // of the run's requests of that route, from 0
	wait  time.Duration // for phases that begin before
}

func (k kill) String() string {
	switch k.phase {
	case never:
		return "not killed"
	case sinceStart:
		return fmt.Sprintf("killed %v after its start", k.wait)
	case sinceRequest:
		return fmt.Sprintf("killed %v after its first request", k.wait)
	default:
		return fmt.Sprintf("killed at request %d of %s, %s", k.nth, k.route, map[phase]string{before: "before", after: "after", answered: "answered"}[k.phase])
	}
}

// A shaky service is the embedded engine behind a door that kills whoever knocks, and that garbles answers.
type shaky struct {
	engine  *embedded.Server
	server  *httptest.Server
	journal string // of the runs
	files   int    // that a run uploads
	long    bool

	mu        sync.Mutex
	idle      *sync.Cond // a connection has ended
	rng       *rand.Rand // of its own: runs ask at the same time as the schedule draws
	faults    int        // left to give
	unknown   int        // how often the new job is not found yet
	unready   int        // how often the new model is not found yet
	given     []string   // faults
	victim    *exec.Cmd
	kill      kill
	seen      map[string]int // requests of this run
	committed map[string]int // requests of all runs that the engine said yes to
	open      map[net.Conn]bool
	first     time.Time // request of this run
	struck    bool      // this run was killed while it waited for an answer
	problems  []string  // rules that a run broke
}

// newShaky starts a service. Half of them give wrong answers; where lists may be late, some are.
func newShaky(t *testing.T, rng *rand.Rand, long, late bool, journal string, files int) *shaky {
	t.Helper()
	s := &shaky{
		journal: journal, files: files, long: long, rng: rand.New(rand.NewPCG(rng.Uint64(), 0)),
		seen: map[string]int{}, committed: map[string]int{}, open: map[net.Conn]bool{},
	}
	s.idle = sync.NewCond(&s.mu)
	if rng.IntN(2) == 0 {
		s.faults, s.unknown, s.unready = 1+rng.IntN(3), rng.IntN(2), rng.IntN(2)
	}
	script := map[string]any{}
	if long {
		s.faults *= 3
		script["metadata"] = []string{"filter", "filter", "echo", "ignored", "rejected"}[rng.IntN(5)]
		script["jobs"] = []any{map[string]any{"always": true, "min_duration": fmt.Sprintf("%dms", rng.IntN(2000))}}
		if late && rng.IntN(2) == 0 {
			script["list_lag"] = fmt.Sprintf("%dms", rng.IntN(10_000))
		}
	}
	document, err := json.Marshal(script)
	if err != nil {
		t.Fatal(err)
	}
	faults, err := embedded.ParseFaults(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if s.engine, err = embedded.New(embedded.Options{APIKey: plantedKey, Faults: faults}); err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ConnState = s.connState
	s.server.Start()
	t.Cleanup(func() {
		s.server.CloseClientConnections()
		s.server.Close()
		if err := s.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *shaky) connState(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if state != http.StateClosed && state != http.StateHijacked {
		s.open[c] = true
		return
	}
	delete(s.open, c)
	s.idle.Broadcast()
}

// settle waits until nothing of a dead run is under way. The connection of its own that it makes is the last to be accepted.
func (s *shaky) settle(t *testing.T) {
	t.Helper()
	req, err := http.NewRequest("GET", s.server.URL+"/settle", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.open) > 0 {
		s.idle.Wait()
	}
}

// start starts a run that dies as planned.
func (s *shaky) start(cmd *exec.Cmd, k kill) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.victim, s.kill, s.struck = cmd, k, false
	clear(s.seen)
	return cmd.Start()
}

// ServeHTTP carries a request out, or not, and answers it, or not.
func (s *shaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/settle" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil { // the sender died meanwhile, or its connection did
		cut(w)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	route := routeOf(r)
	death, wrong := s.draw(route, body)
	if death.phase == before {
		s.strike(death.victim)
		cut(w)
		return
	}
	answer := httptest.NewRecorder()
	if wrong == nil || wrong.acts {
		s.engine.ServeHTTP(answer, r)
		s.note(route, answer.Code)
	}
	if death.phase == after {
		s.strike(death.victim)
		cut(w)
		return
	}
	if wrong != nil {
		wrong.answer(w, answer)
	} else {
		send(w, answer)
	}
	if death.phase == answered {
		time.Sleep(death.wait)          // how far the run gets in it is what varies,
		_ = death.victim.Process.Kill() // and it may get to its end
	}
}

// A death is what a request leads to.
type death struct {
	phase
	victim *exec.Cmd
	wait   time.Duration
}

// draw decides what becomes of a request.
func (s *shaky) draw(route string, body []byte) (death, *wrongAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if route == routeCreate {
		s.checkIntent()
	}
	d := death{victim: s.victim, wait: s.kill.wait}
	if s.seen[routeAny] == 0 {
		s.first = time.Now()
		if s.kill.phase == sinceRequest {
			time.AfterFunc(s.kill.wait, func() { _ = d.victim.Process.Kill() }) // it may have ended
		}
	}
	if s.kill.phase >= before && s.kill.nth == s.seen[s.kill.route] && (s.kill.route == route || s.kill.route == routeAny) {
		d.phase = s.kill.phase
	}
	if d.phase == before && route == routeCreate && !s.long {
		d.phase = after // see TestKilledAtAnyMoment
	}
	s.seen[routeAny]++
	if route != routeAny {
		s.seen[route]++
	}
	return d, s.drawFault(route, body)
}

// checkIntent holds a run to its first duty: what it is about to buy stands on disk before it is asked for.
func (s *shaky) checkIntent() {
	journal, err := os.ReadFile(s.journal)
	if err != nil || !bytes.Contains(journal, []byte(`"intent"`)) {
		s.problems = append(s.problems, fmt.Sprintf("a creation without an intent on disk: %v, %q", err, journal))
	}
}

func (s *shaky) drawFault(route string, body []byte) *wrongAnswer {
	tuned := bytes.Contains(body, []byte(`"model":"ft:`))
	var wrong *wrongAnswer
	switch {
	case route == routeJob && s.unknown > 0:
		s.unknown--
		wrong = &notFoundYet
	case route == routeChat && tuned && s.unready > 0:
		s.unready--
		wrong = &notFoundYet
	case s.faults > 0 && s.rng.IntN(4) == 0:
		s.faults--
		wrong = drawWrong(s.rng, route, s.long)
	default:
		return nil
	}
	s.given = append(s.given, route+" "+wrong.name)
	return wrong
}

// note counts what the engine said yes to.
func (s *shaky) note(route string, code int) {
	if code >= 300 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.committed[route]++
}

// strike kills a run that waits for an answer.
func (s *shaky) strike(victim *exec.Cmd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.struck = victim.Process.Kill() == nil
}

// has reports whether everything that the route makes is there already.
func (s *shaky) has(route string) bool {
	return route == routeUpload && s.commits(route) >= s.files || route == routeCreate && s.commits(route) > 0
}

func (s *shaky) commits(route string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.committed[route]
}

// requests returns how many requests the last run made.
func (s *shaky) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[routeAny]
}

func (s *shaky) firstRequest() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// addTo counts how far the last run had come.
func (s *shaky) addTo(where map[string]int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.seen[routeAny] == 0:
		where["before the first request"]++
	case s.committed[routeUpload] == 0:
		where["before the upload"]++
	case s.committed[routeUpload] < s.files:
		where["between the uploads"]++
	case s.committed[routeCreate] == 0:
		where["before the creation"]++
	case s.seen[routeChat] == 0:
		where["before the first question"]++
	default:
		where["after it"]++
	}
}

func (s *shaky) faultsGiven() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.given)
}

func (s *shaky) history() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.given, ", ")
}

// wasStruck reports whether the last run was killed while it waited for an answer, and what rules runs broke.
func (s *shaky) wasStruck() (bool, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.struck, s.problems
}

// received returns how many requests of a route reached the engine.
func (s *shaky) received(route string) int {
	for _, r := range s.engine.Requests() {
		if r.Route == route {
			return r.Executed
		}
	}
	return 0
}
