package spec

import (
	"strings"

	"ftrun/spec/internal/yamlpos"
)

// A dollarsForm is an amount in USD: 5, 5.5, 5 USD or $5; nil where it is left out.
type dollarsForm struct{ Value *float64 }

func (f *dollarsForm) UnmarshalValue(v yamlpos.Value) {
	const want = "an amount in USD of 0 or more, such as 5, 5.5 USD or $5"
	if v.Kind() != yamlpos.Scalar {
		v.Want(want)
		return
	}
	var text string
	v.Into(&text)
	digits, dollar := strings.CutPrefix(text, "$")
	if !dollar {
		digits = strings.TrimRight(strings.TrimSuffix(digits, "USD"), " ")
	}
	value, percent, ok := parseNumber(digits)
	if !ok || percent {
		v.Addf("want %s, found %s", want, v.Describe())
		return
	}
	f.Value = &value
}

// pricesFile is in USD per 1M tokens.
type pricesFile struct {
	Training dollarsForm `yaml:"training"`
	Input    dollarsForm `yaml:"input"`
	Output   dollarsForm `yaml:"output"`
}

// A budgetForm is a mapping. One amount for everything would not say when to stop: training is paid at once, testing by the answer.
type budgetForm struct {
	Training dollarsForm `yaml:"training_usd"`
	Testing  dollarsForm `yaml:"testing_usd"`
}

func (f *budgetForm) UnmarshalValue(v yamlpos.Value) {
	if v.Kind() == yamlpos.Scalar {
		v.Add("want a mapping, found "+v.Describe(), "say what the money is for: {training_usd: 5, testing_usd: 1}")
		return
	}
	type mapping budgetForm
	v.Into((*mapping)(f))
}

func (c *checker) checkMoney() {
	prices, budget := c.file.Prices, c.file.Budget
	if c.sound("prices") && prices == (pricesFile{}) {
		c.Add("prices", "empty: name the price of training, input or output", "leave the key out for the prices that ftrun knows")
	}
	if c.sound("budget") && budget == (budgetForm{}) {
		c.Add("budget", "empty: name training_usd or testing_usd", "leave the key out for no limit")
	}
	c.pipeline.Prices = Prices{Training: prices.Training.Value, Input: prices.Input.Value, Output: prices.Output.Value}
	c.pipeline.Budget = Budget{TrainingUSD: budget.Training.Value, TestingUSD: budget.Testing.Value}
}
