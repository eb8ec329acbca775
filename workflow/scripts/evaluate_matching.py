"""Scores the matched pairs of an experiment on a dataset."""

import json
from dataclasses import replace

from reprise.formats.pair_errors import read_measured_pairs
from reprise.pipeline.job import job
from reprise.reporting.damage import damaged_images
from reprise.reporting.evaluations import write_evaluation
from reprise.reporting.matching import evaluate_matching

with job(snakemake) as parameters:
    measured = read_measured_pairs(snakemake.input.pairs)
    damaged = damaged_images(
        snakemake.input.features, undecodable=parameters.undecodable, truncated=parameters.truncated
    )
    found = replace(evaluate_matching(measured, snakemake.input.pairs), damaged=damaged)
    write_evaluation(snakemake.output[0], found, measured.pairs, {"recipe": json.loads(parameters.recipe)})
