#!/usr/bin/env bash
# Runs all tests, with all set-up: PostgreSQL is started for them alone, on a
# free loopback port and in a temporary folder, and is gone afterwards.
#
#   scripts/test.sh             vet, all tests, those of the pages in a browser,
#                               the concurrent packages with -race
#   scripts/test.sh --short     vet and a sample of the Go tests, without -race
#
# AETHER_TEST_POSTGRES=postgres://... takes that server instead of its own (its
# user must be allowed to create databases); AETHER_TEST_POSTGRES=none leaves
# the tests on PostgreSQL out.
. "$(dirname "$0")/lib.sh"

short=()
[ "${1:-}" = --short ] && short=(-short)

# Packages in which goroutines meet. They run with -short: the detector looks
# at how they meet, not at how often, and makes everything several times slower.
RACE="./value ./expr ./internal/queue ./internal/item ./internal/api ./internal/auth ./internal/secret ./process ./workspace ./internal/durable/... ./internal/run ./internal/engine ./internal/robot ./internal/remote ./internal/orch ./internal/telemetry ./internal/mask ./internal/egress ./internal/tally ./internal/leftover ./table ./session ./browser/..."

scripts/setup.sh

work=$(mktemp -d)
pg_bin='' pg_user=()

stop() {
	code=$?
	trap - EXIT INT TERM
	if [ -f "$work/pg/data/postmaster.pid" ]; then
		"${pg_user[@]}" "$pg_bin/pg_ctl" -D "$work/pg/data" -m immediate -w stop >/dev/null 2>&1 || true
	fi
	rm -rf "$work"
	exit "$code"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

start_postgres() {
	pg_bin=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 | grep . || command -v initdb)")
	mkdir -p "$work/pg"
	if [ "$(id -u)" -eq 0 ]; then
		# PostgreSQL refuses to run as root.
		getent passwd postgres >/dev/null || die "there is no user postgres to run PostgreSQL as"
		chmod 711 "$work"
		chown postgres: "$work/pg"
		pg_user=(setpriv --reuid=postgres --regid=postgres --init-groups env HOME="$work/pg")
	fi
	local password port try
	password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
	printf '%s\n' "$password" >"$work/pg/password"
	chmod 644 "$work/pg/password"
	cd "$work/pg" # the user postgres may not be allowed to be where we are
	"${pg_user[@]}" "$pg_bin/initdb" -D "$work/pg/data" -U aether -A scram-sha-256 --pwfile="$work/pg/password" -E UTF8 --locale=C.UTF-8 --no-sync >"$work/initdb.log" 2>&1 ||
		{ cat "$work/initdb.log" >&2; die "PostgreSQL could not be set up"; }
	for try in 1 2 3 4 5; do
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 30000))
		# What is lost when the machine dies is no loss here: no fsync.
		if "${pg_user[@]}" "$pg_bin/pg_ctl" -D "$work/pg/data" -w -t 60 -l "$work/pg/log" \
			-o "-c listen_addresses=127.0.0.1 -p $port -k $work/pg -c fsync=off -c full_page_writes=off -c max_connections=200" start >/dev/null 2>&1; then
			export AETHER_TEST_POSTGRES="postgres://aether:$password@127.0.0.1:$port/postgres?sslmode=disable"
			break
		fi
		[ "$try" -lt 5 ] || { tail -20 "$work/pg/log" >&2; die "PostgreSQL did not start"; }
	done
	cd - >/dev/null
	echo "PostgreSQL $("$pg_bin/postgres" --version | grep -o '[0-9.]*' | head -1) on 127.0.0.1:$port"
}

case "${AETHER_TEST_POSTGRES:-}" in
none)
	unset AETHER_TEST_POSTGRES
	echo "Tests on PostgreSQL are left out."
	;;
'') start_postgres ;;
esac

# gotest runs go test, shows its lines, and makes sure that it tested every
# package that has tests.
gotest() {
	local log=$work/log code want got
	go test -timeout 20m "$@" 2>&1 | tee "$log" | { grep --line-buffered -v '\[no test files\]' || :; }
	code=${PIPESTATUS[0]}
	want=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}x{{end}}' "${@: -$packages}" | grep -c x || true)
	got=$(grep -E '^(ok|FAIL)[[:space:]]' "$log" | grep -cv -e '\[no tests to run\]' -e '^FAIL$' || true)
	[ "$code" -eq 0 ] || return "$code"
	[ "$want" -gt 0 ] && [ "$got" -ge "$want" ] || die "go test ran the tests of $got packages, and $want have tests"
	echo "   $got packages tested"
}

say "go vet"
timed go vet ./...

# One program for all who try it as a whole.
mkdir "$work/bin"
CGO_ENABLED=0 go build -o "$work/bin/aether" ./cmd/aether
chmod 755 "$work/bin"
[ "$(id -u)" -ne 0 ] || chmod 711 "$work" # some tests run it as another user
export AETHER=$work/bin/aether AETHER_TEST_PROGRAM=$work/bin/aether

# One database with all tables, which tests on PostgreSQL copy: making them anew
# for each takes several times as long.
if [ -n "$pg_bin" ]; then
	export AETHER_TEST_TEMPLATE=aether_template
	"$pg_bin/createdb" --maintenance-db="$AETHER_TEST_POSTGRES" "$AETHER_TEST_TEMPLATE"
	AETHER_DATA_DIR=$work/template AETHER_DATABASE_URL=${AETHER_TEST_POSTGRES/\/postgres\?//$AETHER_TEST_TEMPLATE?} "$AETHER" runs prune >/dev/null
fi

# Browsers want much of the machine: their packages run behind the rest. What
# takes longest begins first, and much of it waits for leases and processes, so
# that one package more than there are processors keeps them busy.
WEB="./nodes/web ./internal/websuite ./browser/... ./internal/webcrash ./internal/testsite/..."
LONG="./specs/conformance ./internal/crashtest"
rest="$LONG $(go list ./... | grep -v -E '/(browser|nodes/web|internal/websuite|internal/webcrash|internal/testsite|specs/conformance|internal/crashtest)(/|$)')"

# Most of the programs that tests start live for moments: collecting half as
# often takes a tenth off their work.
export GOGC=200

say "go test, all but the browser"
failed=()
# shellcheck disable=SC2086
set -- $rest
packages=$#
timed gotest -p "$(($(nproc) + 1))" "${short[@]}" "$@" || failed+=("go test")

say "go test, the browser"
# shellcheck disable=SC2086
set -- $WEB
packages=$#
timed gotest -p 2 "${short[@]}" "$@" || failed+=("go test of the browser")

if [ "${#short[@]}" -eq 0 ]; then
	scripts/ui.sh test || failed+=("the pages")
	unset GOGC # the detector multiplies memory

	say "go test -race, the concurrent packages"
	# shellcheck disable=SC2086
	set -- $RACE
	packages=$#
	# The detector needs cgo; nothing else does.
	CGO_ENABLED=1 timed gotest -race -short "$@" || failed+=("go test -race")
fi

[ "${#failed[@]}" -eq 0 ] || die "failed: ${failed[*]}"
say "all tests passed in $SECONDS s"
