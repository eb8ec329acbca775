"""A server of one file with faults on demand, and the call that fetches from it."""

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from reprise.downloads import transfer
from reprise.downloads.download import download
from reprise.downloads.offers import Patience
from reprise.downloads.sources import Source

CONTENT = bytes(range(256)) * 2000


class Server(ThreadingHTTPServer):
    """Serves ``content`` under every path; ``faults`` change the answers, one request after the other.

    ``answer``, a function of the handler and the number of the request from 1, replaces all that.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.tag, self.faults = CONTENT, '"1"', []
        self.requests, self.conditions = [], []
        self.modified, self.ranges, self.kind = None, True, "application/octet-stream"
        self.answer = None

    def url(self, path="x.bin"):
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, body=b"", status=200, **headers):
        """Send one reply; a header is named with _ for -, and left out for None."""
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        wanted = self.headers.get("Range")
        condition = self.headers.get("If-Range")
        server.requests.append((self.path, wanted))
        server.conditions.append(condition)
        if server.answer is not None:
            server.answer(self, len(server.requests))
            return
        fault = server.faults.pop(0) if server.faults else None
        if callable(fault):
            fault = fault()
        if isinstance(fault, int):
            self.send_error(fault)
            return
        content, start = server.content, 0
        same = condition is None or condition in (server.tag, server.modified)
        if wanted and server.ranges and same:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
            if start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.modified:
            self.send_header("Last-Modified", server.modified)
        self.send_header("Content-Type", server.kind)
        if fault != "no length":
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[: len(body) // 2] if fault == "drop" else body)


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pauses(monkeypatch):
    """The pauses between attempts, noted and not made."""
    made = []
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):  # what leads elsewhere leads nowhere
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transfer, "time", SimpleNamespace(sleep=made.append))
    return made


@pytest.fixture
def get(tmp_path, pauses):
    def call(*urls, name="x.bin", mirror=None, patience=None, **known):
        source = Source("x", name, urls, "none", "nobody", **known)
        return download(
            source, tmp_path / "d" / name, lock=tmp_path / "lock.json", mirror=mirror, progress=False,
            patience=Patience(**(patience or {})),
        )  # fmt: skip

    return call


@pytest.fixture
def closed():
    """A port of this machine that refuses connections, and that no other process gets meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "d" / "x.bin"


@pytest.fixture
def content():
    """What the server serves until a test changes it."""
    return CONTENT
