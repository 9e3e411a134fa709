# make lab        opens your copy of the course, convlab-course, in JupyterLab
# make test       runs every test, the notebooks with their outputs compared included
# make notebooks  runs the notebooks again and stores their outputs
# make lint       checks style and types
#
# Each creates .venv and installs what it needs the first time, and again when pyproject.toml has changed.

PYTHON ?= python3
VENV ?= .venv
# torch is installed first and by itself. On Linux, `make lab TORCH="torch==VERSION OPTIONS"` takes another build of it.
TORCH ?= $(shell sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)
# Options for JupyterLab, as LAB_ARGS=--no-browser.
LAB_ARGS ?=

BIN := $(VENV)/bin

.PHONY: lab test notebooks lint clean
.DEFAULT_GOAL := lab

lab: $(VENV)/.course
	$(BIN)/convlab lab -- $(LAB_ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

notebooks: $(VENV)/.dev
	$(BIN)/ruff check notebooks
	$(BIN)/ruff format notebooks
	$(BIN)/python tests/notebooks/execute.py $(sort $(wildcard notebooks/*.ipynb))

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "convlab needs Python 3.11 or newer, but $(PYTHON) is %d.%d; name another: make lab PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.course: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[course]'
	touch $@

$(VENV)/.dev: $(VENV)/.course
	$(BIN)/python -m pip install --quiet --editable '.[course,dev]'
	touch $@
