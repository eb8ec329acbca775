"""Initialises a network and its whitening from the images of a dataset."""

from reprise.datasets.reading import read_dataset
from reprise.training.initialisation import initialise_how
from reprise.workflow.job import job

with job(snakemake) as parameters:
    initialise_how(
        snakemake.output[0],
        read_dataset(parameters.dataset).database,
        backbone=parameters.backbone,
        skip_stages=parameters.skip_stages,
        image_size=parameters.image_size,
        num_features=parameters.num_features,
        seed=parameters.seed,
    )
