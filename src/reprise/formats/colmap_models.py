"""COLMAP's binary models: cameras.bin, images.bin and points3D.bin, read by bounds and written by these functions.

Such files come from the internet: every count is compared with the bytes that are left before anything of that size
is made, and whatever does not fit is an error that names the file. All numbers are little-endian.

Source: the format of COLMAP (Schoenberger and Frahm, Structure-from-Motion Revisited, CVPR 2016), versions 3.x and 4.x.
"""

import mmap
import os
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.storage.arguments import quoted
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.os_errors import system_error

#: The name of each camera model and the number of its parameters, by the number that files have.
CAMERA_MODELS = {
    0: ("SIMPLE_PINHOLE", 3),
    1: ("PINHOLE", 4),
    2: ("SIMPLE_RADIAL", 4),
    3: ("RADIAL", 5),
    4: ("OPENCV", 8),
    5: ("OPENCV_FISHEYE", 8),
    6: ("FULL_OPENCV", 12),
    7: ("FOV", 5),
    8: ("SIMPLE_RADIAL_FISHEYE", 4),
    9: ("RADIAL_FISHEYE", 5),
    10: ("THIN_PRISM_FISHEYE", 12),
}
PARAMETER_COUNTS = dict(CAMERA_MODELS.values())
CAMERAS, IMAGES, POINTS = "cameras.bin", "images.bin", "points3D.bin"
#: The files of a model of COLMAP 3.12 and later.
MODEL_FILES = (CAMERAS, IMAGES, POINTS, "rigs.bin", "frames.bin")
#: The point of a keypoint that has none.
NO_POINT = -1

_REMEDY = "copy or download the model again"
_LONGEST_NAME = 4096  # bytes
_LARGEST_SIDE = 1 << 20  # pixels
_OBSERVATION = np.dtype([("x", "<f8"), ("y", "<f8"), ("point", "<i8")])
_TRACK = np.dtype([("image", "<u4"), ("keypoint", "<u4")])


@dataclass(frozen=True)
class ModelCamera:
    """A camera as COLMAP describes it.

    Attributes:
        model: a name of ``CAMERA_MODELS``
        width: in pixels
        height: in pixels
        params: in the order of the model: focal lengths, principal point, distortion; in pixels, where the centre of
            the first pixel is at (0.5, 0.5)
    """

    model: str
    width: int
    height: int
    params: tuple[float, ...]


@dataclass(frozen=True)
class ModelImage:
    """An image with a known pose.

    Attributes:
        name: its path below the folder of the images
        camera: the number of its camera
        quaternion: (4,) w x y z, unit length, of the rotation from world to camera
        translation: (3,) from world to camera, in the unit of the model
        keypoints: (n, 2) pixels; None where observations were not read
        points: (n,) int64, the number of the 3-D point of each keypoint, ``NO_POINT`` without one; None as above
    """

    name: str
    camera: int
    quaternion: np.ndarray
    translation: np.ndarray
    keypoints: np.ndarray | None = None
    points: np.ndarray | None = None


@dataclass(frozen=True)
class ModelPoints:
    """3-D points.

    Attributes:
        ids: (n,) int64
        positions: (n, 3) in the unit of the model
        tracks: the images (by number) and keypoints that show each point, (m, 2) int64
    """

    ids: np.ndarray
    positions: np.ndarray
    tracks: Sequence[np.ndarray]


def check_camera(camera: ModelCamera, where: str) -> ModelCamera:
    """Return the camera; DataError for an unknown model, another number of parameters, or values that mean nothing."""
    if camera.model not in PARAMETER_COUNTS:
        raise unknown_name(f"{where}: camera model", camera.model, PARAMETER_COUNTS)
    count = PARAMETER_COUNTS[camera.model]
    if len(camera.params) != count:
        raise DataError(
            f"{where}: a camera {camera.model} has {count} parameters, found {len(camera.params)}; correct the entry"
        )
    if not (0 < camera.width < _LARGEST_SIDE and 0 < camera.height < _LARGEST_SIDE):
        raise DataError(f"{where}: an image of {camera.width} x {camera.height} pixels; correct the entry")
    if not np.isfinite(camera.params).all() or camera.params[0] <= 0:
        raise DataError(
            f"{where}: {quoted(camera.params)} are no parameters of a camera (numbers, and a focal length above 0); "
            "correct the entry"
        )
    return camera


