"""pycolmap, loaded when it is needed, with errors that say what it was doing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from reprise.formats.colmap_models import ModelCamera, ModelImage
from reprise.storage.errors import DataError


def load_pycolmap() -> Any:
    """Import pycolmap; DataError where it is not installed."""
    try:
        import pycolmap
    except ImportError as error:
        raise DataError(f"pycolmap cannot be loaded: {error}") from error
    return pycolmap


@contextmanager
def explained(where: str, remedy: str) -> Iterator[None]:
    """Within the block pycolmap works on files: what it refuses becomes an error that names them.

    Args:
        where: the file or experiment
        remedy: the end of the message

    Raises:
        DataError: in place of any error of pycolmap
    """
    try:
        yield
    except DataError:
        raise
    except (RuntimeError, ValueError, IndexError, KeyError) as error:
        raise DataError(f"{where}: COLMAP refuses it ({str(error).strip()[:300]}); {remedy}") from error


def colmap_camera(camera: ModelCamera, number: int = 1) -> Any:
    """Return a camera of pycolmap, whose focal length is taken for known."""
    made = load_pycolmap().Camera(
        camera_id=number, model=camera.model, width=camera.width, height=camera.height, params=list(camera.params)
    )
    made.has_prior_focal_length = True
    return made


def colmap_pose(image: ModelImage) -> Any:
    """Return the pose of an image as pycolmap has it, from world to camera."""
    pycolmap = load_pycolmap()
    # pycolmap has quaternions as x y z w.
    return pycolmap.Rigid3d(pycolmap.Rotation3d(image.quaternion[[1, 2, 3, 0]]), image.translation)


def plain_pose(pose: Any) -> np.ndarray:
    """Return the quaternion w x y z, with w at least 0, and the translation of a pose of pycolmap: (7,)."""
    quaternion = np.asarray(pose.rotation.quat, np.float64)[[3, 0, 1, 2]]
    return np.concatenate([-quaternion if quaternion[0] < 0 else quaternion, np.asarray(pose.translation, np.float64)])
