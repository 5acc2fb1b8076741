# Every target sets up what it needs; see `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python

export PYTHON
unexport PYTHONDONTWRITEBYTECODE  # every target starts the same modules again and again

.PHONY: help run unit test test-all test-hosts test-hosts-engines test-hosts-guests test-hosts-arm64 test-clients test-web test-languages fuzz mutants generate check bench languages-table docs engine images image test-image dist release sbom check-version publish-npm clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: images ## Set up everything and serve on PORT (3000), with keys kept in .env
	@exec $(PY) -m orchestrator serve --dev

unit: ## Test what needs neither engine nor root, in a minute (ARGS="-k name" for some of it)
	@scripts/test-unit $(ARGS)

test: ## Set up everything and run what proves the product (ARGS="-k name" for some tests)
	@scripts/test $(ARGS)

test-all: ## That, and everything else there is to test but the runner's own image
	@scripts/test --all

test-hosts-engines: ## Test on Debian 13's Docker and sid's, without such a machine (QUICK=1; FULL=1: as `make test`)
	@scripts/test-hosts-engines $(if $(QUICK),--quick)$(if $(FULL),--full) $(ARGS)

test-hosts-guests: ## Test on machines with cgroup v2, with and without swap: Debian 12 and 13, in QEMU (long; QUICK=1: less)
	@scripts/test-hosts-guests $(if $(QUICK),--quick) $(ARGS)

test-hosts-arm64: ## Build for arm64 and prove it, in emulation (half an hour; ARGS="c python")
	@scripts/test-hosts-arm64 $(ARGS)

test-hosts: ## Test on other engines, then on other machines
	@scripts/test-hosts-engines
	@scripts/test-hosts-guests

test-languages: ## Build every language there is, and run all of its samples
	@ALSO_PROVE=all scripts/test tests/docker/test_samples.py -v $(ARGS)

test-clients: ## Set up everything, Node.js too, and test the JavaScript client
	@scripts/test tests/docker/test_js_client.py $(ARGS)

test-web: ## Set up everything, Chromium too, and test the Next.js site in it
	@scripts/test tests/web/test_nextjs.py $(ARGS)

fuzz: images ## Set up everything and send a server thousands of random requests
	@$(PY) -m tests.docker.fuzzing

mutants: images ## Spoil the code, a line at a time, and say which test notices (ARGS="queue pool": some)
	@$(PY) -m tests.mutations $(ARGS)

check: ## Lint, types, layers, dependencies, shell scripts, the docs' links; needs no engine
	@scripts/check

generate: ## Write the clients' types and the docs' tables that follow from the models of answers
	@scripts/setup-python && $(PY) -m generate

bench: images ## Set up everything and measure it (QUICK=1: a try; RELEASE=1: kept in bench/results)
	@$(PY) -m bench $(if $(QUICK),--quick) $(if $(RELEASE),--release) $(ARGS)

languages-table: images ## Measure every language that there is, for docs/reference/languages.md
	@$(PY) -m orchestrator languages build all
	@$(PY) -m bench.languages $(ARGS)

docs: ## Make a site of the docs, to be read without a network (site/index.html)
	@scripts/docs

engine: ## Use the Docker Engine that answers, or install and start one
	@scripts/engine start && scripts/engine status

images: ## Build the languages' images (LANGUAGES=all, or a list), and what they stand on
	@scripts/images

image: ## Build the runner's own image, with an engine inside (codebae-runner/server:current)
	@scripts/image

test-image: ## Walk that image from an empty volume to its end, as on Fly.io (ten minutes)
	@scripts/test-image

release: ## Build and save all that this version runs (REGISTRY=…/…: and push it, digests pinned)
	@scripts/release $(REGISTRY)

sbom: ## Print what is in the runner's image of a release, as CycloneDX
	@scripts/sbom

check-version: # VERSION=1.2.3: fails where the code says another one
	@grep -qx '__version__ = "$(VERSION)"' orchestrator/__init__.py || { echo "error: this is not $(VERSION)" >&2; exit 1; }

publish-npm: # what `make dist` has left, from a job of the forge
	@scripts/publish-npm

dist: ## Build wheels, sdists and the npm tarball into dist/, and check them
	@scripts/dist

clean: ## Remove containers, virtualenv, caches, our engine (IMAGES=1: and the images)
	@scripts/clean $(if $(IMAGES),--images)
