# The commands of this repository: `make help` lists them. Everything is installed into .venv; a stamp file there says
# what is installed, and depends on pyproject.toml and constraints.txt, so a second run installs nothing.

VENV ?= .venv
# The first of these that is new enough; `make PYTHON=/path/to/python3.12 ...` names another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
# How many test workers (many tests wait, so a few more than cores; each takes a gigabyte); 0 = in one process.
JOBS ?= $(shell cores=$$(nproc 2>/dev/null || echo 2); echo $$((cores < 6 ? cores + 2 : 8)))
# Arguments for pytest: make test TESTS="tests/rewards -k boxed"
TESTS ?=

python := $(VENV)/bin/python
# An interrupted installation leaves no stamp: each is touched by the last command of its rule. An environment that is
# only half made holds .making, and is made again; one that somebody else made is never removed.
made := $(VENV)/.made
train := $(VENV)/.installed-train
dev := $(VENV)/.installed-dev
bench := $(VENV)/.installed-bench
peers := $(VENV)/.installed-peers $(VENV)/.installed-peers_verifiers
install := $(python) -m pip install --quiet --constraint constraints.txt --editable

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench clean
.NOTPARALLEL:

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(train)  ## train a small reasoner on the CPU, in minutes, and show what it learned
	$(python) examples/demo.py

# Tests start hundreds of Python processes, and each compiles anew what was not written: also where the environment says
# that nothing be written.
test: export PYTHONDONTWRITEBYTECODE =
test: $(dev) $(peers)  ## run every test (TESTS=... passes arguments to pytest)
	$(python) -m pytest --numprocesses $(JOBS) --dist worksteal $(TESTS)

lint: $(dev)  ## check style, format and types
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

bench: $(bench)  ## measure speed and memory beside peers, in short runs; results in build/bench
	@mkdir -p build/bench
	@set -e; for file in $$(grep -l '^if __name__' bench/*.py); do \
		echo "$$file"; $(python) "$$file" --quick --json "build/bench/$$(basename "$$file" .py).json"; done

clean:  ## remove the environment, builds and caches (runs/ stays)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(made):
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or newer found (python3 is $$(python3 --version 2>&1)); \
	install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1); Python 3.11 or newer is needed: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: $(PYTHON) cannot make environments (no venv or ensurepip module); \
	on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@if test -e $(VENV)/.making || ! test -e $(VENV); then \
		echo "making $(VENV) with $$($(PYTHON) --version)"; \
		rm -rf $(VENV) && mkdir -p $(VENV) && touch $(VENV)/.making && $(PYTHON) -m venv $(VENV) && rm $(VENV)/.making; fi
	@$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && $(python) -m pip --version >/dev/null 2>&1 || { \
		echo "make: $(VENV) is no environment of Python 3.11 or newer with pip; remove it, or name another: make VENV=.venv-rlvr ..." \
		>&2; exit 1; }
	@touch $@

$(train): pyproject.toml constraints.txt | $(made)
	@echo "installing rlvr for training into $(VENV) (torch is large: minutes, once)"
	@$(install) '.[train,view]'
	@touch $@

$(dev): pyproject.toml constraints.txt | $(made)
	@echo "installing rlvr for development into $(VENV) (torch is large: minutes, once)"
	@$(install) '.[dev]'
	@touch $@ $(train)

# Other trainers, which tests hand our rewards to. Where one of them has no build for this machine, those tests are skipped.
$(peers): $(VENV)/.installed-%: tests/%.txt | $(made)
	@echo "installing other trainers, for tests, into $(VENV)/$*"
	@if $(python) -m pip install --quiet --no-deps --upgrade --target $(VENV)/$* --requirement $<; then touch $@; \
	else echo "make: not all of $< could be installed; the tests that need it are skipped" >&2; fi

$(bench): pyproject.toml constraints.txt | $(made)
	@echo "installing rlvr and the trainers it is measured beside into $(VENV) (minutes, once)"
	@$(install) '.[bench]'
	@touch $@ $(train)
