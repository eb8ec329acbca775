"""Builds the inverted file of the signatures of a database."""

from reprise.hamming.stages import build_hamming
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    build_hamming(
        snakemake.input.features,
        snakemake.input.codebook,
        snakemake.input.embedding,
        snakemake.output[0],
        num_features=parameters.num_features,
    )
