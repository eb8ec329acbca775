"""Archives that share a folder, each unpacked by a job of its own."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from reprise.downloads.archives import merge, unpack
from reprise.storage.atomic import write_text


def unpack_one(
    archive: str | os.PathLike,
    folder: str | os.PathLike,
    manifest: str | os.PathLike,
    *,
    flatten: bool = False,
) -> None:
    """Unpack one of several archives that share a folder; several processes may do so at once.

    Its files appear in the folder when all are unpacked; what is there already stays.

    Args:
        archive: the archive
        folder: the folder
        manifest: the text file to write, as that of :func:`unpack_set`, of this archive
        flatten: write files of any depth directly into ``folder``

    Raises:
        DataError: as :func:`unpack`
    """
    archive, folder = Path(archive), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stage = folder.with_name(f".{folder.name}.{archive.name}.unpacking")
    if stage.exists():  # of a process that was killed
        shutil.rmtree(stage)
    try:
        files = unpack(archive, stage, flatten=flatten)
        merge(archive, stage, folder, files)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    write_text(manifest, "".join(f"{name}\t{size}\n" for name, size in files))


def join_manifests(manifests: Iterable[str | os.PathLike], joined: str | os.PathLike) -> None:
    """Write the manifest of a folder from those of its archives."""
    lines = {line for path in manifests for line in Path(path).read_text(encoding="utf-8").splitlines()}
    files = sorted((name, int(size)) for name, _, size in (line.rpartition("\t") for line in lines))
    write_text(joined, "".join(f"{name}\t{size}\n" for name, size in files))
