"""The rules that download and unpack, on a mirror under the real names, and what they say when all goes wrong."""

import functools
import hashlib
import http.server
import io
import json
import pickle
import shutil
import tarfile
import threading

import pytest
from workspace import Workspace

pytestmark = pytest.mark.workflow

OXFORD = "data/oxford5k.files.tsv"
TRUTH = "data/downloads/gnd_roxford5k.receipt.json"
ARCHIVE = "oxbuild_images-v1.tgz"
OTHER = pickle.dumps("another file")


@pytest.fixture
def mirror(tiny_mirror, tmp_path):
    """A mirror of its own for each test, which may spoil it."""
    return shutil.copytree(tiny_mirror, tmp_path / "mirror")


@pytest.fixture
def space(mirror, tmp_path):
    return Workspace(tmp_path / "workspace", {"mirror": str(mirror)})


def downloads(space):
    return space.folder / "data" / "downloads"


def fails(space, *messages, target=TRUTH):
    output = space.run(targets=[target], check=False)
    for message in messages:
        assert message in output, output[-4000:]
    assert not (space.folder / target).exists()


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_from_a_folder_and_a_second_time_nothing(space, mirror):
    space.run(targets=[OXFORD, TRUTH])
    receipt = json.loads((space.folder / TRUTH).read_text())
    assert receipt["sha256"] == sha256(mirror / "gnd_roxford5k.pkl")
    listed = dict(line.split("\t") for line in (space.folder / OXFORD).read_text().splitlines())
    found = {path.name: str(path.stat().st_size) for path in (space.folder / "data" / "oxford5k").iterdir()}
    assert listed == found and len(found) > 8
    assert space.planned(targets=[OXFORD, TRUTH]) == {}


def test_over_http(space, mirror):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=mirror)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        space.config["mirror"] = f"http://127.0.0.1:{server.server_port}"
        space.write_config()
        space.run(targets=[OXFORD])
        server.shutdown()
    assert sha256(downloads(space) / ARCHIVE) == sha256(mirror / ARCHIVE)


def test_a_file_by_hand_is_taken_and_survives(space, mirror):
    downloads(space).mkdir(parents=True)
    shutil.move(mirror / "gnd_roxford5k.pkl", downloads(space) / "gnd_roxford5k.pkl")
    space.run(targets=[TRUTH])
    assert json.loads((space.folder / TRUTH).read_text())["url"] == "by hand"


def test_a_file_by_hand_that_is_another_is_left_alone_and_named(space):
    space.run(targets=[TRUTH])
    file = downloads(space) / "gnd_roxford5k.pkl"
    expected = sha256(file)
    file.write_bytes(OTHER)
    (space.folder / TRUTH).unlink()
    fails(space, "gnd_roxford5k.pkl", expected, hashlib.sha256(OTHER).hexdigest())
    assert file.read_bytes() == OTHER


def test_a_page_by_hand_is_left_alone_and_named(space):
    file = downloads(space) / "gnd_roxford5k.pkl"
    file.parent.mkdir(parents=True)
    file.write_text("<!doctype html><html>Please log in</html>")
    fails(space, "gnd_roxford5k.pkl", "it is no pickle", "as a web page", "Move it away")
    assert file.exists() and not (downloads(space) / "lock.json").exists()


def test_a_download_with_another_hash_than_recorded(space, mirror):
    space.run(targets=[TRUTH])
    before = sha256(mirror / "gnd_roxford5k.pkl")
    (downloads(space) / "gnd_roxford5k.pkl").unlink()
    (space.folder / TRUTH).unlink()
    (mirror / "gnd_roxford5k.pkl").write_bytes(OTHER)
    fails(space, before, sha256(mirror / "gnd_roxford5k.pkl"), "delete the entry gnd_roxford5k.pkl in", "rename")
    assert not (downloads(space) / "gnd_roxford5k.pkl").exists()
    (kept,) = downloads(space).glob("gnd_roxford5k.pkl.refused-*")
    assert kept.read_bytes() == OTHER


