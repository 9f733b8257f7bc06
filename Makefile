# LoopGenie: `make` lists the verbs.

PYTHON ?= python3.11
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STATE := $(CURDIR)/.loopgenie
export LOOPGENIE_DATABASE_URL ?= sqlite:///$(STATE)/loopgenie.db

# fall back to whatever python3 there is where python3.11 is not
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif

SOURCES := pyproject.toml setup.py constraints.txt solver/kernel.py solver/frontier.py solver/trek_kernel.py
PIP := $(BIN)/python -m pip --disable-pip-version-check -q install -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help install install-all run import test test-integration test-browser test-deploy test-docker fuzz lint bench kernel clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Each stamp is an installed set of extras; the kernel is compiled on the way.
$(VENV)/.run: $(SOURCES) | $(BIN)/python
	CFLAGS="$$(tools/python-headers.sh $(BIN)/python $(CURDIR)/$(VENV)/headers)" $(PIP) -e '.[import]'
	@$(BIN)/python -m solver --version
	@touch $@

$(VENV)/.test: $(SOURCES) | $(BIN)/python
	CFLAGS="$$(tools/python-headers.sh $(BIN)/python $(CURDIR)/$(VENV)/headers)" $(PIP) -e '.[import,gazetteer,prove,test]'
	@$(BIN)/python -m solver --version
	@touch $@ $(VENV)/.run

# What some tests need beside that, by their name.
integration := integration,redis
browser := browser
deploy := compare,deploy,deploy-test

$(VENV)/.with-%: $(VENV)/.test
	$(PIP) -e '.[$($*)]'
	@touch $@

install: $(VENV)/.test ## set up what development needs

install-all: | $(BIN)/python ## set up what all tests need, at once
	CFLAGS="$$(tools/python-headers.sh $(BIN)/python $(CURDIR)/$(VENV)/headers)" \
		$(PIP) -e '.[import,gazetteer,prove,test,$(integration),$(browser),$(deploy)]'
	@$(BIN)/python -m solver --version
	@touch $(VENV)/.run $(VENV)/.test
	@touch $(foreach name,integration browser deploy,$(VENV)/.with-$(name))

run: $(VENV)/.run ## serve API and page on http://127.0.0.1:8000 (PORT=… changes it), with sample trails if there are none
	@mkdir -p $(STATE)
	@$(BIN)/loopgenie sample --if-empty
	@exec $(BIN)/loopgenie serve --port $(PORT)

import: $(VENV)/.test ## import trails: make import FILES="region.osm.pbf" ELEVATION="N42E001.hgt.zip"
	@mkdir -p $(STATE)
	@$(BIN)/loopgenie import $(FILES) $(if $(ELEVATION),--elevation $(ELEVATION))

test: $(VENV)/.test ## run the tests that need nothing but Python and a C compiler
	$(BIN)/python -m pytest -q -n auto --dist loadfile tests/unit

test-integration: $(VENV)/.with-integration ## run the tests that need PostgreSQL with PostGIS, Redis, and drive engines
	$(BIN)/python -m pytest -q tests/integration

test-browser: $(VENV)/.with-browser ## run the tests that need Chromium
	$(BIN)/python -m pytest -q tests/browser

test-deploy: $(VENV)/.with-deploy ## run the tests of the scripts for AWS, against a stand-in of it, and of the comparison
	$(BIN)/python -m pytest -q tests/deploy

test-docker: $(VENV)/.with-deploy ## run the tests that need a container engine
	$(BIN)/python -m pytest -q tests/docker

fuzz: $(VENV)/.test ## try the solver on 10,000 random problems
	$(BIN)/python tests/fuzz/run.py

lint: $(VENV)/.test ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.run ## measure the solver: make bench INSTANCES=folder
	$(BIN)/python -m solver bench $(INSTANCES)

kernel: $(VENV)/.test ## compile the kernel in place after changing it
	$(PIP) Cython "setuptools>=77"
	CFLAGS="$$(tools/python-headers.sh $(BIN)/python $(CURDIR)/$(VENV)/headers)" $(BIN)/python setup.py -q build_ext --inplace --force
	@$(BIN)/python -m solver --version

clean: ## remove what was built (not the database in .loopgenie)
	rm -rf $(VENV) build *.egg-info solver/*.c solver/*.so
