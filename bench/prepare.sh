#!/usr/bin/env bash
# The prepare stage on variants of GSM8K that have no question twice, all of it: reading, mapping, counting tokens, looking for the test's
# questions, writing. Prints medians, lowest and highest.
#   -small   104,622 rows of JSON (60 MB) beside the plain program: wanted: at most a fortieth of its time, at most 100 MB
#   -large   ten times the rows: wanted: at most 100 bytes of memory for every further row
#   -chat    a million conversations, 670 MB of JSONL: at most 100 MB and 100 bytes for every row
# Without any of them it does all three. The plain program takes a minute a run.
#   bench/prepare.sh [-small] [-large] [-chat] [-runs N] [FOLDER]
# FOLDER keeps the data for the next time; it needs 2.5 GB. FTRUN_BIN names a built ftrun; FTRUN_TESTDATA the folder that holds data/.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=
runs=3
folder=
while [ $# -gt 0 ]; do
	case "$1" in
	-small | -large | -chat) parts+=" $1" ;;
	-runs) runs=$2 && shift ;;
	-*) echo "unknown flag $1" >&2 && exit 2 ;;
	*) folder=$1 ;;
	esac
	shift
done
parts=${parts:- -small -large -chat}
source=${FTRUN_TESTDATA:-../shared}/data/gsm8k_train.jsonl
if [ ! -f "$source" ]; then
	echo "skipped: no $source (set FTRUN_TESTDATA)"
	exit 0
fi
. bench/build
folder=${folder:-$work/data}
mkdir -p "$folder"
for program in rowsgen plainprepare prepare; do
	go build -o "$work/$program" "./bench/$program"
done

# rows makes a data file where it is not there yet, and sets $file to its path.
rows() { # name flags...
	file=$folder/$1
	shift
	[ -f "$file" ] || { "$work/rowsgen" "$@" "$file.part" && mv "$file.part" "$file"; }
}

for part in $parts; do
	rows rows.json -rows 104622
	few=$file
	case "$part" in
	-small)
		"$work/prepare" beside -runs "$runs" "$bin" "$few" "$work/plainprepare"
		;;
	-large)
		rows more.json -rows 1046220
		"$work/prepare" growth -runs "$runs" "$bin" "$few" "$file"
		;;
	-chat)
		rows chat.jsonl -shape chat -container jsonl -rows 1000000
		"$work/prepare" alone -runs "$runs" "$bin" "$file"
		;;
	esac
done
