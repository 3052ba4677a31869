package embedded

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// serveDir makes the test binary a server on that folder, for a test that kills it.
const serveDir = "FTRUN_EMBEDDED_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveDir); dir != "" {
		serveUntilKilled(dir)
		return
	}
	m.Run()
}

// serveUntilKilled says where it listens, and goes on until there is nobody to listen to it any more.
func serveUntilKilled(dir string) {
	s, err := New(Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	fmt.Println(httptest.NewServer(s).URL)
	bufio.NewReader(os.Stdin).ReadByte()
}

func TestKillTheProcessInTheMiddleOfTraining(t *testing.T) {
	turns := squares(40)
	hyper := fields{"hyperparameters": fields{"n_epochs": 20, "batch_size": 1}}
	want := undisturbed(t, turns, hyper)

	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveDir+"="+dir)
	stdin, err := cmd.StdinPipe() // ends with this process, and the other with it
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	other := &client{t: t, url: strings.TrimSpace(url), http: new(http.Client), schema: describe(t)}
	j := other.create(other.upload(jsonl(turns)), hyper)
	other.awaitStep(j.ID)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()

	c := serve(t, Options{Dir: dir})
	if j = c.job(j.ID); !terminal(j.Status) {
		j = c.await(j.ID)
	}
	if j.Status != statusSucceeded || !bytes.Equal(modelBytes(t, c.server.store, j.ID), want) {
		t.Errorf("after the kill the job ends %s, %+v, or with another model", j.Status, j.Error)
	}
	if rows := c.resultOf(j); len(rows) != 1+20*40 {
		t.Errorf("after the kill the result file has %d lines", len(rows))
	}
	if names := c.filenames("purpose=fine-tune-results"); len(names) != 1 {
		t.Errorf("after the kill there are %q", names)
	}
	checkNoStrays(t, c.server)
}
