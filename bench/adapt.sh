#!/usr/bin/env bash
# A service that refuses with 429 and "Retry-After: 1" what is more than it allows, asked by a pipeline that allows itself 4,000 a second:
#   1. 500 questions a second
#   2. 20 questions at once
# Of each, 5,000 questions answered in 50 ms, 200 at once as the pipeline has it. Prints how much of the service's limit was used, and
# how many questions were refused.
# FTRUN_BIN names a built ftrun.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/build
go build -o "$work/answers" ./bench/answers
for limit in "-rate 500" "-parallel 20"; do
	echo "the service's limit: $limit"
	# shellcheck disable=SC2086 # a flag and its value
	"$work/answers" measure -cases 5000 -concurrency 200 -latency 50ms -runs 1 $limit "$bin"
done
