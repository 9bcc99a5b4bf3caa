# Two of these do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

# Hundreds of processes of migsim's would each compile its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check lint images bench clean

run: $(VENV)/ready
	$(BIN)/migsim run prod-copy; code=$$?; test $$code -le 1

test: $(VENV)/ready
	$(BIN)/python -m tests.support.engines
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: lint
	$(BIN)/python -m pytest -q -n 2 tests/unit

lint: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

images: $(VENV)/ready
	$(BIN)/migsim images --build

bench: $(VENV)/ready
	$(BIN)/python benchmarks/run_against_by_hand.py
	$(BIN)/python benchmarks/diagnosis_against_plain.py
	$(BIN)/python benchmarks/forks_against_copies.py
	$(BIN)/python benchmarks/guard_on_a_large_repository.py

clean:
	test ! -x $(BIN)/migsim || $(BIN)/migsim clean
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "migsim needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@
