//go:build unix

package openai_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ftrun/runner/provider"
	"ftrun/runner/provider/openai"
)

// serveAnswers makes the test binary a service that takes its time, so that a benchmark can tell the client's work from the service's.
const serveAnswers = "FTRUN_OPENAI_TEST_SERVE"

const serviceLatency = 50 * time.Millisecond

func TestMain(m *testing.M) {
	if os.Getenv(serveAnswers) != "" {
		serveUntilAlone()
		return
	}
	m.Run()
}

// typicalAnswer is as long and has as many fields as OpenAI's answers have.
var typicalAnswer = `{"id":"chatcmpl-BmPZ3kfT0wRJ4nTrKJm2h5hD1kPsx","object":"chat.completion","created":1750000000,"model":"ft:gpt-4.1-mini-2025-04-14:acme:helpdesk:B9xYzAbC",` +
	`"choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat(`Plants turn sunlight into energy\n`, 15) + `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],` +
	`"usage":{"prompt_tokens":52,"completion_tokens":96,"total_tokens":148,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},` +
	`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_51e1070cf2"}`

// serveUntilAlone says where it listens, and goes on until there is nobody to listen to it any more.
func serveUntilAlone() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-time.After(serviceLatency)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, typicalAnswer)
	}))
	fmt.Println(server.URL)
	bufio.NewReader(os.Stdin).ReadByte()
}

// startService starts the service in a process of its own and returns its address.
func startService(b *testing.B) string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveAnswers+"=1")
	stdin, err := cmd.StdinPipe() // ends with this process, and the other with it
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

// cpuTime is what this process has had of the processors.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkComplete asks many questions at once, and as many without the client, with net/http alone: what lies between the two is the
// client's own. cpu-ms/question is the processor time of this process, which is not the service's; ideal-% is the rate against the one
// that the latency allows.
func BenchmarkComplete(b *testing.B) {
	url := startService(b)
	zero := 0.0
	system, user := strings.Repeat("You are a helpful assistant. ", 10), strings.Repeat("How do plants live? ", 10)
	request := provider.CompletionRequest{
		Model: "ft:gpt-4.1-mini-2025-04-14:acme:helpdesk:B9xYzAbC", Temperature: &zero,
		Messages: []provider.Message{{Role: "system", Content: system}, {Role: "user", Content: user}},
	}
	for _, atOnce := range []int{50, 200} {
		b.Run(fmt.Sprintf("client/%d", atOnce), func(b *testing.B) {
			c := openai.New(openai.Config{Endpoint: endpoint(url), UserAgent: "ftrun/bench"})
			defer c.CloseIdleConnections()
			crowd(b, atOnce, func() error {
				got, err := c.Complete(b.Context(), request)
				if err == nil && !strings.HasPrefix(got.Text, "Plants") {
					err = fmt.Errorf("answer %q", got.Text)
				}
				return err
			})
		})
		b.Run(fmt.Sprintf("net-http/%d", atOnce), func(b *testing.B) {
			transport := http.DefaultTransport.(*http.Transport).Clone()
			transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 0, 1024
			defer transport.CloseIdleConnections()
			bare := http.Client{Transport: transport}
			body := `{"model":"m","messages":[{"role":"system","content":"` + system + `"},{"role":"user","content":"` + user + `"}],"temperature":0}`
			crowd(b, atOnce, func() error {
				resp, err := bare.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
				if err != nil {
					return err
				}
				defer resp.Body.Close()
				_, err = io.ReadAll(resp.Body)
				return err
			})
		})
	}
}

// crowd asks b.N times, so many at once.
func crowd(b *testing.B, atOnce int, ask func() error) {
	b.ReportAllocs()
	var asked atomic.Int64
	var group sync.WaitGroup
	before := cpuTime(b)
	b.ResetTimer()
	for range atOnce {
		group.Go(func() {
			for asked.Add(1) <= int64(b.N) {
				if err := ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
	used := cpuTime(b) - before
	rounds := (b.N + atOnce - 1) / atOnce
	b.ReportMetric(float64(used.Microseconds())/1000/float64(b.N), "cpu-ms/question")
	b.ReportMetric(100*float64(time.Duration(rounds)*serviceLatency)/float64(b.Elapsed()), "ideal-%")
}
