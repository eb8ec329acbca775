"""Shows all tables on one page."""

from reprise.datasets.reading import read_dataset
from reprise.pipeline.job import job
from reprise.pipeline.records import load_record
from reprise.reporting.chance import chance_level
from reprise.reporting.report import table_content, write_report

with job(snakemake) as parameters:
    chance = {
        name: chance_level(read_dataset(entry["description"]), entry["metrics"])
        for name, entry in parameters.datasets.items()
    }
    tables = [
        table_content(table, load_record(provenance), chance, galleries)
        for table, provenance, galleries in zip(
            snakemake.input.tables, snakemake.input.provenance, parameters.galleries, strict=True
        )
    ]
    write_report(snakemake.output[0], parameters.title, tables)
