# Every target sets up what it needs; see `make help`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PY := .venv/bin/python

export PYTHON

.PHONY: help run test check bench engine images clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: images ## Set up everything and serve on PORT (3000), with an API key kept in .env
	@exec $(PY) -m orchestrator serve --dev

test: ## Set up everything and run the tests (ARGS="-k name" for some of them)
	@scripts/test $(ARGS)

check: ## Lint, types, layers, dependencies, shell scripts; needs no engine
	@scripts/check

bench: images ## Set up everything and measure it (QUICK=1: a try; RELEASE=1: kept in bench/results)
	@$(PY) -m bench $(if $(QUICK),--quick) $(if $(RELEASE),--release) $(ARGS)

engine: ## Use the Docker Engine that answers, or install and start one
	@scripts/engine start && scripts/engine status

images: ## Build the languages' images, and what they stand on
	@scripts/images

clean: ## Remove containers, virtualenv, caches, our engine (IMAGES=1: and the images)
	@scripts/clean $(if $(IMAGES),--images)
