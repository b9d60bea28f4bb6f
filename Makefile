# Everyday commands; `make help` lists them. Everything is built under build/.
.DEFAULT_GOAL := help
.PHONY: help run servers build test lint tidy format asan tsan coverage mutants chaos bench fuzz schema image sbom clean

INSTALL := __infra__/install/debian.sh
ARGS ?=
NAMES ?=
SECONDS ?= 60
IMAGE ?= troupe:dev

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s%s\n", $$1, $$2 }' Makefile

run: build ## Build, then start one node with the embedded log (ARGS="--http 127.0.0.1:8081")
	@exec build/troupe run $(ARGS)

servers: packages-test build ## The same, with the log on NATS JetStream and the views in PostgreSQL
	@exec __infra__/local/servers data/servers build/troupe run --data data/servers/node $(ARGS)

build: packages-build build/build.ninja ## Build everything; the program is build/troupe
	@cmake --build build

test: packages-test build ## Build and run every test
	@__infra__/ci/run-tests build

asan: ## Build and run every test with AddressSanitizer and UndefinedBehaviorSanitizer
tsan: ## Build and run every test with ThreadSanitizer
asan tsan: %: packages-test build/%/build.ninja
	@cmake --build build/$@
	@__infra__/ci/run-tests build/$@

coverage: packages-test build/coverage/build.ninja ## Run every test, then print line coverage per folder
	@cmake --build build/coverage
	@__infra__/ci/run-tests build/coverage
	@__infra__/ci/coverage build/coverage

mutants: packages-test ## Break each invariant on purpose; the tests must notice (NAMES="...")
	@test/mutants/run $(NAMES)

lint: packages-lint ## Check format, include directions, scripts and texts
	@__infra__/ci/lint

tidy: packages-lint ## Run clang-tidy over what changed since its last clean run
	@cmake --preset tidy --log-level=WARNING
	@__infra__/ci/tidy build/tidy

format: packages-lint ## Format the C++ files in place
	@__infra__/ci/lint --fix

chaos: packages-test build ## Break a cluster under load and judge what clients saw (SEED=7, ARGS="--faults kill,pause")
	@__infra__/install/npm.sh test/e2e
	@node test/chaos/run.mjs $(ARGS)

bench: packages-bench build/release/build.ninja ## Measure an optimised build; writes docs/benchmarks.md (QUICK=1, ROWS="http hot")
	@cmake --build build/release --target all troupe_bench
	@__infra__/ci/run-bench build/release

fuzz: packages-lint build/fuzz/build.ninja ## Fuzz each parser for SECONDS (60)
	@cmake --build build/fuzz --target troupe_fuzz
	@__infra__/ci/run-fuzz build/fuzz $(SECONDS)

schema: packages-test ## Generate the message types from their TypeScript source
	@schema/generate.sh

image: ## Build the container image with docker, podman or buildah (IMAGE=troupe:dev)
	@__infra__/image/build $(IMAGE)

sbom: build ## List what the program is made of: build/troupe.cdx.json (CycloneDX)
	@__infra__/ci/sbom build >build/troupe.cdx.json
	@echo build/troupe.cdx.json

clean: ## Remove what was built (not ./data)
	@rm -rf build

packages-build packages-test packages-lint packages-bench: packages-%:
	@$(INSTALL) build $*

build/build.ninja: CMakePresets.json
	@cmake --preset dev

build/%/build.ninja: CMakePresets.json
	@cmake --preset $*
