# make mini        set up, then run the main job on the built-in miniature (about 10 minutes of CPU time, on all CORES)
# make check       set up, then run the tests of the library: units and golden arrays, nothing that drives snakemake
#                  (4 minutes of CPU time, in two processes)
# make test        set up, then run all tests: these, the workflow, and the main job on the miniature
# make test-long   what takes longer: trainings on the miniature that have to help, with three seeds each
# make test-hostile  20,000 damaged files of each kind, in place of the 60 of make test (two hours of CPU time), and other
#                  examples of the properties that hypothesis tries, which are the same in every make test
# make test-slurm  the tests that need a Slurm cluster, which is installed and started for them (Debian, root)
# make lint        ruff, snakefmt, mypy
# make docs        build the documentation site into site/, strictly and without a network
# make bench       what each stage costs, as ratios

PYTHON ?= python3
BIN = .venv/bin
CORES ?= 2
INSTALLED = .venv/installed
SOURCES = pyproject.toml setup.py constraints.txt $(wildcard $(addprefix src/reprise/,*/*.pyx */*.h */*/*.pyx))

.PHONY: mini check test test-long test-hostile test-slurm lint docs bench generated

mini: $(INSTALLED)
	$(BIN)/snakemake --configfile config/mini.yaml --cores $(CORES) -- results/mini/table2.csv results/mini/report.html
	@cat results/mini/table2.md results/mini/rootsift.md
	@echo "Look at file://$(CURDIR)/results/mini/report.html"

check: $(INSTALLED)
	$(BIN)/python -m pytest -m "not workflow and not slurm and not long"

test: $(INSTALLED)
	$(BIN)/python -m pytest

test-long: $(INSTALLED)
	$(BIN)/python -m pytest -m long

test-hostile: $(INSTALLED)
	REPRISE_HOSTILE=20000 REPRISE_HOSTILE_REPLIES=20000 $(BIN)/python -m pytest tests/hostile \
	    tests/downloads/test_hostile_replies.py tests/asmk tests/untrusted

test-slurm: $(INSTALLED)
	$(BIN)/python -m pytest -m slurm tests/slurm

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

# Schemas and docs/configuration.md, from the models of the settings
generated: $(INSTALLED)
	$(BIN)/python -m reprise.pipeline.spec.generated

bench: $(INSTALLED)
	$(BIN)/python benchmarks/run.py

# The constraint reaches the build environment too when it comes through the environment.
$(INSTALLED): $(SOURCES)
	$(PYTHON) -m venv .venv
	PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --editable '.[dev]'
	@touch $(INSTALLED)
