"""The parts of a HOW network, and the scales of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass

from reprise.networks.resnet import trunk_dim
from reprise.storage.errors import DataError

MeanStd = tuple[tuple[float, float, float], tuple[float, float, float]]

SCALES = (2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25)


@dataclass(frozen=True)
class Runtime:
    """How a network was used to choose its best epoch, which its checkpoint tells; the defaults are published.

    Attributes:
        image_size: pixels of the longer side, to which larger images were shrunk
        num_features: the strongest features of each image
        scales: factors of the image pyramid
    """

    image_size: int = 1024
    num_features: int = 1000
    scales: tuple[float, ...] = SCALES


@dataclass(frozen=True)
class Settings:
    """The parts of a network.

    Attributes:
        backbone: ``resnet18``, ``resnet50`` or ``resnet101``
        skip_stages: number of last stages left out
        dim: dimensions after the reduction; None leaves the reduction out
        smoothing: odd side of the average filter, in cells; None leaves it out

    Raises:
        DataError: an attribute outside these ranges
    """

    backbone: str = "resnet18"
    skip_stages: int = 0
    dim: int | None = 128
    smoothing: int | None = 3

    def __post_init__(self) -> None:
        channels = trunk_dim(self.backbone, self.skip_stages)
        if self.dim is not None and not (_is_integer(self.dim) and 1 <= self.dim <= channels):
            raise DataError(
                f"dim: {self.dim!r} is not between 1 and {channels}, the channels of {self.backbone} without its last "
                f"{self.skip_stages} stages; None leaves the reduction out"
            )
        if self.smoothing is not None and not (_is_integer(self.smoothing) and self.smoothing % 2 == 1):
            raise DataError(f"smoothing: {self.smoothing!r} is not an odd number of cells; None leaves it out")


def check_scales(size: tuple[int, int], scales: Sequence[float], where: str) -> None:
    """Check that every scale leaves a pixel of an image.

    Args:
        size: (width, height) in pixels
        scales: factors by which the image is resized
        where: what an error begins with

    Raises:
        DataError: no scales, or one that leaves no pixel
    """
    if len(scales) == 0:
        raise DataError(f"{where}: are empty; give at least one, for example [1.0]")
    for scale in scales:
        if not scale > 0 or int(min(size) * scale) == 0:
            raise DataError(
                f"{where}: {scale} leaves no pixel of an image of {size[0]} x {size[1]}; leave the scale or the image "
                "out"
            )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
