"""A small report with everything that one can show."""

from reprise.evaluation.scores import Evaluation, Score
from reprise.reporting.cells import table_cells
from reprise.reporting.report import table_content, write_report
from reprise.reporting.tables import write_table
from reprise.storage.hashes import sha256_file
from reprise.training.curves import write_csv


def job(rule, outputs, inputs=(), seconds=1.0, **wildcards):
    """A record."""
    return {
        "rule": rule, "wildcards": wildcards, "seconds": seconds, "inputs": dict.fromkeys(inputs, ""),
        "outputs": {path: {"sha256": found, "bytes": 1, "modified": 0} for path, found in outputs.items()},
        "hardware": {"processor": "P", "cores": 2, "gpu": None},
    }  # fmt: skip


def table(folder, name, columns, evaluations, provenance):
    """Write a table of two methods; returns what the report shows of it."""
    rows = [
        {"experiment": key, "method": method, "num_features": 1000} for key, method in (("a", "<b>good"), ("b", "bad"))
    ]
    datasets = list(dict.fromkeys(dataset for _, dataset in evaluations))
    cells = table_cells(rows, datasets, columns, evaluations, None, False)
    write_table(
        {kind: folder / f"{name}.{end}" for kind, end in (("csv", "csv"), ("markdown", "md"), ("latex", "tex"))},
        cells, name.title(), [],
    )  # fmt: skip
    times = {("a", "oxford"): 1.5, ("b", "oxford"): 0.3}
    curves = {("a", "oxford"): {"all": [100.0, 80.0] * 20}, ("b", "oxford"): {"all": [30.0, 10.0] * 20}}
    return table_content(folder / f"{name}.csv", provenance, {}, [], rows, times, curves)


def report(folder):
    """Write a report of a table of mAP and one of matching accuracy; returns the page."""
    history = folder / "history.csv"
    write_csv(history, [{"epoch": n, "loss": 2.0 / n, "val_loss": 3.0 / n, "validation_map": 10.0 * n} for n in (1, 2)])
    trained = job("train", {"net.pth": "", str(history): sha256_file(history)}, training="net")
    made = {
        **job("table", {"t.csv": ""}, ["r.h5"]),
        "jobs": {"r.h5": job("search", {"r.h5": ""}), "net.pth": trained},
    }
    evaluations = {
        (key, "oxford"): Evaluation([
            Score("mAP", "all", value, "%", True, 70), Score("index bytes", "all", size, "bytes", False, 9),
        ])
        for key, value, size in (("a", 60.0, 4e6), ("b", 20.0, 1e6))
    }  # fmt: skip
    accuracy = table(folder, "accuracy", [("mAP", "all")], evaluations, made)
    curves = {
        (key, "hpatches"): Evaluation([Score(f"MMA@{at}", "v", at * slope, "%", True, 9) for at in range(1, 11)])
        for key, slope in (("a", 9.0), ("b", 4.0))
    }
    matching = table(folder, "matching", [(f"MMA@{at}", "v") for at in range(1, 11)], curves, {**made, "jobs": {}})
    write_report(folder / "report.html", "All", [accuracy, matching])
    return folder / "report.html"
