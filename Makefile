# make demo         the main job on examples/go-service, from nothing
# make test         everything that CI checks
# make conformance  BuildKit's own Dockerfile suite, whole; writes docs/conformance.md
#
# They build and start what they need; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Packages that do things at once and whose unit tests are quick under the race detector.
RACE ?= ./step/... ./sbom ./provenance/... ./frontend/...
FUZZTIME ?= 10s
# End-to-end tests of which `make robustness` does more than `make test`.
ROBUSTNESS ?= ^Test(ACancelled|OfACancelled|AKilled|AFullDisk|ARegistryOn|ARefusedPush|WithoutInotify|BuildsAtOnce|NamesThatNo|Huge|ManyFilesAreAttached|TheFrontendHasNoRaces)
# Modules with tests of their own.
MODULES := examples/go-service hack/conformance
# Cells that `make bench` measures, as a regular expression over PROJECT/SCENARIO.
BENCH ?= .
# The tests' environment is not the demo's.
SWORN_TEST_STATE ?= $(CURDIR)/.state/test

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | column -t -s $$'\t'

.PHONY: demo
demo: ## build, sign, verify and tamper with an example image
	@hack/demo

.PHONY: tools
tools: ## build the programs that tests and the demo need
	@hack/tools/build

.PHONY: bin
bin: ## build sworn's own programs into bin/
	@hack/build

.PHONY: frontend-image
frontend-image: bin env-up images ## bin/frontend.oci.tar, also pushed to the local registries
	@hack/frontend-image

.PHONY: env-up
env-up: tools ## start buildkitd and the registries
	@hack/env up

.PHONY: env-down
env-down: ## stop what env-up started
	@hack/env down

.PHONY: images
images: ## make the base images and push them to the local registry
	@hack/images

.PHONY: test
test: tools lint unit race modules schemas e2e conformance-quick ## everything that CI checks

.PHONY: lint
lint: ## formatting, vet, staticcheck, repository rules
	@hack/tools/build staticcheck
	@hack/lint

.PHONY: unit
unit: ## unit tests; they need neither root nor network
	@hack/gotest -p 2 ./...

.PHONY: race
race: ## unit tests under the race detector, where a C compiler exists
	@if command -v gcc >/dev/null; then \
		CGO_ENABLED=1 hack/gotest -p 2 -race -short $(RACE); \
	else \
		echo 'sworn: race detector skipped: no gcc' >&2; \
	fi

.PHONY: modules
modules: ## vet and test the modules that are not part of the main one
	@for m in $(MODULES); do go -C $$m vet ./...; SWORN_MODULE=$$m hack/gotest -p 2 ./...; done

.PHONY: e2e
e2e: tools bin ## tests against real builders and registries, in an environment of their own
	@SWORN_TEST_STATE=$(SWORN_TEST_STATE) hack/e2e

.PHONY: conformance-quick
conformance-quick: tools bin ## a part of BuildKit's own Dockerfile suite against our frontend
	@SWORN_STATE=$(SWORN_TEST_STATE) hack/conformance/run
	@SWORN_STATE=$(SWORN_TEST_STATE) hack/conformance/run --mode unattached

.PHONY: conformance
conformance: frontend-image ## the whole suite three times, compared in docs/conformance.md
	@SWORN_STATE=$(SWORN_TEST_STATE) hack/conformance/suite

.PHONY: bench
bench: ## measure builds (BENCH='^steps-': only those cells) and write docs/performance.md; about 25 minutes
	@hack/bench/run -run '$(BENCH)'
	@go generate ./hack/bench/report

.PHONY: race-all
race-all: ## all unit tests under the race detector, the long ones too
	@CGO_ENABLED=1 hack/gotest -p 1 -race -timeout 30m ./...

.PHONY: caches
caches: tools bin ## builds while the garbage collector takes their cache
	@SWORN_TEST_STATE=$(SWORN_TEST_STATE) hack/e2e -tags e2e,caches -run GarbageCollection

.PHONY: corpus
corpus: tools bin ## Dockerfiles as people write them, all of them, compared with upstream's images
	@SWORN_TEST_STATE=$(SWORN_TEST_STATE) hack/e2e -tags e2e,corpus -timeout 60m -v -run TestCorpus

.PHONY: robustness
robustness: tools bin ## cancelled, killed, starved and huge builds, all of them
	@SWORN_TEST_STATE=$(SWORN_TEST_STATE) hack/e2e -tags e2e,robustness -timeout 60m -run '$(ROBUSTNESS)'

.PHONY: schemas
schemas: ## SPDX 2.3 documents against SPDX's own JSON schema
	@GOWORK=off go -C hack/tools/schemas vet ./...
	@GOWORK=off SWORN_MODULE=hack/tools/schemas hack/gotest ./...

.PHONY: differential
differential: ## packages that Syft and osv-scalibr find in the same file systems
	@GOWORK=off GOFLAGS=-mod=mod go -C hack/tools/differential vet ./...
	@GOWORK=off GOFLAGS=-mod=mod SWORN_MODULE=hack/tools/differential hack/gotest -timeout 20m ./...

.PHONY: sbomqs
sbomqs: tools bin ## documents of Sworn and of Syft as sbomqs scores them, which has to be in PATH
	@SWORN_TEST_STATE=$(SWORN_TEST_STATE) hack/e2e -tags e2e,sbomqs -timeout 30m -v -run SBOMQS

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME; at night: make fuzz FUZZTIME=10m
	@hack/fuzz $(FUZZTIME)

.PHONY: vulncheck
vulncheck: ## known vulnerabilities in what the programs call
	@hack/vulncheck

.PHONY: generate
generate: ## run go generate
	@go generate ./...
	@GOWORK=off go -C hack/conformance generate ./...

.PHONY: check-generated
check-generated: generate ## fail when generated files are not committed
	@git diff --exit-code

.PHONY: clean
clean: ## stop both environments, delete what was built and made
	@hack/env down --purge
	@SWORN_STATE=$(SWORN_TEST_STATE) hack/env down --purge
	@rm -rf bin .state internal/programs/embedded/*/
