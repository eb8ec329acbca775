"""Makes one file of the chunks of a split."""

from reprise.formats.dense_merging import merge_dense
from reprise.formats.features import merge_features
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    if parameters.dense:
        merge_dense(snakemake.output[0], snakemake.input, {"recipe": parameters.recipe})
    else:
        merge_features(snakemake.input, snakemake.output[0], {"recipe": parameters.recipe})
