"""Trains a HOW network, or continues an interrupted training."""

from reprise.datasets.reading import read_dataset, read_pairs
from reprise.pipeline.job import job
from reprise.training.how.settings import TrainingSettings
from reprise.training.how.training import train_how

with job(snakemake) as parameters:
    validated = parameters.validated
    train_how(
        TrainingSettings.read(parameters.settings, "settings"),
        read_pairs(parameters.dataset),
        read_dataset(validated) if validated else None,
        trunk=parameters.trunk,
        state=parameters.state,
        identity=parameters.recipe,
        workers=snakemake.threads,
        **snakemake.output,
    )
