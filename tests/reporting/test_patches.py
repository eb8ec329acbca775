"""The evaluation of described patches, from the files of the tiny miniature."""

import zipfile

import h5py
import numpy as np
import pytest

from reprise.datasets.patch_sets import images_of_patches
from reprise.datasets.phototour import read_phototour
from reprise.descriptors.registry import load_patch_descriptor
from reprise.evaluation import fpr95
from reprise.formats.described_patches import DescribedPatches, write_described
from reprise.reporting.patches import evaluate_patches
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def described(tiny_mirror, tmp_path_factory):
    """Descriptions of the datasets, and files of their RootSIFT."""
    folder = tmp_path_factory.mktemp("patches")
    descriptions = {"liberty": {"layout": "phototour", "images": str(folder / "liberty")}}
    for split in ("full", "a"):
        lists = {key: str(tiny_mirror / f"retr_{key}_split-{split}.csv") for key in ("queries", "distractors")}
        descriptions[split] = {
            "layout": "hpatches", "images": str(folder / "hpatches"), "split": split, "pairs": 400,
            "index": str(tiny_mirror / "utils/splits.json"), **lists,
        }  # fmt: skip
    for archive, name in (("patchdata/liberty", "liberty"), ("hpatches-release", "hpatches")):
        zipfile.ZipFile(tiny_mirror / f"{archive}.zip").extractall(folder / name)
    describe = load_patch_descriptor({"type": "rootsift"})
    files = {}
    for name, description in (("liberty", descriptions["liberty"]), ("hpatches", descriptions["full"])):
        files[name] = folder / f"{name}.h5"
        images = ((image, describe(patches)) for image, patches in images_of_patches(description))
        write_described(files[name], images, {"recipe": "x"})
    return descriptions, files


def scores(evaluation):
    return {(score.metric, score.group): score.value for score in evaluation.scores}


def test_fpr95_is_that_of_the_pairs(described):
    descriptions, files = described
    (score,) = evaluate_patches(files["liberty"], descriptions["liberty"]).scores
    tour = read_phototour(descriptions["liberty"]["images"])
    vectors = load_patch_descriptor({"type": "rootsift"})(tour.patches)
    first, second = vectors[tour.pairs[:, :2].T].astype(float)
    assert score.value == pytest.approx(100 * fpr95(tour.pairs[:, 2], np.linalg.norm(first - second, axis=1)))
    assert (score.metric, score.group, score.unit, score.higher_is_better) == ("FPR95", "all", "%", False)


def test_every_number_of_the_literature_has_a_name(described):
    descriptions, files = described
    found = scores(evaluate_patches(files["hpatches"], descriptions["full"]))
    pools = [f"retrieval@{k}" for k in (100, 500, 1000, 5000, 10000, 15000, 20000)]
    lists = [f"retrieval {area}, {n} distractors" for area in ("AUC", "AP") for n in (2000, "all")]
    several = ["verification", "matching", "retrieval, mean of pools", *pools, *lists]
    expected = {(metric, group) for metric in several for group in ("all", "easy", "hard", "tough")}
    expected |= {("matching, kinds weighted equally", "all")}
    levels = ("easy", "hard", "tough")
    other = ("matching success", "verification AUC, intra", "verification AUC, inter")
    expected |= {(metric, level) for metric in other for level in levels}
    assert set(found) == expected
    for metric in several:
        assert found[metric, "all"] == pytest.approx(np.mean([found[metric, level] for level in levels]))
        assert found[metric, "easy"] > found[metric, "tough"]


def test_normalisations_change_numbers(described):
    descriptions, files = described
    plain, python, matlab = (
        scores(evaluate_patches(files["hpatches"], descriptions["a"], kind, 0.25))
        for kind in ("none", "python", "matlab")
    )
    assert len({values["matching", "all"] for values in (plain, python, matlab)}) == 3
    with pytest.raises(DataError, match="the split full has no training sequences"):
        evaluate_patches(files["hpatches"], descriptions["full"], "python")


def test_files_of_other_patches(described, tmp_path):
    descriptions, files = described
    with pytest.raises(DataError, match=r"splits\.json: split: unknown name 'fall'; did you mean 'full'"):
        evaluate_patches(files["hpatches"], {**descriptions["full"], "split": "fall"})
    with pytest.raises(DataError, match=r"has no sequence .*, which is in the split full; unpack its archive"):
        evaluate_patches(files["liberty"], descriptions["full"])
    with h5py.File(files["hpatches"]) as file:
        sequence = next(iter(file))
        kept = {f"{key}/{name}": np.array(v) for key, group in file.items() for name, v in group.items()}
    del kept[f"{sequence}/e3"]
    write_described(tmp_path / "some.h5", kept.items(), {})
    with pytest.raises(DataError, match=rf"some\.h5: descriptors: there are none of {sequence}/e3"):
        evaluate_patches(tmp_path / "some.h5", descriptions["full"])
    write_described(tmp_path / "few.h5", [("pairs", np.zeros((3, 128)))], {})
    with pytest.raises(DataError, match=r"few\.h5: has descriptors of 3 patches"):
        evaluate_patches(tmp_path / "few.h5", descriptions["liberty"])
    with pytest.raises(DataError, match=r"bad\.h5: the descriptors of pairs are not finite"):
        write_described(tmp_path / "bad.h5", [("pairs", np.full((3, 128), np.nan))], {})
    with pytest.raises(DataError, match="there is no such file"):
        DescribedPatches(tmp_path / "none.h5")
