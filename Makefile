# The two commands: `make app` opens the dashboard, `make test` checks everything.
# Both create what they need, and may be run again at any time. `make help` lists the rest.

VENV ?= .venv
PORT ?= 8501
PYTHON ?=
CHROMIUM ?=
PYTEST_ARGS ?=
# Tests of one file stay together (see tests/conftest.py); `make test AT_ONCE=` runs one by one.
AT_ONCE ?= --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# Trainings side by side in `make bench-full`, a processor and a gigabyte each.
WORKERS ?= 2
export VENV PYTHON CHROMIUM
# Settings of another environment must not reach this one; without compiled modules every process
# that the tests start would compile them anew.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

py = $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help app test test-quick test-faults mutants lint docs types format bench bench-full bench-slider bench-sessions lock hooks clean venv venv-dev

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

app: venv ## open the dashboard on http://localhost:8501 (PORT=... for another)
	@$(py) scripts/check_port.py $(PORT)
	@exec $(py) -m streamlit run app/main.py --server.port $(PORT) --server.showEmailPrompt false

test: lint types ## run every check and test, browser included
	@CHROMIUM="$$(scripts/ensure_chromium.sh)" && export CHROMIUM && \
		exec $(py) -m pytest $(AT_ONCE) $(PYTEST_ARGS)

test-quick: venv-dev ## run the tests that need no browser and little time
	@$(py) -m pytest -q $(AT_ONCE) -m "not browser and not slow" $(PYTEST_ARGS)

test-faults: venv-dev ## kill, fill, cut off and damage again and again; under 40 minutes
	@$(py) -m tests.faults

mutants: venv-dev ## change the source at random places and count what no quick test notices
	@OMP_NUM_THREADS=1 $(py) -m scripts.mutants

lint: venv-dev ## check style, formatting, imports, licences and known faults of dependencies
	@$(py) -m ruff check .
	@$(py) -m ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict --site-dir build/site
	@$(py) scripts/check_licences.py
	@scripts/audit.sh requirements.txt

docs: venv-dev ## write the documentation as pages to site/, readable without a network
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict

types: venv-dev ## check types
	@$(py) -m mypy

format: venv-dev ## fix style and formatting where a tool can
	@$(py) -m ruff check --fix .
	@$(py) -m ruff format .

bench: venv-dev ## measure speed and a small path, and write docs/benchmarks.md anew
	@$(py) -m benchmarks.speed --quick
	@$(py) -m benchmarks.accuracy
	@$(py) -m benchmarks.report

bench-full: venv-dev ## measure every ratio that is missing; hours, may be stopped and resumed
	@$(py) -m benchmarks.speed
	@$(py) -m benchmarks.accuracy --full --workers $(WORKERS)
	@$(py) -m benchmarks.opponent
	@$(py) -m benchmarks.large_path
	@$(py) -m benchmarks.horizon
	@$(py) -m benchmarks.report

bench-slider: venv-dev ## measure the slider in a real browser, on a quiet machine
	@CHROMIUM="$$(scripts/ensure_chromium.sh)" && export CHROMIUM && \
		exec $(py) -m benchmarks.slider_latency

bench-sessions: venv-dev ## measure twenty planners at once on one server, then ten minutes beside two trainings
	@$(py) -m benchmarks.many_sessions
	@$(py) -m benchmarks.many_sessions --minutes 10 --trainings 2

lock: venv-dev ## write the lock files anew from pyproject.toml
	@scripts/lock.sh

hooks: venv-dev ## check every commit as CI does
	@$(py) -m pre_commit install

clean: ## remove the environment and every cache
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage build dist *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@scripts/ensure_venv.sh requirements.txt

venv-dev:
	@scripts/ensure_venv.sh requirements-dev.txt
