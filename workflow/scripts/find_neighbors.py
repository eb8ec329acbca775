"""Finds the nearest neighbours by a global descriptor."""

from reprise.neighbors.files import find_neighbors
from reprise.networks.devices import best_device
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    find_neighbors(
        snakemake.input.queries or None,
        snakemake.input.database,
        snakemake.output[0],
        descriptor=parameters.descriptor,
        count=parameters.count,
        exclude_self=parameters.exclude_self,
        device=best_device(),
    )
