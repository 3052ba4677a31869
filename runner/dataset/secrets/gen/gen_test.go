package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zricethezav/gitleaks/v8/detect"
)

func newDetector(t testing.TB) *detect.Detector {
	t.Helper()
	d, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestFilesAreOfThisVersion holds the files of package secrets to the version of gitleaks in go.mod.
func TestFilesAreOfThisVersion(t *testing.T) {
	d := newDetector(t)
	committed, err := os.ReadFile(filepath.Join("..", "rules.json"))
	if err != nil {
		t.Fatal(err)
	}
	// A test has no build information, so the version is taken from go.mod.
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", gitleaks).Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, rulesFile(d.Config, strings.TrimSpace(string(out)))) {
		t.Error("rules.json is not what this version of gitleaks makes: go run .")
	}
	packed, err := os.ReadFile(filepath.Join("..", "testdata", "samples.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(old, samples(d, committedSeed, committedEach)) {
		t.Error("testdata/samples.json.gz is not what this version of gitleaks makes: go run .")
	}
}

// TestSecretsFindsWhatGitleaksFinds gives package secrets' test of that name fresh texts: made up by a new seed, the texts of gitleaks' own tests
// of its rules, and GSM8K where it is there.
func TestSecretsFindsWhatGitleaksFinds(t *testing.T) {
	d := newDetector(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	list := samples(d, seed, 6)
	own := literals(t)
	for _, text := range append(own, gsm8k(t)...) {
		list = append(list, look(d, text))
	}
	t.Logf("%d texts, %d of them out of gitleaks", len(list), len(own))
	path := filepath.Join(t.TempDir(), "samples.json.gz")
	if err := os.WriteFile(path, pack(list), 0o600); err != nil {
		t.Fatal(err)
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-C", "..", "-count=1", "-run", "^TestFindsWhatGitleaksFinds$", ".")
	test.Env = append(os.Environ(), "FTRUN_SECRETS_SAMPLES="+path)
	if out, err := test.CombinedOutput(); err != nil || !bytes.HasPrefix(out, []byte("ok")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// literals returns the strings in the sources of gitleaks' rules: what they should find, what they should not, and much else.
func literals(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", gitleaks).Output()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "cmd", "generate", "config", "rules", "*.go"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files of rules: %v", len(files), err)
	}
	var texts []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				text, err := strconv.Unquote(l.Value)
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, text)
			}
			return true
		})
	}
	return texts
}

// gsm8k returns some of GSM8K's rows as they stand in its file.
func gsm8k(t testing.TB) []string {
	t.Helper()
	folder := os.Getenv("FTRUN_TESTDATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "..", "..", "shared")
	}
	f, err := os.Open(filepath.Join(folder, "data", "gsm8k_test.jsonl"))
	if err != nil {
		t.Log("without GSM8K: ", err)
		return nil
	}
	defer f.Close()
	var texts []string
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row struct{ Question, Answer string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, row.Question+"\n"+row.Answer)
	}
	return texts
}

// BenchmarkGitleaks is how fast gitleaks itself reads what BenchmarkFind in package secrets reads.
func BenchmarkGitleaks(b *testing.B) {
	d := newDetector(b)
	texts := gsm8k(b)
	b.SetBytes(int64(len(strings.Join(texts, ""))))
	for b.Loop() {
		for _, text := range texts {
			d.DetectString(text)
		}
	}
}