def test_a_truncated_archive(space, mirror):
    whole = (mirror / ARCHIVE).read_bytes()
    (mirror / ARCHIVE).write_bytes(whole[: len(whole) // 2])
    fails(space, ARCHIVE, target=OXFORD)
    assert not (space.folder / "data" / "oxford5k").exists()


def test_an_archive_that_leaves_its_folder(space, mirror):
    with tarfile.open(mirror / ARCHIVE, "w:gz") as archive:
        entry = tarfile.TarInfo("../../hacked.jpg")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    fails(space, ARCHIVE, "../../hacked.jpg", target=OXFORD)
    assert not list(space.folder.parent.rglob("hacked.jpg"))


def test_one_damaged_archive_of_the_distractors_leaves_the_others_unpacked(space, mirror):
    space.config["images"] = {"revisitop1m": {"archives": ["revisitop1m_1", "revisitop1m_2"]}}
    space.write_config()
    second = mirror / "revisitop1m.2.tar.gz"
    whole = second.read_bytes()
    second.write_bytes(whole[:-20])
    manifest, first = "data/revisitop1m.files.tsv", "data/revisitop1m.archives/revisitop1m_1.files.tsv"
    fails(space, "revisitop1m.2.tar.gz: truncated or damaged", target=manifest)
    if not (space.folder / first).exists():  # it was not started before the other failed
        space.run(targets=[first])
    unpacked = {path: path.stat().st_mtime_ns for path in (space.folder / "data/revisitop1m").rglob("*.jpg")}
    assert unpacked
    second.write_bytes(whole)
    for left in (downloads(space) / second.name, downloads(space) / "revisitop1m_2.receipt.json"):
        left.unlink()
    lock = json.loads((downloads(space) / "lock.json").read_text())
    del lock[second.name]
    (downloads(space) / "lock.json").write_text(json.dumps(lock))
    assert space.planned(targets=[manifest]) == {"download": 1, "unpack_archive": 1, "list_unpacked": 1}
    space.run(targets=[manifest])
    assert {path: path.stat().st_mtime_ns for path in unpacked} == unpacked
    listed = [line.split("\t")[0] for line in (space.folder / manifest).read_text().splitlines()]
    assert listed == sorted((mirror / "revisitop1m.txt").read_text().split())


def test_the_list_of_the_distractors_is_checked_before_their_archives(space, mirror):
    space.config["images"] = {"revisitop1m": {"archives": ["revisitop1m_1", "revisitop1m_2"]}}
    space.write_config()
    (mirror / "revisitop1m.txt").write_text("Moved to another server.\n")
    fails(space, "revisitop1m.txt", "this is no list of images", target="data/revisitop1m.files.tsv")
    assert not list(downloads(space).glob("*.tar.gz"))


def test_a_mirror_without_the_file(space, mirror):
    (mirror / "gnd_roxford5k.pkl").unlink()
    fails(space, "gnd_roxford5k.pkl", "put it at data/downloads/gnd_roxford5k.pkl")


def test_a_closed_network_tells_what_to_fetch_by_hand_and_where_to_put_it(space):
    space.config["mirror"] = None
    space.write_config()
    transfer = space.folder / "src" / "reprise" / "downloads" / "transfer.py"
    hurried = transfer.read_text().replace("time.sleep(pause)", "time.sleep(0)")  # half a minute otherwise
    assert "time.sleep(0)" in hurried
    transfer.write_text(hurried)
    fails(
        space,
        "http://ptak.felk.cvut.cz/personal/toliageo/share/how/models/how_r18.pth",
        "put it at data/downloads/how_r18.pth",
        target="data/downloads/how_r18.receipt.json",
    )


def test_a_new_miniature_replaces_what_came_from_the_old_one(tmp_path):
    config = {"data": "data/mini", "output": "results/mini", "miniature": {"seed": 0}}
    space = Workspace(tmp_path / "workspace", config)
    # The full miniature takes a minute to draw; the tiny one is drawn by the same rule.
    script = space.folder / "workflow" / "scripts" / "draw_miniature.py"
    text = script.read_text().replace("seed=parameters.seed)", "seed=parameters.seed, parameters=tiny())")
    imported = "import draw_mirror\n"
    assert "tiny()" in text and imported in text
    script.write_text(text.replace(imported, f"{imported}from reprise.mini.world.sizes import tiny\n"))
    truth = "data/mini/downloads/gnd_roxford5k.receipt.json"
    space.run(targets=[truth])
    first = json.loads((space.folder / truth).read_text())["sha256"]
    space.config["miniature"]["seed"] = 1
    space.write_config()
    space.run(targets=[truth])
    assert json.loads((space.folder / truth).read_text())["sha256"] != first


def test_a_licence_that_asks_for_consent_stops_the_run_before_anything_is_fetched(space, mirror):
    """The dry run shows which; the run stops before its first job, so that nothing else is fetched either."""
    asked, receipt = [], "data/downloads/r2d2_WAF_N16.receipt.json"

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

    handler = functools.partial(Handler, directory=mirror)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        space.config["mirror"] = f"http://127.0.0.1:{server.server_port}"
        space.write_config()
        assert "that ask for consent first: r2d2;" in space.snakemake("-n", targets=[receipt, TRUTH])
        output = space.run(targets=[receipt, TRUTH], check=False)
        for part in ("r2d2_WAF_N16.pt (CC BY-NC-SA 3.0)", "naver/r2d2/blob/master/LICENSE", "accept: [r2d2]"):
            assert part in output
        assert asked == [] and not (space.folder / TRUTH).exists()
        space.config["accept"] = ["r2d2"]
        space.write_config()
        space.run(targets=[receipt, TRUTH], check=False)
        assert "/r2d2_WAF_N16.pt" in asked and (space.folder / TRUTH).exists()
        server.shutdown()
