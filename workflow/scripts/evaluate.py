"""Scores the rankings of an experiment on a dataset."""

from reprise.datasets.reading import read_dataset
from reprise.formats.rankings import read_rankings
from reprise.pipeline.job import job
from reprise.reporting.evaluations import evaluate_rankings, write_evaluation

with job(snakemake) as parameters:
    rankings = read_rankings(snakemake.input.rankings)
    scores = evaluate_rankings(rankings, read_dataset(parameters.dataset), parameters.kappas)
    write_evaluation(snakemake.output[0], scores, rankings.index_bytes, parameters.recipe)
