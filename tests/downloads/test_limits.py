"""Transfers that would never end, or fill the disk, end with a sentence."""

import errno
import os
import sys
import time

import pytest

from reprise.downloads import transfer
from reprise.storage.errors import DataError, DownloadError

HASTE = {"retries": 1, "speed": 10_000, "period": 0.05}


def drip(handler, _):
    """Send a byte every few milliseconds, for as long as somebody takes it."""
    handler.reply(b"", Content_Length=100_000, ETag='"1"')
    try:
        while True:
            handler.wfile.write(b"x")
            time.sleep(0.005)
    except OSError:
        pass  # the client had enough


def test_a_server_that_sends_a_byte_at_a_time_ends_with_a_sentence(server, get, file, pauses):
    server.answer = drip
    with pytest.raises(DownloadError, match=r"too slow: \d+ bytes came in .* 10000 bytes per second .*2 times"):
        get(server.url(), patience=HASTE)
    assert len(pauses) == 1
    # What came is not lost.
    begun = file.with_name("x.bin.part").stat().st_size
    assert begun > 0 and server.requests[1][1] is not None


def test_a_slow_server_is_followed_by_the_next_address(server, get, file, content):
    server.answer = lambda handler, number: drip(handler, number) if handler.path == "/slow" else handler.reply(content)
    assert get(server.url("slow"), server.url("fast"), patience=HASTE)["url"] == server.url("fast")
    assert file.read_bytes() == content


def test_a_slow_page_ends_too(server, get):
    def answer(handler, number):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        drip(handler, number)

    server.answer = answer
    with pytest.raises(DownloadError, match="too slow"):
        get(server.url(), patience=HASTE)


def test_a_server_that_closes_after_each_byte_makes_no_progress(server, get):
    server.answer = lambda handler, _: handler.reply(b"x", Content_Length=1000)
    with pytest.raises(DownloadError, match="attempted 3 times"):
        get(server.url(), patience={"retries": 2})


@pytest.mark.parametrize("chunked", [False, True])
def test_nothing_is_written_beyond_the_known_size(server, get, file, chunked):
    sent = []

    def endless(handler, _):
        handler.protocol_version = "HTTP/1.1"
        handler.reply(b"", Content_Length=None, **({"Transfer_Encoding": "chunked"} if chunked else {}))
        block = b"x" * 65536
        try:
            for number in range(16_384):  # 1 GiB
                handler.wfile.write(b"10000\r\n" + block + b"\r\n" if chunked else block)
                sent.append(number)
        except OSError:
            pass  # the client had enough

    server.answer = endless
    with pytest.raises(DownloadError, match="sends more than the 1000000 bytes that the file has"):
        get(server.url(), bytes=1_000_000)
    assert len(sent) < 1000
    assert not file.with_name("x.bin.part").exists()


@pytest.mark.parametrize("length", ["many", "-5", "5, 6", "1e3", "", "9" * 5000, "\u0663".encode().decode("latin-1")])
def test_odd_lengths(server, get, length):
    server.answer = lambda handler, _: handler.reply(b"12345", Content_Length=length)
    with pytest.raises(DownloadError, match=r"127.0.0.1.*: (the server states a length|.*reply is broken)"):
        get(server.url(), patience={"retries": 0})


def test_a_length_that_is_given_twice_is_one(server, get, file):
    server.answer = lambda handler, _: handler.reply(b"12345", Content_Length="5, 5")
    get(server.url())
    assert file.read_bytes() == b"12345"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/again", "leads from one to the next without an end"),
        ("foo://somewhere/x", "an address that is none"),
        ("http://[::1", "an address that is none"),
        ("http://" + "a" * 70 + "/x", "an address that is none|NameResolution|ConnectionError"),
        ("http://\xff..b/x", "an address that is none|ConnectionError"),
    ],
)
def test_redirects_that_lead_nowhere(server, get, target, words):
    server.answer = lambda handler, _: handler.reply(status=302, Location=target)
    with pytest.raises(DownloadError, match=rf"no address gave the file\n  http.*({words})"):
        get(server.url(), patience={"retries": 0, "connect": 0.2})


@pytest.mark.parametrize(
    "reply", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_replies_that_are_no_http(server, get, reply):
    def answer(handler, _):
        handler.wfile.write(reply)

    server.answer = answer
    with pytest.raises(DownloadError, match=r"no address gave the file\n  http"):
        get(server.url(), patience={"retries": 0})


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_refuses_ends_with_a_sentence(server, get, file, content, monkeypatch, number):
    def refuse(handle, block):
        handle.write(block[:10])
        raise OSError(number, os.strerror(number))

    append = transfer._append
    monkeypatch.setattr(transfer, "_append", refuse)
    with pytest.raises(DownloadError) as error:
        get(server.url("1"), server.url("2"))
    for words in ("x.bin.part", server.url("1"), "run again", "continues where it stands"):
        assert words in str(error.value)
    assert len(server.requests) == 1, "another address does not mend the disk"
    monkeypatch.setattr(transfer, "_append", append)
    get(server.url("1"))
    assert server.requests[-1][1] == "bytes=10-" and file.read_bytes() == content


def test_a_full_disk(server, get, tmp_path, content, monkeypatch):
    """The device that is always full, in place of the part."""
    begun = tmp_path / "d" / "x.bin.part"
    begun.parent.mkdir()
    monkeypatch.setattr(transfer, "discard", lambda _: None)
    begun.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"x\.bin\.part: the disk is full .*free some space .*It comes from http"):
        get(server.url())
    begun.unlink()


def test_a_folder_where_the_file_belongs(server, get, file):
    file.mkdir(parents=True)
    with pytest.raises(DataError, match=r"x\.bin: is a folder, and a file is expected"):
        get(server.url())


def test_a_lock_file_that_cannot_be_written(server, get, file, monkeypatch):
    def refuse(path, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("reprise.downloads.lock_file.write_text", refuse)
    with pytest.raises(DataError, match=r"lock\.json: the disk is full .* free some space"):
        get(server.url())
    assert file.with_name("x.bin.part").exists(), "what came is there for the next run"


def test_a_disk_without_locks(server, get, monkeypatch):
    def refuse(_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(sys.modules["reprise.downloads.download"], "_acquired", refuse)
    with pytest.raises(DataError, match=r"/d: its disk knows no locks, .* set 'data' to a folder of another disk"):
        get(server.url())


def test_a_file_where_the_folder_belongs(server, get, tmp_path):
    (tmp_path / "d").write_text("something else")
    with pytest.raises(DataError, match=r"/d: something else has this name; move it away"):
        get(server.url())


@pytest.mark.parametrize("end", [b"", b"8\r\nhalf", b"10000\r\n"])
def test_a_chunked_reply_that_is_cut_is_no_file(server, get, file, content, end):
    def answer(handler, number):
        handler.protocol_version = "HTTP/1.1"
        handler.close_connection = True
        handler.reply(b"", Content_Length=None, Transfer_Encoding="chunked")
        handler.wfile.write(b"%x\r\n" % len(content) + content + b"\r\n" + (b"0\r\n\r\n" if number == 3 else end))

    server.answer = answer
    get(server.url())
    assert len(server.requests) == 3 and file.read_bytes() == content
