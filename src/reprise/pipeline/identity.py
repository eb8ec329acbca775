"""What the saved state of a training belongs to, so that no training goes on with what another one left."""

import json
from collections.abc import Iterable

from reprise.downloads.download import read_receipt
from reprise.pipeline.records import recorded_hash

_RECEIPT = ".receipt.json"


def training_identity(recipe: str, inputs: Iterable[str]) -> str:
    """Make the identity of the state of a training out of all that decides what it learns.

    The recipe alone says neither which images a folder of one's own has, beside the hash that it carries of their
    states, nor what is in the files that other jobs made.

    Args:
        recipe: the recipe of the job as Snakemake has it, with the hash of images of one's own
        inputs: the files that the job reads

    Returns:
        a text that is the same for the same training; a download is told by its content, not by its date
    """
    files = {path: _content(path) for path in sorted(set(map(str, inputs)))}
    return json.dumps({"recipe": json.loads(recipe), "inputs": files}, sort_keys=True)


def _content(path: str) -> str:
    return str(read_receipt(path)["sha256"]) if path.endswith(_RECEIPT) else recorded_hash(path)
