"""What is left when a job is killed, and what is said when its input is bad."""

import os
import pickle
import signal
import subprocess
import time

import cv2
import h5py
import numpy as np
import pytest
from workspace import TARGET, Workspace

from reprise.formats.features import open_features
from reprise.reporting.evaluations import read_evaluation

pytestmark = pytest.mark.workflow

OWN_TABLE = "results/own.csv"
FEATURES = "results/features/sift_tiny/landmarks/database.h5"


@pytest.fixture
def fresh(tmp_path):
    """A workspace in which nothing was computed yet."""
    return Workspace(tmp_path / "workspace")


def features_of(space):
    with open_features(space.folder / FEATURES) as file:
        return file.names, *file.read_rows(0, len(file))


def test_sigkill_in_the_middle_of_a_chunk(fresh, finished):
    # A chunk is not named before it is killed, however seldom this process gets to look at it.
    code = fresh.folder / "src/reprise/storage/atomic.py"
    text = code.read_text()
    assert text.count("        _flush(temporary)\n") == 1
    code.write_text(text.replace("        _flush(temporary)\n", "        time.sleep(600 * ('-of-' in path.name))\n"))
    process = subprocess.Popen(
        fresh.command("--cores", "1", targets=[FEATURES]),
        cwd=fresh.folder,
        env=fresh.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    folder = (fresh.folder / FEATURES).parent
    deadline = time.monotonic() + 600
    # The temporary file is there from the first image on: the job is killed while it writes.
    while not list(folder.glob(".*.tmp*")):
        assert time.monotonic() < deadline and process.poll() is None, "the extraction never started"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)  # with its jobs, at once
    process.wait()
    code.write_text(text)
    assert not (fresh.folder / FEATURES).exists()
    fresh.snakemake("--unlock", targets=[FEATURES])
    fresh.run(targets=[FEATURES])
    assert not list(folder.glob(".*"))
    finished.run(targets=[FEATURES])
    for found, expected in zip(features_of(fresh), features_of(finished), strict=True):
        assert np.array_equal(found, expected)


def fails(space, *messages, targets=(TARGET,)):
    """The run stops, says what is wrong, and leaves no table."""
    output = space.snakemake("--cores", "2", "--keep-incomplete", targets=targets, check=False)
    for message in messages:
        assert message in output, output[-4000:]
    assert not (space.folder / TARGET).exists()
    return output


def test_an_undecodable_database_image_is_named(fresh):
    (fresh.folder / "landmarks" / "jpg" / "landmark1_2.jpg").write_bytes(b"no image")
    fails(fresh, "landmark1_2.jpg", targets=[FEATURES])


def test_images_without_features_keep_their_places_and_what_was_skipped_is_listed(fresh):
    (fresh.folder / "landmarks" / "jpg" / "landmark1_2.jpg").write_bytes(b"no image")
    cv2.imwrite(str(fresh.folder / "landmarks" / "jpg" / "landmark0_1.jpg"), np.full((144, 192, 3), 128, np.uint8))
    fresh.config["tables"]["own"] = {**fresh.config["tables"]["tiny"], "experiments": ["sift_tiny"]}
    for dataset in ("landmarks", "landmarks_list"):
        fresh.config["datasets"][dataset]["undecodable"] = "skip"
    fresh.write_config()
    fresh.run(targets=[FEATURES, "results/evaluations/sift_tiny/landmarks.json"])
    with open_features(fresh.folder / FEATURES) as file:
        assert file.skipped == ["landmark1_2"]
        for name in ("landmark1_2", "landmark0_1"):
            assert file.counts()[file.names.index(name)] == 0
        assert len(file) == 8
    path = fresh.folder / "landmarks" / "jpg" / "landmark2_1.jpg"
    path.write_bytes(path.read_bytes()[:-400])
    fresh.config["datasets"]["landmarks"]["truncated"] = "grey"
    fresh.config["datasets"]["landmarks_list"]["truncated"] = "grey"
    fresh.write_config()
    fresh.run(targets=[OWN_TABLE])
    found = read_evaluation(fresh.folder / "results/evaluations/sift_tiny/landmarks.json")
    assert found.damaged == {"could not be decoded": 1, "were truncated": 1, "have no features": 1}
    notes = (fresh.folder / OWN_TABLE).with_suffix(".md").read_text()
    for note in ("could not be decoded: 1", "were truncated: 1", "have no features: 1"):
        assert f"- landmarks, sift_tiny, images that {note}\n" in notes
    # What is allowed no longer is refused where it was allowed before, and nothing is extracted for it.
    fresh.config["datasets"]["landmarks"]["undecodable"] = "error"
    fresh.write_config()
    assert fresh.planned(targets=[OWN_TABLE]) == {"evaluate": 1, "table": 1}
    fails(fresh, "was extracted when images were allowed that could not be decoded", targets=[OWN_TABLE])


