"""Draws a part of the miniature mirror, and deletes downloads from an earlier one."""

from pathlib import Path

from reprise.downloads.download import forget_replaced
from reprise.mini.releases.mirror import draw_mirror
from reprise.pipeline.job import job

with job(snakemake) as parameters:
    mirror = Path(snakemake.output[0]).parent
    draw_mirror(mirror, [parameters.part], seed=parameters.seed)
    forget_replaced(mirror, parameters.downloads, parameters.lock)
