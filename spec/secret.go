package spec

import (
	"regexp"
	"slices"
	"strings"
)

// What a key looks like, and under which names one stands. Nothing that matches is ever shown.
var (
	keyPattern = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|hf_[A-Za-z0-9]{20,}` +
		`|gsk_[A-Za-z0-9]{20,}|nvapi-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|AIza[A-Za-z0-9_-]{30,}|xox[a-z]-[A-Za-z0-9-]{10,}|glpat-[A-Za-z0-9_-]{16,}` +
		`|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}|[Bb]earer [A-Za-z0-9._~+/-]{8,})`)

	keyNamePattern = regexp.MustCompile(`(?:apikey|secret|password|passwd|accesstoken|authtoken|bearertoken|secretkey|accesskey|privatekey|` +
		`subscriptionkey|credential|credentials|authorization)$`)
	queryNamePattern  = regexp.MustCompile(`^(?:key|token|sig|signature|code)$`) // of a key in an address only
	headerNamePattern = regexp.MustCompile(`token$`)                             // of a key in a header only
)

// secretWords end a word of the name of a variable that holds a secret.
var secretWords = []string{"KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS"}

// namesSecret reports whether a variable holds a secret by its name, such as MY_KEY, db_password or APIKEY_OF_TEAM.
func namesSecret(variable string) bool {
	for word := range strings.SplitSeq(strings.ToUpper(variable), "_") {
		if slices.ContainsFunc(secretWords, func(end string) bool { return strings.HasSuffix(word, end) }) {
			return true
		}
	}
	return false
}

// looksLikeKey reports whether a text has a key in it.
func looksLikeKey(text string) bool { return keyPattern.MatchString(text) }

// namesKey reports whether what stands under a name is a key.
func namesKey(name string, also ...*regexp.Regexp) bool {
	name = strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
	for _, p := range append(also, keyNamePattern) {
		if p.MatchString(name) {
			return true
		}
	}
	return false
}
