#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after the other (go test
# takes only one at a time): fuzz.sh [DURATION], 5s when left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

duration=${1:-5s}

# Lines "FOLDER TARGET".
targets() {
	find . \( -path ./tools -o -path ./judges \) -prune -o -name '*_test.go' -print | sort | while read -r file; do
		sed -n "s|^func \(Fuzz[A-Za-z0-9_]*\)(.*|$(dirname "$file") \1|p" "$file"
	done
}

mapfile -t all < <(targets)
if [ "${#all[@]}" -eq 0 ]; then
	echo "fuzz: no fuzz target found" >&2
	exit 1
fi
for line in "${all[@]}"; do
	read -r folder target <<<"$line"
	echo "fuzz: $folder $target for $duration"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -fuzzminimizetime 20x "$folder"
done
echo "fuzz: ${#all[@]} targets, no failure"
