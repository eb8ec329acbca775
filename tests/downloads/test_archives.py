"""Archives are unpacked completely or not at all, and never outside the destination."""

import gzip
import io
import os
import shutil
import stat
import tarfile
import zipfile
from types import SimpleNamespace

import pytest

from reprise.downloads.archives import unpack, unpack_set
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError

FILES = {"jpg/a.jpg": b"first" * 1000, "jpg/deep/b.jpg": b"second", "list.txt": b""}
FORMATS = ("tar", "tar.gz", "zip")


def member(name, content=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def tar(path, members):
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as bundle:
        for info, content in members:
            bundle.addfile(info, io.BytesIO(content))
    return path


def pack(path, files):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.mkdir("empty")
            for name, content in files.items():
                bundle.writestr(name, content)
        return path
    folder = member("empty", type=tarfile.DIRTYPE)
    return tar(path, [folder, *(member(name, content) for name, content in files.items())])


def content_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def refused(archive, destination, message):
    with pytest.raises(DataError, match=message) as error:
        unpack(archive, destination)
    assert str(archive) in str(error.value)
    assert not destination.exists()
    assert [p.name for p in archive.parent.iterdir()] == [archive.name], "something was left behind"


@pytest.mark.parametrize("kind", FORMATS)
def test_files_come_out_as_they_went_in(tmp_path, kind):
    archive = pack(tmp_path / f"x.{kind}", FILES)
    files = unpack(archive, tmp_path / "out")
    assert content_of(tmp_path / "out") == FILES
    assert files == sorted((name, len(content)) for name, content in FILES.items())


@pytest.mark.parametrize("kind", FORMATS)
def test_flatten(tmp_path, kind):
    archive = pack(tmp_path / f"x.{kind}", FILES)
    flat = {name.rpartition("/")[2]: content for name, content in FILES.items()}
    files = unpack(archive, tmp_path / "jpg", flatten=True)
    assert files == sorted((name, len(content)) for name, content in flat.items())
    assert content_of(tmp_path / "jpg") == flat
    assert flat.keys() != FILES.keys()


def test_several_archives_in_one_folder_that_appears_whole(tmp_path):
    first = pack(tmp_path / "1.tgz", {"paris/1/a.jpg": b"a", "paris/1/b.jpg": b"b"})
    second = pack(tmp_path / "2.tgz", {"paris/2/c.jpg": b"c", "paris/2/a.jpg": b"a"})
    with atomic_path(tmp_path / "jpg") as stage:
        for archive in (first, second):
            unpack(archive, stage, flatten=True)
    assert content_of(tmp_path / "jpg") == {"a.jpg": b"a", "b.jpg": b"b", "c.jpg": b"c"}


def test_a_set_of_archives_and_its_manifest(tmp_path):
    archives = [
        pack(tmp_path / "1.tgz", {"paris/1/b.jpg": b"b", "paris/1/a.jpg": b"aa"}),
        pack(tmp_path / "2.tgz", {"paris/2/c.jpg": b"c", "paris/2/a.jpg": b"aa"}),
    ]
    jpg, manifest = tmp_path / "jpg", tmp_path / "jpg.files.tsv"
    jpg.mkdir()
    (jpg / "old.jpg").write_bytes(b"of an earlier set")
    unpack_set(archives, jpg, manifest, flatten=True)
    assert content_of(jpg) == {"a.jpg": b"aa", "b.jpg": b"b", "c.jpg": b"c"}
    assert manifest.read_text() == "a.jpg\t2\nb.jpg\t1\nc.jpg\t1\n"


def test_a_set_with_a_damaged_archive_leaves_everything_as_it_was(tmp_path):
    good = pack(tmp_path / "1.tgz", {"a.jpg": b"a"})
    bad = tmp_path / "2.tgz"
    bad.write_bytes(good.read_bytes()[:-9])
    (tmp_path / "jpg").mkdir()
    (tmp_path / "jpg/old.jpg").write_bytes(b"old")
    with pytest.raises(DataError, match="2.tgz: truncated"):
        unpack_set([good, bad], tmp_path / "jpg", tmp_path / "jpg.files.tsv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.tgz", "2.tgz", "jpg"]
    assert content_of(tmp_path / "jpg") == {"old.jpg": b"old"}


def test_different_files_of_one_name_in_two_archives(tmp_path):
    jpg = tmp_path / "jpg"
    unpack(pack(tmp_path / "1.tar", {"a.jpg": b"a"}), jpg)
    with pytest.raises(DataError, match=r"a\.jpg differs from the file of that name"):
        unpack(pack(tmp_path / "2.tar", {"0.jpg": b"0", "a.jpg": b"other"}), jpg)
    assert content_of(jpg) == {"a.jpg": b"a"}


def test_different_files_of_one_name_in_one_archive(tmp_path):
    archive = pack(tmp_path / "x.tar", {"1/a.jpg": b"a", "2/a.jpg": b"b"})
    with pytest.raises(DataError, match=r"two different files .* a\.jpg"):
        unpack(archive, tmp_path / "out", flatten=True)
    assert not (tmp_path / "out").exists()
    same = pack(tmp_path / "y.tar", {"1/a.jpg": b"a", "2/a.jpg": b"a"})
    assert unpack(same, tmp_path / "out", flatten=True) == [("a.jpg", 1)]


def test_a_name_that_is_file_and_folder(tmp_path):
    refused(tar(tmp_path / "x.tar", [member("a", b"1"), member("a/b", b"2")]), tmp_path / "out", "file and a folder")
    (tmp_path / "x.tar").unlink()
    refused(tar(tmp_path / "y.tar", [member("a/b", b"1"), member("a", b"2")]), tmp_path / "out", "file and a folder")


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "a\\..\\evil", ".."])
@pytest.mark.parametrize("kind", FORMATS)
def test_names_that_lead_out_are_refused(tmp_path, name, kind):
    refused(pack(tmp_path / f"x.{kind}", {"good": b"", name: b"x"}), tmp_path / "out", "leads out")


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "../outside", "absent"])
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_that_lead_out_are_refused(tmp_path, target, kind):
    archive = tar(tmp_path / "x.tar", [member("a", b"x"), member("link", type=kind, linkname=target)])
    refused(archive, tmp_path / "out", "refused to unpack it")


