"""Compares the poses of located queries with the true ones, as far as these are known."""

import json

from reprise.datasets.reading import read_scene
from reprise.formats.located import read_located
from reprise.localization.scores import evaluate_located
from reprise.pipeline.job import job
from reprise.reporting.evaluations import write_evaluation

with job(snakemake) as parameters:
    located = read_located(snakemake.input.located)
    found = evaluate_located(located, read_scene(parameters.dataset), snakemake.input.located)
    write_evaluation(snakemake.output[0], found, list(located), {"recipe": json.loads(parameters.recipe)})
