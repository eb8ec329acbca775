"""Unpacks the archives of a set of images."""

from reprise.downloads.archives import unpack_set
from reprise.downloads.download import from_receipt
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    archives = list(map(from_receipt, snakemake.input))
    unpack_set(archives, parameters.folder, snakemake.output[0], flatten=parameters.flatten)