def test_to_skip_images_extracts_no_chunk_again_that_has_none(copied):
    copied.config["datasets"]["landmarks"]["undecodable"] = "skip"
    copied.write_config()
    assert copied.planned() == {"evaluate": 2, "table": 1}


def test_a_query_without_features_is_named(copied):
    cv2.imwrite(str(copied.folder / "landmarks" / "jpg" / "landmark0_0.jpg"), np.full((144, 192, 3), 128, np.uint8))
    ranking = "results/rankings/sift_tiny/landmarks.h5"
    for made in (TARGET, ranking, *(f"results/features/sift_tiny/landmarks/queries{n}.h5" for n in (".1-of-1", ""))):
        (copied.folder / made).unlink()
    fails(copied, "query 'landmark0_0' has no features", targets=[ranking])


def test_an_undecodable_query_is_named_even_where_images_may_be_skipped(fresh):
    (fresh.folder / "landmarks" / "jpg" / "landmark0_0.jpg").write_bytes(b"no image")
    fresh.config["datasets"]["landmarks"]["undecodable"] = "skip"
    fresh.write_config()
    fails(fresh, "landmark0_0.jpg", targets=["results/features/sift_tiny/landmarks/queries.h5"])


def test_a_folder_without_one_readable_image_is_named(fresh):
    for image in (fresh.folder / "landmarks" / "jpg").iterdir():
        image.write_bytes(b"no image")
    fresh.config["datasets"]["landmarks"]["undecodable"] = "skip"
    fresh.write_config()
    fails(fresh, "can be decoded; check the folder", targets=[FEATURES])


def test_a_pickle_that_would_run_a_program_is_refused(fresh):
    class Attack:
        def __reduce__(self):
            return os.system, (f"touch {fresh.folder}/hacked",)

    (fresh.folder / "landmarks" / "gnd_landmarks.pkl").write_bytes(pickle.dumps(Attack()))
    fails(fresh, "gnd_landmarks.pkl", "system", targets=[FEATURES])
    assert not (fresh.folder / "hacked").exists()


def test_features_of_another_dimension_are_refused(copied):
    with h5py.File(copied.folder / "results/codebooks/how_tiny.h5", "a") as file:
        del file["centroids"]
        file["centroids"] = np.zeros((8, 64), np.float32)
    # Without a record it is a file that somebody else put there; with one it is refused for being edited.
    (copied.folder / "results/codebooks/how_tiny.h5.job.json").unlink()
    (copied.folder / TARGET).unlink()
    fails(copied, "64", "128", targets=["results/aggregated/how_tiny/landmarks/1-of-2.h5"])


def test_a_misspelt_key_is_named_before_anything_runs(fresh):
    fresh.config["experiments"]["sift_tiny"]["asmk"]["qeury_assignments"] = 3
    fresh.write_config()
    fails(fresh, "unknown key 'qeury_assignments'; did you mean 'query_assignments'?")
    assert not (fresh.folder / "results").exists()


def test_a_missing_image_is_named(fresh):
    (fresh.folder / "landmarks" / "jpg" / "landmark1_2.jpg").unlink()
    fails(fresh, "landmark1_2.jpg", targets=[FEATURES])


def test_a_target_that_does_not_exist(fresh):
    output = fresh.snakemake("-n", targets=["results/tinny.csv"], check=False)
    assert "results/tinny.csv: no rule makes this; did you mean results/tiny.csv?" in output


def test_nothing_asked_for_lists_the_targets(fresh):
    output = fresh.snakemake("-n", targets=[])
    assert "results/table2.csv" in output and "Nothing was asked for" in output


def test_an_extension_that_is_older_than_its_sources_makes_no_number(copied):
    header = next((copied.folder / "src" / "reprise" / "asmk").glob("*.h"))
    header.write_text(header.read_text() + "\n/* changed */\n")
    (copied.folder / TARGET).unlink()
    aggregated = "results/aggregated/sift_tiny/landmarks/1-of-2.h5"
    fails(copied, "was not built from the sources beside it", targets=[aggregated])
