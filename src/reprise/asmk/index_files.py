"""The files of an inverted file: one .npy for each array, and their sizes in index.json."""

import json
import os
from pathlib import Path

import numpy as np

from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

VERSION = 1

#: Arrays and their dtypes on disk; None: uint32 for a binary index, else float32. Only ``weights`` may be absent.
DTYPES = {"offsets": "<i8", "image_ids": "<u4", "vectors": None, "norms": "<f8", "weights": "<f4"}


def write(folder: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    """Write ``arrays``, keyed as in DTYPES, to ``folder``, which appears whole or not at all."""
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        for key, array in arrays.items():
            np.save(temporary / f"{key}.npy", array)
        header = {
            "format": "reprise inverted file",
            "version": VERSION,
            "binary": arrays["vectors"].dtype == np.uint32,
            "idf": "weights" in arrays,
            "words": len(arrays["offsets"]) - 1,
            "images": len(arrays["norms"]),
            "postings": len(arrays["vectors"]),
        }
        (temporary / "index.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")


def read(folder: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of ``folder``, memory-mapped; without idf there are no ``weights``. DataError if they do not fit."""
    folder = Path(folder)
    header = _read_header(folder / "index.json")
    words, images, postings = header["words"], header["images"], header["postings"]
    lengths = {"offsets": words + 1, "image_ids": postings, "vectors": postings, "norms": images, "weights": words}
    arrays = {}
    for key, dtype in DTYPES.items():
        if key != "weights" or header["idf"]:
            expected = np.dtype(dtype or ("<u4" if header["binary"] else "<f4"))
            arrays[key] = _read_array(folder / f"{key}.npy", expected, lengths[key], 2 if key == "vectors" else 1)
    offsets = arrays["offsets"]
    if offsets[0] != 0 or offsets[-1] != postings or (np.diff(offsets) < 0).any():
        raise DataError(f"{folder / 'offsets.npy'}: no ascending offsets of {postings} postings; build the index again")
    return arrays


def _read_header(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path}: no such file, so its folder is no inverted file; build the index first")
    try:
        header = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: damaged ({error}); build the index again") from error
    if not isinstance(header, dict) or header.get("format") != "reprise inverted file":
        raise DataError(f"{path}: 'format' is not 'reprise inverted file'; this is no inverted file")
    if header.get("version") != VERSION:
        raise DataError(f"{path}: 'version' {header.get('version')!r} cannot be read, only {VERSION}; build it again")
    for key, kind in {"words": int, "images": int, "postings": int, "binary": bool, "idf": bool}.items():
        if type(header.get(key)) is not kind or header[key] < 0:
            raise DataError(f"{path}: {key!r} is {header.get(key)!r}, expected {kind.__name__}; build the index again")
    return header


def _read_array(path: Path, dtype: np.dtype, length: int, dimensions: int) -> np.ndarray:
    if not path.is_file():
        raise DataError(f"{path}: no such file; build the index again")
    try:
        # Nothing to map in an array without entries.
        array = np.load(path, mmap_mode="r" if length else None, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError(f"{path}: truncated or no .npy file ({error}); build the index again") from error
    if array.dtype.str != dtype.str:
        raise DataError(f"{path}: dtype {array.dtype.str}, expected {dtype.str}; build the index again on this machine")
    if array.ndim != dimensions or len(array) != length:
        raise DataError(
            f"{path}: shape {array.shape}, expected {length} entries in {dimensions} dimensions; build the index again"
        )
    return array
