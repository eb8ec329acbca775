"""Unpacks the archives of a set of images."""

from reprise.storage.archives import unpack_set
from reprise.storage.downloads import from_receipt
from reprise.workflow.job import job

with job(snakemake) as parameters:
    archives = list(map(from_receipt, snakemake.input))
    unpack_set(archives, parameters.folder, snakemake.output[0], flatten=parameters.flatten)
