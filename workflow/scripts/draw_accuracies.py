"""Draws the matching accuracy of the experiments of a table."""

from reprise.pipeline.job import job
from reprise.reporting.accuracy_figure import draw_accuracies
from reprise.reporting.evaluations import read_evaluation

with job(snakemake) as parameters:
    evaluations = map(read_evaluation, snakemake.input)
    draw_accuracies(snakemake.output[0], list(zip(parameters.labels, evaluations, strict=True)))
