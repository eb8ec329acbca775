"""Shows all tables on one page."""

from reprise.evaluation.scores import ALL
from reprise.pipeline.job import job
from reprise.pipeline.records import load_record
from reprise.pipeline.search_times import METRIC, with_search_times
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.report import table_content, write_report

with job(snakemake) as parameters:
    files = snakemake.input.evaluations
    evaluations, _ = with_search_times(read_evaluations(files), files, [(METRIC, ALL)])
    times = {key: score.value for key, found in evaluations.items() if (score := found.score(METRIC, ALL))}
    chance = {dataset: found.chance for (_, dataset), found in evaluations.items() if found.chance}
    tables = [
        table_content(table, load_record(provenance), chance, galleries, rows, times)
        for table, provenance, galleries, rows in zip(
            snakemake.input.tables, snakemake.input.provenance, parameters.galleries, parameters.rows, strict=True
        )
    ]
    write_report(snakemake.output[0], parameters.title, tables)
