"""Copies a codebook that was made before."""

from reprise.codebooks.stages import adopt_codebook
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    adopt_codebook(
        snakemake.input[0], snakemake.output[0], size=parameters.size, attributes={"recipe": parameters.recipe}
    )
