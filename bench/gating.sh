#!/usr/bin/env bash
# How often a gate cries wolf, and what it sees: prints the tables of docs/gating.md, simulated by ftrun's own judging with fixed seeds, and
# fails where the page says otherwise or a promise is broken. Some seconds; no key, no network.
set -euo pipefail
cd "$(dirname "$0")/.."
go test ./runner/gate -count=1 -run 'TestGatingTables|TestFalseAlarmsOfScoredMargins' -v -tables
