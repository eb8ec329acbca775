"""Provides one file of sources.yaml, checked, and writes its receipt."""

from reprise.downloads.download import download, write_receipt
from reprise.downloads.sources import read_sources
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    # The addresses and the mirror say where to look, not what the file is, so they are resources and no parameters.
    where = snakemake.resources
    source = read_sources(where.sources)[parameters.source]
    receipt = download(
        source.drawn() if where.drawn else source,
        parameters.destination,
        lock=parameters.lock,
        mirror=where.mirror or None,
    )
    write_receipt(snakemake.output[0], receipt)
