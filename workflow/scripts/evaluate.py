"""Evaluates the ranking of an experiment on a dataset, whatever steps made it."""

import dataclasses
import json

from reprise.datasets.reading import read_dataset
from reprise.formats.rankings import read_ranking
from reprise.pipeline.job import job
from reprise.reporting.damage import damaged_images
from reprise.reporting.evaluations import evaluate_ranking, write_evaluation

with job(snakemake) as parameters:
    ranking = read_ranking(snakemake.input.ranking)
    found = evaluate_ranking(ranking, read_dataset(parameters.dataset), parameters.metrics, parameters.kappas)
    damaged = damaged_images(
        snakemake.input.features, undecodable=parameters.undecodable, truncated=parameters.truncated
    )
    found = dataclasses.replace(found, damaged=damaged)
    write_evaluation(snakemake.output[0], found, ranking.query_names, {"recipe": json.loads(parameters.recipe)})
