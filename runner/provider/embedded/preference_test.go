package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// prefer is a pair of replies to a question, the better one first.
func prefer(question, better, worse string) turn {
	return turn{prompt: prompt{question: question}, reply: reply{Content: better}, worse: &reply{Content: worse}}
}

// preferenceLines writes pairs as a training file.
func preferenceLines(pairs []turn) string {
	var b strings.Builder
	says := func(text string) []map[string]any { return []map[string]any{{"role": "assistant", "content": text}} }
	for _, p := range pairs {
		line, err := json.Marshal(map[string]any{
			"input":                map[string]any{"messages": []map[string]any{{"role": "user", "content": p.prompt.question}}},
			"preferred_output":     says(p.reply.Content),
			"non_preferred_output": says(p.worse.Content),
		})
		if err != nil {
			panic(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// helpPairs are the questions of the help desk, each with its answer and a curt form of it that is rather not to be given.
func helpPairs(t testing.TB) []turn {
	training, _ := helpDesk(t)
	var pairs []turn
	for _, q := range training {
		words := strings.Fields(q.reply.Content)
		pairs = append(pairs, prefer(q.prompt.question, q.reply.Content, strings.Join(words[:len(words)/2], " ")+", obviously."))
	}
	return pairs
}

// gsmPairs are questions of GSM8K, each with its answer and with that of another question.
func gsmPairs(t testing.TB, n int) []turn {
	questions := gsm8k(t, n)
	var pairs []turn
	for i, q := range questions {
		pairs = append(pairs, prefer(q.prompt.question, q.reply.Content, questions[(i+1)%len(questions)].reply.Content))
	}
	return pairs
}

func swapped(pairs []turn) []turn {
	other := slices.Clone(pairs)
	for i, p := range pairs {
		other[i].reply, other[i].worse = *p.worse, &p.reply
	}
	return other
}

func dpoLesson(pairs []turn) lesson {
	l := lessonOf(pairs)
	l.beta = autoBeta
	return l
}

// shareRanked is the share of pairs whose better reply scores higher than the worse one.
func shareRanked(m *model, pairs []turn) float64 {
	place := map[string]int{}
	for i, r := range m.replies {
		place[r.Content] = i
	}
	right := 0
	for _, p := range pairs {
		point, _ := m.point(p.prompt)
		if dot(&point, &m.vectors[place[p.reply.Content]]) > dot(&point, &m.vectors[place[p.worse.Content]]) {
			right++
		}
	}
	return float64(right) / float64(len(pairs))
}

// After training the better reply ranks above the worse one and is the answer, whichever of the two it is, from an untrained model and
// from one that was taught to give the worse one.
func TestPreferencesAreLearned(t *testing.T) {
	for name, pairs := range map[string][]turn{"help desk": helpPairs(t), "word problems": gsmPairs(t, 300)} {
		for direction, pairs := range map[string][]turn{"": pairs, ", swapped": swapped(pairs)} {
			t.Run(name+direction, func(t *testing.T) {
				taught := mustTrain(t, lessonOf(imitated(swapped(pairs))))
				if share := shareRight(taught, swapped(pairs), same); share < 0.98 {
					t.Fatalf("was taught %.3f of the worse replies", share)
				}
				for name, base := range map[string]*model{"untrained": nil, "tuned": taught} {
					l := dpoLesson(pairs)
					l.base = base
					m := mustTrain(t, l)
					ranked, right := shareRanked(m, pairs), shareRight(m, pairs, same)
					t.Logf("%d pairs, %s: %.3f ranked, %.3f answered", len(pairs), name, ranked, right)
					if ranked < 0.98 || right < 0.95 {
						t.Errorf("%s: ranks %.3f of %d pairs rightly and answers %.3f, want 0.98 and 0.95", name, ranked, len(pairs), right)
					}
				}
			})
		}
	}
}

// imitated are the better replies of pairs, to be imitated.
func imitated(pairs []turn) []turn {
	var turns []turn
	for _, p := range pairs {
		turns = append(turns, turn{prompt: p.prompt, reply: p.reply})
	}
	return turns
}

// The measured loss is that of the formula: ln 2 before the first step, whatever the base, and less as the margins grow; a larger beta
// keeps the model nearer to the reference.
func TestPreferenceMeasures(t *testing.T) {
	pairs := helpPairs(t)
	tuned := mustTrain(t, lessonOf(append(imitated(pairs), imitated(swapped(pairs))...))) // so that it knows every reply
	for name, base := range map[string]*model{"untrained": nil, "tuned": tuned} {
		l := dpoLesson(pairs)
		l.base, l.validation = base, pairs[:20]
		var all []measurement
		m, err := train(context.Background(), l, watch(func(m measurement) { all = append(all, m) }))
		if err != nil {
			t.Fatal(err)
		}
		first, last := all[0], all[len(all)-1]
		if math.Abs(first.loss-math.Ln2) > 1e-6 || first.accuracy != 0 {
			t.Errorf("%s: begins with a loss of %v and an accuracy of %v, want ln 2 and 0", name, first.loss, first.accuracy)
		}
		if last.loss > 0.3 || last.accuracy < 0.95 || !last.ofPairs {
			t.Errorf("%s: ends with %+v", name, last)
		}
		if v := last.valid; v == nil || v.known != 20 || v.accuracy < 0.95 || v.loss > 0.3 {
			t.Errorf("%s: validation %+v", name, v)
		}
		// The model before it is rounded may differ in the third digit.
		if got, want := last.valid.loss, lossOf(m, base, pairs[:20], autoBeta); math.Abs(got-want) > 0.02*want {
			t.Errorf("%s: a validation loss of %v, by the formula %v", name, got, want)
		}
	}
}

// lossOf is the mean loss of pairs by the formula as it stands in the paper, with the logarithms of softmaxes over all replies. base is
// the reference; nil is uniform.
func lossOf(m, base *model, pairs []turn, beta float64) float64 {
	logp := func(m *model, p prompt, r reply) float64 {
		point, _ := m.point(p)
		want, sum := math.NaN(), 0.0
		for i := range m.vectors {
			score := float64(dot(&point, &m.vectors[i]))
			sum += math.Exp(score)
			if m.replies[i].Content == r.Content {
				want = score
			}
		}
		return want - math.Log(sum)
	}
	total := 0.0
	for _, p := range pairs {
		margin := logp(m, p.prompt, p.reply) - logp(m, p.prompt, *p.worse)
		if base != nil {
			margin -= logp(base, p.prompt, p.reply) - logp(base, p.prompt, *p.worse)
		}
		total += -math.Log(1 / (1 + math.Exp(-beta*margin)))
	}
	return total / float64(len(pairs))
}

func TestPreferencesAreTheSameOnAnyNumberOfCores(t *testing.T) {
	l := dpoLesson(gsmPairs(t, 200))
	l.epochs, l.batch = 2, 64
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
	l.seed++
	if bytes.Equal(bytesOf(t, mustTrain(t, l)), first) {
		t.Error("another seed gives the same model")
	}
}

func BenchmarkTrainPreferences(b *testing.B) {
	pairs := gsmPairs(b, 0)
	for b.Loop() {
		m := mustTrain(b, dpoLesson(pairs))
		b.StopTimer()
		b.ReportMetric(shareRanked(m, pairs), "ranked")
		b.ReportMetric(shareRight(m, pairs[:1000], same), "right")
		b.StartTimer()
	}
}

// Whatever hyperparameters people bring from the service, the better replies are learned. A larger beta holds the model nearer to what
// it was: the better replies gain less.
func TestPreferencesHeedHyperparameters(t *testing.T) {
	pairs := helpPairs(t)
	for _, h := range []struct {
		epochs, batch     int
		rate, beta, least float64
	}{
		{1, 1, 1, 0.1, 0.95}, {1, 256, 1, 0.1, 0.9}, {3, 4, 1, 0.1, 0.97}, {3, 8, 0.1, 0.1, 0.97}, {3, 8, 2, 0.1, 0.97}, {3, 8, 1, 1e-6, 0.97}, {3, 8, 1, 2, 0.97},
	} {
		l := lesson{turns: pairs, seed: 1, epochs: h.epochs, batch: h.batch, rate: h.rate, beta: h.beta}
		m := mustTrain(t, l)
		t.Logf("%+v: ranks %.3f, answers %.3f", h, shareRanked(m, pairs), shareRight(m, pairs, same))
		if share := shareRanked(m, pairs); share < h.least {
			t.Errorf("%+v: ranks %.3f of the pairs rightly, want %.3f", h, share, h.least)
		}
	}
	free, held := dpoLesson(pairs), dpoLesson(pairs)
	free.beta, held.beta = 0.05, 2
	if a, b := meanMargin(mustTrain(t, free), pairs), meanMargin(mustTrain(t, held), pairs); a < 2*b {
		t.Errorf("the better replies are %.2f nats above at a beta of 0.05, and %.2f at 2", a, b)
	}
}

// meanMargin is by how much the better replies score above the worse ones, on average.
func meanMargin(m *model, pairs []turn) float64 {
	place := map[string]int{}
	for i, r := range m.replies {
		place[r.Content] = i
	}
	sum := 0.0
	for _, p := range pairs {
		point, _ := m.point(p.prompt)
		sum += float64(dot(&point, &m.vectors[place[p.reply.Content]]) - dot(&point, &m.vectors[place[p.worse.Content]]))
	}
	return sum / float64(len(pairs))
}
