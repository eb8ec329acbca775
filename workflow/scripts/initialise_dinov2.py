"""Makes a small backbone with random weights, and a detector that whitens its features."""

from reprise.datasets.reading import read_dataset
from reprise.pipeline.job import job
from reprise.training.ames.backbone import initialise_dinov2

with job(snakemake) as parameters:
    initialise_dinov2(
        snakemake.output.backbone,
        snakemake.output.detector,
        read_dataset(parameters.dataset).database.first(parameters.images),
        **parameters.settings,
    )
