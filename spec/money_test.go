package spec_test

import (
	"testing"
	"time"

	"ftrun/spec"
)

func TestDollars(t *testing.T) {
	for text, want := range map[string]float64{
		"5": 5, "5.5": 5.5, "0": 0, "0.00": 0, "5 USD": 5, "5.25USD": 5.25, "$5": 5, "$0.10": 0.1, `"$5"`: 5, `"5 USD"`: 5, "2.50": 2.5,
	} {
		p := parse(t, pipeline("a.jsonl", "budget: {training_usd: "+text+"}\nprices: {output: "+text+"}\n"))
		got, price := p.Budget.TrainingUSD, p.Prices.Output
		if got == nil || *got != want || price == nil || *price != want || p.Budget.TestingUSD != nil || p.Prices.Input != nil {
			t.Errorf("%s: %+v, %+v, want %v", text, p.Budget, p.Prices, want)
		}
	}
	for _, text := range []string{
		"-5", "+5", ".5", "5.", "1e3", ".inf", ".nan", "5%", "5 EUR", "€5", "USD", "$", "$-5", "$5 USD", "USD 5", "5 usd", "$ 5", "1_000", `"1,000"`, `""`, "five",
	} {
		_, err := spec.Parse("p.yaml", []byte(pipeline("a.jsonl", "budget: {training_usd: "+text+"}\n")))
		if err == nil {
			t.Errorf("%s is taken for an amount of money", text)
		}
	}
}

func TestExpiresAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "60m": time.Hour, "3600s": time.Hour, "30d": 720 * time.Hour, "720h": 720 * time.Hour, "7d": 168 * time.Hour,
		"1d12h": 36 * time.Hour, "29d23h59m59s": 720*time.Hour - time.Second, "0d1h": time.Hour, "1h0.5s0.5s": time.Hour + time.Second,
	} {
		if got := parse(t, pipeline("a.jsonl", "train: {expires_after: "+text+"}\n")).Train.ExpiresAfter; got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{
		"0", "0s", "59m59s", "30d1s", "31d", "9999d", "99999d", "-1h", "-1d", "1d-1h", "1.5d", "12h1d", "1d1d", "d", "30 d", "30D", "3600", "1h0.5s", "1w", `""`, "[30d]",
	} {
		_, err := spec.Parse("p.yaml", []byte(pipeline("a.jsonl", "train: {expires_after: "+text+"}\n")))
		if err == nil {
			t.Errorf("%s is taken for 1h to 30d in whole seconds", text)
		}
	}
}
