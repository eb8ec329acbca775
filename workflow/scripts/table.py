"""Renders a table of evaluations beside the published numbers."""

from reprise.pipeline.job import job
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.tables import table_cells, table_notes, write_table

with job(snakemake) as parameters:
    cells = table_cells(
        parameters.rows,
        parameters.datasets,
        parameters.protocols,
        read_evaluations(snakemake.input),
        parameters.published,
        parameters.miniature,
    )
    write_table(snakemake.output, cells, parameters.title, table_notes(parameters.published, parameters.miniature))
