"""Replies that are no file, or parts of two files, are never taken for one."""

import gzip
import io
import json
import tarfile

import pytest

from reprise.storage.errors import DownloadError

PAGE = b"<!DOCTYPE html>\n<html><head><title>503 Sorry</title></head><body>Later.</body></html>"
MESSAGE = b'{"error": {"code": 403, "message": "quota exceeded"}}'


def tar(compressed=False, name="a.jpg", content=b"\xff\xd8\xff image"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz" if compressed else "w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def nothing_is_recorded(file):
    assert not file.exists()
    assert not (file.parent.parent / "lock.json").exists()


@pytest.mark.parametrize("name", ["x.tar", "x.tgz", "x.pkl", "x.pth", "x.hdf5", "x.txt", "x.jpg", "x.mat", "x.bin"])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PAGE, {}),
        (PAGE, {"Content_Type": "application/octet-stream"}),
        (PAGE, {"Content_Type": "Text/HTML; charset=utf-8"}),
        (b"\n  " + PAGE.upper(), {}),
        (gzip.compress(PAGE, mtime=0), {"Content_Encoding": "gzip"}),
        (gzip.compress(PAGE, mtime=0), {"Content_Type": "application/octet-stream"}),
        (gzip.compress(PAGE, mtime=0), {"Content_Type": "TEXT/html", "Content_Encoding": "gzip"}),
        (MESSAGE, {"Content_Type": "Application/JSON"}),
        (MESSAGE, {}),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', {}),
        (b"", {}),
    ],
)
def test_a_page_is_never_accepted(server, get, tmp_path, name, body, headers):
    server.answer = lambda handler, _: handler.reply(body, **headers)
    with pytest.raises(DownloadError, match=rf"{name} \(x\): no address gave the file\n  http.*: "):
        get(server.url(name), name=name)
    nothing_is_recorded(tmp_path / "d" / name)


def test_the_good_file_is_taken_from_the_next_address(server, get, tmp_path, caplog):
    good = tar()
    server.answer = lambda handler, number: handler.reply(PAGE if number == 1 else good)
    assert get(server.url("1"), server.url("2"), name="x.tar")["url"] == server.url("2")
    assert (tmp_path / "d" / "x.tar").read_bytes() == good
    (kept,) = (tmp_path / "d").glob("x.tar.refused-*")
    assert f"because of {server.url('1')}: it is no tar archive" in caplog.text and str(kept) in caplog.text


def test_a_page_is_kept_aside_and_its_first_bytes_are_shown(server, get, tmp_path):
    server.answer = lambda handler, _: handler.reply(PAGE)
    with pytest.raises(DownloadError) as error:
        get(server.url(), name="x.tar")
    assert "no tar archive: it begins with b'<!DOCTYPE html>" in str(error.value)
    (kept,) = (tmp_path / "d").glob("x.tar.refused-*")
    assert kept.read_bytes() == PAGE and f"kept as {kept}" in str(error.value)


def test_what_a_page_says_is_told(server, get):
    server.answer = lambda handler, _: handler.reply(PAGE, Content_Type="text/html")
    with pytest.raises(DownloadError, match="a web page in place of the file, '503 Sorry'"):
        get(server.url())
    server.answer = lambda handler, _: handler.reply(MESSAGE, Content_Type="application/json")
    with pytest.raises(DownloadError, match="a message in place of the file: .*quota exceeded"):
        get(server.url())


def test_an_archive_whose_compression_the_server_names_is_taken_as_it_is(server, get, tmp_path):
    good = tar(compressed=True)
    server.answer = lambda handler, _: handler.reply(good, Content_Type="application/x-tar", Content_Encoding="x-gzip")
    get(server.url("x.tgz"), name="x.tgz")
    assert (tmp_path / "d" / "x.tgz").read_bytes() == good


@pytest.mark.parametrize("content", [PAGE, b"", gzip.compress(PAGE, mtime=0), b"\0" * 1024])
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.zip", "x.npy", "x.png", "x.pth.tar", "x.csv"])
def test_files_by_hand_are_checked_before_they_are_recorded(server, get, tmp_path, name, content):
    file = tmp_path / "d" / name
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(DownloadError, match=rf"{name}: is there, but is not the file of .*Move it away"):
        get(server.url(), name=name)
    assert file.read_bytes() == content and not server.requests
    assert not (tmp_path / "lock.json").exists()


def test_the_good_file_survives_a_poisoned_lock(server, get, file, tmp_path, content):
    poisoned = {"sha256": "0" * 64, "bytes": 7, "url": "http://before", "date": "2020-01-01T00:00:00+00:00"}
    (tmp_path / "lock.json").write_text(json.dumps({"x.bin": poisoned}))
    with pytest.raises(DownloadError) as error:
        get(server.url())
    (kept,) = file.parent.glob("x.bin.refused-*")
    assert kept.read_bytes() == content
    for step in (f"delete the entry x.bin in {tmp_path / 'lock.json'}", f"rename {kept} to {file}", "run again"):
        assert step in str(error.value)


def begin(get, server):
    """Leave the first half of the file behind."""
    server.faults = ["drop", 404]
    with pytest.raises(DownloadError, match="404"):
        get(server.url())


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": '"2"'},
        {"ETag": 'W/"1"'},
        {"Last_Modified": "Sat, 21 Nov 2020 00:00:00 GMT"},
        {"ETag": '"1"', "Content_Range": "bytes 5-9/10"},
        {"ETag": '"1"', "Content_Range": None},
    ],
)
def test_a_part_without_the_same_validator_is_not_joined(server, get, file, content, headers):
    begin(get, server)
    start, new = len(content) // 2, content[::-1]
    stated = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}", **headers}

    def answer(handler, _):
        if handler.headers.get("Range"):
            handler.reply(new[start:], 206, **stated)
        else:
            handler.reply(new, ETag='"2"')

    server.answer = answer
    get(server.url())
    assert file.read_bytes() == new


def test_a_part_that_calls_itself_whole_is_not_joined_and_not_taken(server, get, file, content):
    begin(get, server)
    start = len(content) // 2
    stated = f"bytes {start}-{len(content) - 1}/{len(content)}"

    def answer(handler, _):
        asked = handler.headers.get("Range")
        handler.reply(content[start:] if asked else content, 200, ETag='"1"', Content_Range=stated if asked else None)

    server.answer = answer
    get(server.url())
    assert file.read_bytes() == content


def test_a_part_where_the_whole_was_asked_for(server, get, file, content):
    server.answer = lambda handler, _: handler.reply(content[:99], Content_Range=f"bytes 0-98/{len(content)}")
    with pytest.raises(DownloadError, match="a part of the file, and the whole was asked for"):
        get(server.url())
    assert not file.exists()


def test_a_part_that_ends_early_is_continued(server, get, file, content):
    begin(get, server)

    def answer(handler, _):
        start = int(handler.headers["Range"][len("bytes=") : -1])
        stop = min(start + 100_000, len(content))
        stated = f"bytes {start}-{stop - 1}/{len(content)}"
        handler.reply(content[start:stop], 206, ETag='"1"', Content_Range=stated)

    server.answer = answer
    get(server.url())
    assert file.read_bytes() == content