def read_cameras(path: str | os.PathLike) -> dict[int, ModelCamera]:
    """Read cameras.bin.

    Returns:
        the cameras by their numbers, ascending

    Raises:
        DataError: no such file, one that is truncated or of another form, or a camera model that is not known
    """
    cameras: dict[int, ModelCamera] = {}
    with _opened(path) as file:
        for _ in range(file.count(24)):
            number, kind, width, height = file.take("<IiQQ")
            if kind not in CAMERA_MODELS:
                raise DataError(f"{path}: camera {number} has the model number {kind}, which is not known; {_REMEDY}")
            name, length = CAMERA_MODELS[kind]
            camera = ModelCamera(name, width, height, file.take(f"<{length}d"))
            if number in cameras:
                raise DataError(f"{path}: camera {number} is listed twice; {_REMEDY}")
            cameras[number] = check_camera(camera, f"{path}: camera {number}")
        file.end()
    return dict(sorted(cameras.items()))


def read_images(
    path: str | os.PathLike, cameras: Collection[int], *, observations: bool = False
) -> dict[int, ModelImage]:
    """Read images.bin.

    Args:
        path: the file
        cameras: the numbers of cameras that exist
        observations: read the keypoints and their points, too; otherwise they are passed over

    Returns:
        the images by their numbers, ascending

    Raises:
        DataError: no such file, one that is truncated or of another form, an image without a camera, or two of one name
    """
    images: dict[int, ModelImage] = {}
    names: set[str] = set()
    with _opened(path) as file:
        for _ in range(file.count(73)):
            number, *pose, camera = file.take("<I7dI")
            image = _posed(file.text(), camera, np.array(pose), f"{path}: image {number}")
            if image.camera not in cameras:
                raise DataError(f"{path}: '{image.name}' has the camera {camera}, which {CAMERAS} has not; {_REMEDY}")
            if number in images or image.name in names:
                raise DataError(f"{path}: image {number}, '{image.name}', is listed twice; {_REMEDY}")
            seen = file.rows(_OBSERVATION, file.count(_OBSERVATION.itemsize), skip=not observations)
            if seen is not None:
                if seen["point"].min(initial=NO_POINT) < NO_POINT:
                    raise DataError(f"{path}: '{image.name}' shows a point whose number is below 0; {_REMEDY}")
                keypoints = np.stack([seen["x"], seen["y"]], axis=1)
                image = ModelImage(**{**vars(image), "keypoints": keypoints, "points": seen["point"].copy()})
            images[number] = image
            names.add(image.name)
        file.end()
    return dict(sorted(images.items()))


def read_points(path: str | os.PathLike, *, tracks: bool = True) -> ModelPoints:
    """Read points3D.bin.

    Args:
        path: the file
        tracks: read which keypoints show each point, too; otherwise there are none

    Raises:
        DataError: no such file, or one that is truncated or of another form
    """
    ids, positions, shown = [], [], []
    with _opened(path) as file:
        for _ in range(file.count(51)):
            number, *position = file.take("<Q3d3xd")
            ids.append(number)
            positions.append(position[:3])
            track = file.rows(_TRACK, file.count(_TRACK.itemsize), skip=not tracks)
            if track is not None:
                shown.append(np.stack([track["image"], track["keypoint"]], axis=1).astype(np.int64))
        file.end()
    points = np.array(positions).reshape(-1, 3)
    if not np.isfinite(points).all() or len(set(ids)) < len(ids) or max(ids, default=0) >= 1 << 63:
        raise DataError(f"{path}: a point is listed twice, or has no finite position; {_REMEDY}")
    return ModelPoints(np.array(ids, np.int64), points, shown)


def write_cameras(path: str | os.PathLike, cameras: Mapping[int, ModelCamera]) -> None:
    """Write cameras.bin, atomically."""
    numbers = {name: number for number, (name, _) in CAMERA_MODELS.items()}
    parts = [struct.pack("<Q", len(cameras))]
    for number, camera in cameras.items():
        check_camera(camera, f"{path}: camera {number}")
        parts.append(struct.pack("<IiQQ", number, numbers[camera.model], camera.width, camera.height))
        parts.append(struct.pack(f"<{len(camera.params)}d", *camera.params))
    _write(path, parts)


