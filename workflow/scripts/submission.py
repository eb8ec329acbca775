"""Writes the poses of located queries as visuallocalization.net takes them."""

from reprise.formats.located import read_located
from reprise.localization.submission import write_submission
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    write_submission(snakemake.output[0], read_located(snakemake.input[0]), snakemake.input[0])
