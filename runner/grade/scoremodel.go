package grade

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// ScoreModel lets a model score the output, as OpenAI's score_model does
// (https://platform.openai.com/docs/guides/graders). The judge replies with a number of the range; the median of its replies counts, the lower of the two in the middle where
// their number is even. It passes from pass_threshold on, which is a number of the range too. The grade's score is the median's place in the range, in [0,1].
//
// A judge's reply that is not exactly what was asked for, such as a number outside the range or text around it, is an error, and so is the whole grade then.
type ScoreModel struct {
	Model         string         `yaml:"model"`          // empty: the pipeline's judge
	Input         []JudgeMessage `yaml:"input"`          // messages, whose contents are templates
	Rubric        string         `yaml:"rubric"`         // in place of input: what a good answer is, a template. Question, expected answer and answer are shown with it
	Range         []float64      `yaml:"range"`          // lowest and highest score
	PassThreshold *float64       `yaml:"pass_threshold"` // required
	Reasoning     bool           `yaml:"reasoning"`      // the judge says why first
}

// String returns the assertion's name.
func (a *ScoreModel) String() string {
	name := "score_model"
	if a.Rubric != "" {
		name += " " + quoteHead(a.Rubric, excerptRunes)
	}
	if a.PassThreshold != nil {
		name += " >= " + formatFloat(*a.PassThreshold)
	}
	return name
}

func (a *ScoreModel) prompt() judgePrompt { return judgePrompt{a.Input, a.Rubric} }

// JudgeModel returns the model that is asked; empty: the pipeline's judge.
func (a *ScoreModel) JudgeModel() string { return a.Model }

// Check wants something to judge by, a range, and a threshold inside it.
func (a *ScoreModel) Check() []Problem {
	problems := a.prompt().check()
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if len(a.Range) != 2 || !(a.Range[0] < a.Range[1]) || math.IsInf(a.Range[1]-a.Range[0], 0) {
		add("range", "want the lowest and the highest score, such as [0, 1] or [1, 5]")
		return problems
	}
	low, high := a.Range[0], a.Range[1]
	switch {
	case a.PassThreshold == nil:
		add("pass_threshold", fmt.Sprintf("required: the score of the range %v to %v from which on the answer is good enough", low, high))
	case !(*a.PassThreshold > low && *a.PassThreshold <= high):
		add("pass_threshold", fmt.Sprintf("want a score above %v and up to %v, as the range has it, found %v", low, high, *a.PassThreshold))
	}
	return problems
}

// NeedsReference reports whether the prompt has the case's answer in it.
func (a *ScoreModel) NeedsReference() bool { return a.prompt().needsAnswer() }

// Grader asks the judge.
func (a *ScoreModel) Grader() Grader {
	low, high := a.Range[0], a.Range[1]
	words := fmt.Sprintf("a number from %v (worst) to %v (best) as \"score\"", low, high)
	schema := map[string]any{"type": "number", "description": fmt.Sprintf("from %v to %v", low, high)}
	j, err := newJudge(a.Model, a.prompt(), "score", words, schema, a.Reasoning)
	return scoreGrader{judge: j, low: low, high: high, threshold: *a.PassThreshold, err: err}
}

type scoreGrader struct {
	judge     judge
	low, high float64
	threshold float64
	err       error // of arguments that nobody checked
}

// Range returns the lowest and the highest score of the judge, which the scores 0 and 1 of grades are.
func (g scoreGrader) Range() (low, high float64) { return g.low, g.high }

// Grade scores a sample.
func (g scoreGrader) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	if g.err != nil {
		return Grade{}, g.err
	}
	verdicts, noVerdict, err := g.judge.ask(ctx, s, with, func(v verdict) error {
		_, err := g.scores([]verdict{v})
		return err
	})
	if err != nil || noVerdict != "" {
		return Grade{Reason: noVerdict}, err
	}
	scores, err := g.scores(verdicts)
	if err != nil {
		return Grade{}, err
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	middle := order[(len(order)-1)/2]
	median := scores[middle]
	reason := "the judge's score is "
	if len(scores) > 1 {
		reason = fmt.Sprintf("the median of the judge's %d scores is ", len(scores))
	}
	grade := Grade{Score: (median - g.low) / (g.high - g.low), Pass: median >= g.threshold}
	if grade.Pass {
		reason += fmt.Sprintf("%v, at least %v", median, g.threshold)
	} else {
		reason += fmt.Sprintf("%v, below %v", median, g.threshold)
	}
	grade.Score = min(max(grade.Score, 0), 1)
	grade.Reason = verdicts[middle].because(reason)
	return grade, nil
}

// scores returns the numbers of verdicts, all inside the range.
func (g scoreGrader) scores(verdicts []verdict) ([]float64, error) {
	var scores []float64
	for _, v := range verdicts {
		n, ok := v.value.(json.Number)
		if !ok {
			return nil, fmt.Errorf("the judge's score is no number: %s", describeJSON(v.value))
		}
		x := toFloat(n)
		if x < g.low || x > g.high {
			return nil, fmt.Errorf("the judge's score %s is outside the range %v to %v", describeJSON(n), g.low, g.high)
		}
		scores = append(scores, x)
	}
	return scores, nil
}

