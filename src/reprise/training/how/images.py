"""Training images: decoded by threads while the network works."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch

from reprise.datasets.images import ImageList
from reprise.images.prepare_how import prepare
from reprise.images.tensors import to_tensor
from reprise.networks.how import HOW
from reprise.storage.ahead import read_ahead
from reprise.storage.errors import DataError

_AHEAD = 4


def load_ahead(paths: Iterable[Path], network: HOW, image_size: int, workers: int) -> Iterator[torch.Tensor]:
    """Yield images as a network takes them; only a few are in memory.

    Args:
        paths: the images
        network: whose mean and standard deviation of pixels they are normalised with
        image_size: pixels of the longer side, to which larger images are shrunk
        workers: threads that decode

    Yields:
        (1, 3, H, W) float32, in order

    Raises:
        DataError: an image that cannot be decoded
    """

    def load(path: Path) -> torch.Tensor:
        return to_tensor(prepare(path, None, image_size).pixels, *network.mean_std)

    for future in read_ahead(load, ((path,) for path in paths), workers=workers, ahead=workers + _AHEAD):
        yield future.result()


def check_files(images: ImageList) -> None:
    """Check that every image is there: an epoch meets only some of them, and the missing one perhaps late.

    Raises:
        DataError: naming the first that is missing, and how many are
    """
    missing = [path for path in images.paths if not path.is_file()]
    if missing:
        raise DataError(
            f"{missing[0]}: there is no such image; {len(missing)} of {len(images)} are missing. Unpack the archive "
            "again, or take them out of the database"
        )
