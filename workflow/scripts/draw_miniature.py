"""Draws the miniature mirror."""

from pathlib import Path

from reprise.mini.mirror import draw_mirror
from reprise.workflow.job import job

with job(snakemake) as parameters:
    draw_mirror(Path(snakemake.output[0]).parent, seed=parameters.seed, processes=snakemake.threads)
