"""Searches again with the weighted mean of every query and its first images, by global descriptors."""

from reprise.networks.devices import best_device
from reprise.pipeline.job import job
from reprise.reranking.candidates import read_candidates
from reprise.reranking.expand_global import expand_files

with job(snakemake) as parameters:
    expand_files(
        read_candidates(snakemake.input.ranking, parameters.dataset, parameters.distractors),
        snakemake.input.queries,
        snakemake.input.databases,
        snakemake.output[0],
        descriptor=parameters.descriptor,
        images=parameters.images,
        alpha=parameters.alpha,
        device=best_device(),
        attributes={"recipe": parameters.recipe},
    )
