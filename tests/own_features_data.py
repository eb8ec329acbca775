"""Features of the small workspace as another program would write them."""

from pathlib import Path

import h5py
import numpy as np

from reprise.extractors import load_extractor
from reprise.untrusted.pickles import load_pickle


def write_features(folder: Path) -> None:
    """Write RootSIFT to an HDF5 file in the layout of hloc, and means of it, one NumPy file for each image.

    They are those of ``sift_tiny`` of the workspace in ``folder``; of queries, of the images cut to their boxes.
    """
    extractor = load_extractor("rootsift", image_size=None, num_features=300)
    truth = load_pickle(folder / "landmarks" / "gnd_landmarks.pkl")
    boxes = {name: entry["bbx"] for name, entry in zip(truth["qimlist"], truth["gnd"], strict=True)}
    for split in ("database", "queries", "vectors"):
        (folder / "theirs" / split).mkdir(parents=True)
    with h5py.File(folder / "theirs" / "local.h5", "w") as file:
        for name in [*truth["imlist"], *truth["qimlist"]]:
            found = extractor.extract(folder / "landmarks" / "jpg" / f"{name}.jpg", boxes.get(name))
            corner = np.array(boxes.get(name, (0, 0))[:2])
            group = file.create_group(f"{name}.jpg")
            group["keypoints"] = found.keypoints - 0.5 - corner
            group["descriptors"], group["scores"] = found.descriptors.T, found.scores
            for split in ("queries" if name in boxes else "database", "vectors"):
                np.save(folder / "theirs" / split / f"{name}.npy", 3 * found.descriptors.mean(axis=0))
