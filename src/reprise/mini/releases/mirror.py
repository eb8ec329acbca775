"""The miniature mirror: a folder with a small version of every file that is downloaded."""

import json
import tempfile
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path

from reprise.mini.releases.aachen import write_aachen
from reprise.mini.releases.drawn import Scenes, read_scenes
from reprise.mini.releases.gldv2 import write_test, write_train
from reprise.mini.releases.hpatches import write_hpatches
from reprise.mini.releases.hpatches_sequences import write_hpatches_sequences
from reprise.mini.releases.landmarks import write_oxford, write_paris
from reprise.mini.releases.megadepth import write_megadepth
from reprise.mini.releases.parts import PARTS, cameras_name, manifest_name
from reprise.mini.releases.photo_tour import write_photo_tour
from reprise.mini.releases.retrieval_sfm import write_retrieval_sfm
from reprise.mini.releases.revisitop1m import write_revisitop1m
from reprise.mini.releases.tokyo247 import write_tokyo247
from reprise.mini.releases.writing import Release
from reprise.mini.world.drawing import draw_all
from reprise.mini.world.shootings import all_shootings
from reprise.mini.world.sizes import MiniParameters
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.hashes import sha256_file

# What has to be drawn for each part, and what writes it.
_WRITERS: dict[str, tuple[tuple[str, ...], Callable[[Path, Scenes, int, MiniParameters], Release]]] = {
    "oxford5k": (("roxford5k",), write_oxford),
    "paris6k": (("rparis6k",), write_paris),
    "sfm120k": (("train", "val"), write_retrieval_sfm),
    "revisitop1m": (("revisitop1m",), write_revisitop1m),
    "gldv2": (("gldv2",), write_train),
    "gldv2-test": (("gldv2-test",), write_test),
    "photo_tour": ((), write_photo_tour),
    "aachen": ((), write_aachen),
    "megadepth": ((), write_megadepth),
    "hpatches_sequences": ((), write_hpatches_sequences),
    "hpatches": ((), write_hpatches),
    "tokyo247": ((), write_tokyo247),
}


def draw_mirror(
    folder: Path,
    parts: Collection[str] = tuple(PARTS),
    *,
    seed: int = 0,
    parameters: MiniParameters | None = None,
) -> None:
    """Draw the miniature of datasets into ``folder``, under the names of the published files.

    The bytes of a part depend on seed and parameters only, not on the other parts that are drawn (given the machine and
    the versions of the libraries).

    Args:
        folder: the mirror; made if it does not exist
        parts: what to draw, names of ``parts.PARTS``. ``<part>.json`` is written last, so that a part that has it is
            complete: {"seed", "parameters", "files": {name: {"bytes", "sha256"}}}. ``<part>.cameras.json`` has the
            camera of every image, by set and name.
        seed: at least 0
        parameters: sizes of the miniature

    Raises:
        DataError: an unknown part, or a negative seed
    """
    parameters = parameters or MiniParameters()
    if seed < 0:
        raise DataError(f"draw_mirror: seed is {seed}, but must be at least 0")
    for part in parts:
        if part not in PARTS:
            raise unknown_name("draw_mirror: parts", part, PARTS)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        (folder / manifest_name(part)).unlink(missing_ok=True)
    datasets = {dataset for part in parts for dataset in _WRITERS[part][0]}
    with tempfile.TemporaryDirectory(prefix=".drawing-", dir=folder) as working:
        draw_all(Path(working), seed, parameters, datasets)
        scenes = read_scenes(Path(working), all_shootings(seed, parameters, datasets))
    for part in parts:
        release = _WRITERS[part][1](folder, scenes, seed, parameters)
        _write_manifest(folder, part, release, {"seed": seed, "parameters": asdict(parameters)})


def _write_manifest(folder: Path, part: str, release: Release, origin: dict) -> None:
    """Write the cameras of a part, and last the list of its files."""
    write_text(folder / cameras_name(part), json.dumps(release.cameras) + "\n")
    names = sorted([*release.files, cameras_name(part)])
    files = {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256_file(folder / name)} for name in names}
    write_text(folder / manifest_name(part), json.dumps({**origin, "files": files}, indent=1) + "\n")
