"""Stated sizes and checksums: those that are certain are enforced, others are compared and reported."""

import hashlib
import json
import logging

import pytest

from reprise.downloads.checksums import md5_in
from reprise.storage.errors import DownloadError
from reprise.storage.hashes import file_hashes


@pytest.fixture
def right(content, tmp_path):
    path = tmp_path / "content"
    path.write_bytes(content)
    return {
        "md5": hashlib.md5(content).hexdigest(),
        "sha1": hashlib.sha1(content).hexdigest(),
        "sha256": hashlib.sha256(content).hexdigest(),
        **file_hashes(path, ["git_blob"]),
    }


def wrong(digits):
    return digits[:-1] + ("0" if digits[-1] != "0" else "1")


def test_the_name_in_git(tmp_path):
    (tmp_path / "a").write_bytes(b"hello\n")
    assert file_hashes(tmp_path / "a", ["git_blob"]) == {"git_blob": "ce013625030ba8dba906f756967f9e9ca394464a"}


@pytest.mark.parametrize("trust", ["confirmed", "computed"])
@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256", "git_blob"])
def test_certain_checksums_are_enforced(server, get, file, tmp_path, content, right, kind, trust):
    known = {kind: wrong(right[kind]), "trust": trust}
    with pytest.raises(DownloadError, match=f"its {kind} is {right[kind]}, expected is {known[kind]}, which the list"):
        get(server.url(), **known)
    (kept,) = file.parent.glob("x.bin.refused-*")
    assert kept.read_bytes() == content and not (tmp_path / "lock.json").exists()
    file.write_bytes(content)
    with pytest.raises(DownloadError, match=f"its {kind} is .*left as it is.* to use it, correct x in the list"):
        get(server.url(), **known)
    assert "compared" not in get(server.url(), **right, trust=trust)


@pytest.mark.parametrize("trust", ["single", "candidate"])
def test_uncertain_ones_are_compared_and_reported(server, get, content, right, trust, caplog):
    known = {**right, "sha1": wrong(right["sha1"]), "bytes": 7, "trust": trust}
    receipt = get(server.url(), **known)
    assert receipt["compared"] == {
        "bytes": f"is {len(content)}, 7 is stated",
        "sha1": f"is {right['sha1']}, {known['sha1']} is stated",
        **dict.fromkeys(["md5", "sha256", "git_blob"], "as stated"),
    }
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(said) == 2 and all("x.bin" in line and "is not certain; the file is used" in line for line in said)
    assert get(server.url(), **known) == receipt, "the receipt of an unchanged file is always the same"


def test_an_uncertain_checksum_does_not_replace_a_recorded_one(server, get, file, content, right):
    get(server.url())
    file.write_bytes(content[::-1])
    other = hashlib.sha256(content[::-1]).hexdigest()
    with pytest.raises(DownloadError, match="delete the entry x.bin in"):
        get(server.url(), sha256=other, trust="candidate")
    assert get(server.url(), sha256=other)["sha256"] == other, "a certain one does"


def serve_list(server, content, text):
    def answer(handler, _):
        handler.reply(text.encode() if "md5" in handler.path else content)

    server.answer = answer


def test_the_list_of_the_publisher_is_enforced(server, get, file, tmp_path, content, right):
    serve_list(server, content, f"{wrong(right['md5'])}  x.bin\n")
    address = server.url("md5sum/md5.x.txt")
    with pytest.raises(DownloadError, match=f"its md5 is {right['md5']}, expected is .*, which {address} states"):
        get(server.url(), md5_list=address)
    assert next(file.parent.glob("x.bin.refused-*")).read_bytes() == content
    (file.parent / "md5.x.txt").unlink()
    serve_list(server, content, f"{'0' * 32}  y.bin\n{right['md5'].upper()} *some/x.bin\n")
    get(server.url(), md5_list=address)
    assert (file.parent / "md5.x.txt").exists()
    requests = len(server.requests)
    get(server.url(), md5_list=address)
    assert len(server.requests) == requests, "what is recorded needs no list"


@pytest.mark.parametrize("text", ["", "<html>sorry</html>", "0123  x.bin", f"{'0' * 32}  y.bin"])
def test_without_a_line_of_the_file_nothing_is_compared(server, get, file, content, text, caplog):
    serve_list(server, content, text)
    get(server.url(), md5_list=server.url("md5.txt"))
    assert "its md5 could not be compared" in caplog.text
    assert not (file.parent / "md5.txt").exists()


def test_the_list_of_a_mirror(get, tmp_path, content, right, caplog):
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "x.bin").write_bytes(content)
    address = "http://127.0.0.1:1/md5.txt"
    get("http://127.0.0.1:1/x.bin", mirror=str(mirror), md5_list=address)
    assert "could not be compared" in caplog.text
    (tmp_path / "d" / "x.bin").unlink()
    (tmp_path / "lock.json").unlink()
    (mirror / "md5.txt").write_text(f"{wrong(right['md5'])}  x.bin")
    with pytest.raises(DownloadError, match="its md5 is"):
        get("http://127.0.0.1:1/x.bin", mirror=str(mirror), md5_list=address)


def test_lines_of_md5_lists():
    digits = "0123456789abcdef" * 2
    assert md5_in(f"{digits}  images_000.tar", "images_000.tar") == digits
    assert md5_in(f"{digits}  images_000.tar\n", "images_001.tar") is None
    assert md5_in(f"{digits[1:]}  images_000.tar\n", "images_000.tar") is None


def test_receipts_can_be_written(server, get, tmp_path, right):
    receipt = get(server.url(), **right, trust="candidate")
    assert json.loads(json.dumps(receipt)) == receipt
