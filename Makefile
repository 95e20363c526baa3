# The words of this project. On a bare machine `make redact` needs make and Python 3.11 to 3.13 with venv, nothing else.
# The environment lives in .venv and is made anew whenever a lock file changes.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
# One stamp per content of the files it stands on: a changed lock has another stamp, so a stale environment never passes
# for a fresh one, and a checkout that only touches time stamps costs nothing.
key = $(shell cat $(1) 2>/dev/null | cksum | cut -d ' ' -f 1)
LOCKED := $(VENV)/.locked-$(call key,requirements-build.lock requirements.lock)
READY := $(VENV)/.ready-$(call key,requirements-build.lock requirements.lock pyproject.toml)
READY_DEV := $(VENV)/.ready-dev-$(call key,requirements-build.lock requirements.lock pyproject.toml requirements-dev.lock)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PIP_LOCKED := $(PIP) install --quiet --require-hashes --no-deps --no-build-isolation

PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)

VIDEO ?=
OUT ?=
KIND ?= HighBlur
SAMPLE := build/sample.mp4

.PHONY: help setup redact serve test test-media test-web drill lint check fmt docs docs-images lock clean \
	bench bench-leak bench-speed bench-identity bench-load bench-review

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18
	@echo
	@echo "make redact VIDEO=clip.mp4 [OUT=safe.mp4] [KIND=MediumBlur|HighBlur|LowBlur|BoundingBox|Black]"

setup: $(READY) ## Make the environment with which efface runs

$(LOCKED):
	@if [ -z "$(PYTHON)" ]; then \
		echo "efface needs Python 3.11, 3.12 or 3.13 with venv and pip, and none was found." >&2; \
		echo "On Debian or Ubuntu: apt install python3 python3-venv; or name one: make PYTHON=/path/to/python3.12 …" >&2; \
		exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON): a few hundred megabytes to fetch the first time"
	@rm -rf $(VENV)
	@"$(PYTHON)" -m venv $(VENV)
	@$(PIP_LOCKED) -r requirements-build.lock
	@$(PIP_LOCKED) -r requirements.lock
	@touch $@

$(READY): $(LOCKED)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): $(READY)
	@$(PIP_LOCKED) -r requirements-dev.lock
	@touch $@

$(SAMPLE): $(READY)
	@mkdir -p $(@D)
	@$(BIN)/efface sample --overwrite -o $@

redact: $(READY) $(if $(VIDEO),,$(SAMPLE)) ## Hide every face of VIDEO=…, or of a bundled sample clip
	@$(BIN)/efface redact "$(or $(VIDEO),$(SAMPLE))" --blurring-kind "$(KIND)" \
		$(if $(OUT),--output "$(OUT)") $(if $(VIDEO),,--overwrite)

serve: $(READY) ## Run the service: DATA=folder PORT=8080
	@$(BIN)/efface serve $(if $(DATA),--data "$(DATA)") $(if $(PORT),--port "$(PORT)")

test: $(READY_DEV) ## Fast tests: offline, no clips but those they make
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not media and not web"

test-media: $(READY_DEV) ## Slow tests and those on the real clips of ../shared
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "(slow or media) and not web" --ignore=tests/drills --ignore=tests/jobs

test-web: $(READY_DEV) ## Tests of the pages in a real browser (Chromium)
	@$(BIN)/python -m pytest -m web tests/browser

# One after the other: they wait for heartbeats, which other work beside them would delay.
drill: $(READY_DEV) ## Real workers, and processes of a real service killed again and again while jobs run
	@$(BIN)/python -m pytest -m slow tests/jobs tests/drills

lint: $(READY_DEV) ## Format, style, types, import rules, spelling
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@git ls-files -z -- '*.md' '*.py' '*.toml' Makefile .ci | xargs -0 $(BIN)/codespell

check: lint test ## All that must hold before a commit (docs are checked by the tests)

fmt: $(READY_DEV) ## Mend format and what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

docs: $(READY_DEV) ## Write docs/cli.md and docs/settings.md anew from the program
	@$(BIN)/python -m docs.generate_cli docs/cli.md
	@$(BIN)/python -m docs.generate_settings docs/settings.md

docs-images: $(READY_DEV) ## Make docs/images anew from the bundled sample: pictures of the pages too
	@$(BIN)/python -m docs.before_after docs/images/before-after.png
	@$(BIN)/python -m docs.page_images docs/images

bench: bench-leak bench-speed bench-identity bench-load bench-review ## All benchmarks

bench-leak: $(READY) ## Faces that stay visible, and false masks
	@$(BIN)/python -m benchmarks.leak

bench-speed: $(READY) ## Frames per second and memory, beside deface and a plain transcode
	@$(BIN)/python -m benchmarks.speed

bench-identity: $(READY) ## How well tracks are grouped into people
	@$(BIN)/python -m benchmarks.identity

bench-load: $(READY_DEV) ## How the API answers while a redaction runs beside it
	@$(BIN)/python -m benchmarks.load

bench-review: $(READY_DEV) ## How the review page opens and scrolls; needs a Chromium
	@$(BIN)/python -m benchmarks.review

UV := build/lock-venv/bin/uv
UV_COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock"

$(UV):
	@"$(PYTHON)" -m venv build/lock-venv
	@build/lock-venv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

lock: $(UV) ## Resolve the lock files anew: `make lock UPGRADE=--upgrade` takes newer releases
	@$(UV_COMPILE) $(UPGRADE) --group build -o requirements-build.lock
	@$(UV_COMPILE) $(UPGRADE) --override requirements-overrides.txt pyproject.toml --extra sample -o requirements.lock
	@$(UV_COMPILE) $(UPGRADE) -c requirements.lock --group dev -o requirements-dev.lock

clean: ## Remove the environment, caches and everything made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
