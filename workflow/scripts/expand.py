"""Searches again with the mean of every query and its verified images."""

from reprise.pipeline.job import job
from reprise.reranking.average_expansion import expand_files
from reprise.reranking.candidates import read_candidates

with job(snakemake) as parameters:
    expand_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, None),
        snakemake.input.index,
        snakemake.input.queries,
        snakemake.input.database,
        snakemake.output[0],
        settings=parameters.settings,
        attributes={"recipe": parameters.recipe},
    )
