"""Ranks a database, and distractors if there are any, for every query."""

from reprise.asmk.stages.searching import search_indexes
from reprise.datasets.reading import read_dataset
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    distractors = read_dataset(parameters.distractors).database.names if parameters.distractors else []
    search_indexes(
        snakemake.input.indexes,
        snakemake.input.codebook,
        snakemake.input.queries,
        read_dataset(parameters.dataset).database.names + distractors,
        snakemake.output[0],
        num_features=parameters.num_features,
        query_assignments=parameters.query_assignments,
        binary=parameters.binary,
        alpha=parameters.alpha,
        threshold=parameters.threshold,
        topk=parameters.topk,
        attributes={"recipe": parameters.recipe},
        bare=snakemake.resources.bare,
    )
