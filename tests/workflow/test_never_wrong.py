"""Nothing is built on files that were made otherwise than the configuration says, and no error cuts the graph."""

import os
import shutil

import h5py
import pytest
from workspace import TARGET

pytestmark = pytest.mark.workflow

OTHER = "results/other.csv"
STRANGER = "landmarks/jpg/landmark3_2.jpg"


def ask_for_another_table(space):
    """A second table of the same experiments, which builds on what the first one left."""
    space.config["tables"]["other"] = {**space.config["tables"]["tiny"], "title": "Other"}
    space.write_config()


def refused(space, *arguments, targets=(TARGET,)):
    """The run stops before anything is made anew."""
    before = (space.folder / TARGET).read_bytes()
    output = space.snakemake("--cores", "2", *arguments, targets=targets, check=False)
    assert (space.folder / TARGET).read_bytes() == before and not (space.folder / OTHER).exists()
    return output


@pytest.mark.parametrize(
    "path, key, kind",
    [
        ("landmarks/gnd_landmarks.pkl", "datasets.landmarks.folder", "file"),
        ("landmarks/list.txt", "datasets.landmarks_list.list", "file"),
        ("landmarks/jpg", "datasets.landmarks.folder", "folder"),
        ("others", "datasets.others.folder", "folder"),
        ("landmarks/pairs.pkl", "datasets.landmarks_pairs.index", "file"),
    ],
)
def test_data_that_is_not_there_is_named_whatever_else_has_changed(copied, path, key, kind):
    (copied.folder / path).rename(copied.folder / "away")
    copied.config["experiments"]["sift_tiny"]["num_features"] = 30
    copied.write_config()
    for arguments in ((), ("-F",), ("-n",)):
        assert f"config.{key}: there is no {kind} " in refused(copied, *arguments)


def test_a_key_that_an_overlay_gives_twice_is_refused(copied):
    overlay = copied.folder / "tiny.yaml"
    overlay.write_text(overlay.read_text() + "experiments: {}\n")
    assert "tiny.yaml: not valid YAML: key given twice: experiments" in refused(copied)


@pytest.mark.parametrize(
    "file, function",
    [("asmk.smk", "experiment_queries"), ("extraction.smk", "extraction_inputs"), ("tables.smk", "evaluated_features")],
)
def test_an_error_in_an_input_function_ends_the_run(copied, file, function):
    rules = copied.folder / "rules" / file
    rules.write_text(
        rules.read_text().replace(f"def {function}(wildcards):\n", f"def {function}(wildcards):\n    1 / 0\n")
    )
    copied.config["experiments"]["sift_tiny"]["num_features"] = 30
    copied.write_config()
    for arguments in ((), ("-n",)):
        output = refused(copied, *arguments)
        assert "ZeroDivisionError: division by zero" in output and "Nothing was run." in output


def touched(space):
    space.snakemake("--cores", "1", "--touch")


def forgotten(space):
    shutil.rmtree(space.folder / ".snakemake")


@pytest.mark.parametrize(
    "how, arguments",
    [(None, ("--rerun-triggers", "mtime")), (forgotten, ()), (touched, ())],
    ids=["rerun-triggers", "no records of Snakemake", "touch"],
)
@pytest.mark.parametrize(
    "path, value, message",
    [
        (("experiments", "sift_tiny", "asmk", "alpha"), 1.0, "rankings/sift_tiny/landmarks.h5: alpha 3.0 -> 1.0"),
        (("codebooks", "sift_tiny", "seed"), 7, "codebooks/sift_tiny.h5: codebook seed 1 -> 7"),
    ],
    ids=["alpha", "seed"],
)
def test_a_new_table_is_not_built_on_what_was_made_with_other_settings(copied, how, arguments, path, value, message):
    ask_for_another_table(copied)
    *keys, last = path
    entry = copied.config
    for key in keys:
        entry = entry[key]
    entry[last] = value
    copied.write_config()
    if how:
        how(copied)
    output = refused(copied, *arguments, targets=[OTHER])
    assert message in output and "Nothing was run" in output


