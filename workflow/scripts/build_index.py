"""Builds the inverted file of a database."""

from reprise.asmk.stages.indexes import build_index
from reprise.workflow.job import job

with job(snakemake) as parameters:
    build_index(snakemake.input, snakemake.output[0], idf=parameters.idf)
