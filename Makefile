SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS   += --no-print-directory

BUILDVCS  := $(if $(shell git rev-parse -q --verify HEAD 2>/dev/null),true,false)
TOOL      := go tool -modfile=tools/go.mod
TESTFLAGS ?= -count=1 -timeout 9m
BENCHTIME ?= 3s
BURST     ?= 2000x
FUZZTIME  ?= 5s
DRILL_ROUNDS ?= 300

export LISTEN       ?= 127.0.0.1:8080
export DATA         ?= ./data

.DEFAULT_GOAL := help
.PHONY: help build run test check docs cross race bench fuzz drill clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  LISTEN=$(LISTEN) and DATA=$(DATA) can be set for make run,"
	@echo "  TESTFLAGS and BURST for make test, BENCHTIME, FUZZTIME and DRILL_ROUNDS for theirs."

build: ## Build bin/ori-registry and bin/oripk
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -buildvcs=$(BUILDVCS) -o bin/ ./cmd/ori-registry ./cmd/oripk

run: build ## Start a registry with the packages of examples/ in it, until Ctrl-C
	@scripts/run.sh

test: ## Install what the tests need, then run every check and every test
	@scripts/test-deps.sh
	@$(MAKE) check
	@scripts/fuzz.sh --blind $(BURST)
	@{ go test -json $(TESTFLAGS) ./... && go -C judges test -json $(TESTFLAGS) ./...; } | go -C tools run ./testreport

check: ## Formatting, go vet (the client for Windows too), staticcheck
	@unformatted=$$($(TOOL) gofumpt -l .); \
	if [ -n "$$unformatted" ]; then \
		printf 'not formatted (run: %s):\n%s\n' '$(TOOL) gofumpt -w .' "$$unformatted" >&2; exit 1; \
	fi
	go vet ./...
	scripts/platforms.sh windows/amd64
	$(TOOL) staticcheck ./...
	go -C judges vet ./...
	cd judges && go tool -modfile=../tools/go.mod staticcheck ./...
	go -C tools vet ./...
	go -C tools test -count=1 ./...

docs: ## Make docs/cli.md of the commands' help
	@mkdir -p bin
	go build -o bin/ ./cmd/oripk
	bin/oripk docs > docs/cli.md

cross: ## Look at the client with go vet for every system and architecture
	scripts/platforms.sh

race: ## The tests under the race detector (needs a C compiler)
	@go test -json -race -count=1 -timeout 30m ./... | go -C tools run ./testreport

bench: ## Measure, which takes an hour and npm; the figures depend on the machine
	go test -timeout 0 -run '^$$' -bench . -benchtime $(BENCHTIME) ./archive ./translog ./internal/ratelimit ./internal/registry ./internal/sequencer ./internal/server
	go test -timeout 0 -run '^$$' -bench Sync -benchtime 5x ./e2e

fuzz: ## Every fuzz target for FUZZTIME, guided by coverage
	@scripts/fuzz.sh $(FUZZTIME)

drill: ## Kill a publishing registry DRILL_ROUNDS times and check what is left
	DRILL_ROUNDS=$(DRILL_ROUNDS) go test -count=1 -timeout 0 -v -run Kill ./e2e

clean: ## Remove what make build made; data stays
	rm -rf bin
