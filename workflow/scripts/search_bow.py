"""Ranks a database for every query by the similarity of their bags of words."""

from reprise.bow.stages import search_bow
from reprise.datasets.reading import read_dataset
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    search_bow(
        snakemake.input.index,
        snakemake.input.codebook,
        snakemake.input.queries,
        read_dataset(parameters.dataset).database.names,
        snakemake.output[0],
        num_features=parameters.num_features,
        query_assignments=parameters.query_assignments,
        topk=parameters.topk,
        attributes={"recipe": parameters.recipe},
    )
