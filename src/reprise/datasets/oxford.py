"""The layout of the Oxford and Paris buildings as their authors publish them: images, and four text files per query.

Query ``<landmark>_<k>`` has ``<landmark>_<k>_query.txt``, the name of its image and its box x1 y1 x2 y2, and three
files that list one image per line: ``good``, ``ok`` and ``junk`` (Philbin et al., CVPR 2007). The queries of Oxford
have the prefix ``oxc1_`` before the names of their images.
"""

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from reprise.datasets.benchmarks import BenchmarkLayout, read_benchmark
from reprise.datasets.images import Box, Dataset, ImageList, check_names
from reprise.storage.arguments import quoted
from reprise.storage.errors import DataError

_QUERY, _LISTS = "_query.txt", ("good", "ok", "junk")
_PREFIX = "oxc1_"
# A list of all images of the benchmark takes 100 kB.
_LARGEST = 1 << 24


class Layout(BenchmarkLayout):
    """jpg/ and the archive of the text files, which ``index`` names; or a pickle with ok, junk."""

    truth = "oxford"

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the benchmark; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        return read_oxford(Path(description["images"]), Path(description["index"]))


def read_oxford(images: Path, ground_truth: Path) -> Dataset:
    """Read the benchmark; its queries are named after their text files, and sorted.

    The list ``ok`` of its truth holds all positive images, also those that are ``good``.

    Args:
        images: the folder of the .jpg files; those in it are the database, sorted by name
        ground_truth: a folder or a tar archive with the text files; or a pickle, as of the classic layout, whose
            queries are named after their images and whose images ``good`` are among those ``ok``

    Raises:
        DataError: a file that is missing, damaged or of another form, or a list that names an image that is not there
    """
    if ground_truth.suffix == ".pkl":
        dataset = read_benchmark(images, ground_truth, "classic")
        truth = [{"good": np.zeros(0, np.int64), **lists} for lists in dataset.ground_truth or ()]
        return Dataset(dataset.database, dataset.queries, truth, "oxford")
    texts = dict(_texts(ground_truth))
    queries = sorted(name.removesuffix(_QUERY) for name in texts if name.endswith(_QUERY))
    if not queries:
        raise DataError(f"{ground_truth}: holds no file named <landmark>_<k>{_QUERY}; unpack or download it again")
    names = sorted(path.stem for path in images.glob("*.jpg"))
    check_names(names, f"{images}: *.jpg")
    places = {name: place for place, name in enumerate(names)}
    asked = [_read_query(texts[query + _QUERY], f"{ground_truth}/{query}{_QUERY}", places) for query in queries]
    lists = [
        {key: _read_list(texts, f"{query}_{key}.txt", ground_truth, places) for key in _LISTS} for query in queries
    ]
    # As in the pickles, so that whatever reads the classic lists finds all positives.
    truth = [{**own, "ok": np.union1d(own["good"], own["ok"])} for own in lists]
    return Dataset(
        ImageList(names, [images / f"{name}.jpg" for name in names]),
        ImageList(queries, [images / f"{name}.jpg" for name, _ in asked], [box for _, box in asked]),
        truth,
        "oxford",
    )


def _texts(place: Path) -> Iterator[tuple[str, str]]:
    """Iterate over the text files of a folder or an archive: name and content."""
    if place.is_dir():
        for path in sorted(place.glob("*.txt")):
            yield path.name, _decoded(path.read_bytes(), path)
        return
    if not place.is_file():
        raise DataError(f"{place}: there is no such folder, archive or pickle; it should hold <landmark>_<k>{_QUERY}")
    try:
        with tarfile.open(place) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                content = archive.extractfile(member) if member.isreg() and name.endswith(".txt") else None
                if content is not None:
                    yield name, _decoded(content.read(_LARGEST), place / name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{place}: damaged or no archive ({error}); download it again") from error


def _decoded(content: bytes, where: Path) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: is not text in UTF-8 ({error}); download it again") from error


def _read_query(text: str, where: str, places: Mapping[str, int]) -> tuple[str, Box]:
    fields = text.split()
    try:
        x1, y1, x2, y2 = map(float, fields[1:])
    except ValueError as error:
        raise DataError(f"{where}: is {quoted(text.strip())}, expected an image and its box x1 y1 x2 y2") from error
    if not (np.isfinite([x1, y1, x2, y2]).all() and x1 < x2 and y1 < y2):
        raise DataError(f"{where}: the box is {x1} {y1} {x2} {y2}, expected x1 < x2 and y1 < y2; correct the file")
    name = fields[0].removeprefix(_PREFIX)
    if name not in places:
        raise DataError(
            f"{where}: {quoted(name)} is none of the {len(places)} images; complete the folder of the images"
        )
    return name, (x1, y1, x2, y2)


def _read_list(texts: Mapping[str, str], file: str, ground_truth: Path, places: Mapping[str, int]) -> np.ndarray:
    """Read a list of images as indices, ascending."""
    where = f"{ground_truth}/{file}"
    if file not in texts:
        raise DataError(f"{where}: there is no such file; unpack or download {ground_truth} again")
    names = [line.strip() for line in texts[file].splitlines() if line.strip()]
    missing = [name for name in names if name not in places]
    if missing:
        raise DataError(
            f"{where}: {quoted(missing[0])} is none of the {len(places)} images ({len(missing)} such lines); complete "
            "the folder of the images"
        )
    return np.unique(np.array([places[name] for name in names], np.int64))
