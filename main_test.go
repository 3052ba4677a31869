package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ftrun/runner"
	"ftrun/runner/provider/embedded"
	"ftrun/runner/provider/providertest/openapi"
)

var update = flag.Bool("update", false, "rewrite the expected files inside the scripts")

// plantedKey is the secret of every script. It must turn up in no file and in no output.
const plantedKey = "sk-planted-7f3a9c51e2d84b60"

func TestMain(m *testing.M) {
	// Most tests here wait for a process or for the clock, and not for a processor. -parallel still has its say.
	if err := flag.Set("test.parallel", strconv.Itoa(max(8, 2*runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"ftrun": main})
}

// TestScripts runs the transcripts of testdata/script: real processes, real HTTP, real files. Their base model is mostly one whose encoding
// loads quickly. Beside testscript's own commands:
//
//	engine [faults.json]         start an embedded engine in the test and point OPENAI_BASE_URL and OPENAI_API_KEY at it
//	engine -key KEY              the same, refusing every other key
//	exitcode N command [arg...]  run a command that must exit with exactly N
//	field FILE PATH VALUE        a value in a JSON file, such as: field ftrun-out/results.json stages.0.status done
//	junit FILE green|red         parse a JUnit report, recount it, and tell whether it has a failure or an error
//	waitfor FILE TEXT            wait until a file holds a text, for at most 20 s
//	requests ROUTE N             how many requests the engine carried out, such as: requests 'POST /v1/fine_tuning/jobs' 1
func TestScripts(t *testing.T) {
	t.Cleanup(func() {
		if err := strays.Err(); err != nil {
			t.Error(err)
		}
	})
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"engine":   cmdEngine,
			"exitcode": cmdExitCode,
			"field":    cmdField,
			"junit":    cmdJUnit,
			"requests": cmdRequests,
			"waitfor":  cmdWaitFor,
		},
	})
}

func setup(env *testscript.Env) error {
	examples, err := filepath.Abs("examples")
	if err != nil {
		return err
	}
	env.Setenv("EXAMPLES", examples)
	env.Setenv("GOGC", "400") // some two hundred processes: collecting their garbage takes a good part of their time
	env.Defer(func() {
		if path := leak(env.WorkDir); path != "" {
			panic("the key stands in " + path)
		}
	})
	return nil
}

// leak returns a file under dir that holds the planted key.
func leak(dir string) string {
	var found string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(plantedKey)) {
			found = path
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return found
}

// strays are the requests of all scripts that the published description of the API does not allow.
var strays openapi.Findings

// engines holds the engine of each script that started one.
var engines sync.Map // *testscript.TestScript to *embedded.Server

func cmdEngine(ts *testscript.TestScript, neg bool, args []string) {
	var opts embedded.Options
	switch {
	case len(args) == 2 && args[0] == "-key":
		opts.APIKey = args[1]
	case len(args) == 1:
		faults, err := embedded.ParseFaults(strings.NewReader(ts.ReadFile(args[0])))
		ts.Check(err)
		opts.Faults = faults
	case len(args) > 1 || neg:
		ts.Fatalf("usage: engine [faults.json | -key KEY]")
	}
	opts.Dir = ts.MkAbs("engine-state")
	engine, err := embedded.New(opts)
	ts.Check(err)
	server := httptest.NewServer(openapi.Guard(engine, func(err error) { strays.Add(fmt.Errorf("%s: %w", ts.Name(), err)) }, ts.Logf))
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
		ts.Check(engine.Close())
	})
	engines.Store(ts, engine)
	ts.Setenv("OPENAI_BASE_URL", server.URL+"/v1")
	ts.Setenv("OPENAI_API_KEY", plantedKey)
	ts.Setenv("ENGINE_ADDR", server.Listener.Addr().String())
}

func cmdExitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N command [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	for _, stream := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(stream), plantedKey) {
			ts.Fatalf("the key stands in %s", stream)
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdField(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: field FILE PATH VALUE")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	for _, name := range strings.Split(args[1], ".") {
		value = step(ts, value, name)
	}
	text, ok := value.(string)
	if !ok {
		raw, err := json.Marshal(value)
		ts.Check(err)
		text = string(raw)
	}
	if (text == args[2]) == neg {
		ts.Fatalf("%s: %s is %s", args[0], args[1], text)
	}
}

func step(ts *testscript.TestScript, value any, name string) any {
	switch v := value.(type) {
	case map[string]any:
		next, ok := v[name]
		if !ok {
			ts.Fatalf("no field %q", name)
		}
		return next
	case []any:
		if name == "len" {
			return len(v)
		}
		i, err := strconv.Atoi(name)
		if err != nil || i >= len(v) {
			ts.Fatalf("no element %q of %d", name, len(v))
		}
		return v[i]
	default:
		ts.Fatalf("%q of a value that has no fields", name)
		return nil
	}
}

type junitSuite struct {
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
	Cases    []struct {
		Failure *struct{} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct{} `xml:"skipped"`
	} `xml:"testcase"`
}

func cmdJUnit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || !slices.Contains([]string{"green", "red"}, args[1]) {
		ts.Fatalf("usage: junit FILE green|red")
	}
	var root junitSuite
	ts.Check(xml.Unmarshal([]byte(ts.ReadFile(args[0])), &root))
	var tests, failures, errs, skipped int
	for _, suite := range root.Suites {
		var f, e, s int
		for _, c := range suite.Cases {
			f, e, s = f+count(c.Failure), e+count(c.Error), s+count(c.Skipped)
		}
		if suite.Tests != len(suite.Cases) || suite.Failures != f || suite.Errors != e || suite.Skipped != s {
			ts.Fatalf("a suite's counts do not add up: %+v", suite)
		}
		tests, failures, errs, skipped = tests+suite.Tests, failures+f, errs+e, skipped+s
	}
	if root.Tests != tests || root.Failures != failures || root.Errors != errs || tests == 0 {
		ts.Fatalf("counts do not add up: root %d/%d/%d, suites %d/%d/%d", root.Tests, root.Failures, root.Errors, tests, failures, errs)
	}
	if red := failures+errs > 0; red != (args[1] == "red") {
		ts.Fatalf("%d failures and %d errors, want a %s report", failures, errs, args[1])
	}
}

func count(result *struct{}) int {
	if result == nil {
		return 0
	}
	return 1
}

func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: requests ROUTE N")
	}
	value, ok := engines.Load(ts)
	if !ok {
		ts.Fatalf("no engine was started")
	}
	n := 0
	for _, r := range value.(*embedded.Server).Requests() {
		if r.Route == args[0] {
			n = r.Executed
		}
	}
	if strconv.Itoa(n) != args[1] {
		ts.Fatalf("%d requests %s carried out, want %s", n, args[0], args[1])
	}
}

func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	for range 1000 {
		if data, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && bytes.Contains(data, []byte(args[1])) {
			return
		}
		time.Sleep(20 * time.Millisecond) // another process works meanwhile
	}
	ts.Fatalf("%s does not hold %q", args[0], args[1])
}

// TestSignals is Ctrl-C twice: the first lets the run end in good order, the second does not wait for it. What comes with the first,
// and SIGTERM, does not count as the second.
func TestSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := system{Signals: make(chan os.Signal), Exit: func(code int) {
			if code != 130 {
				t.Errorf("exit %d, want 130", code)
			}
		}}
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan struct{})
		go func() {
			s.watchSignals(ctx, cancel)
			close(ended)
		}()
		s.Signals <- syscall.SIGTERM
		<-ctx.Done()
		if cause := context.Cause(ctx); cause != runner.ErrInterrupted {
			t.Errorf("cause %v", cause)
		}
		s.Signals <- os.Interrupt // an echo
		time.Sleep(time.Second)
		s.Signals <- syscall.SIGTERM
		synctest.Wait()
		select {
		case <-ended:
			t.Fatal("ended without a second Ctrl-C")
		default:
		}
		s.Signals <- os.Interrupt
		<-ended
	})
}
