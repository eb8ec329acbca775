"""Which edition of reprise made a folder of results.

Between editions the formats of files and what recipes consist of may change, so that the files of one are neither
current nor comparable to those of another. Within an edition recipes tell what is current.
"""

import json
from pathlib import Path

from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

EDITION = 2
_FILE = "edition.json"
# The folders of the stages; other folders of the output may belong to another configuration (results/mini in results).
_STAGES = (
    "features", "codebooks", "aggregated", "indexes", "rankings", "evaluations", "models", "neighbors", "tokens",
    "pairs",
)  # fmt: skip


def check_edition(output: str) -> None:
    """Refuse a folder of results that another edition made; nothing in it is touched.

    Raises:
        DataError: with the remedy
    """
    found = _edition(Path(output))
    if found not in (None, EDITION):
        raise DataError(
            f"{output}: was made by edition {found} of reprise, and this is edition {EDITION}, whose files and recipes "
            "are others; nothing in it was used or removed. Set `output:` to a new folder, or move this one away; the "
            "downloads in the data folder are used again"
        )


def mark_edition(output: str) -> None:
    """Write down that this edition makes the results in ``output``."""
    path = Path(output) / _FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps({"edition": EDITION}) + "\n")


def _edition(folder: Path) -> int | None:
    """The edition that made the results in a folder; 1, which left no mark, if there are any; None without results."""
    path = folder / _FILE
    if path.is_file():
        try:
            return int(json.loads(path.read_text(encoding="utf-8"))["edition"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: is damaged ({error}); move the folder away, or restore this file") from error
    results = (record for stage in _STAGES for record in (folder / stage).rglob("*.job.json"))
    return 1 if next(results, None) else None
