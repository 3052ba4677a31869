#!/usr/bin/env bash
# What ftrun takes before it has done anything: medians, lowest and highest, of 20 runs.
#   ftrun version                               wanted: at most 15 ms
#   ftrun validate -f examples/pipeline.yaml    wanted: at most 60 ms
# FTRUN_BIN names a built ftrun. GODEBUG=inittrace=1 ftrun version says which packages take time before main begins.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/build
go build -o "$work/startup" ./bench/startup
"$work/startup" -wanted 15 "$bin" version
"$work/startup" -wanted 60 "$bin" validate -f examples/pipeline.yaml