def test_what_was_made_as_the_configuration_says_is_built_on_without_snakemakes_records(copied):
    ask_for_another_table(copied)
    forgotten(copied)
    copied.run(targets=[OTHER])
    numbers = [line.split(",")[1:] for line in (copied.folder / TARGET).read_text().splitlines()]
    assert numbers == [line.split(",")[1:] for line in (copied.folder / OTHER).read_text().splitlines()]


@pytest.mark.parametrize("same_size", [False, True])
def test_an_image_of_ones_own_that_is_replaced_is_extracted_again(copied, same_size):
    path = copied.folder / STRANGER
    other = (copied.folder / "landmarks/jpg/landmark0_1.jpg").read_bytes()
    before = path.stat()
    path.write_bytes((other + bytes(before.st_size))[: before.st_size] if same_size else other)
    planned = copied.planned()
    # The chunk that has it, of both lists and by both extractors; not the other chunk, nor the queries.
    assert planned["extract_chunk"] == 4 and planned["table"] == 1


def test_an_image_that_a_network_was_trained_on_trains_it_again(copied):
    images = [path for path in sorted((copied.folder / "landmarks/ims").rglob("*")) if path.is_file()]
    images[0].write_bytes(images[-1].read_bytes())
    network = copied.folder / "results/models/how_tiny/best.pth"
    before = network.read_bytes()
    assert copied.planned()["train_how"] == 1
    copied.run()
    # It begins anew, and does not go on with the state of the finished training, which was one of other images.
    assert network.read_bytes() != before
    assert copied.planned() == {}


def test_an_image_of_ones_own_keeps_its_features_when_another_is_added_to_the_folder(copied):
    shutil.copy(copied.folder / STRANGER, copied.folder / "landmarks/jpg/new.jpg")
    assert copied.planned() == {}


def test_an_image_that_is_missing_is_an_error_though_undecodable_ones_are_skipped(copied):
    (copied.folder / STRANGER).unlink()
    copied.config["datasets"]["landmarks"]["undecodable"] = "skip"
    copied.write_config()
    assert f"{STRANGER}: cannot be read" in refused(copied)


def test_a_new_table_does_not_forgive_an_image_that_changed(copied):
    ask_for_another_table(copied)
    later = (copied.folder / STRANGER).stat().st_mtime + 100
    os.utime(copied.folder / STRANGER, (later, later))
    output = refused(copied, "--rerun-triggers", "mtime", targets=[OTHER])
    assert "images hash" in output


def damage(path, *, keep_time):
    """Flip 8 bytes in the middle of a file, or of the centroids in it, and keep its size."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    if path.parent.name == "codebooks":
        with h5py.File(path) as file:
            middle = content.index(file["centroids"][3].tobytes())
    content[middle : middle + 8] = bytes(byte ^ 255 for byte in content[middle : middle + 8])
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "file, message",
    [
        ("codebooks/sift_tiny.h5", "codebooks/sift_tiny.h5: 'centroids' cannot be used"),
        ("indexes/sift_tiny/landmarks/vectors.npy", "vectors.npy: its checksum is not the one in index.json"),
        ("indexes/sift_tiny/landmarks/image_ids.npy", "image_ids.npy: its checksum is not the one in index.json"),
    ],
)
def test_damaged_files_whose_time_is_kept_are_refused_when_they_are_read(copied, file, message):
    damage(copied.folder / "results" / file, keep_time=True)
    copied.config["experiments"]["sift_tiny"]["asmk"]["alpha"] = 2.0
    copied.write_config()
    assert message in refused(copied)


@pytest.mark.parametrize("file", ["rankings/sift_tiny/landmarks.h5", "evaluations/sift_tiny/landmarks.json"])
def test_edited_files_are_refused_where_they_are_used(copied, file):
    ask_for_another_table(copied)
    damage(copied.folder / "results" / file, keep_time=False)
    assert f"results/{file}: is not what its job wrote" in refused(copied, targets=[OTHER])


def test_a_new_time_of_the_same_content_is_no_change(copied):
    ask_for_another_table(copied)
    for path in (copied.folder / "results").rglob("*.h5"):
        os.utime(path)
    copied.snakemake("--cores", "2", "--rerun-triggers", "params", targets=[OTHER])
