"""Assigns and aggregates the descriptors of one chunk of a database."""

from reprise.asmk.stages.aggregation import aggregate_chunk
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    aggregate_chunk(
        snakemake.input.features,
        snakemake.input.codebook,
        snakemake.output[0],
        num_features=parameters.num_features,
        database_assignments=parameters.database_assignments,
        binary=parameters.binary,
        first_image=getattr(parameters, "first_image", None),
        attributes={"recipe": parameters.recipe},
    )
