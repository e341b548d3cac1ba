#!/usr/bin/env bash
# Starts the registry in the foreground, until Ctrl-C. On the very first start,
# when DATA is missing or empty, it also makes an operator and a user, claims the
# scopes of examples/ and publishes the packages there.
#
# Every step of that asks first what is there already, so a first start that was
# cut short is finished by the next one. It calls nothing but bash, Debian's
# essential programs and the two commands themselves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 077

listen=${LISTEN:-127.0.0.1:8080}
data=${DATA:-./data}
demo=$data/demo
registry=$PWD/bin/ori-registry
oripk=$PWD/bin/oripk

host=${listen%:*}
port=${listen##*:}
case $host in
'' | 0.0.0.0 | '[::]') host=127.0.0.1 ;;
esac
url=http://$host:$port
server=

main() {
	check_port
	if [ ! -e "$data" ] || [ -z "$(ls -A "$data")" ]; then
		mkdir -p "$demo"
	fi
	trap stop EXIT
	trap interrupted INT TERM HUP
	start_server
	wait_ready
	if [ -e "$demo" ] && [ ! -e "$demo/done" ]; then
		fill
	fi
	print_next
	local status=0
	wait "$server" || status=$?
	fail "the registry ended by itself, with exit code $status; its message stands above"
}

fail() {
	echo "run: $*" >&2
	exit 1
}

check_port() {
	case $port in
	'' | 0 | *[!0-9]*) fail "LISTEN=$listen names no port; write an address such as LISTEN=127.0.0.1:8081" ;;
	esac
	if connect; then
		fail "something answers on $listen already: stop it, or take another port: make run LISTEN=127.0.0.1:$((port + 1))"
	fi
}

# A process group of its own keeps the terminal's Ctrl-C from the registry: it
# gets exactly one signal, from stop.
start_server() {
	set -m
	"$registry" serve --data "$data" --listen "$listen" --log-level "${ORIREG_LOG_LEVEL:-warn}" </dev/null &
	server=$!
	set +m
}

# shellcheck disable=SC2317 # called by a trap
stop() {
	trap '' INT TERM HUP
	server=${server:-${!:-}}
	if [ -n "$server" ]; then
		kill -TERM "$server" 2>/dev/null || true
		wait
	fi
}

# shellcheck disable=SC2317 # called by a trap
interrupted() {
	if [ -e "$demo" ] && [ ! -e "$demo/done" ]; then
		echo "run: stopped before all packages were published; the next make run goes on from here" >&2
		exit 130
	fi
	exit 0
}

wait_ready() {
	local tries=150
	while [ "$tries" -gt 0 ]; do
		kill -0 "$server" 2>/dev/null || fail "the registry did not start; its message stands above"
		if ready; then
			return
		fi
		sleep 0.2
		tries=$((tries - 1))
	done
	fail "the registry did not become ready within 30 seconds"
}

connect() (
	address=${host#[}
	exec 3<>"/dev/tcp/${address%]}/$port"
) 2>/dev/null

ready() (
	address=${host#[}
	exec 3<>"/dev/tcp/${address%]}/$port" || exit 1
	printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$host:$port" >&3
	IFS= read -r -t 5 status <&3
	[[ $status == HTTP/1.*' 200 '* ]]
) 2>/dev/null

# fill makes the users and publishes examples/, from a copy: the lock files that
# publishing writes hold the checksums of this registry, not of the next one. For
# the same reason what oripk remembers of the log's key lies with the data: who
# removes the one removes the other, and a registry begun anew is no surprise.
fill() {
	echo "run: first start: making users and publishing examples/"
	add_user operator "$demo/operator-token" --operator
	add_user ada "$demo/token"
	mkdir -p "$demo/state"
	ORI_REGISTRY_URL=$url
	ORI_REGISTRY_TOKEN=$(cat "$demo/token")
	XDG_STATE_HOME=$(cd "$demo/state" && pwd)
	export ORI_REGISTRY_URL ORI_REGISTRY_TOKEN XDG_STATE_HOME
	local scope folder
	while read -r scope; do
		client "$PWD" scope claim "$scope"
	done < <(sed -n 's|^name = "\(@[^/]*\)/.*|\1|p' examples/*/oripk.toml | sort -u)
	rm -rf "$demo/packages"
	cp -R examples "$demo/packages"
	find "$demo/packages" -name oripk.lock -delete
	while read -r folder; do
		client "$demo/packages/$folder" publish --yes
	done <examples/order.txt
	rm -rf "$demo/packages"
	touch "$demo/done"
}

# add_user LOGIN FILE [FLAG]: FILE gets the token. The answer is kept in a file
# first and the command is shielded from Ctrl-C, because a token is shown once.
add_user() {
	local login=$1 file=$2 answer=$demo/$1.json
	shift 2
	if [ -s "$file" ]; then
		return
	fi
	if [ -z "$(token_in "$answer")" ]; then
		shielded "$registry" user add --json --data "$data" "$@" "$login" >"$answer" ||
			fail "making the user $login failed; if it was made by an earlier start, remove $data and start again"
	fi
	token_in "$answer" >"$file.new"
	mv "$file.new" "$file"
	rm "$answer"
}

token_in() {
	if [ -e "$1" ]; then
		sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' "$1"
	fi
}

shielded() {
	set -m
	"$@" </dev/null &
	set +m
	wait "$!"
}

# client FOLDER ARGUMENT...: runs oripk there.
client() {
	local folder=$1
	shift
	(cd "$folder" && exec "$oripk" --quiet "$@" </dev/null) ||
		fail "oripk $* failed in $folder; make run tries again, and removing $data begins anew"
}

print_next() {
	local state token_file
	cat <<END

The registry runs on $url with its data in $data. Ctrl-C stops it.
END
	if [ ! -e "$demo/done" ]; then
		return
	fi
	printf -v state %q "$(cd "$demo/state" && pwd)"
	printf -v token_file %q "$demo/token"
	cat <<END
In another terminal, in this folder:

  export ORI_REGISTRY_URL=$url XDG_STATE_HOME=$state
  bin/oripk info @demo/hello
  bin/oripk fetch @demo/hello@0.1.0
  bin/oripk verify @demo/hello@0.1.0
  curl $url/v1/packages/orilib/semver/versions
  curl $url/log/checkpoint

As the user ada, who owns @orilib and @demo:

  export ORI_REGISTRY_TOKEN="\$(cat $token_file)"
  bin/oripk whoami
  (cd examples/text && ../../bin/oripk publish --dry-run)

END
}

main
