"""Trains a Hamming embedding on the features that its codebook was trained on."""

from reprise.hamming.stages import train_embedding
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    train_embedding(
        snakemake.input.features,
        snakemake.input.codebook,
        snakemake.output[0],
        num_features=parameters.num_features,
        bits=parameters.bits,
        seed=parameters.seed,
        attributes={"recipe": parameters.recipe},
    )
