"""Collects the evaluations of a table with several seeds."""

from reprise.pipeline.job import job
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.seeds import seed_cells, write_seed_study

with job(snakemake) as parameters:
    cells = seed_cells(parameters.rows, parameters.datasets, parameters.columns, read_evaluations(snakemake.input))
    write_seed_study(snakemake.output, cells, parameters.title)
