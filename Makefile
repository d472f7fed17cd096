# The two commands are `make book` and `make test`; `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
ENVIRONMENT := .venv/installed
# one process of tests for each processor; a part that is done takes work from another
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal
PEERS := vectors logits normals families import_time

.DEFAULT_GOAL := help
.PHONY: help book test test-all lab serve notebooks lint bench clean lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENVIRONMENT): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' || { \
	  echo "The book needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "This Python lacks the venv module (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	@echo "Installing the pinned packages into .venv: about a minute, once"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -r requirements.txt
	@touch $@

book: $(ENVIRONMENT) ## build the book: every chapter executed, every warning an error
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo
	@echo "The book is built. Open this file in a browser, or type make serve:"
	@echo "  $(CURDIR)/_build/html/index.html"

test: $(ENVIRONMENT) ## run the tests, in a real browser too
	$(PYTEST) -m "not slow"

test-all: $(ENVIRONMENT) ## run the tests, the slow ones too
	$(PYTEST)

notebooks: book ## write the notebooks to take away, with kltools beside them, to _build/notebooks
	@mkdir -p _build/notebooks
	@for file in _build/html/notebooks/*; do \
	  copy=_build/notebooks/$${file##*/}; \
	  if [ -e "$$copy" ] && ! cmp -s "$$file" "$$copy"; then mv "$$copy" "$$copy~"; echo "Kept your version as $$copy~"; fi; \
	  cp "$$file" "$$copy"; \
	done
	@echo "The notebooks are in $(CURDIR)/_build/notebooks"

lab: notebooks ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=_build/notebooks

serve: book ## serve the built book on this machine only
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lint: $(ENVIRONMENT) ## check the style of the code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.venv-bench/installed: benchmarks/requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r benchmarks/requirements.txt -e .
	@touch $@

bench: book .venv-bench/installed ## measure kltools and the pages beside their peers, and keep the tables
	@for name in $(PEERS); do .venv-bench/bin/python benchmarks/$$name.py || exit 1; done
	@$(BIN)/python benchmarks/page_weight.py

clean: ## remove what was built, but not the environment and the fetched packages
	@if [ -d _build ]; then find _build -mindepth 1 -maxdepth 1 ! -name '*assets' -exec rm -rf {} +; fi

lock: ## pin every package anew, from requirements.in (needs uv)
	uv pip compile --universal --fork-strategy fewest --python-version 3.11 requirements.in -o requirements.txt --no-header --no-annotate
