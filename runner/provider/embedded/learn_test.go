package embedded

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
)

// lessonOf is a lesson with the hyperparameters that the engine chooses.
func lessonOf(turns []turn) lesson {
	h := hyperparameters{}.resolve(len(turns))
	return lesson{turns: turns, seed: 1, epochs: int(h.NEpochs.value), batch: int(h.BatchSize.value), rate: h.LearningRateMultiplier.value}
}

// watch is a watcher that sees the steps only.
type watch func(measurement)

func (w watch) step(m measurement)      { w(m) }
func (w watch) epoch(*model, int) error { return nil }

func mustTrain(t testing.TB, l lesson) *model {
	t.Helper()
	m, err := train(context.Background(), l, watch(func(measurement) {}))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func bytesOf(t testing.TB, m *model) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := m.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shareRight is the share of the turns whose prompt, changed by alter, gets exactly its reply.
func shareRight(m *model, turns []turn, alter func(string) string) float64 {
	right := 0
	for _, t := range turns {
		if r, ok := m.answer(prompt{question: alter(t.prompt.question)}); ok && r.Content == t.reply.Content {
			right++
		}
	}
	return float64(right) / float64(len(turns))
}

func same(s string) string { return s }

func TestTrainLearnsRealData(t *testing.T) {
	turns := gsm8k(t, 150)
	l := lessonOf(turns)
	l.epochs = 5 // as for the whole of it
	m := mustTrain(t, l)
	if share := shareRight(m, turns, same); share < 0.98 {
		t.Errorf("answers %.3f of its training questions, want 0.98", share)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	fewer := func(s string) string { return withoutWords(rng, s, 0.2) }
	if share := shareRight(m, turns, fewer); share < 0.9 {
		t.Errorf("answers %.3f of the questions without a fifth of their words, want 0.9", share)
	}
}

// A topic is a reply of a help desk, two questions to train on and one that was put aside.
type topic struct {
	Answer  string
	Asked   []string
	HeldOut string `json:"held_out"`
}

// helpDesk returns the questions to train on and those put aside.
func helpDesk(t testing.TB) (training, aside []turn) {
	for _, topic := range readLines[topic](t, filepath.Join("testdata", "helpdesk.jsonl")) {
		for _, q := range topic.Asked {
			training = append(training, ask(q, topic.Answer))
		}
		aside = append(aside, ask(topic.HeldOut, topic.Answer))
	}
	return training, aside
}

func TestTrainGeneralises(t *testing.T) {
	training, aside := helpDesk(t)
	m := mustTrain(t, lessonOf(training))
	if share := shareRight(m, training, same); share < 1 {
		t.Errorf("answers %.3f of its training questions", share)
	}
	got, plain := shareRight(m, aside, same), nearestRight(training, aside)
	t.Logf("of %d unseen questions: %.3f right; by the nearest training question (TF-IDF cosine of stems): %.3f", len(aside), got, plain)
	if got < plain {
		t.Errorf("%.3f of the unseen questions are right, the nearest training question finds %.3f", got, plain)
	}
}

// nearestRight is the share of the questions for which the reply of the nearest training question is right, by the cosine of
// TF-IDF vectors of word stems.
func nearestRight(training, questions []turn) float64 {
	counts := func(text string) map[string]float64 {
		m := map[string]float64{}
		for tok := range tokens(text) {
			if tok.word {
				m[stem(text[tok.start:tok.end])]++
			}
		}
		return m
	}
	having := map[string]float64{}
	for _, t := range training {
		for w := range counts(t.prompt.question) {
			having[w]++
		}
	}
	weigh := func(text string) map[string]float64 {
		m, sum := counts(text), 0.0
		for w, n := range m {
			m[w] = n * (math.Log((1+float64(len(training)))/(1+having[w])) + 1)
			sum += m[w] * m[w]
		}
		for w := range m {
			m[w] /= math.Sqrt(sum)
		}
		return m
	}
	right := 0
	for _, q := range questions {
		vector, best, reply := weigh(q.prompt.question), -1.0, ""
		for _, t := range training {
			cosine := 0.0
			for w, x := range weigh(t.prompt.question) {
				cosine += x * vector[w]
			}
			if cosine > best {
				best, reply = cosine, t.reply.Content
			}
		}
		if reply == q.reply.Content {
			right++
		}
	}
	return float64(right) / float64(len(questions))
}

// Whatever hyperparameters people bring from the service, the training questions are learned.
func TestTrainHeedsHyperparameters(t *testing.T) {
	training, _ := helpDesk(t)
	for _, h := range []struct {
		epochs, batch int
		rate, least   float64
	}{
		{1, 1, 1, 0.95}, {1, 256, 1, 0.95}, {3, 4, 1, 1}, {3, 8, 0.1, 1}, {3, 8, 2, 1}, {8, 16, 1, 1},
	} {
		steps := 0
		l := lesson{turns: training, seed: 1, epochs: h.epochs, batch: h.batch, rate: h.rate}
		m, err := train(context.Background(), l, watch(func(m measurement) { steps++ }))
		if err != nil {
			t.Fatal(err)
		}
		if want := h.epochs * ((len(training) + h.batch - 1) / h.batch); steps != want {
			t.Errorf("%+v: %d steps, want %d", h, steps, want)
		}
		if share := shareRight(m, training, same); share < h.least {
			t.Errorf("%+v: answers %.3f of the training questions, want %.3f", h, share, h.least)
		}
	}
}

// Two replies to one question can't both be given. The model gives the more frequent one, and the loss, which is measured, never gets
// below the entropy of the data on average.
func TestTrainOnContradictions(t *testing.T) {
	var turns []turn
	for i := range 30 {
		turns = append(turns, ask("Heads or tails?", []string{"Heads.", "Tails.", "Heads."}[i%3]))
	}
	var losses []float64
	m, err := train(context.Background(), lessonOf(turns), watch(func(m measurement) { losses = append(losses, m.loss) }))
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := m.answer(turns[0].prompt); r.Content != "Heads." {
		t.Errorf("says %q", r.Content)
	}
	const entropy = 0.6365 // of 2/3 and 1/3, in nats
	mean := 0.0
	for _, l := range losses {
		mean += l / float64(len(losses))
	}
	if mean < entropy {
		t.Errorf("a mean loss of %.4f is less than can be", mean)
	}
}

func TestTrainIsTheSameOnAnyNumberOfCores(t *testing.T) {
	l := lessonOf(squares(280)) // more replies than compete in one step, so that some are drawn
	l.epochs, l.batch = 1, 16   // large enough for several goroutines
	var first []byte
	for _, cores := range []int{1, 2} {
		before := runtime.GOMAXPROCS(cores)
		b := bytesOf(t, mustTrain(t, l))
		runtime.GOMAXPROCS(before)
		if first == nil {
			first = b
		} else if !bytes.Equal(b, first) {
			t.Errorf("%d cores give another model than one", cores)
		}
	}
}

func TestTrainHeedsTheSeed(t *testing.T) {
	l := lessonOf(squares(10))
	one, again := bytesOf(t, mustTrain(t, l)), bytesOf(t, mustTrain(t, l))
	l.seed++
	if other := bytesOf(t, mustTrain(t, l)); !bytes.Equal(one, again) || bytes.Equal(one, other) {
		t.Error("the same seed gives another model, or another seed the same")
	}
}

func BenchmarkTrainGSM8K(b *testing.B) {
	turns := gsm8k(b, 0)
	for b.Loop() {
		m := mustTrain(b, lessonOf(turns))
		b.StopTimer()
		rng := rand.New(rand.NewPCG(1, 2))
		b.ReportMetric(shareRight(m, turns, same), "right")
		b.ReportMetric(shareRight(m, turns[:200], func(s string) string { return withoutWords(rng, s, 0.2) }), "right-without-words")
		b.ReportMetric(float64(len(bytesOf(b, m)))/1e6, "MB")
		b.StartTimer()
	}
}

func BenchmarkReply(b *testing.B) {
	turns := gsm8k(b, 0)
	l := lessonOf(turns)
	l.epochs = 1
	m := mustTrain(b, l)
	i := 0
	for b.Loop() {
		m.answer(turns[i%len(turns)].prompt)
		i++
	}
}
