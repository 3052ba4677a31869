package grade

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ftrun/spec/diag"
)

// RougeLMetric names [RougeL] as an evaluation metric.
const RougeLMetric = "rouge_l"

// cosineMetric names the metric that asks a service for embeddings.
const cosineMetric = "cosine"

// textMetrics are the metrics that need the texts only. Each function documents its formula, range and source.
var textMetrics = []struct {
	name  string
	score func(output, reference string) float64 // in [0,1]
}{
	{"bleu", bleu},
	{"fuzzy_match", fuzzyMatch},
	{"gleu", gleu},
	{"meteor", meteor},
	{"rouge_1", rougeN(1)},
	{"rouge_2", rougeN(2)},
	{"rouge_3", rougeN(3)},
	{"rouge_4", rougeN(4)},
	{"rouge_5", rougeN(5)},
	{RougeLMetric, RougeL},
}

// TextSimilarity scores how much the input resembles a reference, and passes from a threshold on. Resemblance is not truth: a wrong
// number in the right sentence scores high, and a good paraphrase low.
//
// It is OpenAI's grader of that name, with its metrics (GraderTextSimilarity of the published API description, which has the names and
// no formulas):
//
//	rouge_1 … rouge_5  runs of so many words in common, F1
//	rouge_l            words in common and in order, F1: [RougeL]
//	bleu               how far the input is made of runs of the reference's words: sacrebleu's sentence_bleu / 100
//	gleu               runs of one to four words in common, the smaller of precision and recall: nltk's sentence_gleu
//	meteor             words and stems in common, recall above precision, order: nltk's single_meteor_score without synonyms
//	fuzzy_match        characters in common and in order: rapidfuzz' fuzz.ratio / 100
//	cosine             the angle between embeddings, by a model that is asked for them
//
// All are in [0,1].
type TextSimilarity struct {
	Texts            `yaml:",inline"`
	EvaluationMetric string  `yaml:"evaluation_metric"` // rouge_l where left out
	EmbeddingModel   string  `yaml:"embedding_model"`   // for cosine: the model that makes the embeddings
	PassThreshold    float64 `yaml:"pass_threshold"`    // above 0, up to 1; required, as no cut-off suits every question
}

// String returns the assertion's name.
func (a *TextSimilarity) String() string {
	return fmt.Sprintf("text_similarity %s >= %v", a.EvaluationMetric, a.PassThreshold)
}

// Check wants a known metric, what that one needs, and a threshold.
func (a *TextSimilarity) Check() []Problem {
	problems := append(a.check(), a.checkReference()...)
	if message := checkMetric(a.EvaluationMetric); message != "" {
		problems = append(problems, Problem{Key: "evaluation_metric", Message: message})
	}
	switch isCosine := a.EvaluationMetric == cosineMetric; {
	case isCosine && strings.TrimSpace(a.EmbeddingModel) == "":
		problems = append(problems, Problem{Key: "embedding_model", Message: "required for cosine: a model of embeddings, such as text-embedding-3-small"})
	case !isCosine && a.EmbeddingModel != "":
		problems = append(problems, Problem{Key: "embedding_model", Message: "only evaluation_metric: cosine asks a model; leave it out"})
	}
	if !(a.PassThreshold > 0 && a.PassThreshold <= 1) { // so written, NaN is refused too
		problems = append(problems, Problem{Key: "pass_threshold", Message: "required: a score above 0 and up to 1, such as 0.5"})
	}
	return problems
}

// Embeds returns the model that is asked for embeddings, or "".
func (a *TextSimilarity) Embeds() string { return a.EmbeddingModel }

// Grader scores the texts of samples with the metric.
func (a *TextSimilarity) Grader() Grader {
	g := similarity{comparison: a.comparison(), metric: a.EvaluationMetric, threshold: a.PassThreshold}
	if a.EvaluationMetric == cosineMetric {
		g.score = func(ctx context.Context, with Services, output, reference string) (float64, error) {
			return cosine(ctx, with, a.EmbeddingModel, output, reference)
		}
		return g
	}
	score := textMetric(a.EvaluationMetric)
	g.score = func(_ context.Context, _ Services, output, reference string) (float64, error) {
		return score(output, reference), nil
	}
	return g
}

type similarity struct {
	comparison
	metric    string
	threshold float64
	score     func(ctx context.Context, with Services, output, reference string) (float64, error)
}

// Grade passes an output whose score reaches the threshold.
func (g similarity) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	input, reference, err := g.render(s)
	if err != nil {
		return notRendered(err)
	}
	score, err := g.score(ctx, with, input, reference)
	if err != nil {
		return Grade{}, err
	}
	if score >= g.threshold {
		return Grade{Score: score, Pass: true, Reason: fmt.Sprintf("%s is %s, at least %v", g.metric, roundDown(score), g.threshold)}, nil
	}
	return Grade{Score: score, Reason: fmt.Sprintf("%s is %s, below %v", g.metric, roundDown(score), g.threshold)}, nil
}

// roundDown prints a score so that 0.4999 never reads as 0.5 where 0.5 was wanted.
func roundDown(score float64) string {
	const steps = 1000
	return strconv.FormatFloat(math.Floor(score*steps+1e-9)/steps, 'f', -1, 64)
}

// textMetric returns the function of a metric that needs the texts only, or nil.
func textMetric(name string) func(output, reference string) float64 {
	for _, m := range textMetrics {
		if m.name == name {
			return m.score
		}
	}
	return nil
}

// checkMetric returns what is wrong with a metric's name, or "".
func checkMetric(name string) string {
	if name == cosineMetric || textMetric(name) != nil {
		return ""
	}
	names := []string{cosineMetric}
	for _, m := range textMetrics {
		names = append(names, m.name)
	}
	slices.Sort(names)
	message := "unknown metric " + quoteHead(name, excerptRunes)
	if s := diag.Suggest(strings.ToLower(name), names); s != "" {
		return message + fmt.Sprintf(", did you mean %q?", s)
	}
	return message + "; want " + strings.Join(names, ", ")
}
