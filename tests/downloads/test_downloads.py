"""Downloads with receipts and lock file, and files that the user provided."""

import hashlib
import json
import multiprocessing

import pytest

from reprise.downloads.download import download, from_receipt, write_receipt
from reprise.downloads.lock_file import read_lock
from reprise.downloads.sources import Source
from reprise.storage.errors import DataError, DownloadError

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def put(file, content):
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)


def only(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_file_receipt_and_lock(server, get, file, tmp_path):
    receipt = get(server.url())
    assert file.read_bytes() == CONTENT
    assert only(file.parent) == ["x.bin"]
    assert {key: receipt[key] for key in ("name", "bytes", "sha256", "url")} == {
        "name": "x.bin",
        "bytes": len(CONTENT),
        "sha256": SHA256,
        "url": server.url(),
    }
    assert read_lock(tmp_path / "lock.json") == {
        "x.bin": {key: receipt[key] for key in ("sha256", "bytes", "url", "date")}
    }
    write_receipt(tmp_path / "receipt.json", receipt)
    assert json.loads((tmp_path / "receipt.json").read_text()) == receipt
    assert from_receipt(tmp_path / "receipt.json") == file


def test_receipt_of_a_file_that_is_gone_or_changed(server, get, file, tmp_path):
    path = tmp_path / "receipts" / "x.json"
    write_receipt(path, get(server.url()))
    file.write_bytes(b"mine")
    with pytest.raises(DataError, match=rf"x\.bin has 4 bytes; .* {len(CONTENT)} bytes. Delete .*x\.json"):
        from_receipt(path)
    file.unlink()
    with pytest.raises(DataError, match=r"x\.bin is gone"):
        from_receipt(path)


def test_receipt_of_an_unchanged_file_stays_the_same(server, get, file):
    first = get(server.url())
    assert get(server.url()) == first
    file.unlink()
    assert get(server.url("elsewhere/x.bin")) == first
    assert len(server.requests) == 2


def test_stated_checksum_is_enforced(server, get, file, tmp_path):
    with pytest.raises(DownloadError) as error:
        get(server.url(), sha256="0" * 64)
    for part in (server.url(), "0" * 64, SHA256, str(file), "By hand"):
        assert part in str(error.value)
    assert only(file.parent) == [f"x.bin.refused-{SHA256[:8]}"], "a retry starts from the beginning"
    assert not (tmp_path / "lock.json").exists()
    get(server.url(), sha256=SHA256)


def test_wrong_content_at_the_first_address(server, get, file):
    def right():
        server.content = CONTENT

    server.content, server.faults = b"wrong", [None, right]
    assert get(server.url("1"), server.url("2"), sha256=SHA256)["url"] == server.url("2")
    assert file.read_bytes() == CONTENT


def test_first_digits_of_the_checksum(server, get):
    with pytest.raises(DownloadError, match=rf"sha256 is {SHA256}, expected is 000000\.\.\."):
        get(server.url(), sha256_prefix="000000")
    assert get(server.url(), sha256_prefix=SHA256[:8])["sha256"] == SHA256


def test_stated_size_is_enforced_before_the_transfer(server, get, file):
    with pytest.raises(DownloadError, match=f"offers {len(CONTENT)} bytes, but the file has 7 bytes"):
        get(server.url(), bytes=7)
    assert only(file.parent) == []


def test_recorded_checksum_is_enforced(server, get, file, tmp_path):
    get(server.url())
    file.unlink()
    server.content = b"replaced by the publisher"
    other = hashlib.sha256(server.content).hexdigest()
    with pytest.raises(DownloadError) as error:
        get(server.url())
    kept = file.with_name(f"x.bin.refused-{other[:8]}")
    steps = f"1. delete the entry x.bin in {tmp_path / 'lock.json'}; 2. rename {kept} to {file}; 3. run again."
    for part in (server.url(), SHA256, other, steps):
        assert part in str(error.value)
    assert only(file.parent) == [kept.name]
    (tmp_path / "lock.json").write_text("{}")
    kept.rename(file)
    requests = len(server.requests)
    assert get(server.url())["sha256"] == other
    assert len(server.requests) == requests, "what was fetched is not fetched again"


def test_stated_checksum_replaces_a_recorded_one(server, get, file, tmp_path):
    server.content = b"before"
    get(server.url())
    file.unlink()
    server.content = CONTENT
    get(server.url(), sha256=SHA256)
    assert read_lock(tmp_path / "lock.json")["x.bin"]["sha256"] == SHA256


def test_file_by_hand_is_taken(server, get, file, tmp_path):
    put(file, CONTENT)
    receipt = get(server.url())
    assert (receipt["url"], receipt["sha256"], receipt["bytes"]) == ("by hand", SHA256, len(CONTENT))
    assert server.requests == []
    assert read_lock(tmp_path / "lock.json")["x.bin"]["url"] == "by hand"


@pytest.mark.parametrize(
    ("known", "actual"),
    [({"sha256": SHA256}, hashlib.sha256(b"mine").hexdigest()), ({"bytes": len(CONTENT)}, "4 bytes")],
)
def test_wrong_file_by_hand_is_refused_and_kept(server, get, file, known, actual):
    put(file, b"mine")
    with pytest.raises(DownloadError) as error:
        get(server.url(), **known)
    for part in (str(file), server.url(), str(next(iter(known.values()))), actual, "Move it away"):
        assert part in str(error.value)
    assert file.read_bytes() == b"mine"
    assert server.requests == []


def test_file_by_hand_that_differs_from_the_lock(server, get, file):
    get(server.url())
    file.write_bytes(b"mine")
    with pytest.raises(DownloadError, match=rf"expected is {SHA256} \(\d+ bytes\), recorded"):
        get(server.url())
    assert file.read_bytes() == b"mine"


@pytest.mark.parametrize("form", ["folder", "file"])
def test_mirror_folder_replaces_the_network(server, get, file, tmp_path, form):
    mirror = tmp_path / "my mirror"
    mirror.mkdir()
    (mirror / "x.bin").write_bytes(CONTENT)
    receipt = get(server.url(), mirror=str(mirror) if form == "folder" else mirror.as_uri())
    assert file.read_bytes() == CONTENT
    assert receipt["url"] == (mirror / "x.bin").as_uri()
    assert server.requests == []
    assert (mirror / "x.bin").exists()


def test_mirror_server(server, get):
    receipt = get("http://127.0.0.1:1/official/x.bin", mirror=server.url("base/"))
    assert receipt["url"] == server.url("base/x.bin")


def test_incomplete_mirror_is_no_reason_to_use_the_network(server, get, tmp_path):
    with pytest.raises(DownloadError, match=r"x\.bin: no such file"):
        get(server.url(), mirror=str(tmp_path))
    assert server.requests == []


def test_mirror_with_a_file_of_another_size(get, tmp_path):
    (tmp_path / "x.bin").write_bytes(b"short")
    with pytest.raises(DownloadError, match="it offers 5 bytes, but the file has 7 bytes"):
        get("http://127.0.0.1:1/x.bin", mirror=str(tmp_path), bytes=7)


def test_closed_network_says_what_to_fetch_by_hand(get, file, closed):
    urls = [f"http://127.0.0.1:{closed}/1/x.bin", f"http://127.0.0.1:{closed}/2/x.bin"]
    with pytest.raises(DownloadError) as error:
        get(*urls, patience={"retries": 1}, by_hand="ask the librarian")
    lines = str(error.value).splitlines()
    assert lines[0] == "x.bin (x): no address gave the file"
    for line, url in zip(lines[1:3], urls, strict=True):
        assert url in line
        assert "refused" in line
    assert lines[3] == f"By hand: ask the librarian, put it at {file} and run again."


@pytest.mark.parametrize("text", ["{", "[]", '{"x.bin": {"sha256": "0"}}', '{"x.bin": 3}'])
def test_damaged_lock_is_named(server, get, tmp_path, text):
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(DataError, match=r"lock\.json"):
        get(server.url())


def record(folder, start, count):
    for number in range(start, start + count):
        source = Source("x", f"{number}.bin", ("http://127.0.0.1:1/x",), "none", "nobody")
        download(source, folder / f"{number}.bin", lock=folder / "lock.json", progress=False)


def test_processes_record_at_once(tmp_path):
    for number in range(60):
        (tmp_path / f"{number}.bin").write_bytes(bytes([number]))
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=record, args=(tmp_path, start, 20)) for start in (0, 20, 40)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    entries = read_lock(tmp_path / "lock.json")
    assert {name: entry["sha256"] for name, entry in entries.items()} == {
        f"{number}.bin": hashlib.sha256(bytes([number])).hexdigest() for number in range(60)
    }


def test_progress_is_shown(server, tmp_path, capsys):
    source = Source("x", "x.bin", (server.url(),), "none", "nobody")
    download(source, tmp_path / "x.bin", lock=tmp_path / "lock.json")
    assert "x.bin: 100%" in capsys.readouterr().err
