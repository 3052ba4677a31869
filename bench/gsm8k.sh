#!/usr/bin/env bash
# GSM8K through all four stages at the embedded engine: train on the whole training split, then ask
#   1. every training question as it is,            wanted: at least 98 % answered exactly
#   2. 200 of them with a fifth of the words gone,  wanted: at least 90 % (base model: none)
# and print seconds, memory and shares. FTRUN_BIN names a built ftrun; FTRUN_TESTDATA the folder that holds data/.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
data=${FTRUN_TESTDATA:-$root/../shared}/data/gsm8k_train.jsonl
if [ ! -f "$data" ]; then
	echo "skipped: no $data (set FTRUN_TESTDATA)"
	exit 0
fi
. bench/build
cp "$data" "$work/gsm8k.jsonl"
go run ./bench/gsm8kspec "$work/gsm8k.jsonl" "$work/pipeline.yaml" "$work/dropped.yaml"
cd "$work"
timed() { # label command...
	local label=$1 start end
	shift
	start=$(date +%s.%N)
	"$@"
	end=$(date +%s.%N)
	echo "$label: $(echo "$start $end" | awk '{printf "%.1f", $2-$1}') s"
}
timed "all four stages, 7,473 questions" "$bin" -q -f pipeline.yaml --out exact
timed "again, with 200 shortened questions, nothing trained" "$bin" -q -f dropped.yaml --out dropped
cd "$root"
go run ./bench/gsm8kspec -report "$work/exact/results.json" "$work/dropped/results.json"
