"""Trains a codebook on the features of a dataset."""

from reprise.codebooks.stages import train_codebook
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    train_codebook(
        snakemake.input[0],
        snakemake.output[0],
        size=parameters.size,
        num_features=parameters.num_features,
        iterations=parameters.iterations,
        seed=parameters.seed,
        index=parameters.index,
        centre=parameters.centre,
        attributes={"recipe": parameters.recipe},
    )
