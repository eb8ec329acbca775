"""Merges the features of a database and of its distractors into one file."""

from reprise.formats.feature_merging import merge_features
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    merge_features(snakemake.input, snakemake.output[0], {"recipe": parameters.recipe}, one_recipe=False)
