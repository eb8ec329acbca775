"""Matches the features of one chunk of a list of pairs of images."""

from reprise.localization.stages.matching_pairs import match_chunk
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    match_chunk(
        snakemake.input.pairs,
        snakemake.input.features,
        snakemake.output[0],
        chunk=int(snakemake.wildcards.chunk),
        num_chunks=int(snakemake.wildcards.chunks),
        max_distance=parameters.max_distance,
        memory_mib=snakemake.resources.pairs_mib,
        threads=snakemake.threads,
        attributes={"recipe": parameters.recipe},
    )