def write_images(path: str | os.PathLike, images: Mapping[int, ModelImage]) -> None:
    """Write images.bin, atomically; images without observations have no keypoints."""
    parts = [struct.pack("<Q", len(images))]
    for number, image in images.items():
        count = 0 if image.keypoints is None else len(image.keypoints)
        seen = np.zeros(count, _OBSERVATION)
        if image.keypoints is not None and image.points is not None:
            seen["x"], seen["y"], seen["point"] = image.keypoints[:, 0], image.keypoints[:, 1], image.points
        parts.append(struct.pack("<I7dI", number, *image.quaternion, *image.translation, image.camera))
        parts += [image.name.encode() + b"\0", struct.pack("<Q", count), seen.tobytes()]
    _write(path, parts)


def write_points(path: str | os.PathLike, points: ModelPoints) -> None:
    """Write points3D.bin, atomically; points are grey, and their errors unknown."""
    parts = [struct.pack("<Q", len(points.ids))]
    for number, position, track in zip(points.ids.tolist(), points.positions, points.tracks, strict=True):
        parts.append(struct.pack("<Q3d3Bd", number, *position, 128, 128, 128, -1.0))
        parts += [struct.pack("<Q", len(track)), np.ascontiguousarray(track, "<u4").tobytes()]
    _write(path, parts)


def _posed(name: str, camera: int, pose: np.ndarray, where: str) -> ModelImage:
    length = np.linalg.norm(pose[:4])
    if not np.isfinite(pose).all() or not 0.5 < length < 2:
        raise DataError(f"{where}: {quoted(pose.tolist())} is no quaternion of unit length and translation; {_REMEDY}")
    return ModelImage(name, camera, pose[:4] / length, pose[4:])


def _write(path: str | os.PathLike, parts: Sequence[bytes]) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"".join(parts))


class _Cursor:
    """Reads a file from its beginning to its end, never beyond it."""

    def __init__(self, path: str | os.PathLike, content: mmap.mmap) -> None:
        self._path, self._content, self._place = path, content, 0

    def take(self, form: str) -> tuple:
        """Read values of a form of :mod:`struct`."""
        size = struct.calcsize(form)
        self._require(size)
        values = struct.unpack_from(form, self._content, self._place)
        self._place += size
        return values

    def count(self, size: int) -> int:
        """Read the number of entries that follow, of at least ``size`` bytes each."""
        (number,) = self.take("<Q")
        self._require(number * size)
        return int(number)

    def text(self) -> str:
        """Read a text that ends with a zero."""
        end = self._content.find(b"\0", self._place, self._place + _LONGEST_NAME)
        if end < 0:
            raise DataError(f"{self._path}: the name at byte {self._place} has no end; {_REMEDY}")
        content = self._content[self._place : end]
        self._place = end + 1
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path}: {quoted(content)} is no name of an image in UTF-8; {_REMEDY}") from error

    def rows(self, dtype: np.dtype, number: int, *, skip: bool = False) -> np.ndarray | None:
        """Read a number of rows, or pass over them and return None."""
        start, self._place = self._place, self._place + number * dtype.itemsize
        return None if skip else np.frombuffer(self._content[start : self._place], dtype)

    def end(self) -> None:
        """Refuse anything that follows."""
        if self._place != len(self._content):
            raise DataError(
                f"{self._path}: has {len(self._content) - self._place} bytes more than it describes; {_REMEDY}"
            )

    def _require(self, size: int) -> None:
        if size > len(self._content) - self._place:
            raise DataError(
                f"{self._path}: ends at byte {len(self._content)}, within what begins at byte {self._place}; it is "
                f"truncated, or no file of a COLMAP model; {_REMEDY}"
            )


@contextmanager
def _opened(path: str | os.PathLike) -> Iterator[_Cursor]:
    if not Path(path).is_file():
        raise DataError(f"{path}: there is no such file; it should be part of a COLMAP model in binary form")
    try:
        with Path(path).open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise DataError(f"{path}: is empty; {_REMEDY}")
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                yield _Cursor(path, content)
    except OSError as error:
        raise system_error(path, error) or error from error
