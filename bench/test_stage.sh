#!/usr/bin/env bash
# The test stage against a service of fixed latency, beside promptfoo on the same service with the same cases: 1,000 cases, 50 at once,
# answered in 50 ms each. Prints medians, lowest and highest, of five runs and of three.
# wanted of ftrun: test stage at most 1.10 s, at most 0.5 s of processor time and 40 MB
# FTRUN_BIN names a built ftrun; FTRUN_PROMPTFOO a folder that keeps promptfoo for the next time. Without npm, ftrun is measured alone.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/build
go build -o "$work/answers" ./bench/answers

# install puts promptfoo into a folder, and with it a Node.js where the one at hand is too old for it. It prints their folders of programs.
install() { # folder
	local packages=(promptfoo@0.123.1) node=
	if ! node -e '[a, b] = process.versions.node.split("."); process.exit(a > 22 || a == 22 && b >= 22 ? 0 : 1)'; then
		node=node-$(node -p 'process.platform + "-" + process.arch')
		packages+=("$node@22")
	fi
	mkdir -p "$1"
	[ -x "$1/node_modules/.bin/promptfoo" ] || npm install --silent --no-audit --no-fund --prefix "$1" "${packages[@]}" >&2
	echo "${node:+$1/node_modules/$node/bin:}$1/node_modules/.bin"
}

rival=()
if ! command -v npm >/dev/null; then
	echo "promptfoo is not measured: no npm"
elif programs=$(install "${FTRUN_PROMPTFOO:-$work/promptfoo}"); then
	export PATH=$programs:$PATH
	rival=(-promptfoo promptfoo)
else
	echo "promptfoo is not measured: it can't be installed"
fi
"$work/answers" measure -cases 1000 -concurrency 50 -latency 50ms "${rival[@]}" "$bin"
