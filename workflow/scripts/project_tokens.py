"""Computes of every image what pairs are compared by, such as the tokens of an AMES network."""

from reprise.networks.devices import best_device
from reprise.pipeline.job import job
from reprise.reranking.scorers import load_scorer

with job(snakemake) as parameters:
    load_scorer(parameters.scorer).project(
        snakemake.input.features,
        snakemake.output[0],
        role=parameters.role,
        device=best_device(),
        attributes={"recipe": parameters.recipe},
        **parameters.settings,
    )
