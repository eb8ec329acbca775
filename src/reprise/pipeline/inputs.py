"""Whether the inputs of a job still are what was recorded when they were made, downloaded or unpacked."""

from collections.abc import Iterable
from pathlib import Path

from reprise.downloads.download import read_receipt
from reprise.pipeline.records import content_hash, load_record, record_path, recorded_hash
from reprise.storage.errors import DataError
from reprise.storage.json_files import interpreting

_RECEIPT, _MANIFEST = ".receipt.json", ".files.tsv"
# Larger downloads are read anew by `reprise verify` only; lists and ground truths are smaller.
_SMALL = 64 * 2**20


def check_inputs(paths: Iterable[str]) -> None:
    """Refuse inputs that were damaged or replaced after their jobs.

    A file whose size and time are those of its record is taken for what it was; another one is hashed. Of a receipt,
    the file that it describes is compared: its size, and its hash where it is small.

    Args:
        paths: the inputs of a job; those that no job made are not judged

    Raises:
        DataError: naming the file and the remedy
    """
    for path in paths:
        record = record_path(path)
        if record.is_file():
            state = load_record(record)["outputs"].get(path)
            if state and recorded_hash(path) != state["sha256"]:
                raise DataError(
                    f"{path}: is not what its job wrote (sha256 {state['sha256'][:12]} at that time); it was damaged "
                    "or edited since. Delete it and run again"
                )
        if path.endswith(_RECEIPT):
            _check_download(path)


def _check_download(receipt: str) -> None:
    told = read_receipt(receipt)
    file = Path(told["path"])
    with interpreting(receipt, "delete it and run again, the download is kept"):
        size = file.stat().st_size if file.is_file() else None
    if size == told["bytes"] and (told["bytes"] > _SMALL or content_hash(file) == told["sha256"]):
        return
    state = "is gone" if size is None else "is not what was downloaded"
    raise DataError(f"{file}: {state} (its receipt {receipt} names another file); delete both and run again")


def check_unpacked(inputs: Iterable[str], images: Iterable[Path]) -> None:
    """Refuse images that are not as long as they were when they were unpacked.

    Args:
        inputs: of a job, lists of unpacked files among them (``<data>/<images>.files.tsv``)
        images: the files that it reads

    Raises:
        DataError: an image of another size; one that is missing is left to what reads it
    """
    sizes: dict[Path, int] = {}
    for manifest in (Path(path) for path in inputs if path.endswith(_MANIFEST)):
        folder = manifest.with_name(manifest.name.removesuffix(_MANIFEST))
        for line in manifest.read_text(encoding="utf-8").splitlines():
            name, _, length = line.rpartition("\t")
            sizes[folder / name] = int(length)
    for image in images:
        if image in sizes and image.is_file() and image.stat().st_size != sizes[image]:
            raise DataError(
                f"{image}: has {image.stat().st_size} bytes, and had {sizes[image]} when it was unpacked; delete its "
                "list of files, and it is unpacked again"
            )
