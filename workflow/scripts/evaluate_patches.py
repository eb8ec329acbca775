"""Scores the described patches of an experiment on a dataset."""

import json

from reprise.pipeline.job import job
from reprise.reporting.evaluations import write_evaluation
from reprise.reporting.patches import evaluate_patches

with job(snakemake) as parameters:
    found = evaluate_patches(
        snakemake.input.described, parameters.dataset, parameters.normalisation, parameters.clipped_energy
    )
    write_evaluation(snakemake.output[0], found, [], {"recipe": json.loads(parameters.recipe)})
