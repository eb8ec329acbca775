"""Whether the files that a run keeps were made with the settings that their results will be labelled with.

Snakemake decides what runs again by records of its own. Where those are missing, or its options leave settings out of
the decision (``--rerun-triggers mtime``, ``--touch``), it keeps what was made with other settings. Our records tell.
"""

import json
from collections.abc import Iterable, Mapping

from reprise.pipeline.differences import setting_changes
from reprise.pipeline.records import load_record, record_file
from reprise.storage.errors import DataError

_SHOWN = 5


def check_kept(jobs: Iterable[tuple[Iterable[str], str]]) -> None:
    """Refuse to build on files that were made otherwise than the configuration says now.

    Args:
        jobs: of each job that is not to run, its outputs and its recipe as of now. Outputs without a record are not
            judged

    Raises:
        DataError: naming the files, what differs, and the remedy
    """
    wrong = made_otherwise(jobs)
    if wrong:
        more = f"\n... and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DataError(
            "these files were made otherwise than the configuration says now, and Snakemake would not make them again, "
            "because its own records are missing or its options (--rerun-triggers, --touch) leave settings out; run "
            "without those options, or delete the files. Nothing was run:\n" + "\n".join(wrong[:_SHOWN]) + more
        )


def made_otherwise(jobs: Iterable[tuple[Iterable[str], str]], *, compare_code: bool = True) -> list[str]:
    """List the files that were made otherwise than their recipes say now, each with what differs.

    Args:
        jobs: as for :func:`check_kept`
        compare_code: whether another fingerprint of the code is a difference, too
    """
    found = []
    for outputs, recipe in jobs:
        expected = json.loads(recipe)
        for output in map(str, outputs):
            record = record_file(output)
            if record is not None:
                found += [f"{output}: {text}" for text in _differences(load_record(record), expected, compare_code)]
    return found


def _differences(record: Mapping, expected: Mapping, compare_code: bool) -> list[str]:
    recipe = record["recipe"]
    found = list(setting_changes(expected["stage"], recipe["parameters"], expected["parameters"]))
    known = [recipe["code"], *(entry["code"]["after"] for entry in record.get("accepted", []))]
    if compare_code and not found and expected["code"] not in known:
        found.append("the code of its stage has changed")
    return found
