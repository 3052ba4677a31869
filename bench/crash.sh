#!/usr/bin/env bash
# The long form of TestKilledAtAnyMoment: 300 pipelines, each killed with SIGKILL until it is done, at a service that answers wrongly,
# lists late and drops metadata. Prints kills, jobs, uploads and seconds. wanted: as many jobs as schedules, and an
# upload of each file: every other pipeline has a validation file too
#   bench/crash.sh              300 schedules
#   bench/crash.sh 1000 301     1,000 schedules, the first of which has the seed 301
# FTRUN_BIN names a built ftrun.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/build
FTRUN_BIN=$bin FTRUN_CRASH_SCHEDULES=${1:-300} FTRUN_CRASH_SEED=${2:-1} \
	go test -count=1 -run '^TestKilledAtAnyMoment$' -timeout 60m -v . | grep -v -e '^=== ' -e '--- PASS.*seed='
