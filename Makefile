# make lab        opens your copy of the course, convlab-course, in JupyterLab
# make test       runs the tests, the notebooks with their outputs compared included
# make more       runs the tests that take long: solutions filled in, commands of the README, the package installed
# make browser    tries every explorer of every notebook in Chromium, with a kernel and without
# make waits      measures there how long a reader waits for a picture
# make web        fetches what those tests and the pages need to show widgets without a kernel
# make notebooks  runs the notebooks again and stores their outputs, and the picture of the README
# make site       makes pages of the course, in the folder convlab-site
# make pages      makes them, and tries them in Chromium
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

# Where the pages of the course are put.
SITE ?= convlab-site
# Options for convlab site, as SITE_ARGS=--stored, which takes the outputs that are stored.
SITE_ARGS ?=

# Where the scripts lie that a page without a kernel needs.
WEB := CONVLAB_WEB='$(abspath $(VENV)/web)'
IN_BROWSER := CONVLAB_BROWSER=required CONVLAB_SITE='$(abspath $(SITE))' $(WEB) $(BIN)/python -m pytest

# Those that `make test` runs, too, are here as well, unless this names others.
BROWSER_TESTS := tests/browser --ignore tests/browser/test_latency.py --ignore tests/browser/test_site.py

# With those that take long, too; .ci/run leaves them out.
BROWSER_ARGS ?= -m ""

.PHONY: lab test more browser waits web site pages notebooks lint clean
.DEFAULT_GOAL := lab

lab: $(VENV)/.course
	$(BIN)/convlab lab -- $(LAB_ARGS)

# one thread for each of two workers, who would wait for each other otherwise
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

more: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests -m long -n 2 --dist loadfile

browser: $(VENV)/.dev web
	$(IN_BROWSER) $(BROWSER_TESTS) -n 3 --dist load $(BROWSER_ARGS)

pages: $(VENV)/.dev web site
	$(IN_BROWSER) tests/browser/test_site.py -n 3 --dist load

# by itself, since what runs beside it makes the reader wait
waits: $(VENV)/.dev web
	$(IN_BROWSER) tests/browser/test_latency.py -n 0

web: $(VENV)/.dev
	$(BIN)/python -m convlab.site.scripts $(VENV)/web

site: $(VENV)/.dev
	$(WEB) $(BIN)/convlab site $(SITE) $(SITE_ARGS)

notebooks: $(VENV)/.dev
	$(BIN)/ruff check notebooks
	$(BIN)/ruff format notebooks
	$(BIN)/python tests/notebooks/execute.py $(sort $(wildcard notebooks/*.ipynb))
	$(BIN)/python tests/readme_picture.py

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

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable '.[course,site,dev]'
	touch $(VENV)/.course $@
