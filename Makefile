# The two commands are `make book` and `make test`; `make help` lists the rest.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
ENVIRONMENT := .venv/installed
GRADING := .venv-grading/installed
ASSIGN := .venv-grading/bin/python -m assignments
PIN := uv pip compile --universal --fork-strategy fewest --python-version 3.11 --no-header --no-annotate
# one process of tests for each processor; a part that is done takes work from another
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal
PEERS := vectors logits normals families import_time

.DEFAULT_GOAL := help
.PHONY: help book test test-all lab serve notebooks lint bench clean lock demo-course exercises course assignment collect grade mail formgrader

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

define check_python
@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' || { \
  echo "The book needs Python 3.11 or newer, and $(PYTHON) is not: name one, as in make book PYTHON=python3.12"; exit 1; }
@$(PYTHON) -c 'import ensurepip, venv' || { \
  echo "This Python lacks the venv module (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
endef

needs = $(foreach name,$(1),$(if $($(name)),:,echo "Say $(name)=..., as in make $@ $(foreach one,$(1),$(one)=$(EXAMPLE_$(one)))"; exit 1);)
EXAMPLE_COURSE := ~/kl-course
EXAMPLE_NAME := week1
EXAMPLE_WHAT := feedback

$(ENVIRONMENT): requirements.txt pyproject.toml
	$(check_python)
	@echo "Installing the pinned packages into .venv: about a minute, once"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -r requirements.txt
	@touch $@

$(GRADING): assignments/requirements.txt
	$(check_python)
	@echo "Installing what grading needs (nbgrader, Jupyter, numpy) into .venv-grading: about a minute, once"
	$(PYTHON) -m venv .venv-grading
	.venv-grading/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r assignments/requirements.txt
	@touch $@

book: $(ENVIRONMENT) ## build the book: every chapter executed, every warning an error
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo
	@echo "The book is built. Open this file in a browser, or type make serve:"
	@echo "  $(CURDIR)/_build/html/index.html"

test: $(ENVIRONMENT) $(GRADING) ## run the tests, in a real browser too
	$(PYTEST) -m "not slow"

test-all: $(ENVIRONMENT) $(GRADING) ## run the tests, the slow ones too
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

demo-course: $(GRADING) ## play a class of twelve from notebooks to grades
	$(ASSIGN) demo $(if $(COURSE),"$(COURSE)")

exercises: $(GRADING) ## list the exercises, from which an assignment picks: CHAPTER=coding for one chapter
	@$(ASSIGN) exercises $(CHAPTER)

course: $(GRADING) ## make a course folder: COURSE=dir
	@$(call needs,COURSE)
	@$(ASSIGN) course "$(COURSE)"

assignment: $(GRADING) ## write what each student receives: COURSE=dir NAME=week1
	@$(call needs,COURSE NAME)
	@$(ASSIGN) assignment "$(COURSE)" "$(NAME)"

collect: $(GRADING) ## take in what came back: COURSE=dir NAME=week1 FROM=folder-or-zip
	@$(call needs,COURSE NAME)
	@$(ASSIGN) collect "$(COURSE)" "$(NAME)" $(if $(FROM),"$(FROM)")

grade: $(GRADING) ## run, judge and report what was collected: COURSE=dir NAME=week1
	@$(call needs,COURSE NAME)
	@$(ASSIGN) grade "$(COURSE)" "$(NAME)" $(if $(JOBS),--jobs "$(JOBS)") $(if $(filter yes,$(TRUSTED)),--trusted)

mail: $(GRADING) ## write a message to each student, and send none: COURSE=dir NAME=week1 WHAT=notebook or feedback
	@$(call needs,COURSE NAME WHAT)
	@$(ASSIGN) mail "$(COURSE)" "$(NAME)" "$(WHAT)"

formgrader: $(GRADING) ## read answers and give points by hand in the browser: COURSE=dir
	@$(call needs,COURSE)
	@$(ASSIGN) formgrader "$(COURSE)"

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

lock: ## pin every package anew, from requirements.in and assignments/requirements.in (needs uv)
	$(PIN) requirements.in -o requirements.txt
	grep -v '^-e' requirements.txt | $(PIN) assignments/requirements.in -o assignments/requirements.txt -c -
