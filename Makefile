# Everything a contributor needs, and nothing else: `make help`.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo check test soak bench lock clean

help: ## Say what each command does
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.installed ## Make .venv with everything that is needed

# Pinned by hash. hatchling comes with them, so that the editable install fetches nothing more.
.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Frostline needs Python 3.11 or newer; give one: make setup PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "Python's venv is missing; as root: apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Run the main job, from simulated loggers to a member's page
	@$(BIN)/frostline demo

check: setup ## Lint, types, layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup ## Run the tests on a real database, broker and browser
	$(BIN)/python -m pytest -m "not soak" -n auto --maxprocesses 4 --dist loadfile

soak: setup ## Run the long tests: a million damaged messages, every kill at length
	$(BIN)/python -m pytest -m soak

bench: setup ## Measure ingest, edge, latency, the judge and the router
	$(BIN)/frostline bench ingest
	$(BIN)/frostline bench edge
	$(BIN)/frostline bench latency
	$(BIN)/frostline bench judge
	$(BIN)/frostline bench route --class public,own,plain --orders 50,200,500 --seeds 3 --seconds 10

lock: setup ## Write requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --upgrade --extra dev --universal --generate-hashes --no-annotate \
	  --no-header --no-emit-index-url --no-emit-find-links -o requirements.lock pyproject.toml

clean: ## Delete .venv and what tools left behind
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