// LabelModel lets a model give the output a label, as OpenAI's label_model does
// (https://platform.openai.com/docs/guides/graders). Of several replies the most frequent label counts; where several are equally frequent and not all
// of them pass or all of them fail, that is an error. It scores 1 or 0. What is said of replies at [ScoreModel] goes here too.
type LabelModel struct {
	Model         string         `yaml:"model"`  // empty: the pipeline's judge
	Input         []JudgeMessage `yaml:"input"`  // messages, whose contents are templates
	Rubric        string         `yaml:"rubric"` // in place of input: what the labels mean, a template. Question, expected answer and answer are shown with it
	Labels        []string       `yaml:"labels"`
	PassingLabels []string       `yaml:"passing_labels"` // of the labels
	Reasoning     bool           `yaml:"reasoning"`      // the judge says why first
}

// String returns the assertion's name.
func (a *LabelModel) String() string {
	name := "label_model"
	if a.Rubric != "" {
		name += " " + quoteHead(a.Rubric, excerptRunes)
	}
	return name + " " + plainText(strings.Join(a.PassingLabels, ", "))
}

func (a *LabelModel) prompt() judgePrompt { return judgePrompt{a.Input, a.Rubric} }

// JudgeModel returns the model that is asked; empty: the pipeline's judge.
func (a *LabelModel) JudgeModel() string { return a.Model }

// Check wants something to judge by, labels, and some but not all of them to pass.
func (a *LabelModel) Check() []Problem {
	problems := a.prompt().check()
	add := func(key, message string) { problems = append(problems, Problem{Key: key, Message: message}) }
	if len(a.Labels) < 2 {
		add("labels", "want two labels or more, such as [correct, incorrect]")
	}
	for _, list := range []struct {
		key    string
		labels []string
	}{{"labels", a.Labels}, {"passing_labels", a.PassingLabels}} {
		for i, label := range list.labels {
			key := fmt.Sprintf("%s[%d]", list.key, i)
			switch {
			case strings.TrimSpace(label) == "":
				add(key, "empty; want a label")
			case slices.Index(list.labels, label) < i:
				add(key, quoteHead(label, excerptRunes)+" is there twice")
			case list.key == "passing_labels" && len(a.Labels) > 0 && !slices.Contains(a.Labels, label):
				add(key, quoteHead(label, excerptRunes)+" is none of the labels")
			}
		}
	}
	if len(a.PassingLabels) == 0 {
		add("passing_labels", "required: the labels of answers that are good enough")
	} else if len(a.Labels) > 1 && len(a.PassingLabels) >= len(a.Labels) {
		add("passing_labels", "every label passes; leave those of answers that are not good enough out")
	}
	return problems
}

// NeedsReference reports whether the prompt has the case's answer in it.
func (a *LabelModel) NeedsReference() bool { return a.prompt().needsAnswer() }

// Grader asks the judge.
func (a *LabelModel) Grader() Grader {
	quoted := make([]string, len(a.Labels))
	for i, label := range a.Labels {
		quoted[i] = fmt.Sprintf("%q", label)
	}
	words := "one of the labels " + strings.Join(quoted, ", ") + " as \"label\""
	j, err := newJudge(a.Model, a.prompt(), "label", words, map[string]any{"type": "string", "enum": a.Labels}, a.Reasoning)
	return labelGrader{judge: j, labels: a.Labels, passing: a.PassingLabels, err: err}
}

type labelGrader struct {
	judge   judge
	labels  []string
	passing []string
	err     error // of arguments that nobody checked
}

// Grade labels a sample.
func (g labelGrader) Grade(ctx context.Context, s Sample, with Services) (Grade, error) {
	if g.err != nil {
		return Grade{}, g.err
	}
	verdicts, noVerdict, err := g.judge.ask(ctx, s, with, func(v verdict) error {
		_, err := g.label(v)
		return err
	})
	if err != nil || noVerdict != "" {
		return Grade{Reason: noVerdict}, err
	}
	votes, most := map[string]int{}, 0
	for _, v := range verdicts {
		label, err := g.label(v)
		if err != nil {
			return Grade{}, err
		}
		votes[label]++
		most = max(most, votes[label])
	}
	return g.decide(verdicts, votes, most)
}

// label is the one of the labels that a verdict gives.
func (g labelGrader) label(v verdict) (string, error) {
	label, ok := v.value.(string)
	if !ok || !slices.Contains(g.labels, label) {
		return "", fmt.Errorf("the judge's label is none of the labels: %s", describeJSON(v.value))
	}
	return label, nil
}

func (g labelGrader) decide(verdicts []verdict, votes map[string]int, most int) (Grade, error) {
	var first string
	for _, label := range g.labels { // in the order of the spec
		if votes[label] < most {
			continue
		}
		if first == "" {
			first = label
		} else if slices.Contains(g.passing, label) != slices.Contains(g.passing, first) {
			return Grade{}, fmt.Errorf("the judge is divided: %d of %d replies say %s and as many %s", most, len(verdicts),
				quoteHead(first, excerptRunes), quoteHead(label, excerptRunes))
		}
	}
	i := slices.IndexFunc(verdicts, func(v verdict) bool { return v.value == first })
	reason := "the judge says " + quoteHead(first, excerptRunes)
	if len(verdicts) > 1 {
		reason = fmt.Sprintf("%d of the judge's %d replies say %s", most, len(verdicts), quoteHead(first, excerptRunes))
	}
	return found(verdicts[i].because(reason), slices.Contains(g.passing, first)).Grade, nil
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
