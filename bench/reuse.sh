#!/usr/bin/env bash
# A run in which everything is reused: GSM8K (7,473 rows) is prepared and trained once at a stand-alone engine, and then the same
# command runs ten times more. Prints the whole process's seconds and memory, and what it asked for. The network is loopback.
# FTRUN_BIN names a built ftrun; FTRUN_TESTDATA the folder that holds data/.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${FTRUN_TESTDATA:-$PWD/../shared}/data/gsm8k_train.jsonl
if [ ! -f "$data" ]; then
	echo "skipped: no $data (set FTRUN_TESTDATA)"
	exit 0
fi
. bench/build
trap 'kill $(cat "$work/pid") 2>/dev/null || true; rm -rf "$work"' EXIT
cp "$data" "$work/gsm8k.jsonl"
cd "$work"
cat >pipeline.yaml <<'SPEC'
version: 1
base_model: gpt-4.1-mini-2025-04-14
dataset: gsm8k.jsonl
test:
  - question: Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many clips did Natalia sell altogether in April and May?
    assert:
      - contains: "72"
SPEC
"$bin" serve --addr 127.0.0.1:0 --state engine >serve.out &
echo $! >pid
for _ in $(seq 100); do
	grep -q http serve.out && break
	sleep 0.1
done
url=$(grep -o 'http://[^ ]*' serve.out)
export OPENAI_BASE_URL=$url OPENAI_API_KEY=unused-unused
"$bin" -q -f pipeline.yaml >/dev/null
for _ in $(seq 10); do
	/usr/bin/time -f '%e %M' -a -o times "$bin" -q -f pipeline.yaml >/dev/null
done
sort -n times | awk '{s[NR]=$1; if ($2>m) m=$2} END {printf "whole process, everything reused: median %.2f s of %d runs (%.2f to %.2f), at most %.0f MB\n", (s[int((NR+1)/2)]+s[int(NR/2)+1])/2, NR, s[1], s[NR], m/1024}'
grep -o '"status": "[a-z]*"' ftrun-out/results.json | head -4 | tr '\n' ' '
grep -o '"requests": [0-9]*' ftrun-out/results.json
