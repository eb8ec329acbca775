"""Trains an AMES network, or continues an interrupted training."""

from reprise.datasets.reading import read_labels
from reprise.formats.neighbors import read_neighbors
from reprise.pipeline.identity import training_identity
from reprise.pipeline.job import job
from reprise.training.ames.settings import AmesSettings
from reprise.training.ames.training import train_ames
from reprise.training.ames.validation import read_validation

with job(snakemake) as parameters:
    train_ames(
        AmesSettings.read(parameters.settings, "settings"),
        features=snakemake.input.features,
        neighbors=read_neighbors(parameters.neighbors, first=parameters.settings["candidates"]),
        labels=read_labels(parameters.dataset),
        state=parameters.state,
        identity=training_identity(snakemake.params.recipe, snakemake.input),
        teacher=parameters.teacher,
        binarizer=parameters.binarizer,
        validation=read_validation(
            parameters.validation,
            snakemake.input.get("validation_queries"),
            snakemake.input.get("validation_database"),
        ),
        **snakemake.output,
    )
