"""JSON files of the workflow: records of jobs, provenance, receipts, the lock file, evaluations."""

import json
from pathlib import Path

import numpy as np
from hostile import mutations
from hostile.kinds.base import Kind, Sample, by_bytes, files

from reprise.downloads.download import from_receipt, read_receipt, write_receipt
from reprise.downloads.lock_file import change_lock, read_lock
from reprise.evaluation.scores import Evaluation, Score
from reprise.pipeline.inputs import check_inputs
from reprise.pipeline.records import load_record, record_path, write_provenance, write_records
from reprise.reporting.evaluations import read_evaluation, write_evaluation

_RECIPE = json.dumps({"code": "abc", "parameters": {"alpha": 3.0, "dataset": {"names": ["a"]}}})


def _records() -> list[Sample]:
    def write(folder: Path) -> None:
        output = folder / "x.csv"
        output.write_text("a,b\n")
        write_records(
            "table", {"table": "x"}, _RECIPE, [], [str(output)], 1, 0.0, {"a.py": "1"}, {"b.jpg": (1, 2, "3")}
        )

    def provenance(folder: Path) -> None:
        write(folder)
        output = folder / "y.csv"
        output.write_text("a\n")
        path = folder / "y.provenance.json"
        write_provenance(path, "table", {}, _RECIPE, [str(folder / "x.csv")], [str(output)], 1, 0.0)

    return [files(write), files(provenance)]


def _read_records(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        load_record(path)
    if record_path(folder / "x.csv").is_file():
        check_inputs([str(folder / "x.csv")])


def _receipts() -> list[Sample]:
    def write(folder: Path) -> None:
        (folder / "x.bin").write_bytes(b"12345")
        receipt = {"name": "x.bin", "path": "x.bin", "bytes": 5, "sha256": "0" * 64, "url": "file:///x"}
        write_receipt(folder / "x.bin.receipt.json", receipt)

    def lock(folder: Path) -> None:
        with change_lock(folder / "lock.json") as entries:
            entries["x.bin"] = {"sha256": "0" * 64, "bytes": 5, "url": "file:///x", "date": "2020-01-01"}
        (folder / "lock.json.lock").unlink(missing_ok=True)

    return [files(write), files(lock)]


def _read_receipts(folder: Path) -> None:
    if (folder / "lock.json").exists():
        read_lock(folder / "lock.json")
        return
    receipt = folder / "x.bin.receipt.json"
    if read_receipt(receipt)["path"] == "x.bin":
        return  # of the folder that the sample was made in
    from_receipt(receipt)


def _evaluations() -> list[Sample]:
    scores = [Score("mAP", "medium", 12.5, "%", True, 2), Score("mP@10", "hard", float("nan"), "%", True, 0)]
    found = Evaluation(scores, {"AP": {"medium": np.array([0.5, np.nan])}}, {"hard": 2}, {"skipped": 1})
    return [files(lambda folder: write_evaluation(folder / "x.json", found, ["q0", "q1"], {"recipe": "{}"}))]


KINDS = {
    "record": Kind(_records, _read_records, by_bytes(mutations.written)),
    "receipt": Kind(_receipts, _read_receipts, by_bytes(mutations.written)),
    "evaluation": Kind(_evaluations, lambda folder: read_evaluation(folder / "x.json"), by_bytes(mutations.written)),
}
