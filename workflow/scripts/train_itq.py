"""Fits the matrix that a binarized network starts from."""

from reprise.pipeline.job import job
from reprise.training.ames.itq import fit_binarizer

with job(snakemake) as parameters:
    fit_binarizer(
        snakemake.output[0],
        snakemake.input[0],
        descriptors=parameters.descriptors,
        num_features=parameters.num_features,
        iterations=parameters.iterations,
        seed=parameters.seed,
    )
