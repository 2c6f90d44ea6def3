# make run builds and shows; make test and make check are what CI runs.
.PHONY: build run test check quick model chaos bench generate release clean

build:
	CGO_ENABLED=0 go build -o bin/aether ./cmd/aether

run:
	scripts/demo.sh

test:
	scripts/test.sh

check:
	scripts/setup.sh --lint
	scripts/check.sh

# A few seconds to a minute, for while you work.
quick:
	AETHER_TEST_POSTGRES=none scripts/test.sh --short

# The nightly size of the engine's model test: random flows, crashed at random.
model:
	go test -timeout 60m -run TestModel ./internal/engine -rapid.checks=20000

# Ten minutes of killing robots, stopping them and cutting connections.
# AETHER_TEST_POSTGRES names the server for the half on PostgreSQL.
chaos:
	AETHER_CHAOS=600 go test -timeout 60m -run TestFleetChaos -v ./specs/conformance

bench:
	go run ./bench
	go run -C bench/queue . -o ../QUEUE.md
	go run -C bench/browser . -o ../BROWSER.md
	go run -C bench/healing . -o ../HEALING.md
	go run -C bench/healing . pages -o ../HEALING-PAGES.md

generate:
	go test ./internal/reference -update
	go test ./internal/api -run TestDocumentIsFresh -update
	scripts/ui.sh build

release:
	scripts/release.sh

clean:
	rm -rf bin dist demo
