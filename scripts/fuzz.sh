#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other (a test program takes
# only one at a time):
#
#	fuzz.sh DURATION        for a while (5s) or so many tries (2000x), guided by
#	                        coverage, for which go builds everything once more
#	fuzz.sh --blind TRIES   so many tries with the test programs as go test builds
#	                        them: it costs no build and no corpus of earlier runs
#	                        takes part, so make test does it everywhere alike
#
# What fails is kept below testdata/fuzz, where every later run tries it first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# limit is for one target of the blind run: go bounds the time of tests only.
limit=120

main() {
	local all
	mapfile -t all < <(targets)
	if [ "${#all[@]}" -eq 0 ]; then
		echo "fuzz: no fuzz target found" >&2
		exit 1
	fi
	if [ "${1:-}" = --blind ]; then
		blind "$2"
	else
		guided "${1:-5s}"
	fi
	echo "fuzz: ${#all[@]} targets, no failure"
}

# targets prints lines "FOLDER TARGET", those of a folder next to each other.
targets() {
	find . \( -path ./tools -o -path ./judges \) -prune -o -name '*_test.go' -print | sort | while read -r file; do
		sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$(dirname "$file") \1|p" "$file"
	done
}

guided() {
	local folder target
	for line in "${all[@]}"; do
		read -r folder target <<<"$line"
		echo "fuzz: $folder $target for $1"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 20x "$folder"
	done
}

blind() {
	local folder target built=
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	for line in "${all[@]}"; do
		read -r folder target <<<"$line"
		if [ "$folder" != "$built" ]; then
			go test -c -o "$work/program" "$folder"
			built=$folder
		fi
		if ! try "$folder" "$target" "$1" >"$work/output" 2>&1; then
			cat "$work/output" >&2
			echo "fuzz: $folder $target failed, or took more than $limit seconds for $1" >&2
			exit 1
		fi
	done
}

try() (
	cd "$1"
	exec timeout --kill-after=5 "$limit" "$work/program" -test.run '^$' -test.fuzz "^$2\$" -test.fuzztime "$3" \
		-test.fuzzminimizetime 20x -test.fuzzcachedir "$work/corpus"
)

main "$@"
