"""Builds the inverted file of the bags of words of a database."""

from reprise.bow.stages import build_bow
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    build_bow(
        snakemake.input.features,
        snakemake.input.codebook,
        snakemake.output[0],
        num_features=parameters.num_features,
    )
