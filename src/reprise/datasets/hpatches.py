"""Patches of HPatches (Balntas, Lenc, Vedaldi and Mikolajczyk, CVPR 2017), and the published lists of its benchmark.

A folder holds one folder per sequence, ``i_*`` and ``v_*``, with 16 images of patches below each other: ``ref.png``,
and ``e1`` to ``e5``, ``h1`` to ``h5``, ``t1`` to ``t5``.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset
from reprise.datasets.layout import DatasetLayout, Listed
from reprise.evaluation.hpatches_descriptors import REFERENCE, all_types
from reprise.evaluation.hpatches_tasks import PAIRS, HPatchesTasks, verification_pairs
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.json_files import interpreting, load_json

_PAIR_COLUMNS = ["s1", "t1", "idx1", "s2", "t2", "idx2"]
_PATCH_COLUMNS = ["s", "idx"]


class Layout(DatasetLayout):
    """One split of the benchmark on HPatches patches; it lists no images."""

    lists = ("index", "queries", "distractors")
    needs = lists
    truth = "tasks on patches"

    index: Listed | None = Field(None, description="splits.json: a key of sources.yaml or, with `folder`, a path")
    queries: Listed | None = Field(None, description="the queries of the split, in the same way")
    distractors: Listed | None = Field(None, description="its distractors, in the same way")
    split: str = Field("full", description="of splits.json: full, illum, view, a, b or c")
    pairs: int = Field(PAIRS, ge=10, description="pairs of each kind in the verification task")
    chunks: int = Field(1, ge=1, description="not used: patches are described in one job")

    @classmethod
    def missing(cls, key: str) -> str:
        """Return the error message for a missing key that names a list."""
        return f"key '{key}' is missing; name the file of the benchmark"

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Refuse to list images."""
        raise DataError(f"{description['images']}: holds patches and no images; name another dataset")

    @classmethod
    def images_of_patches(cls, description: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
        """See :func:`reprise.datasets.patch_sets.images_of_patches`: ``i_dome/ref`` and so on, of all sequences."""
        release = read_hpatches(description["images"])
        return ((f"{sequence}/{name}", release.patches(sequence, name)) for sequence, name in release.images())

    @classmethod
    def load_tasks(cls, description: Mapping[str, Any], counts: Mapping[str, int]) -> HPatchesTasks:
        """Read the tasks of the split, and draw its pairs; ``counts`` are the patches of each sequence."""
        sequences = _test_sequences(description, counts)
        pairs = verification_pairs([counts[name] for name in sequences], description["pairs"])
        lists = [_read_list(description[key], sequences) for key in ("queries", "distractors")]
        return HPatchesTasks(sequences, *pairs, *lists)

    @classmethod
    def load_training_sequences(cls, description: Mapping[str, Any]) -> tuple[str, ...]:
        """Read the sequences that a normalisation is learned from; DataError for a split without any."""
        train = read_splits(description["index"])[description["split"]].get("train", ())
        if not train:
            raise DataError(
                f"{description['index']}: the split {description['split']} has no training sequences, of which a "
                "normalisation would be learned; name the split a, b or c, or leave normalisation out"
            )
        return train


def _test_sequences(description: Mapping[str, Any], counts: Mapping[str, int]) -> tuple[str, ...]:
    splits, split = read_splits(description["index"]), description["split"]
    if split not in splits:
        raise unknown_name(f"{description['index']}: split", split, splits)
    for name in splits[split]["test"]:
        if name not in counts:
            raise DataError(
                f"{description['images']}: has no sequence {name}, which is in the split {split}; unpack its "
                "archive again"
            )
    return splits[split]["test"]


def _read_list(path: str, sequences: Sequence[str]) -> np.ndarray:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error}); fetch it again") from error
    return read_patches(text, sequences, path)


@dataclass(frozen=True)
class HPatches:
    """The sequences of a folder.

    Attributes:
        folder: of the sequences
        counts: sequence -> patches of each of its images, sorted by name
    """

    folder: Path
    counts: dict[str, int]

    def patches(self, sequence: str, name: str) -> np.ndarray:
        """Read one image of patches.

        Args:
            sequence: such as ``i_dome``
            name: its type, such as ``ref`` or ``e1``

        Returns:
            (n, P, P) uint8

        Raises:
            DataError: a missing or damaged image, or one of another form than the reference image
        """
        patches = read_patch_image(self.folder / sequence / f"{name}.png")
        if len(patches) != self.counts[sequence]:
            raise DataError(
                f"{self.folder / sequence / name}.png: has {len(patches)} patches, and {REFERENCE}.png has "
                f"{self.counts[sequence]}; all images of a sequence have the same, unpack the archive again"
            )
        return patches

    def images(self) -> Iterator[tuple[str, str]]:
        """Iterate over the sequences and the types of patches of each."""
        return ((sequence, name) for sequence in self.counts for name in all_types())


