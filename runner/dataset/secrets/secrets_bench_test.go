package secrets_test

import (
	"strings"
	"testing"

	"ftrun/runner/dataset/secrets"
)

// BenchmarkFind is how fast text goes by: GSM8K example by example and in one piece, text full of a rule's word, and text made to be slow.
func BenchmarkFind(b *testing.B) {
	questions := gsm8k(b, "train")
	whole := strings.Join(questions, "\n")
	b.Run("gsm8k", func(b *testing.B) {
		secrets.Find("")
		b.SetBytes(int64(len(whole)))
		b.ReportAllocs()
		for b.Loop() {
			for _, q := range questions {
				secrets.Find(q)
			}
		}
	})
	for name, text := range map[string]string{
		"gsm8k in one":    whole,
		"full of key":     strings.Repeat("the key to the door, the secret of the key and a token: a kind of password ", 1<<20/75),
		"key=key=key":     strings.Repeat("key=", 1<<18),
		"key: key: key":   strings.Repeat("key: ", 1<<20/5),
		"random after it": "key=" + strings.Repeat("aB3dE5gH7j", 1<<20/10),
		"curl":            strings.Repeat("curl ", 1<<20/5),
		"many secrets":    strings.Repeat("ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5 ", 1<<20/41),
		"many passwords":  strings.Repeat("password=aB3dE5gH7jK9mN1pQ3sT5vW7yZ ", 1<<20/36),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				secrets.Find(text)
			}
		})
	}
}
