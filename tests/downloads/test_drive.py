"""Google Drive's page before a large file, served by this machine."""

import pytest

from reprise.downloads.drive import confirmed_address
from reprise.storage.errors import DownloadError

PAGE = """<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
<p>This file is too large to be scanned.</p>
<form id="download-form" action="{action}" method="get"><input type="submit" value="Download anyway"/>
<input type="hidden" name="id" value="1a-B"><input type="hidden" name="export" value="download">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="0 &amp; 1"></form>
<form id="other"><input type="hidden" name="id" value="wrong"></form></body></html>"""
CONFIRMED = "/download?id=1a-B&export=download&confirm=t&uuid=0+%26+1"


def serve(server, content, page=None):
    page = page or PAGE.format(action="/download")

    def answer(handler, _):
        if handler.path == CONFIRMED:
            start = int((handler.headers.get("Range") or "bytes=0-")[len("bytes=") : -1])
            stated = f"bytes {start}-{len(content) - 1}/{len(content)}"
            drop = server.faults and server.faults.pop()
            handler.reply(
                content[start : len(content) // 2 if drop else None], 206 if start else 200, ETag='"1"',
                Content_Length=len(content) - start, Content_Range=stated if start else None,
            )  # fmt: skip
        else:
            handler.reply(page.encode(), Content_Type="text/html; charset=utf-8")

    server.answer = answer


def test_the_file_behind_the_question_is_fetched(server, get, file, content):
    serve(server, content)
    url = server.url("uc?export=download&id=1a-B")
    assert get(url)["url"] == url
    assert file.read_bytes() == content
    assert [path for path, _ in server.requests] == ["/uc?export=download&id=1a-B", CONFIRMED]


def test_a_dropped_transfer_is_continued_behind_the_question(server, get, file, content):
    serve(server, content)
    server.faults = ["drop"]
    get(server.url())
    assert server.requests[-1] == (CONFIRMED, f"bytes={len(content) // 2}-")
    assert file.read_bytes() == content


@pytest.mark.parametrize("action", ["https://elsewhere.example/download", "/another-page"])
def test_forms_that_lead_elsewhere_are_refused(server, get, content, action):
    serve(server, content, PAGE.format(action=action))
    with pytest.raises(DownloadError, match="a web page in place of the file, 'Google Drive - Virus scan warning'"):
        get(server.url())


def test_the_server_of_the_files_is_known():
    address = confirmed_address(
        PAGE.format(action="https://drive.usercontent.google.com/download"), "https://drive.google.com/uc?id=1a-B"
    )
    assert address == f"https://drive.usercontent.google.com{CONFIRMED}"


def test_a_quota_that_is_used_up_is_said(server, get, content):
    serve(server, content, "<html><title>Google Drive -\n Quota exceeded</title></html>")
    with pytest.raises(DownloadError, match="'Google Drive - Quota exceeded'"):
        get(server.url())
