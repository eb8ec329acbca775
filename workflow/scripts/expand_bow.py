"""Searches again with the mean of every query and its verified images."""

from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.expand_bow import expand_files

with job(snakemake) as parameters:
    expand_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, None),
        snakemake.input.index,
        snakemake.input.query_regions,
        snakemake.input.database_regions,
        snakemake.output[0],
        settings=parameters.settings,
        attributes={"recipe": parameters.recipe},
    )
