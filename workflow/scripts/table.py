"""Renders a table of evaluations beside the published numbers."""

from reprise.pipeline.job import job
from reprise.pipeline.search_times import with_search_times
from reprise.reporting.cells import table_cells
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.notes import chance_notes, damage_notes, left_out_notes, table_notes
from reprise.reporting.tables import write_table

with job(snakemake) as parameters:
    evaluations = read_evaluations(snakemake.input)
    evaluations, notes = with_search_times(evaluations, snakemake.input, parameters.columns)
    cells = table_cells(
        parameters.rows,
        parameters.datasets,
        parameters.columns,
        evaluations,
        parameters.published,
        parameters.miniature,
    )
    notes += table_notes(parameters.published, parameters.miniature) + parameters.notes
    notes += chance_notes(evaluations, parameters.datasets, parameters.columns)
    notes += left_out_notes(evaluations, parameters.datasets, parameters.columns)
    notes += damage_notes(evaluations)
    write_table(snakemake.output, cells, parameters.title, notes)
