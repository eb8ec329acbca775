"""Unpacks one of the archives of a set of images."""

from reprise.downloads.download import from_receipt
from reprise.downloads.separate_archives import unpack_one
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    unpack_one(from_receipt(snakemake.input[0]), parameters.folder, snakemake.output[0], flatten=parameters.flatten)
