"""Shows all tables on one page."""

from pathlib import Path

from reprise.datasets.reading import read_dataset
from reprise.evaluation.scores import ALL
from reprise.formats.rankings import read_ranking
from reprise.pipeline.job import job
from reprise.pipeline.records import load_record
from reprise.pipeline.search_times import METRIC, with_search_times
from reprise.reporting.evaluations import read_evaluations
from reprise.reporting.precision_curves import precision_curves
from reprise.reporting.report import table_content, write_report

with job(snakemake) as parameters:
    files = snakemake.input.evaluations
    evaluations, _ = with_search_times(read_evaluations(files), files, [(METRIC, ALL)])
    times = {key: score.value for key, found in evaluations.items() if (score := found.score(METRIC, ALL))}
    chance = {dataset: found.chance for (_, dataset), found in evaluations.items() if found.chance}
    datasets = {name: read_dataset(description) for name, description in parameters.datasets.items()}
    curves = {
        (path.parent.name, path.stem): precision_curves(read_ranking(path), datasets[path.stem])
        for path in map(Path, snakemake.input.rankings)
    }
    tables = [
        table_content(table, load_record(provenance), chance, galleries, rows, times, curves)
        for table, provenance, galleries, rows in zip(
            snakemake.input.tables, snakemake.input.provenance, parameters.galleries, parameters.rows, strict=True
        )
    ]
    write_report(snakemake.output[0], parameters.title, tables)
