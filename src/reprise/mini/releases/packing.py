"""Archives that are the same, byte for byte, whenever and wherever they are packed."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path

from reprise.storage.atomic import atomic_path


def write_archive(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar file of (name, content), sorted by name, with the folders that the names need.

    It is compressed with gzip unless ``path`` ends in .tar. Owners, permissions and times are fixed; nothing in the
    file depends on the machine.
    """
    contents = dict(members)
    folders = {str(parent) for name in contents for parent in Path(name).parents if str(parent) != "."}
    with (
        atomic_path(path) as temporary,
        temporary.open("wb") as raw,
        nullcontext(raw) if path.suffix == ".tar" else gzip.GzipFile("", "wb", 1, raw, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name in sorted(folders | contents.keys()):
            entry = tarfile.TarInfo(name)
            if name in folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            else:
                entry.size, entry.mode = len(contents[name]), 0o644
                archive.addfile(entry, io.BytesIO(contents[name]))


def write_zip(path: Path, contents: Mapping[str, bytes]) -> None:
    """Write a zip file of name -> content, sorted by name; nothing in it depends on the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name)  # of 1 January 1980
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED)
