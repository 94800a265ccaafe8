# `make` lists the targets; each one first makes what it needs. Only python3 (3.11+), make and pip are required;
# the browser and Redis tests also want Debian's chromium and redis-server, which `make test` installs where it may.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := .tools/bin/uv
STAMP  := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -q
export JUPYTER_PATH := $(CURDIR)/share/jupyter

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format unit notebooks browser system-packages bench soak screenshots lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Create .venv with everything pinned

$(STAMP): requirements-dev.txt pyproject.toml
	@if [ -x $(UV) ] || $(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools uv; then \
	  $(UV) venv -q --allow-existing --python $(PYTHON) $(VENV) && \
	  $(UV) pip install -q --compile-bytecode --python $(BIN)/python -r requirements-dev.txt -e . ; \
	else \
	  $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install -q -r requirements-dev.txt -e . ; \
	fi
	@touch $@

demo: $(STAMP) ## Open the dashboard on a sandbox with four weeks of history and live bots
	$(BIN)/ytquota demo $(DEMO)

test: lint system-packages unit notebooks browser ## Everything CI checks, in about 15 minutes on two cores

lint: $(STAMP) ## Format, style, types, import directions, notebooks without outputs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/nbstripout --verify notebooks/*.ipynb

format: $(STAMP) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: $(STAMP) ## Tests without a browser
	$(PYTEST) tests -m "not browser and not soak" -n 2

notebooks: $(STAMP) ## Run every notebook from top to bottom on a sandbox
	$(PYTEST) notebooks --nbval-lax --nbval-current-env --nbval-cell-timeout=60 --nbval-kernel-startup-timeout=120

browser: $(STAMP) ## Drive the notebooks and the consent page in a real Chromium
	$(PYTEST) tests -m "browser and not soak" --screenshot only-on-failure --output .test-results

system-packages:
	@for command in chromium redis-server; do \
	  command -v $$command >/dev/null || missing="$$missing $$command"; done; \
	if [ -n "$$missing" ]; then \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; } || \
	  { echo "Please install:$$missing (for example: sudo apt-get install$$missing)"; exit 1; }; fi

bench: $(STAMP) ## Measure the ledger beside its peers and the floor
	$(BIN)/python -m benchmarks

soak: $(STAMP) system-packages ## The long proofs, and the browser suite ten times in a row
	$(PYTEST) tests -m soak --timeout 3600
	for round in 1 2 3 4 5 6 7 8 9 10; do $(MAKE) --no-print-directory browser || exit 1; done

screenshots: $(STAMP) system-packages ## Make the pictures of docs/images anew
	SCREENSHOTS=docs/images $(PYTEST) tests -m browser -k screenshot

lock: ## Refresh the pins (valid for every Python 3.11+)
	@[ -x $(UV) ] || $(PYTHON) -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .tools uv
	$(UV) pip compile -q pyproject.toml --all-extras --group dev --universal --python-version 3.11 --upgrade \
	  --no-header --no-annotate -o requirements-dev.txt

clean: ## Remove everything that make made
	rm -rf $(VENV) .tools .test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
