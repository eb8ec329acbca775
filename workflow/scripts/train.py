"""Trains by a module of somebody else's, or goes on with a training that was interrupted."""

from reprise.pipeline.job import job
from reprise.training.loop import TrainingFiles
from reprise.training.settings import training_module

with job(snakemake) as parameters:
    training_module(parameters.system).train(
        parameters.description,
        TrainingFiles(**snakemake.output, state=parameters.state),
        identity=parameters.recipe,
        workers=snakemake.threads,
    )
