"""What the examples of the documentation are run with: small arrays and files under the names that the pages use."""

from pathlib import Path

import cv2
import numpy as np
from paths import ROOT


def readme(folder: Path) -> dict:
    """Descriptors of 100 images, and of two queries among them."""
    descriptors = np.random.default_rng(0).standard_normal((2000, 16), np.float32)
    image_ids = np.repeat(np.arange(100), 20)
    return {
        "descriptors": descriptors, "image_ids": image_ids,
        "query_descriptors": descriptors[:40], "query_ids": image_ids[:40],
        "ground_truth": [{"easy": [query], "hard": [query + 2]} for query in (0, 1)],
    }  # fmt: skip


def first_run(folder: Path) -> dict:
    """The ranking that the miniature ends with."""
    from reprise.formats.rankings import ALL, RankedList, Ranking, write_ranking

    path = folder / "results/mini/rankings/how_r18_1000/roxford5k.h5"
    path.parent.mkdir(parents=True)
    ranked = RankedList(np.array([[1, 0]]), np.array([[0.5, 0.25]]))
    write_ranking(path, Ranking(["query"], ["first", "second"], {ALL: ranked}), {})
    return {}


def ames(folder: Path) -> dict:
    """The entry points, and descriptors of a query and two images."""
    import torch

    (folder / "hubconf.py").symlink_to(ROOT / "hubconf.py")
    return {"query": torch.randn(2, 5, 768), "database": torch.randn(2, 7, 768)}


def matching(folder: Path) -> dict:
    """A photograph, random weights in the published layouts, and features of two images."""
    from reprise.networks import HNDesc, SuperPoint

    rng = np.random.default_rng(0)
    cv2.imwrite(str(folder / "image.jpg"), rng.integers(0, 255, (96, 128, 3), np.uint8))
    HNDesc().save_checkpoint(folder / "hndesc_caps_MP_st.pth")
    SuperPoint().save_checkpoint(folder / "superpoint_v1.pth")
    keypoints, descriptors = rng.uniform(0, 100, (2, 30, 2)), rng.standard_normal((2, 30, 8), np.float32)
    names = "keypoints_a", "keypoints_b", "descriptors_a", "descriptors_b"
    return dict(zip(names, [*keypoints, *descriptors], strict=True))


def patches(folder: Path) -> dict:
    """Random weights, and patches of two sizes."""
    from reprise.networks import HardNet

    HardNet().save_checkpoint(folder / "checkpoint_liberty_with_aug.pth")
    return {"patches": np.random.default_rng(0).integers(0, 255, (3, 65, 65), np.uint8)}


# Page -> what makes its files in the working directory, and returns the names that its examples take for granted.
PREPARED = {
    "README.md": readme,
    "docs/ames.md": ames,
    "docs/first-run.md": first_run,
    "docs/matching.md": matching,
    "docs/patches.md": patches,
}
