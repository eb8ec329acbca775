"""Previews: small JPEG files of the images that a gallery shows."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.images.decoding import decode
from reprise.images.stretching import oriented
from reprise.storage.errors import DataError

_log = logging.getLogger(__name__)
_QUALITY = 80
Size = list[int]


def write_previews(
    folder: str | os.PathLike,
    images: ImageList,
    letter: str,
    pixels: int,
    threads: int | None = None,
    *,
    exif: str | None = None,
) -> list[Size | None]:
    """Write previews ``<letter>0.jpg``, ``<letter>1.jpg`` ... of images.

    Args:
        folder: an existing folder
        images: the images
        letter: what file names begin with
        pixels: longer side of a preview; smaller images keep their size
        threads: number of images that are read at the same time
        exif: "apply" rotates images as EXIF says; else they are as they are stored

    Returns:
        width and height of every image in pixels; None for one that cannot be decoded, which has no preview
    """

    def write(number: int) -> Size | None:
        path = images.paths[number]
        try:
            image = decode(path, "RGB")
            image = oriented(image, path, "apply") if exif == "apply" else image
        except DataError as error:
            _log.warning("no preview: %s", error)
            return None
        size = list(image.size)
        image.thumbnail((pixels, pixels), Image.Resampling.BICUBIC, reducing_gap=2.0)
        image.save(Path(folder) / f"{letter}{number}.jpg", quality=_QUALITY, optimize=True)
        return size

    with ThreadPoolExecutor(threads) as pool:
        return list(tqdm(pool.map(write, range(len(images))), total=len(images), desc="previews", unit="image"))
