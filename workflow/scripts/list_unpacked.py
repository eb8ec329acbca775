"""Lists what was unpacked from all archives of a set of images."""

from reprise.downloads.separate_archives import join_manifests
from reprise.pipeline.job import job

with job(snakemake):
    join_manifests(snakemake.input, snakemake.output[0])
