"""Edition of reprise that made a folder of results: every record names it, except those of the first edition.

Between editions the formats of files and the content of recipes may change, so that the files of one are neither
current nor comparable to those of another. Within an edition, recipes decide what is current.
"""

from pathlib import Path

from reprise.storage.errors import DataError
from reprise.storage.json_files import interpreting, load_json

EDITION = 2
# The folders of the stages; other folders of the output may belong to another configuration (results/mini in results).
_STAGES = (
    "features", "codebooks", "aggregated", "indexes", "rankings", "evaluations", "models", "neighbors", "tokens",
    "pairs", "keypoints",
)  # fmt: skip


def check_edition(output: str) -> None:
    """Refuse a folder of results that another edition made; nothing in it is changed.

    One record of each stage is read.

    Raises:
        DataError: another edition, with the remedy
    """
    for stage in _STAGES:
        record = next((Path(output) / stage).rglob("*.job.json"), None)
        found = EDITION if record is None else _edition(record)
        if found != EDITION:
            raise DataError(
                f"{record}: was made by edition {found} of reprise, and this is edition {EDITION}, whose files and "
                f"recipes are others; nothing in {output} was used or removed. Set `output:` to a new folder, or move "
                "this one away; the downloads in the data folder are used again"
            )


def _edition(record: Path) -> int:
    remedy = "restore it, or move it away together with the file that it is of"
    with interpreting(record, remedy):
        return int(load_json(record, remedy).get("edition", 1))
