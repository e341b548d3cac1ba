#!/usr/bin/env bash
# Installs the programs that the tests call, where they are missing, and brings
# Debian's list of packages, whose names and descriptions the search is tested with.
set -euo pipefail

# Each line: the program, and the Debian package that brings it.
needed='
tar        tar
gzip       gzip
bsdtar     libarchive-tools
python3    python3
sha256sum  coreutils
curl       curl
pg_ctlcluster postgresql
strace     strace
apt-cache  apt
'

missing() {
	while read -r program package; do
		if [ -n "$program" ] && ! command -v "$program" >/dev/null; then
			echo "$package"
		fi
	done <<<"$needed"
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "test-deps: installing needs root or sudo; do this yourself: apt-get update; apt-get install ${packages[*]}" >&2
		exit 1
	fi
}

listed() {
	apt-cache dumpavail 2>/dev/null | head -c 1
}

mapfile -t packages < <(missing)
if [ "${#packages[@]}" -eq 0 ]; then
	if [ -z "$(listed)" ]; then
		echo "test-deps: fetching the list of packages"
		as_root apt-get update -q </dev/null
	fi
	exit 0
fi
echo "test-deps: installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -q </dev/null
as_root apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null

mapfile -t packages < <(missing)
if [ "${#packages[@]}" -ne 0 ]; then
	echo "test-deps: still missing after the installation: ${packages[*]}; the tests cannot run without them" >&2
	exit 1
fi
