#!/usr/bin/env bash
# Counting tokens, on one core, beside tiktoken-go on the same texts in the same run; then as many generated strings as FTRUN_TOKENS_STRINGS
# says, ten million by default, whose tokens are compared with tiktoken-go's in both encodings: some minutes on two cores.
# wanted on GSM8K: at least 60 MB/s, 40 of texts that are new, and 40 times tiktoken-go; no text slower than tiktoken-go; none that differs
set -euo pipefail
cd "$(dirname "$0")/.."
go test -run '^$' -bench . -cpu 1 ./runner/tokens | awk '
	/ns\/op/ {
		name = $1; sub(/^Benchmark/, "", name); line = sprintf("%-28s", name)
		for (i = 3; i < NF; i += 2) line = line sprintf(" %9.4g %s", $i, $(i + 1))
		print line; n++
	}
	END { exit !n }'
FTRUN_TOKENS_STRINGS="${FTRUN_TOKENS_STRINGS:-10000000}" go test -count=1 -timeout 0 -v -run '^TestManyStrings$' ./runner/tokens | grep -E 'differ|^(ok|FAIL|---)'
