#!/usr/bin/env bash
# Builds Aether and runs the invoices example with the small rate service that
# it asks:
#
#   scripts/demo.sh             run it
#   scripts/demo.sh --kill      kill -9 it in the middle, then run it again
#
# Everything it writes goes to demo/, which may be deleted.
. "$(dirname "$0")/lib.sh"

flow=examples/invoices/invoices.flow.yaml
out=demo/out
export AETHER_DATA_DIR=$PWD/demo/data AETHER_DATABASE_URL=sqlite:$PWD/demo/data/aether.db
mkdir -p "$out"

say "building"
CGO_ENABLED=0 go build -o bin/aether ./cmd/aether
CGO_ENABLED=0 go build -o bin/rates ./examples/invoices/rates

rm -f demo/rates.addr
bin/rates -addr 127.0.0.1:0 -portfile demo/rates.addr >demo/rates.log 2>&1 &
rates=$!
trap 'kill $rates 2>/dev/null || true' EXIT
for _ in $(seq 100); do
	[ -s demo/rates.addr ] && break
	kill -0 $rates 2>/dev/null || { cat demo/rates.log >&2; die "the rate service did not start"; }
	sleep 0.1
done
url=http://$(cat demo/rates.addr)

# The address differs each time, and is an input: so each call of this script
# is a run of its own.
run=(bin/aether run "$flow" -i folder=examples/invoices/inbox -i "rates_url=$url" -i "out=$out")

if [ "${1:-}" = --kill ]; then
	say "running, to be killed"
	"${run[@]}" >demo/killed.log 2>&1 &
	victim=$!
	# Die as soon as something was recorded and before all is.
	for _ in $(seq 500); do
		kill -0 $victim 2>/dev/null || break
		[ "$(grep -c '  ok ' demo/killed.log || true)" -ge 8 ] && { kill -9 $victim; break; }
		sleep 0.01
	done
	wait $victim 2>/dev/null || true
	cat demo/killed.log
	say "killed; the same command again"
fi
say "${run[*]}"
"${run[@]}"
say "results in $out, runs: AETHER_DATA_DIR=demo/data bin/aether runs list"
