# What a person runs, and CI. Everything is installed into .venv and nowhere else.

PYTHON ?= $(or $(shell command -v python3.11),python3)
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PEERS := .venv-peers/bin
DOCS := $(subst .venv,.venv-docs,$(BIN))
# What the trainings are timed on: a data set in MVTec AD's layout, with masks; drawn parts without one.
DATA ?=
INSTALLED := .venv/installed
NPM := $(shell command -v npm)

.PHONY: venv lint types test test-all coverage docs demo bench bench-peers clean

# Again when what to install changes. --group needs pip 25.1, and Python may bring an older one.
venv: $(INSTALLED)
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install 'pip>=25.1'
	$(BIN)/python -m pip install -c constraints.txt torch==2.13.0 -e '.[train,demo,serve,parquet,mqtt,video]' --group dev
	touch $@

# Biome, for the page's JavaScript.
node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund
	touch $@

lint: venv $(if $(NPM),node_modules)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(if $(NPM),npm run --silent lint,@echo "The page's JavaScript was not checked: npm is not installed.")

types: venv
	$(BIN)/mypy

# On two cores a third worker, since tests of the page wait more than they compute; the tests of a module
# stay together, and each computes on one thread.
WORKERS ?= 3
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

# pytest comes last, so that its closing lines are the last to be seen.
test: lint types
	$(PYTEST) -m 'not slow'

# With what takes long: trainings through every layer, the station's page, kills, more mutants.
test-all: lint types docs
	FLAWFLOW_FUZZ=2000 $(PYTEST) --durations 20 $(COVERAGE)

# The same with the coverage, which takes longer.
coverage: COVERAGE := --cov
coverage: test-all

# The documentation as a site, in site/; a warning is an error.
docs: .venv-docs/installed
	NO_MKDOCS_2_WARNING=1 $(DOCS)/mkdocs build --strict --quiet

.venv-docs/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-docs
	$(DOCS)/python -m pip install 'pip>=25.1'
	$(DOCS)/python -m pip install -c constraints.txt --group docs
	touch $@

# Learn from real solar cells and inspect others; the results are in demo/.
demo: venv
	$(BIN)/flawflow demo

# The benchmarks of the processor; tables go to runs/, as JSON and Markdown. With the peers in their
# environment (make bench-peers) they are compared too.
bench: venv
	$(BIN)/python benchmarks/latency.py --engines onnxruntime openvino --precisions fp32 bf16 int8 --rounds 30
	$(BIN)/python benchmarks/aupro.py
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/training.py $(DATA) --passes 2 --steps 25 50
	$(BIN)/python benchmarks/gpu.py
	$(if $(wildcard $(PEERS)/python),$(PEERS)/python benchmarks/peer_latency.py --rounds 5)
	$(if $(wildcard $(PEERS)/python),$(PEERS)/python benchmarks/peer_training.py --rounds 1 $(addprefix --data ,$(DATA)))

# anomalib, in an environment of its own.
bench-peers:
	$(PYTHON) -m venv .venv-peers
	$(PEERS)/python -m pip install -c constraints.txt -r benchmarks/peers/requirements.txt -e '.[train]'

# The results in demo/ stay.
clean:
	rm -rf .venv .venv-docs .venv-peers node_modules build dist site .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks docs -name __pycache__ -exec rm -rf {} +
