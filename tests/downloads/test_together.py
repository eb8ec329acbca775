"""Several processes that need the same file at once."""

import multiprocessing
import time

import pytest

from reprise.downloads.download import download
from reprise.downloads.lock_file import read_lock
from reprise.downloads.offers import Patience
from reprise.downloads.sources import Source

STARTS = 7


def fetch(url, folder, delay, results):
    time.sleep(delay)
    source = Source("x", "x.bin", (url,), "none", "nobody")
    patience = Patience(pause=0.01)
    results.put(
        download(source, folder / "d" / "x.bin", lock=folder / "lock.json", progress=False, patience=patience)["sha256"]
    )


@pytest.mark.parametrize("delay", [0, 0.02])
def test_seven_starts_fetch_one_file_once(server, tmp_path, content, delay):
    """The server sends in small pieces, so that all seven come while it does, and drops the first transfer."""

    def answer(handler, number):
        start = int((handler.headers.get("Range") or "bytes=0-")[len("bytes=") : -1])
        stated = f"bytes {start}-{len(content) - 1}/{len(content)}" if start else None
        handler.reply(b"", 206 if start else 200, ETag='"1"', Content_Length=len(content) - start, Content_Range=stated)
        stop = len(content) // 2 if number == 1 else len(content)
        for place in range(start, stop, 32_000):
            handler.wfile.write(content[place : min(place + 32_000, stop)])
            time.sleep(0.01)

    server.answer = answer
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [
        context.Process(target=fetch, args=(server.url(), tmp_path, number * delay, results))
        for number in range(STARTS)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * STARTS
    assert (tmp_path / "d" / "x.bin").read_bytes() == content
    assert set(found) == {read_lock(tmp_path / "lock.json")["x.bin"]["sha256"]}
    assert len(server.requests) == 2, "once, and once more for the end that was dropped"
