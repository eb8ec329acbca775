"""Projects local features to the tokens that an AMES network compares."""

from reprise.networks.devices import best_device
from reprise.pipeline.job import job
from reprise.reranking.projecting import project_tokens

with job(snakemake) as parameters:
    project_tokens(
        snakemake.input.features,
        parameters.checkpoint,
        snakemake.output[0],
        role=parameters.role,
        num_descriptors=parameters.num_features,
        device=best_device(),
        attributes={"recipe": parameters.recipe},
    )