def read_hpatches(folder: str | Path) -> HPatches:
    """Find the sequences of a folder.

    Args:
        folder: that of the sequences, or one that holds only this

    Raises:
        DataError: no sequence, or one without its 16 images
    """
    folder = Path(folder)
    references = sorted(folder.glob(f"*/{REFERENCE}.png")) or sorted(folder.glob(f"*/*/{REFERENCE}.png"))
    if not references:
        raise DataError(f"{folder}: has no */{REFERENCE}.png; unpack the archive of the HPatches patches there")
    for reference in references:
        for name in all_types():
            if not reference.with_name(f"{name}.png").is_file():
                raise DataError(f"{reference.with_name(name)}.png: is missing; unpack the archive again")
    counts = {reference.parent.name: len(read_patch_image(reference)) for reference in references}
    return HPatches(references[0].parent.parent, counts)


def read_patch_image(path: str | Path) -> np.ndarray:
    """Read patches that stand below each other in one image.

    Args:
        path: an image, as wide as a patch

    Returns:
        (n, P, P) uint8

    Raises:
        DataError: a file that cannot be decoded, or one whose height is no multiple of its width
    """
    from reprise.images.decoding import decode  # imported here because planning reads the layouts of datasets

    pixels = np.asarray(decode(Path(path), "L"))
    height, width = pixels.shape
    if height % width:
        raise DataError(
            f"{path}: is {width} x {height} pixels; the height of patches of {width} x {width} below each other is a "
            f"multiple of {width}"
        )
    return pixels.reshape(height // width, width, width)


def read_splits(path: str | Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read ``splits.json``.

    Returns:
        split -> ``test`` and, where there are any, ``train`` -> sequences, in the order of the file

    Raises:
        DataError: a missing or damaged file
    """
    content = load_json(path, "fetch it again")
    with interpreting(path, "it is no list of splits, fetch it again"):
        return {
            name: {part: tuple(map(str, split[part])) for part in ("test", "train") if part in split}
            for name, split in content.items()
            if split["test"]
        }


def read_pairs(text: str, sequences: Sequence[str], where: str | Path) -> np.ndarray:
    """Read a published list of pairs of patches; arguments and errors as of :func:`read_patches`.

    Returns:
        (M, 6) int32, as :class:`reprise.evaluation.hpatches_tasks.HPatchesTasks` has them
    """
    return _read(text, sequences, where, _PAIR_COLUMNS)


def read_patches(text: str, sequences: Sequence[str], where: str | Path) -> np.ndarray:
    """Read a published list of patches.

    Args:
        text: comma-separated, with a header
        sequences: the test sequences
        where: what messages begin with

    Returns:
        (n, 2) int32, as :class:`reprise.evaluation.hpatches_tasks.HPatchesTasks` has them

    Raises:
        DataError: another header, a sequence that is not of the split, or no whole numbers
    """
    return _read(text, sequences, where, _PATCH_COLUMNS)


def _read(text: str, sequences: Sequence[str], where: str | Path, columns: list[str]) -> np.ndarray:
    with interpreting(where, "fetch it again"):
        rows = list(csv.reader(text.splitlines())) or [[]]
    header = rows[0]
    if header != columns:
        found_header = quoted(",".join(header))
        raise DataError(f"{where}: the header is {found_header}, expected {','.join(columns)!r}; fetch it again")
    numbers = {name: number for number, name in enumerate(sequences)}
    read: list[Any] = [numbers.__getitem__ if column[0] == "s" else int for column in columns]
    found = []
    for line, row in enumerate(rows[1:], 2):
        try:
            found.append([kind(cell) for kind, cell in zip(read, row, strict=True)])
            np.int32(max(found[-1])), np.int32(min(found[-1]))
        except (KeyError, ValueError, OverflowError) as error:
            raise DataError(
                f"{where}, line {line}: {quoted(','.join(row))} names no sequence of the split, or has no number where "
                f"one is expected ({quoted(error)}); take the lists and the split from one release"
            ) from error
    return np.array(found, np.int32).reshape(-1, len(columns))
