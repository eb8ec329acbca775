"""Damaged replies of a server: one sentence with the file, in bounded time, and never a part of another version."""

import contextlib
import json
import os
import random
import socket
import threading

import pytest

from reprise.downloads.download import download
from reprise.downloads.offers import Patience
from reprise.downloads.sources import Source
from reprise.storage.errors import DataError

TRIES = int(os.environ.get("REPRISE_HOSTILE_REPLIES", "80"))
CONTENT = bytes(range(1, 256)) * 20
HALF = len(CONTENT) // 2
OLD = b"\0" * HALF  # the first half of the version before
FORM = b"<form id=download-form action=/x><input type=hidden name=a value=b></form>"
REPLIES = (
    b'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n%b'
    % (len(CONTENT), CONTENT),
    b'HTTP/1.1 206 Partial\r\nETag: "1"\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n%b'
    % (HALF, len(CONTENT) - 1, len(CONTENT), len(CONTENT) - HALF, CONTENT[HALF:]),
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/x\r\nContent-Length: 0\r\n\r\n",
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "1"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n'
    % (len(CONTENT), CONTENT),
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n%b" % FORM,
    b"HTTP/1.1 416 No\r\nContent-Range: bytes */%d\r\nContent-Length: 0\r\n\r\n" % HALF,
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-16\r\nSet-Cookie: a=b\r\n\r\n{}",
)
INSERTED = (
    b"\r\n", b"\r\n\r\n", b"9" * 30, b"-1", b"\0", b"\xff\xfe", b"http://[", b"*", b"%0d%0a", b"A: b\r\n" * 110,
    b"x" * 70_000,
)  # fmt: skip


def damaged(reply, rng):
    """A reply with up to four changes in its head, or cut."""
    content = bytearray(reply)
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(max(1, min(len(content), content.find(b"\r\n\r\n") + 4)))
        match rng.randrange(5):
            case 0:
                content[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[place : place + rng.randint(1, 9)]
            case 2:
                content[place:place] = rng.randbytes(rng.randint(1, 9))
            case 3:
                content[place:place] = rng.choice(INSERTED)
            case 4:
                del content[rng.randrange(len(content) + 1) :]
    return bytes(content)


@pytest.fixture
def hostile():
    """A server that sends ``replies``, one after the other, whatever is asked."""
    listening = socket.create_server(("127.0.0.1", 0))
    replies = []

    def serve():
        with contextlib.suppress(OSError):  # it was closed
            while True:
                answer(listening.accept()[0])

    def answer(client):
        with client, contextlib.suppress(OSError):
            client.settimeout(2)
            client.recv(65536)
            client.sendall(replies.pop(0) if replies else b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
            client.shutdown(socket.SHUT_WR)
            client.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/x.bin", replies
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def test_damaged_replies(hostile, tmp_path):
    url, replies = hostile
    patience = Patience(retries=1, pause=0.001, connect=1, silence=0.2, period=0.3)
    source = Source("x", "x.bin", (url,), "none", "nobody")
    for seed in range(TRIES):
        rng, folder = random.Random(seed), tmp_path / str(seed)
        folder.mkdir()
        if rng.random() < 0.4:
            (folder / "x.bin.part").write_bytes(OLD)
            (folder / "x.bin.part.json").write_text(json.dumps({"url": url, "version": '"0"'}))
        replies[:] = [damaged(rng.choice(REPLIES), rng) for _ in range(3)]
        try:
            download(source, folder / "x.bin", lock=folder / "lock.json", progress=False, patience=patience)
        except DataError as error:
            assert str(folder / "x.bin") in str(error), seed
            assert not (folder / "lock.json").exists(), seed
        else:
            # The version before is whole only where the server says so (416).
            taken = (folder / "x.bin").read_bytes()
            assert taken == OLD or not taken.startswith(OLD), seed
