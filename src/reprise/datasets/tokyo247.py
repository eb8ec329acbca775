"""Tokyo 24/7 (Torii et al., CVPR 2015): photographs by day, at sunset and at night, and the street views near them.

The list is ``tokyo247.mat`` of NetVLAD (Arandjelovic et al., CVPR 2016), a structure ``dbStruct`` with the names of the
images, their positions in metres (UTM), and the distance within which an image is a right one.
"""

import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from pydantic import Field

from reprise.datasets.images import Dataset, ImageList, check_names
from reprise.datasets.layout import DatasetLayout
from reprise.evaluation.recall import positives_within
from reprise.storage.errors import DataError
from reprise.untrusted.matlab import read_matlab

DATABASE, QUERIES = "database", "queries"
#: Groups of the queries, of which each place has three, one after the other: row modulo 3.
TIMES = {"all": (0, 1, 2), "day": (0,), "sunset": (1,), "night": (2,), "sunset_and_night": (1, 2)}
_LIST = "tokyo247.mat"
# Fields of dbStruct; the first name is that of the files of NetVLAD, the second of some of its users.
_IMAGES = (("dbImageFns", "dbImage"), ("qImageFns", "qImage"))
_POSITIONS = ("utmDb", "utmQ")
_DISTANCE = "posDistThr"
# The list has .jpg names, and the street views are published as .png; others converted them.
_SUFFIXES = (".png", ".jpg")
_LARGEST = 1 << 28
_FARTHEST = 1e8  # metres; no position on Earth is as far from the origin of its zone


class Layout(DatasetLayout):
    """Street views and queries, each in a folder, and tokyo247.mat, or the archive of NetVLAD that has it.

    ``images`` names two sets, ``database`` and ``queries``; data of one's own has two folders of these names.
    """

    truth = "places"
    judging = ("cutouts", "distance")

    cutouts: int = Field(
        12,
        ge=1,
        description="images that are cut out of each panorama, which follow each other in the list; recall is measured "
        "with each image for itself, and with each panorama once. 1: there are no panoramas",
    )
    distance: float | None = Field(
        None, gt=0, description="metres within which an image is a right one; null takes that of the list, 25"
    )

    def own_files(self, dataset: str) -> dict[str, str]:
        """Return the files of the user's own data, by the keys of :meth:`load`; ``dataset`` names the entry."""
        return {"images": str(self.folder), "index": str(self.index)}

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the dataset; see :meth:`reprise.datasets.layout.DatasetLayout.load`.

        The truth of each query has ``ok``, the images near it, and ``cutouts``. Queries without an image near them
        stay, and count as not found, as published.
        """
        listed = _read_list(Path(description["index"]))
        where = f"{description['index']}: dbStruct"
        names = [check_names(_field(listed, keys, where), f"{where}.{keys[0]}") for keys in _IMAGES]
        positions = [_positions(listed, key, len(own), where) for key, own in zip(_POSITIONS, names, strict=True)]
        cutouts = int(description.get("cutouts", 1))
        if len(names[0]) % cutouts:
            raise DataError(
                f"{where}.{_IMAGES[0][0]}: {len(names[0])} images are no whole number of panoramas of {cutouts}; set "
                "cutouts to the number of images of each panorama, or to 1"
            )
        distance = description.get("distance") or _distance(listed, where)
        near = positives_within(positions[1], positions[0], distance)
        times = np.arange(len(near)) % 3
        return Dataset(
            _images(_folder(description["images"], DATABASE), names[0]),
            _images(_folder(description["images"], QUERIES), names[1]),
            [{"ok": np.flatnonzero(row), "cutouts": cutouts} for row in near],
            "places",
            {name: np.isin(times, rows) for name, rows in TIMES.items()},
        )


def _read_list(path: Path) -> Mapping[str, Any]:
    content = _read(path) if path.suffix == ".mat" else _from_archive(path)
    found = read_matlab(content, path).get("dbStruct")
    if not isinstance(found, Mapping):
        raise DataError(
            f"{path}: holds no structure dbStruct; give tokyo247.mat of NetVLAD, or the archive that has it"
        )
    return found


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(
            f"{path}: there is no such file; it is {_LIST} in the archive netvlad_v100_datasets.tar.gz of NetVLAD"
        )
    return path.read_bytes()


def _from_archive(path: Path) -> bytes:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isreg() and PurePosixPath(member.name).name == _LIST and member.size <= _LARGEST:
                    stream = archive.extractfile(member)
                    return stream.read() if stream else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{path}: damaged or no archive ({error}); download it again") from error
    raise DataError(f"{path}: holds no {_LIST}; give the archive netvlad_v100_datasets.tar.gz of NetVLAD, or that file")


def _field(listed: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Any:
    for key in keys:
        if key in listed:
            return listed[key]
    raise DataError(f"{where}: has no field {keys[0]}; it has {', '.join(sorted(listed))}")


def _positions(listed: Mapping[str, Any], key: str, count: int, where: str) -> np.ndarray:
    """Read the positions of images, (n, 2) in metres."""
    found = _field(listed, (key,), where)
    if not isinstance(found, np.ndarray) or found.shape != (2, count) or not (np.abs(found) < _FARTHEST).all():
        shape = getattr(found, "shape", type(found).__name__)
        raise DataError(f"{where}.{key}: is {shape}, expected numbers (2, {count}): a position in metres of each image")
    return found.T.astype(np.float64)


def _distance(listed: Mapping[str, Any], where: str) -> float:
    found = np.asarray(_field(listed, (_DISTANCE,), where)).ravel()
    if found.size != 1 or found.dtype.kind not in "iuf" or not 0 < found[0] < np.inf:
        raise DataError(f"{where}.{_DISTANCE}: expected one number of metres above 0; set distance in the dataset")
    return float(found[0])


def _folder(images: Any, kind: str) -> Path:
    """The folder of the database or the queries: of two sets, or below the folder of one's own data."""
    return Path(images[kind]) if isinstance(images, Mapping) else Path(images) / kind


def _images(folder: Path, names: list[str]) -> ImageList:
    """List images whose files may have another suffix than the list says, the same for all of them."""
    first = folder / names[0]
    suffix = next((each for each in (first.suffix, *_SUFFIXES) if first.with_suffix(each).is_file()), None)
    paths = [folder / name for name in names]
    return ImageList(names, paths if suffix in (None, first.suffix) else [path.with_suffix(suffix) for path in paths])
