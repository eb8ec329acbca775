"""Oxford and Paris: image archives, revisited and classic ground truth, the latter as pickles and as text files."""

from pathlib import Path

from reprise.mini.releases.drawn import DrawnScene, Scenes
from reprise.mini.releases.pickled import classic_ground_truth, revisited_ground_truth
from reprise.mini.releases.query_texts import query_texts
from reprise.mini.releases.writing import Release, cameras_of, write_files
from reprise.mini.world.sizes import MiniParameters


def write_oxford(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write one archive with all images in its root, and the ground truth."""
    oxford = scenes["roxford5k"]
    archives = {
        "oxbuild_images-v1.tgz": [(f"{i.name}.jpg", i.content) for scene in oxford for i in scene.images],
        "gt_files_170407.tgz": query_texts(oxford, "oxc1_"),
    }
    return _write_landmarks(folder, "oxford5k", oxford, archives)


def write_paris(folder: Path, scenes: Scenes, seed: int, parameters: MiniParameters) -> Release:
    """Write two archives with a folder for each landmark, and the ground truth."""
    paris = scenes["rparis6k"]
    half = (len(paris) + 1) // 2
    archives = {
        f"paris_{number}-v1.tgz": [(f"paris/{s.name}/{i.name}.jpg", i.content) for s in part for i in s.images]
        for number, part in ((1, paris[:half]), (2, paris[half:]))
    } | {"paris_120310.tgz": query_texts(paris, "")}
    return _write_landmarks(folder, "paris6k", paris, archives)


def _write_landmarks(folder: Path, name: str, scenes: list[DrawnScene], archives: dict) -> Release:
    pickles = {
        f"gnd_{name}.pkl": classic_ground_truth(scenes),
        f"gnd_r{name}.pkl": revisited_ground_truth(scenes),
    }
    images = (image for scene in scenes for image in scene.images)
    return Release(write_files(folder, archives, pickles), {name: cameras_of(images, lambda image: image.name)})
