"""Writes nearest neighbours as the rankings of an experiment."""

from reprise.datasets.reading import read_dataset
from reprise.neighbors.ranking import rank_neighbors
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    dataset = read_dataset(parameters.dataset)
    rank_neighbors(
        parameters.neighbors,
        snakemake.output[0],
        dataset.split("queries").names,
        dataset.database.names,
        read_dataset(parameters.distractors).database.names if parameters.distractors else [],
        {"recipe": parameters.recipe},
    )
