#!/usr/bin/env bash
# Installs what building, testing and checking need, where it is missing:
#
#   scripts/setup.sh           PostgreSQL (tests run on it), a C compiler (for
#                              the race detector), Python (script.python),
#                              and what node families are tested against:
#                              MariaDB, vsftpd, sshd, poppler, qpdf, zbar,
#                              tesseract, LibreOffice, 7-Zip, age, Chromium,
#                              Firefox; npm (the pages); modules
#   scripts/setup.sh --lint    golangci-lint and govulncheck as well
#
# It may be run any number of times. Packages come from apt-get; on other
# systems it says what is missing.
. "$(dirname "$0")/lib.sh"

postgres() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || [ -n "${AETHER_TEST_POSTGRES:-}" ]; }

missing=()
postgres || missing+=(postgresql)
command -v gcc >/dev/null || command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v git >/dev/null || missing+=(git ca-certificates)
command -v python3 >/dev/null || missing+=(python3)
# Servers and programs that node families are tested against.
sbin() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
sbin mariadbd || missing+=(mariadb-server)
sbin vsftpd || missing+=(vsftpd)
sbin sshd || missing+=(openssh-server)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
command -v qpdf >/dev/null || missing+=(qpdf)
command -v zbarimg >/dev/null || missing+=(zbar-tools)
command -v tesseract >/dev/null || missing+=(tesseract-ocr tesseract-ocr-eng tesseract-ocr-deu)
command -v 7z >/dev/null || missing+=(p7zip-full)
command -v age >/dev/null || missing+=(age)
for program in zip unzip zstd bzip2 lz4 openssl; do
	command -v "$program" >/dev/null || missing+=("$program")
done
command -v xz >/dev/null || missing+=(xz-utils)
command -v pgrep >/dev/null || missing+=(procps)
for browser in google-chrome google-chrome-stable chromium chromium-browser none; do
	command -v "$browser" >/dev/null && break
done
[ "$browser" != none ] || missing+=(chromium)
command -v firefox >/dev/null || command -v firefox-esr >/dev/null || missing+=(firefox-esr)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v soffice >/dev/null || missing+=(libreoffice-writer-nogui libreoffice-calc-nogui)

if [ "${#missing[@]}" -gt 0 ]; then
	command -v apt-get >/dev/null || die "install ${missing[*]} with this system's package manager, or set AETHER_TEST_POSTGRES to the URL of a PostgreSQL server"
	root=()
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "run this as root once: apt-get install ${missing[*]}"
		root=(sudo)
	fi
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	"${root[@]}" apt-get -qq update
	"${root[@]}" apt-get -qq -y --no-install-recommends install "${missing[@]}"
	postgres || die "PostgreSQL was installed, and /usr/lib/postgresql/*/bin/initdb is still not there"
fi

say "modules"
timed go mod download

if [ "${1:-}" = --lint ]; then
	if ! golangci-lint version 2>/dev/null | grep -qF "version ${GOLANGCI_LINT_VERSION#v} "; then
		say "building golangci-lint $GOLANGCI_LINT_VERSION"
		timed go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$GOLANGCI_LINT_VERSION"
	fi
	if ! command -v govulncheck >/dev/null; then
		say "building govulncheck $GOVULNCHECK_VERSION"
		timed go install "golang.org/x/vuln/cmd/govulncheck@$GOVULNCHECK_VERSION"
	fi
fi
