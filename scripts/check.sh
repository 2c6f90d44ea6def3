#!/usr/bin/env bash
# Checks the source without running tests: formatting, vet, lint, known
# vulnerabilities, generated files, and that it builds for every system.
#
#   scripts/check.sh            everything
#   scripts/check.sh --quick    without the builds for other systems
. "$(dirname "$0")/lib.sh"

failed=()
check() {
	local what=$1
	shift
	say "$what"
	timed "$@" || failed+=("$what")
}

formatted() {
	local bad
	bad=$(git ls-files --cached --others --exclude-standard '*.go' | while read -r f; do [ -f "$f" ] && echo "$f"; done | xargs gofmt -l)
	[ -z "$bad" ] || { printf 'not formatted, run gofmt -w on:\n%s\n' "$bad"; return 1; }
}

modules() {
	go mod verify
	go mod tidy -diff
}

lint() {
	command -v golangci-lint >/dev/null || { echo "golangci-lint is missing: scripts/setup.sh --lint"; return 1; }
	golangci-lint config verify && golangci-lint run ./...
}

vulnerabilities() {
	command -v govulncheck >/dev/null || { echo "govulncheck is missing: scripts/setup.sh --lint"; return 1; }
	local out code=0
	out=$(govulncheck ./... 2>&1) || code=$?
	# 3 means findings. Without its database there is nothing to find: a machine
	# without the network says so and goes on.
	if [ "$code" -ne 0 ] && [ "$code" -ne 3 ] && grep -qE 'vuln\.go\.dev|fetching vulnerabilities' <<<"$out"; then
		echo "LEFT OUT: the vulnerability database at vuln.go.dev cannot be reached from here:"
		tail -1 <<<"$out"
		return 0
	fi
	printf '%s\n' "$out"
	return "$code"
}

generated() { go test -run 'TestFilesAreFresh' -count=1 ./internal/reference; }

architecture() { go test -count=1 ./internal/archtest; }

# What is built for other systems is not run here, so it is not optimised: that
# takes a third of the time off. release.sh builds them as they are shipped.
builds() {
	local t bad=0 from flags
	for t in $CHECKED; do
		from=$SECONDS
		flags=()
		[ "$t" = "$(go env GOHOSTOS)/$(go env GOHOSTARCH)" ] || flags=('-gcflags=all=-N -l')
		if CGO_ENABLED=0 GOOS=${t%/*} GOARCH=${t#*/} go build "${flags[@]}" -o /dev/null ./cmd/aether; then
			echo "   $t: $((SECONDS - from)) s"
		else
			echo "   $t: does not build"
			bad=1
		fi
	done
	return "$bad"
}

check "gofmt" formatted
check "go.mod" modules
check "go vet" go vet ./...
check "golangci-lint" lint
check "govulncheck" vulnerabilities
check "generated files" generated
check "architecture" architecture
check "pages" scripts/ui.sh check
[ "${1:-}" = --quick ] || check "builds" builds

[ "${#failed[@]}" -eq 0 ] || die "failed: $(printf '%s; ' "${failed[@]}")"
say "all checks passed in $SECONDS s"
