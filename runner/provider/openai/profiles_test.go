package openai_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"ftrun/runner/provider"
	"ftrun/runner/provider/providertest"
)

var updateTable = flag.Bool("update", false, "write the table in docs/providers.md anew")

// TestDialectsConform holds the client to the whole suite where the service does all of it: with OpenAI's own manners the servers of
// this file are an OpenAI.
func TestDialectsConform(t *testing.T) {
	for _, d := range dialects()[:2] {
		t.Run(d.name, func(t *testing.T) {
			providertest.Run(t, func(t *testing.T) providertest.Provider { return newBench(t, d).Client })
		})
	}
}

// TestProfiles runs the client against a server for every profile, and compares what it finds with the table in docs/providers.md and
// with what the profile says.
func TestProfiles(t *testing.T) {
	all := dialects()
	for _, kind := range provider.Kinds() {
		if !slices.ContainsFunc(all, func(d dialect) bool { return d.kind == kind }) {
			t.Errorf("no server behaves as %s", kind)
		}
	}
	found := make([][]string, len(all))
	for i, d := range all {
		t.Run(d.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, d)
				for _, behaviour := range behaviours {
					found[i] = append(found[i], behaviour.found(b))
				}
			})
			holdProfile(t, d, found[i])
		})
	}
	drawn := table(all, found)
	t.Log("\n" + drawn)
	if !t.Failed() {
		compareTable(t, drawn)
	}
}

// A behaviour is a row of the table. Its found says in a word or two how the service and the client get along.
type behaviour struct {
	title string
	found func(b *bench) string
}

const (
	titleSettle    = "an uploaded file is ready"
	titleArrive    = "they arrive"
	titleFoundBy   = "a job is found again by"
	titleListed    = "the base model can be looked up"
	titleAnswers   = "the new model answers"
	titleCancelled = "a cancelled job is known as such"
	titleSuffix    = "longest suffix"
)

// The order matters: each goes on from what those before it did.
var behaviours = []behaviour{
	{"an upload is listed by name and size", (*bench).upload},
	{titleSettle, (*bench).settle},
	{"hyperparameters stand", (*bench).create},
	{titleArrive, (*bench).arrive},
	{"`extra_body` arrives", (*bench).extraBody},
	{titleFoundBy, (*bench).find},
	{"a job ends with", (*bench).finish},
	{"statuses of its own", (*bench).ownStatuses},
	{"trained tokens", (*bench).tokens},
	{"events", (*bench).events},
	{"training curve from", (*bench).curve},
	{titleListed, (*bench).listed},
	{titleAnswers, (*bench).answers},
	{titleCancelled, (*bench).cancelled},
	{"a job that is not there", (*bench).absent},
	{titleSuffix, (*bench).suffix},
	{"the key goes into", (*bench).keyHeader},
	{"`headers` and the query arrive", (*bench).headers},
}

// holdProfile compares what was found with the profile's row.
func holdProfile(t *testing.T, d dialect, found []string) {
	profile, _ := provider.ProfileOf(d.kind)
	got := func(title string) string {
		return found[slices.IndexFunc(behaviours, func(b behaviour) bool { return b.title == title })]
	}
	for _, hold := range []struct {
		title string
		ok    bool
		says  any
	}{
		{titleArrive, got(titleArrive) == "yes", profile.Wire},
		{titleSettle, (got(titleSettle) == "after a while") == profile.SettleFiles, profile.SettleFiles},
		{titleFoundBy, (got(titleFoundBy) == "metadata, filtered") == (profile.Metadata == provider.MetadataFilter), profile.Metadata},
		{titleCancelled, got(titleCancelled) == "yes", "every job can be cancelled"},
		{titleListed, got(titleListed) == "yes" || !profile.ModelsListed, profile.ModelsListed},
		{titleAnswers, (got(titleAnswers) == "at once") == (profile.Deploy == ""), profile.Deploy},
		{titleSuffix, got(titleSuffix) == fmt.Sprint(longestSuffix(profile)), profile.MaxSuffix},
	} {
		if !hold.ok {
			t.Errorf("%s: %s, but the profile says %v", hold.title, got(hold.title), hold.says)
		}
	}
}

func longestSuffix(p provider.Profile) int { return cmp.Or(p.MaxSuffix, 64) }

// TestProfilesAreDocumented holds the first table of the document to the rows of the profiles.
func TestProfilesAreDocumented(t *testing.T) {
	document, _ := readProviders(t)
	for _, p := range provider.Profiles() {
		i := strings.Index(document, "| `"+p.Kind+"` |")
		if i < 0 {
			t.Errorf("no row for %s", p.Kind)
			continue
		}
		row, _, _ := strings.Cut(document[i:], "\n")
		words := []string{p.BaseURL, p.KeyEnv}
		if p.KeyEnv != "" {
			words = append(words, map[string]string{provider.AuthBearer: "| bearer token |", provider.AuthAPIKey: "| header `api-key` |"}[p.Auth])
		}
		words = append(words, map[string]string{provider.WireMethod: "| in `method` |", provider.WireHyperparameters: "| at the top |"}[p.Wire])
		for _, word := range words {
			if !strings.Contains(row, word) {
				t.Errorf("the row of %s lacks %s: %s", p.Kind, word, row)
			}
		}
	}
}

// table draws what was found.
func table(all []dialect, found [][]string) string {
	var b strings.Builder
	b.WriteString("| |")
	for _, d := range all {
		b.WriteString(" " + d.name + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(all)) + "\n")
	for row, behaviour := range behaviours {
		b.WriteString("| " + behaviour.title + " |")
		for column := range all {
			b.WriteString(" " + strings.NewReplacer("|", `\|`, "\n", " ").Replace(found[column][row]) + " |")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

const (
	tableBegin = "<!-- begin profiles -->\n"
	tableEnd   = "<!-- end profiles -->\n"
)

// compareTable compares a table with the one in the document, or writes it there.
func compareTable(t *testing.T, want string) {
	document, path := readProviders(t)
	before, rest, begun := strings.Cut(document, tableBegin)
	got, after, ended := strings.Cut(rest, tableEnd)
	switch {
	case !begun || !ended:
		t.Fatalf("%s has no place for the table", path)
	case got == want:
	case *updateTable:
		if err := os.WriteFile(path, []byte(before+tableBegin+want+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s is out of date: go test ./runner/provider/openai -run TestProfiles -update\nfound\n%swant\n%s", path, want, got)
	}
}

func readProviders(t *testing.T) (document, path string) {
	t.Helper()
	path = filepath.Join("..", "..", "..", "docs", "providers.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), path
}
