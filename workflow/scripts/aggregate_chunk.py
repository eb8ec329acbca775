"""Assigns and aggregates the descriptors of one chunk of a database."""

from reprise.asmk.stages.aggregation import aggregate_images
from reprise.workflow.job import job

with job(snakemake) as parameters:
    aggregate_images(
        snakemake.input.features,
        snakemake.input.codebook,
        snakemake.output[0],
        chunk=(int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks)),
        num_features=parameters.num_features,
        assignments=parameters.assignments,
        binary=parameters.binary,
        recipe=parameters.recipe,
    )
