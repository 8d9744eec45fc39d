# What a person runs, and CI. Everything is installed into .venv and nowhere else.

PYTHON ?= $(or $(shell command -v python3.11),python3)
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: venv lint types test demo bench clean

# Again when what to install changes. --group needs pip 25.1, and Python may bring an older one.
venv: $(INSTALLED)
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install 'pip>=25.1'
	$(BIN)/python -m pip install -c constraints.txt torch==2.13.0 -e '.[train,demo,serve,parquet,mqtt,video]' --group dev
	touch $@

lint: venv
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: venv
	$(BIN)/mypy

# pytest comes last, so that its closing lines are the last to be seen.
test: lint types
	$(BIN)/python -m pytest --cov

# Learn from real solar cells and inspect others; the results are in demo/.
demo: venv
	$(BIN)/flawflow demo

bench: venv
	$(BIN)/python benchmarks/aupro.py
	$(BIN)/python benchmarks/latency.py --engines onnxruntime openvino --precisions fp32 bf16 int8

# The results in demo/ stay.
clean:
	rm -rf .venv build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks docs -name __pycache__ -exec rm -rf {} +
