"""Archives that share a folder and are unpacked one by one, and archives that end in an unusual way."""

import gzip
import io
import multiprocessing
import os
import signal
import tarfile

import pytest

from reprise.downloads.archives import unpack
from reprise.downloads.separate_archives import join_manifests, unpack_one
from reprise.storage.errors import DataError

EMPTY = b"\0" * tarfile.BLOCKSIZE


def pack(path, files):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def content_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def unpack_number(folder, number):
    unpack_one(folder / f"{number}.tgz", folder / "jpg", folder / f"{number}.tsv")


@pytest.fixture
def archives(tmp_path):
    """Three archives with files in the same folders, and what they hold together."""
    together = {}
    for number in range(3):
        files = {f"{part}/{number}_{part}.jpg": bytes([number]) * (part + 1) for part in range(5)}
        pack(tmp_path / f"{number}.tgz", files)
        together |= files
    return together


def test_archives_are_unpacked_at_the_same_time_and_listed_together(tmp_path, archives):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=unpack_number, args=(tmp_path, number)) for number in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert content_of(tmp_path / "jpg") == archives
    join_manifests([tmp_path / f"{number}.tsv" for number in range(3)], tmp_path / "all.tsv")
    assert (tmp_path / "all.tsv").read_text() == "".join(
        f"{name}\t{len(archives[name])}\n" for name in sorted(archives)
    )


def test_a_damaged_archive_leaves_those_that_were_unpacked(tmp_path, archives):
    unpack_number(tmp_path, 0)
    whole = (tmp_path / "1.tgz").read_bytes()
    (tmp_path / "1.tgz").write_bytes(whole[:-20])
    with pytest.raises(DataError, match=r"1\.tgz: truncated or damaged"):
        unpack_number(tmp_path, 1)
    assert content_of(tmp_path / "jpg") == {name: archives[name] for name in archives if "/0_" in name}
    assert not (tmp_path / "1.tsv").exists()
    (tmp_path / "1.tgz").write_bytes(whole)
    for number in (1, 2):
        unpack_number(tmp_path, number)
    assert content_of(tmp_path / "jpg") == archives
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_killed_job_is_done_again(tmp_path, archives, monkeypatch):
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr("reprise.downloads.separate_archives.merge", die)
        worker = multiprocessing.get_context("fork").Process(target=unpack_number, args=(tmp_path, 0))
        worker.start()
        worker.join()
    assert worker.exitcode == -signal.SIGKILL and not content_of(tmp_path / "jpg")
    unpack_number(tmp_path, 0)
    unpack_number(tmp_path, 0)  # what is there already, and is the same, is no error
    assert len(content_of(tmp_path / "jpg")) == 5
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def tar_of(*files):
    """The members of a tar archive, without an end marker."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in files:
            info = tarfile.TarInfo(name)
            info.size = 700
            archive.addfile(info, io.BytesIO(b"x" * 700))
        return stream.getvalue()[: archive.offset]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (b"", "no end marker"),
        (EMPTY, None),
        (EMPTY * 2 + b"more", "4 bytes|bytes after its last file"),
        (EMPTY * 40 + b"x" * 30_000, "bytes after its last file"),
        (EMPTY * 2 + tar_of("second.jpg"), "bytes after its last file"),
    ],
)
def test_unusual_ends_are_taken_where_the_checksum_holds(tmp_path, caplog, end, said):
    plain = tar_of("a.jpg", "b.jpg") + end
    (tmp_path / "x.tgz").write_bytes(gzip.compress(plain))
    assert unpack(tmp_path / "x.tgz", tmp_path / "jpg") == [("a.jpg", 700), ("b.jpg", 700)]
    assert bool(said) == ("its checksum is right" in caplog.text)
    # Without a checksum nothing tells it from a damaged archive.
    if said:
        (tmp_path / "x.tar").write_bytes(plain)
        with pytest.raises(DataError, match="the end of the archive is missing"):
            unpack(tmp_path / "x.tar", tmp_path / "other")


def test_a_damaged_head_of_a_member_is_no_end(tmp_path):
    plain = tar_of("a.jpg") + b"damaged" + tar_of("b.jpg")[7:] + EMPTY * 2
    (tmp_path / "x.tgz").write_bytes(gzip.compress(plain))
    with pytest.raises(DataError, match="the end of the archive is missing"):
        unpack(tmp_path / "x.tgz", tmp_path / "jpg")


def test_a_checksum_that_does_not_hold(tmp_path):
    packed = bytearray(gzip.compress(tar_of("a.jpg")))
    packed[-6] ^= 1
    (tmp_path / "x.tgz").write_bytes(packed)
    with pytest.raises(DataError, match="CRC"):
        unpack(tmp_path / "x.tgz", tmp_path / "jpg")
