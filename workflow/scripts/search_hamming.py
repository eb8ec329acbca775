"""Ranks a database for every query by the matches of their signatures."""

from reprise.datasets.reading import read_dataset
from reprise.hamming.stages import search_hamming
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    search_hamming(
        snakemake.input.index,
        snakemake.input.codebook,
        snakemake.input.embedding,
        snakemake.input.queries,
        read_dataset(parameters.dataset).database.names,
        snakemake.output[0],
        num_features=parameters.num_features,
        query_assignments=parameters.query_assignments,
        votes=parameters.votes,
        expansion=parameters.expansion,
        topk=parameters.topk,
        attributes={"recipe": parameters.recipe},
    )
