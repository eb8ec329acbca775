"""Finds the poses of the queries in a triangulated model."""

import json
from pathlib import Path

from reprise.localization.stages.locating import localize
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    localize(
        parameters.dataset,
        snakemake.input.features,
        snakemake.input.matches,
        snakemake.input.database,
        str(Path(snakemake.input.model[0]).parent),
        snakemake.output[0],
        settings=parameters.localization,
        attributes={"recipe": json.loads(parameters.recipe)},
    )
