"""Checks the list of a set of images before its archives are fetched."""

from pathlib import Path

from reprise.datasets.list import check_list
from reprise.downloads.download import from_receipt
from reprise.pipeline.job import job

with job(snakemake):
    check_list(from_receipt(snakemake.input[0]), Path(snakemake.output[0]))