def test_nothing_is_written_through_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = tar(
        tmp_path / "x.tar",
        [member("link", type=tarfile.SYMTYPE, linkname=str(outside)), member("link/evil", b"x")],
    )
    with pytest.raises(DataError, match="refused"):
        unpack(archive, tmp_path / "out")
    assert list(outside.iterdir()) == []


def test_links_within_the_archive_become_files(tmp_path):
    archive = tar(
        tmp_path / "x.tar.gz",
        [
            member("d/soft", type=tarfile.SYMTYPE, linkname="../a"),
            member("a", b"content"),
            member("hard", type=tarfile.LNKTYPE, linkname="a"),
        ],
    )
    unpack(archive, tmp_path / "out")
    assert content_of(tmp_path / "out") == dict.fromkeys(("a", "hard", "d/soft"), b"content")
    assert not (tmp_path / "out/d/soft").is_symlink()


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(tmp_path, kind):
    refused(tar(tmp_path / "x.tar", [member("dev", type=kind)]), tmp_path / "out", "device or a pipe")


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFIFO, stat.S_IFLNK])
def test_special_files_in_zip_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("special")
    info.external_attr = (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as bundle:
        bundle.writestr(info, "/etc/passwd")
    refused(tmp_path / "x.zip", tmp_path / "out", "refused to unpack it")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_truncation_is_noticed(tmp_path, kind):
    noise = {f"{i}.jpg": os.urandom(700) for i in range(5)}
    whole = pack(tmp_path / f"whole.{kind}", noise).read_bytes()
    # The last 9.5 KiB of a tar are padding; up to the end of its first zero block every cut is an error.
    end = 5 * 3 * 512 if kind == "tar" else len(whole)
    for length in [*range(0, end, 97), *range(512, end, 512), end - 1]:
        (tmp_path / f"cut.{kind}").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut.* truncated or damaged .* Delete it"):
            unpack(tmp_path / f"cut.{kind}", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_damaged_head_in_the_middle_is_noticed(tmp_path):
    path = pack(tmp_path / "x.tar", {"a": b"1", "b": b"2"})
    data = bytearray(path.read_bytes())
    data[512 * 3 : 512 * 3 + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    refused(path, tmp_path / "out", "truncated or damaged")


def test_a_damaged_checksum_of_gzip_is_noticed(tmp_path):
    path = pack(tmp_path / "x.tgz", FILES)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    refused(path, tmp_path / "out", "truncated or damaged")


def test_a_web_page_is_no_archive(tmp_path):
    (tmp_path / "x.tgz").write_text("<html>not found</html>" * 100)
    refused(tmp_path / "x.tgz", tmp_path / "out", "truncated or damaged")


@pytest.mark.parametrize("kind", FORMATS)
def test_more_than_the_free_disk_is_refused_before_it_is_written(tmp_path, kind, monkeypatch):
    archive = pack(tmp_path / f"x.{kind}", {"bomb": bytes(10_000_000)})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9_999_999))
    refused(archive, tmp_path / "out", "10000000 bytes unpacked, but 9999999 bytes are free")


def test_an_endless_archive_of_gzip_declares_its_size(tmp_path):
    head = member("bomb")[0]
    head.size = 1 << 60
    (tmp_path / "x.tgz").write_bytes(gzip.compress(head.tobuf()))
    refused(tmp_path / "x.tgz", tmp_path / "out", "bytes are free")


def test_an_absent_archive_says_how_to_get_it(tmp_path):
    with pytest.raises(DataError, match=r"x\.tgz: no such file. Delete its receipt"):
        unpack(tmp_path / "x.tgz", tmp_path / "out")


def test_control_characters_in_a_name_are_refused(tmp_path):
    refused(pack(tmp_path / "x.tar", {"a\nb": b""}), tmp_path / "out", "control characters")


def test_a_header_of_a_gigabyte_is_not_read(tmp_path):
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE):
        head = tarfile.TarInfo("x")
        head.type, head.size = kind, 1 << 30
        (tmp_path / "x.tgz").write_bytes(gzip.compress(head.tobuf() + bytes(1 << 20)))
        refused(tmp_path / "x.tgz", tmp_path / "out", "a header of 1073741824 bytes")


