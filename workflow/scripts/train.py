"""Trains by a module of somebody else's, or goes on with a training that was interrupted."""

from reprise.pipeline.job import job
from reprise.training.loop import TrainingFiles
from reprise.training.settings import training_module
from reprise.training.threads import use_threads

with job(snakemake) as parameters:
    use_threads(parameters.threads)
    training_module(parameters.system).train(
        parameters.description,
        TrainingFiles(**snakemake.output, state=parameters.state),
        identity=parameters.recipe,
        workers=snakemake.threads,
    )
