"""What a kind of files is, and what several kinds share."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hostile import mutations

Sample = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes:
        samples: whole files by name, of which one is damaged
        read: reads everything from the folder with the files; only a DataError may come out
        damage: damages one file, in place
    """

    samples: Callable[[], list[Sample]]
    read: Callable[[Path], None]
    damage: Callable[[Path, random.Random], None]


def by_bytes(own: mutations.Mutation | None = None) -> Callable[[Path, random.Random], None]:
    def damage(path: Path, rng: random.Random) -> None:
        path.write_bytes(mutations.mutate(path.read_bytes(), rng, own))

    return damage


def hdf5_damage(path: Path, rng: random.Random) -> None:
    if rng.random() < 0.5:
        try:
            mutations.restructured(path, rng)
        except Exception:  # the library refuses the change
            path.write_bytes(mutations.mutate(path.read_bytes(), rng))
    if rng.random() < 0.6:
        path.write_bytes(mutations.mutate(path.read_bytes(), rng))


def files(write: Callable[[Path], None]) -> Sample:
    """What ``write`` writes into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def each(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())
