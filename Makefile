# make study   install what is needed into .venv and run the main job
# make test    install the test tools too and run the tests
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STUDIES := semantic-distance-xtreme typological-robustness syntactic-vs-semantic semantic-similarity-xtreme-r task-families-vs-random-init
PIP := $(RUN)/python -m pip --disable-pip-version-check --quiet

.PHONY: study test lint types check slow reports bench clean help

study: $(VENV)/.installed
	$(RUN)/transfer-analysis study run quickstart --out reports/quickstart

test: $(VENV)/.installed-dev
	$(RUN)/python -m pytest -n 2

slow: $(VENV)/.installed-dev
	$(RUN)/python -m pytest -n 2 -m slow

lint: $(VENV)/.installed-dev
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(RUN)/mypy

check: lint types test

# The five studies at their quick scale, for reports/; what is trained is kept in the user's cache.
reports: $(VENV)/.installed
	for study in $(STUDIES); do $(RUN)/transfer-analysis study run $$study --out reports/$$study || exit 1; done

bench: $(VENV)/.installed-dev
	$(RUN)/python benchmarks/run.py

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# torch first and alone: its pinned build is then found before any range asks for another.
$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "installing into $(VENV) (about 2 GB, a minute or two) ..."
	$(PIP) install --constraint constraints.txt torch==2.13.0
	$(PIP) install --constraint constraints.txt --editable '.[offline]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "installing the test tools ..."
	$(PIP) install --constraint constraints.txt --editable '.[offline,dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

help:
	@sed -n '1,2p' Makefile
