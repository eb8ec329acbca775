"""Makes downloaded local features those of a split."""

from reprise.datasets.reading import read_dataset
from reprise.formats.dense_merging import merge_dense
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    merge_dense(
        snakemake.output[0],
        parameters.files,
        {"recipe": parameters.recipe},
        one_recipe=False,
        names=read_dataset(parameters.dataset).split(parameters.split).names,
    )
