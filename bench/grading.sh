#!/usr/bin/env bash
# Grading alone, on one core: answers of a hundred words by ROUGE-L. Prints the grades a second of five runs.
# wanted: at least 50,000
set -euo pipefail
cd "$(dirname "$0")/.."
go test -run '^$' -bench '^BenchmarkRougeLGrades$' -cpu 1 -count 5 ./runner/grade |
	awk '/ns\/op/ { printf "%d rouge_l grades a second\n", 1e9 / $3; n++ } END { exit !n }'
