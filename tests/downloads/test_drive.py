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


def test_a_quota_that_is_used_up_behind_the_question_is_said(server, get, file):
    quota = b"<html><head><title>Google Drive - Quota exceeded</title></head><body>Sorry</body></html>"
    asked = PAGE.format(action="/download").encode()
    server.answer = lambda handler, number: handler.reply(asked if number == 1 else quota, Content_Type="text/html")
    with pytest.raises(DownloadError, match="'Google Drive - Quota exceeded'"):
        get(server.url())
    assert len(server.requests) == 2
    assert_nothing_is_stored(file)


def test_a_page_to_sign_in_is_never_the_file(server, get, file):
    """A file that is not shared with everybody leads to the page of the account, as a redirection."""
    page = b"""<!doctype html><html><head><title>Sign in - Google Accounts</title></head><body>
    <form id="gaia_loginform" action="/signin" method="post"><input type="hidden" name="continue" value="x"></form>"""

    def answer(handler, _):
        if handler.path == "/ServiceLogin":
            handler.reply(page, Content_Type="text/html; charset=utf-8")
        else:
            handler.reply(status=302, Location=server.url("ServiceLogin"))

    server.answer = answer
    with pytest.raises(DownloadError, match="a web page in place of the file, 'Sign in - Google Accounts'"):
        get(server.url("uc?export=download&id=1a-B"))
    assert_nothing_is_stored(file)


def test_a_page_that_calls_itself_a_file_is_recognised_by_its_first_bytes(server, get, file):
    page = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"
    server.answer = lambda handler, _: handler.reply(page, Content_Type="application/octet-stream")
    with pytest.raises(DownloadError, match="as a web page or a message in XML does"):
        get(server.url())
    assert not file.exists()


def test_the_form_is_followed_from_the_address_that_a_redirection_led_to(server, get, file, content):
    """As drive.google.com does, which leads to drive.usercontent.google.com; cookies of the page are sent back."""
    cookies = []

    def answer(handler, _):
        if handler.path.startswith("/uc"):
            handler.reply(status=303, Location=server.url("usercontent/page"))
        elif handler.path == "/usercontent/page":
            page = PAGE.format(action="download").encode()
            handler.reply(page, Content_Type="text/html", Set_Cookie="download_warning=1; Path=/")
        else:
            cookies.append(handler.headers.get("Cookie"))
            handler.reply(content)

    server.answer = answer
    get(server.url("uc?id=1a-B"))
    assert [path for path, _ in server.requests][1:] == ["/usercontent/page", f"/usercontent{CONFIRMED}"]
    assert cookies == ["download_warning=1"] and file.read_bytes() == content


def assert_nothing_is_stored(file):
    assert not file.exists() and not file.with_name(f"{file.name}.part").exists()
