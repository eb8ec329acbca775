"""Transfers over http: continued, retried and refused."""

import json
import shutil
import socket
from types import SimpleNamespace

import pytest

from reprise.storage.errors import DownloadError

CONTENT = bytes(range(256)) * 2000


def put(file, content):
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def only(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_dropped_connection_is_continued(server, get, file, pauses):
    server.faults = ["drop", "drop"]
    get(server.url())
    half, quarter = len(CONTENT) // 2, len(CONTENT) * 3 // 4
    assert [wanted for _, wanted in server.requests] == [None, f"bytes={half}-", f"bytes={quarter}-"]
    assert server.conditions == [None, '"1"', '"1"']
    assert file.read_bytes() == CONTENT
    assert pauses == [1, 1], "bytes came, so the pauses do not grow"


def test_a_later_call_continues(server, get, file):
    server.faults = ["drop", 404]
    with pytest.raises(DownloadError, match="404"):
        get(server.url())
    assert only(file.parent) == ["x.bin.part", "x.bin.part.json"]
    get(server.url())
    assert server.requests[-1][1] == f"bytes={len(CONTENT) // 2}-"
    assert file.read_bytes() == CONTENT
    assert only(file.parent) == ["x.bin"]


def test_date_tells_versions_apart_where_there_is_no_strong_tag(server, get, file):
    server.tag, server.modified = 'W/"1"', "Sat, 21 Nov 2020 00:00:00 GMT"
    server.faults = ["drop"]
    get(server.url())
    assert server.requests[1][1] is not None
    assert file.read_bytes() == CONTENT


def test_without_version_nothing_is_continued(server, get, file):
    server.tag, server.faults = None, ["drop"]
    get(server.url())
    assert [wanted for _, wanted in server.requests] == [None, None]
    assert file.read_bytes() == CONTENT


def test_another_address_does_not_continue_the_part_of_the_first(server, get, file):
    server.faults = ["drop", 404]
    get(server.url("a/x.bin"), server.url("b/x.bin"))
    assert server.requests[-1] == ("/b/x.bin", None)
    assert file.read_bytes() == CONTENT


def test_the_part_of_an_address_by_https_is_continued_by_http(server, get, file, content):
    put(file.with_name("x.bin.part"), content[:1000])
    notes = {"url": server.url().replace("http:", "https:"), "version": '"1"'}
    file.with_name("x.bin.part.json").write_text(json.dumps(notes))
    get(server.url())
    assert server.requests == [("/x.bin", "bytes=1000-")] and file.read_bytes() == content


def test_server_without_ranges(server, get, file):
    server.ranges, server.faults = False, ["drop"]
    get(server.url())
    assert file.read_bytes() == CONTENT


def test_file_that_changes_between_attempts(server, get, file):
    new = CONTENT[::-1] + b"longer"

    def change():
        server.content, server.tag = new, '"2"'

    server.faults = ["drop", change]
    get(server.url())
    assert file.read_bytes() == new


def test_file_that_changes_although_the_server_continues(server, get, file):
    class Both(str):  # a server that ignores If-Range
        def __eq__(self, _):
            return True

        __hash__ = str.__hash__

    def change():
        server.content, server.tag = CONTENT[::-1], Both('"2"')

    server.faults = ["drop", change]
    get(server.url())
    assert server.requests[-1][1] is None
    assert file.read_bytes() == CONTENT[::-1]


def test_part_that_is_already_whole(server, get, file):
    put(file.with_name("x.bin.part"), CONTENT)
    file.with_name("x.bin.part.json").write_text(json.dumps({"url": server.url(), "version": '"1"'}))
    get(server.url())
    assert file.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_part_that_is_longer_than_the_file(server, get, file):
    put(file.with_name("x.bin.part"), CONTENT + b"more")
    file.with_name("x.bin.part.json").write_text(json.dumps({"url": server.url(), "version": '"1"'}))
    get(server.url())
    assert file.read_bytes() == CONTENT


def test_damaged_notes_mean_a_new_beginning(server, get, file):
    put(file.with_name("x.bin.part"), b"something else")
    file.with_name("x.bin.part.json").write_text("{")
    get(server.url())
    assert file.read_bytes() == CONTENT


def test_server_errors_are_retried_with_growing_pauses(server, get, file, pauses):
    server.faults = [500, 503, 429]
    get(server.url())
    assert file.read_bytes() == CONTENT
    assert pauses == [1, 2, 4]


def test_retries_end(server, get):
    server.faults = [500] * 10
    with pytest.raises(DownloadError, match=r"status 500 .*attempted 3 times"):
        get(server.url(), patience={"retries": 2})
    assert len(server.requests) == 3


def test_absent_file_is_not_retried_and_the_next_address_is_used(server, get, pauses):
    server.faults = [404]
    receipt = get(server.url("old/x.bin"), server.url("new/x.bin"))
    assert receipt["url"] == server.url("new/x.bin")
    assert pauses == []


def test_exhausted_address_is_followed_by_the_next(server, get):
    server.faults = [500, 500]
    assert get(server.url("1"), server.url("2"), patience={"retries": 1})["url"] == server.url("2")


def test_web_page_in_place_of_the_file(server, get, file):
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(DownloadError, match="a web page in place of the file"):
        get(server.url())
    assert not file.exists()


def test_no_length_stated(server, get, file):
    server.faults = ["no length"]
    get(server.url())
    assert file.read_bytes() == CONTENT


def test_silent_server_times_out(get):
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(DownloadError, match="Timeout"):
        get(f"http://127.0.0.1:{silent.getsockname()[1]}/x.bin", patience={"retries": 1, "silence": 0.05})


def test_full_disk(server, get, file, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(
        DownloadError, match=f"{len(CONTENT)} bytes are still to be fetched from http.*, but 1000 bytes"
    ):
        get(server.url("1"), server.url("2"))
    assert len(server.requests) == 1, "another address does not make the disk larger"
    assert not file.exists()


def test_only_what_is_missing_has_to_fit_on_the_disk(server, get, file, monkeypatch):
    server.faults = ["drop", 404]
    with pytest.raises(DownloadError):
        get(server.url())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=len(CONTENT) // 2))
    get(server.url())
    assert file.read_bytes() == CONTENT


def test_full_disk_for_a_mirror(get, tmp_path, monkeypatch):
    (tmp_path / "x.bin").write_bytes(CONTENT)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(DownloadError, match="but 1000 bytes are free"):
        get("http://127.0.0.1:1/x.bin", mirror=str(tmp_path))
