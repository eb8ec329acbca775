"""Trains by a module of somebody else's, or goes on with a training that was interrupted."""

from reprise.datasets.reading import training_files
from reprise.pipeline.identity import training_identity
from reprise.pipeline.job import job
from reprise.training.loop import TrainingFiles
from reprise.training.settings import training_module

with job(snakemake) as parameters:
    own = getattr(parameters, "own", [])
    parameters.images_read = [file for dataset in own for file in training_files(dataset)]
    training_module(parameters.system).train(
        parameters.description,
        TrainingFiles(**snakemake.output, state=parameters.state),
        identity=training_identity(snakemake.params.recipe, snakemake.input),
        workers=snakemake.threads,
    )