def test_a_number_of_many_digits_is_not_searched(tmp_path):
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, 200_000
    content = b"1" * 200_000
    (tmp_path / "x.tgz").write_bytes(gzip.compress(head.tobuf() + content.ljust(200_192, b"\0") + bytes(1024)))
    refused(tmp_path / "x.tgz", tmp_path / "out", "a number of a header is too long")


def test_long_names_come_out(tmp_path):
    names = {"/".join(["deeper" * 20] * 4) + f"/{kind}ä.jpg": kind.encode() for kind in ("gnu", "pax")}
    for (name, content), form in zip(names.items(), (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT), strict=True):
        with tarfile.open(tmp_path / "x.tgz", "w:gz", format=form) as bundle:
            bundle.addfile(*[part if i == 0 else io.BytesIO(part) for i, part in enumerate(member(name, content))])
        unpack(tmp_path / "x.tgz", tmp_path / "out")
    assert content_of(tmp_path / "out") == names


def test_a_small_archive_of_much_is_refused(tmp_path, monkeypatch):
    archive = tar(tmp_path / "x.tar.gz", [member("bomb", bytes(100_000_000))])
    refused(archive, tmp_path / "out", "plausible for its size; if you trust its origin, set REPRISE_UNPACKED_BYTES")
    monkeypatch.setenv("REPRISE_UNPACKED_BYTES", "200000000")
    assert unpack(archive, tmp_path / "out") == [("bomb", 100_000_000)]
    shutil.rmtree(tmp_path / "out")
    monkeypatch.setenv("REPRISE_UNPACKED_BYTES", "much")
    with pytest.raises(DataError, match="REPRISE_UNPACKED_BYTES: is 'much'; expected a number of bytes"):
        unpack(archive, tmp_path / "out")
    links = [member(f"{i}", type=tarfile.LNKTYPE, linkname="a") for i in range(1000)]
    monkeypatch.delenv("REPRISE_UNPACKED_BYTES")
    archive.unlink()
    refused(
        tar(tmp_path / "y.tar", [member("a", bytes(2_000_000)), *links]), tmp_path / "out", "plausible for its size"
    )


def test_sparse_files_are_refused(tmp_path):
    head = tarfile.TarInfo("x")
    head.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(head.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (20 << 20, 0)
    block[483:495] = b"%011o\0" % (20 << 20)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    (tmp_path / "x.tar").write_bytes(bytes(block) + bytes(1024))
    refused(tmp_path / "x.tar", tmp_path / "out", "stored without its zeros")


@pytest.mark.parametrize("kind", FORMATS)
def test_names_that_no_disk_takes_are_refused(tmp_path, kind):
    refused(pack(tmp_path / f"x.{kind}", {"a/" + "ä" * 128: b""}), tmp_path / "out", "longer than 255 bytes")


def test_names_in_another_encoding_are_refused(tmp_path):
    head = member("name")[0]
    block = head.tobuf().replace(b"name", b"caf\xe9")
    block = block[:148] + b" " * 8 + block[156:]
    block = block[:148] + b"%06o\0 " % sum(block) + block[156:]
    (tmp_path / "x.tar").write_bytes(block + bytes(1024))
    refused(tmp_path / "x.tar", tmp_path / "out", r"the name b'caf\xe9' is not in UTF-8".replace("\\", "\\\\"))


def test_a_file_where_the_destination_has_a_folder(tmp_path):
    unpack(pack(tmp_path / "1.tar", {"a": b"1", "b/c": b"2"}), tmp_path / "out")
    for name in ("a/x", "b"):
        with pytest.raises(DataError, match=f"{name}, or a part of this name, is a file in one place and a folder"):
            unpack(pack(tmp_path / "2.tar", {"0": b"", name: b"3"}), tmp_path / "out")
    assert content_of(tmp_path / "out") == {"a": b"1", "b/c": b"2"}
    with pytest.raises(DataError, match="out/a is a file, where a folder is needed"):
        unpack(tmp_path / "1.tar", tmp_path / "out" / "a")


def test_a_chain_of_headers(tmp_path):
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 512
    (tmp_path / "x.tgz").write_bytes(gzip.compress((head.tobuf() + bytes(512)) * 5000))
    refused(tmp_path / "x.tgz", tmp_path / "out", "truncated or damaged")
