"""Stores downloaded local features as those of a split."""

from reprise.datasets.reading import read_dataset
from reprise.formats.feature_merging import merge_features
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    merge_features(
        parameters.files,
        snakemake.output[0],
        {"recipe": parameters.recipe},
        one_recipe=False,
        names=read_dataset(parameters.dataset).split(parameters.split).names,
    )
