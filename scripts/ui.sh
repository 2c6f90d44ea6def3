#!/usr/bin/env bash
# Checks and tests the pages below ui. Building the program does not need it:
# what npm run build makes is committed.
#
#   scripts/ui.sh check    types, lint, unit tests, and that ui/dist and the
#                          types of the API are what the source makes
#   scripts/ui.sh test     the pages in a browser, on the real program
#   scripts/ui.sh build    writes ui/dist and the types of the API anew
. "$(dirname "$0")/lib.sh"

command -v npm >/dev/null || die "npm is not installed; scripts/setup.sh installs it"

# Vite wants a newer Node than some systems have; npm has that, too.
old() { ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || a === 22 && b >= 12 || a === 20 && b >= 19 ? 0 : 1)' 2>/dev/null; }
if old; then
	node_home=${XDG_CACHE_HOME:-$HOME/.cache}/aether-node
	[ -x "$node_home/node_modules/node/bin/node" ] || { say "Node 22"; timed npm install --prefix "$node_home" --no-audit --no-fund --silent node@22; }
	PATH=$node_home/node_modules/node/bin:$PATH
	old && die "Node 20.19 or newer is needed, and npm could not install it"
fi

cd ui
packages() { npm ci --no-audit --no-fund --silent "$@"; }
say "packages of the pages"
timed packages

build() {
	packages --prefix tools
	npm run --silent types
	npm run --silent build
}

# same makes everything from the source and compares it with what is committed.
same() {
	local before after
	before=$(find dist src/api/schema.d.ts -type f -exec sha256sum {} + | sort)
	build >/dev/null || return 1
	after=$(find dist src/api/schema.d.ts -type f -exec sha256sum {} + | sort)
	[ "$before" = "$after" ] && return
	diff <(echo "$before") <(echo "$after") || true
	echo "ui/dist or ui/src/api/schema.d.ts is not what the source makes: scripts/ui.sh build, and commit them"
	return 1
}

case "${1:-}" in
build) say "build" && timed build ;;
check)
	say "types, lint and unit tests of the pages"
	timed npx tsc --noEmit
	timed npx eslint .
	timed npx vitest run --silent --dir src
	say "the pages' build"
	timed same
	;;
test)
	[ -n "${AETHER:-}" ] || { AETHER=$(mktemp -d)/aether && trap 'rm -rf "$(dirname "$AETHER")"' EXIT && (cd .. && CGO_ENABLED=0 go build -o "$AETHER" ./cmd/aether); }
	export AETHER
	say "the pages in a browser"
	timed node --test --test-concurrency=3 --test-reporter=spec e2e/*.test.mjs
	;;
*) die "say check, test or build" ;;
esac
