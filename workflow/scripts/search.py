"""Ranks a database for every query."""

from reprise.asmk.stages.searching import search_index
from reprise.workflow.job import job

with job(snakemake) as parameters:
    search_index(
        snakemake.input.index,
        snakemake.input.codebook,
        snakemake.input.queries,
        snakemake.input.database,
        snakemake.output[0],
        num_features=parameters.num_features,
        assignments=parameters.assignments,
        binary=parameters.binary,
        alpha=parameters.alpha,
        threshold=parameters.threshold,
        topk=parameters.topk,
        recipe=parameters.recipe,
    )
