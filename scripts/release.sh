#!/usr/bin/env bash
# Builds what is released: one archive-free binary for each target and their
# sums. The same commit gives the same bytes, on any machine, in any folder.
#
#   scripts/release.sh              six binaries and SHA256SUMS below dist/
#   scripts/release.sh --verify     build twice, in two folders and with empty
#                                   caches, and compare; nothing is kept
#   TARGETS="linux/amd64" scripts/release.sh ...   only these
given=${TARGETS:-}
. "$(dirname "$0")/lib.sh"
[ -z "$given" ] || TARGETS=$given

# Nothing of this machine goes into a binary: no paths (-trimpath), no build
# id, no C library, no state of the checkout beyond the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH CGO_ENABLED=0 GOFLAGS=-trimpath GOAMD64=v1 GOARM64=v8.0 GOTOOLCHAIN=local GOWORK=off LC_ALL=C TZ=UTC
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}

# build SOURCE OUT builds all targets.
build() {
	local t ext
	for t in $TARGETS; do
		ext=''
		[ "${t%/*}" = windows ] && ext=.exe
		(cd "$1" && GOOS=${t%/*} GOARCH=${t#*/} go build -buildvcs=false -ldflags "-s -w -buildid= -X $VERSION_VAR=$version" \
			-o "$2/aether_${t%/*}_${t#*/}$ext" ./cmd/aether)
		echo "   $t"
	done
	(cd "$2" && sha256sum aether_* >SHA256SUMS && touch -d "@$SOURCE_DATE_EPOCH" ./*)
}

VERSION_VAR=github.com/aether-rpa/aether/internal/cli.version

if [ "${1:-}" = --verify ]; then
	work=$(mktemp -d)
	trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
	# One copy of the source for both: somebody may be at work in this folder.
	git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf "$work/src.tar" -T - 2>/dev/null
	for n in one two/deeper/down; do
		say "build in $n"
		mkdir -p "$work/$n/src" "$work/$n/out"
		tar -xf "$work/src.tar" -C "$work/$n/src"
		GOCACHE=$work/$n/cache timed build "$work/$n/src" "$work/$n/out"
		rm -rf "$work/$n/cache"
	done
	diff "$work/one/out/SHA256SUMS" "$work/two/deeper/down/out/SHA256SUMS" || die "two builds of the same source differ"
	say "equal"
	cat "$work/one/out/SHA256SUMS"
	exit
fi

say "aether $version"
rm -rf dist
mkdir -p dist
timed build "$PWD" "$PWD/dist"
cat dist/SHA256SUMS
