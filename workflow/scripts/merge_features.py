"""Merges the chunks of a split into one file of features."""

from reprise.formats.feature_merging import merge_features
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    merge_features(snakemake.input, snakemake.output[0], {"recipe": parameters.recipe})
