"""Trains a HOW network, or continues an interrupted training."""

from dataclasses import replace

from reprise.datasets.reading import read_dataset, read_pairs
from reprise.pipeline.identity import training_identity
from reprise.pipeline.job import job
from reprise.training.how.settings import TrainingSettings
from reprise.training.how.training import train_how

with job(snakemake) as parameters:
    grey = [what == "grey" for what in parameters.truncated]
    training_set = read_pairs(parameters.dataset)
    validated = read_dataset(parameters.validated) if parameters.validated else None
    train_how(
        TrainingSettings.read(parameters.settings, "settings"),
        replace(training_set, images=training_set.images.forgiving()) if grey[0] else training_set,
        validated.forgiving() if validated and grey[1] else validated,
        trunk=parameters.trunk,
        state=parameters.state,
        identity=training_identity(snakemake.params.recipe, snakemake.input),
        workers=snakemake.threads,
        **snakemake.output,
    )
    for is_own, description in zip(parameters.own, (parameters.dataset, parameters.validated), strict=False):
        parameters.images_read += read_dataset(description).paths if is_own else []
