"""Makes one file of the features of a database and of its distractors."""

from reprise.formats.dense_merging import merge_dense
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    merge_dense(snakemake.output[0], snakemake.input, {"recipe": parameters.recipe}, one_recipe=False)
