"""Shows all tables on one page."""

from reprise.pipeline.job import job
from reprise.pipeline.records import load_record
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.report import table_content, write_report

with job(snakemake) as parameters:
    evaluations = read_evaluations(snakemake.input.evaluations)
    chance = {dataset: found.chance for (_, dataset), found in evaluations.items() if found.chance}
    tables = [
        table_content(table, load_record(provenance), chance, galleries)
        for table, provenance, galleries in zip(
            snakemake.input.tables, snakemake.input.provenance, parameters.galleries, strict=True
        )
    ]
    write_report(snakemake.output[0], parameters.title, tables)
