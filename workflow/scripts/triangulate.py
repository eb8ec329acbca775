"""Triangulates the points of the references on their given poses."""

from pathlib import Path

from reprise.localization.stages.modelling import triangulate_model
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    triangulate_model(
        parameters.dataset,
        snakemake.input.database,
        str(Path(snakemake.output[0]).parent),
        parameters.localization,
    )
