#!/usr/bin/env bash
# 10,000 cases put to two models, 200 questions at once, answered in 100 ms each. Prints medians, lowest and highest, of three runs.
# wanted: at least 95 % of the ideal rate, and at most 100 MB
#   bench/scale.sh               the cases stand in the pipeline
#   bench/scale.sh -case-file    they stand in a file beside it; whatever follows goes to bench/answers
# FTRUN_BIN names a built ftrun.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/build
go build -o "$work/answers" ./bench/answers
"$work/answers" measure -cases 10000 -baseline -concurrency 200 -latency 100ms -runs 3 "$@" "$bin"
