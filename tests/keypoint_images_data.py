"""A small folder of images with styles and keypoints, as MegaDepth has them: textures, negatives, and corners."""

import pickle

import cv2
import numpy as np
from PIL import Image

SIDE = 72


def texture(random, side=SIDE):
    """An image (side, side, 3) uint8 of soft spots in many colours."""
    spots = cv2.GaussianBlur(random.random((side, side, 3)).astype(np.float32), (0, 0), 1.5)
    return np.clip((spots - spots.mean()) * 600 + 128, 0, 255).astype(np.uint8)


def corners(image, count=60):
    """Its corners, (n, 3) float32 x, y, 1."""
    found = cv2.goodFeaturesToTrack(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), count, 0.01, 3)[:, 0]
    return np.column_stack([found, np.ones(len(found), np.float32)])


def write_keypoint_images(root, counts=(("train", 6), ("test", 3)), seed=0):
    """Write the folder, and return it."""
    random = np.random.default_rng(seed)
    for split, count in counts:
        for number in range(count):
            name, image = f"000{number % 2}/dense0/imgs/{split}{number}", texture(random)
            write_image(root / f"MegaDepth/{split}/{name}.jpg", image)
            if split == "train" and number:  # one of them has no copy in another style
                write_image(root / f"MegaDepth-stylized/{split}/{name}.jpg", 255 - image)
            write_points(root / f"MegaDepth-light-features/kpts/superpoint/{name}.pkl", corners(image))
    return root


def write_image(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, quality=95)


def write_points(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content))
