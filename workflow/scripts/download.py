"""Provides one file of sources.yaml, or of the configuration, checked, and writes its receipt."""

import json

from reprise.downloads.download import download, write_receipt
from reprise.downloads.sources import read_sources, with_own
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    # Addresses, mirror and consents say where and whether to look, not what the file is: resources, no parameters.
    where = snakemake.resources
    source = with_own(read_sources(where.sources), json.loads(where.own))[parameters.source]
    receipt = download(
        source.drawn() if where.drawn else source,
        parameters.destination,
        lock=parameters.lock,
        mirror=where.mirror or None,
        accepted=where.accepted.split(),
    )
    write_receipt(snakemake.output[0], receipt)
