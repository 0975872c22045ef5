# Two commands do all the set-up:
#   make quickstart   install, get data, train, export, translate, score
#   make test         install what the tests need, run them
# And one more, for readers:
#   make docs         install Sphinx, write the documentation to docs/_build/html
PYTHON ?= python3
BIN := .venv/bin
RUNS ?= runs

.PHONY: help quickstart test docs test-docs test-slow test-wheel test-clients examples-packages lint clean coverage mutants

help:
	@sed -n 's/^#   //p' Makefile

# Why this number of spins: SPIN_COUNT in s2s/cli/train.py.
quickstart: .venv/.installed
	GOMP_SPINCOUNT=$${GOMP_SPINCOUNT:-3000} $(BIN)/python recipes/quickstart.py --out $(RUNS)/quickstart

# A process for each core, each with whole files of tests; a network as small as theirs wants one thread.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile

# Every code block of README and docs/, those of the slow pages too.
test-docs: .venv/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 8 -m "slow or not slow" tests/docs

test-slow: .venv/.dev
	$(BIN)/python -m pytest -m slow -s

# The wheel without torch: what a service installs.
test-wheel: .venv/.dev
	rm -rf dist .venv-wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv .venv-wheel
	.venv-wheel/bin/python -m pip install --quiet -c constraints.txt "$$(echo dist/s2s_onnx-*.whl)[cpu,score]" pytest hypothesis
	! .venv-wheel/bin/python -c "import torch" 2>/dev/null
	cd tests && ../.venv-wheel/bin/python -m pytest -c ../pyproject.toml --rootdir .. -p no:cacheprovider .

# Clients and tests of other projects, unchanged, against `s2s serve`. They have an environment of their
# own: one of them wants an older protobuf. What cannot be installed is skipped, and -rs says so.
# S2S_MODEL names a model file in place of the tiny one.
CLIENTS := .venv-clients
test-clients: .venv/.dev $(CLIENTS)/.installed
	$(CLIENTS)/bin/python -m pytest -p no:cacheprovider --confcutdir tests/clients -m "not gpu" -rs tests/clients

$(CLIENTS)/.installed: tests/clients/requirements.txt tests/clients/package.json
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet -r tests/clients/requirements.txt \
	  || grep '==' tests/clients/requirements.txt | xargs -n 1 $(CLIENTS)/bin/python -m pip install --quiet || true
	$(CLIENTS)/bin/python -m pip download --quiet --no-deps --dest $(CLIENTS)/wheels libretranslate==1.9.6 || true
	cd tests/clients && npm install --no-audit --no-fund || true
	touch $@

# A warning is an error; all of them are shown.
docs: .venv/.docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

# What the examples in JavaScript run with; `make test` tries them then, and the page if there is Chromium.
examples-packages:
	cd export/examples && npm install --no-audit --no-fund

# Lines and branches that the default run reaches, child processes included.
coverage: .venv/.dev
	$(BIN)/python -m pytest --cov --cov-report=term

# Do the tests notice when the search is changed? About an hour for each, in place: commit first.
MUTANTS ?= search
mutants: .venv/.dev
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet -c constraints.txt cosmic-ray
	rm -f $(MUTANTS).sqlite
	.venv-mutants/bin/cosmic-ray init tests/mutants/$(MUTANTS).toml $(MUTANTS).sqlite
	.venv-mutants/bin/cr-filter-operators $(MUTANTS).sqlite tests/mutants/$(MUTANTS).toml
	.venv-mutants/bin/cosmic-ray baseline tests/mutants/$(MUTANTS).toml
	.venv-mutants/bin/cosmic-ray exec tests/mutants/$(MUTANTS).toml $(MUTANTS).sqlite
	.venv-mutants/bin/cr-report --surviving-only --show-diff $(MUTANTS).sqlite

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "s2s needs Python 3.11 or later; found $$($(PYTHON) --version); try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.installed: .venv/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[cpu,train,export]'
	touch $@

.venv/.dev: .venv/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[cpu,train,export,dev]'
	touch $@

.venv/.docs: .venv/.installed
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[cpu,train,export,docs]'
	touch $@

clean:
	rm -rf .venv .venv-wheel .venv-mutants $(CLIENTS) tests/clients/node_modules search.sqlite graph.sqlite dist build docs/_build .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
