"""Trains a HOW network, or goes on with a training that was interrupted."""

from reprise.datasets.reading import read_dataset, read_pairs
from reprise.pipeline.job import job
from reprise.training.how import train_how
from reprise.training.how_settings import TrainingSettings

with job(snakemake) as parameters:
    validated = parameters.validated
    train_how(
        TrainingSettings.from_json(parameters.settings),
        read_pairs(parameters.dataset),
        read_dataset(validated) if validated else None,
        trunk=parameters.trunk,
        state=parameters.state,
        identity=parameters.recipe,
        workers=snakemake.threads,
        **snakemake.output,
    )
