# What the scripts share; they source it. It moves to the root of the checkout.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Versions of the tools that check.sh uses. Go itself is pinned by go.mod.
GOLANGCI_LINT_VERSION=v2.15.0
GOVULNCHECK_VERSION=v1.9.0

# TARGETS are the systems that Aether is built for. CHECKED are one for each
# operating system and processor: what builds for them builds for the others.
TARGETS="linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64"
CHECKED="linux/amd64 windows/amd64 darwin/arm64"

say() { printf '\n== %s\n' "$*"; }

die() {
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# timed runs a command and says how long it took.
timed() {
	local from=$SECONDS code=0
	"$@" || code=$?
	printf '   %s s\n' "$((SECONDS - from))"
	return "$code"
}

command -v go >/dev/null || PATH="$PATH:/usr/local/go/bin"
command -v go >/dev/null || die "Go is not installed; see https://go.dev/doc/install (go.mod says which version)"
PATH="$PATH:$(go env GOPATH)/bin"
