"""Writes the COLMAP database of a dataset: cameras, keypoints, and matches with those that are verified."""

from reprise.localization.stages.modelling import build_database
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    build_database(
        parameters.dataset,
        snakemake.input.features,
        snakemake.input.matches,
        snakemake.output[0],
        parameters.localization,
    )
