"""Makes a small backbone with random weights, and a detector that whitens its features."""

from reprise.datasets.reading import read_dataset
from reprise.pipeline.job import job
from reprise.training.dinov2.random_filters import initialise_dinov2
from reprise.training.dinov2.settings import DinoV2Settings

with job(snakemake) as parameters:
    initialise_dinov2(
        snakemake.output.backbone,
        snakemake.output.detector,
        read_dataset(parameters.dataset).database.first(parameters.images),
        DinoV2Settings.read(parameters.settings, "settings"),
    )
