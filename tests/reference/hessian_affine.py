"""Hessian-affine regions and SIFT, written plainly: one keypoint and one pixel after the other where speed allows.

Perdoch, Chum and Matas, CVPR 2009; Mikolajczyk and Schmid, IJCV 2004; Baumberg, CVPR 2000. Coordinates are those of the
published program: the centre of the first pixel is (0, 0).
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

THRESHOLD = (16 / 3) ** 2
MEASUREMENT = 3 * np.sqrt(3)


@dataclass
class Found:
    """What is left after each stage; rows of ``shapes`` and ``regions`` begin with the row of ``points``."""

    extrema: dict = field(default_factory=dict)  # (octave, level) -> number
    points: list = field(default_factory=list)  # x, y, s, pixel distance, response
    types: list = field(default_factory=list)
    places: list = field(default_factory=list)  # (octave, level)
    shapes: list = field(default_factory=list)  # row, a11, a12, a21, a22, iterations
    regions: list = field(default_factory=list)  # row, a11, 0, a21, a22
    patches: list = field(default_factory=list)


def grey(image):
    image = np.asarray(image, np.float32)
    return image if image.ndim == 2 else (image[..., 0] + image[..., 1] + image[..., 2]) / np.float32(3)


def blur(image, sigma):
    size = int(2 * 3 * sigma + 1) | 1
    return cv2.GaussianBlur(image, (size, size), float(sigma), borderType=cv2.BORDER_REPLICATE)


def response(level, sigma):
    out = np.zeros_like(level)
    middle = level[1:-1, 1:-1]
    xx = level[1:-1, :-2] - 2 * middle + level[1:-1, 2:]
    yy = level[:-2, 1:-1] - 2 * middle + level[2:, 1:-1]
    xy = (level[:-2, 2:] - level[:-2, :-2] + level[2:, :-2] - level[2:, 2:]) / 4
    out[1:-1, 1:-1] = (xx * yy - xy * xy) * np.float32(sigma**4)
    return out


def detect(image, patch_size=41, final=False):
    image = grey(image)
    found = Found()
    level, distance, octave = blur(image, np.sqrt(1.6**2 - 0.5**2)), 1.0, 0
    while min(level.shape) > 12:
        levels = [level]
        sigmas = [1.6 * 2 ** (i / 3) for i in range(5)]
        for sigma in sigmas[:-1]:
            levels.append(blur(levels[-1], sigma * np.sqrt(2 ** (2 / 3) - 1)))
        responses = [response(level, sigma) for level, sigma in zip(levels, sigmas, strict=True)]
        taken = set()
        for middle in (1, 2, 3):
            of_level(found, responses[middle - 1 : middle + 2], sigmas[middle], levels, middle, octave, distance, taken)
        height, width = level.shape
        level = np.ascontiguousarray(levels[3][: height // 2 * 2 : 2, : width // 2 * 2 : 2])
        distance, octave = 2 * distance, octave + 1
    for row, a11, a12, a21, a22, _ in found.shapes:
        x, y, s = found.points[row][:3]
        frame = upright(a11, a12, a21, a22)
        patch = cut(image, x, y, s, frame, patch_size)
        if patch is not None:
            found.regions.append((row, *frame.ravel()))
            found.patches.append(patch)
    return found


def of_level(found, cube, sigma, levels, middle, octave, distance, taken):
    current = cube[1]
    kernel = np.ones((3, 3))
    largest = np.max([cv2.dilate(one, kernel) for one in cube], axis=0)
    smallest = np.min([cv2.erode(one, kernel) for one in cube], axis=0)
    candidates = ((current > 0.8 * THRESHOLD) & (current == largest)) | (
        (current < -0.8 * THRESHOLD) & (current == smallest)
    )
    candidates[:5], candidates[-5:], candidates[:, :5], candidates[:, -5:] = False, False, False, False
    rows, columns = np.nonzero(candidates)
    found.extrema[octave, middle] = len(rows)
    for r, c in zip(rows, columns, strict=True):
        point = localise(cube, r, c, sigma, distance, taken)
        if point is None:
            continue
        row, column, (x, y, s, value) = point
        found.points.append((x, y, s, distance, value))
        blurred = levels[middle - 1]
        if value < 0:
            found.types.append(2)
        else:
            found.types.append(kind(blurred, row, column))
        found.places.append((octave, middle))
        shape = adapt(levels[middle - 1], x, y, s, distance)
        if shape is not None:
            found.shapes.append((len(found.points) - 1, *shape))


def kind(level, r, c):
    xx = level[r, c - 1] - 2 * level[r, c] + level[r, c + 1]
    yy = level[r - 1, c] - 2 * level[r, c] + level[r + 1, c]
    return 1 if xx + yy < 0 else 0


def localise(cube, r, c, sigma, distance, taken):
    low, current, high = (one.astype(np.float64) for one in [o[r - 5 : r + 6, c - 5 : c + 6] for o in cube])
    ro, co = r - 5, c - 5
    rows, columns = cube[1].shape
    for iteration in range(5):
        i, j = r - ro, c - co
        if not (1 <= i <= 9 and 1 <= j <= 9):
            raise AssertionError("moved too far for the reference")
        value = current[i, j]
        xx = current[i, j - 1] - 2 * value + current[i, j + 1]
        yy = current[i - 1, j] - 2 * value + current[i + 1, j]
        ss = low[i, j] - 2 * value + high[i, j]
        xy = (current[i + 1, j + 1] - current[i + 1, j - 1] - current[i - 1, j + 1] + current[i - 1, j - 1]) / 4
        xs = (high[i, j + 1] - high[i, j - 1] - low[i, j + 1] + low[i, j - 1]) / 4
        ys = (high[i + 1, j] - high[i - 1, j] - low[i + 1, j] + low[i - 1, j]) / 4
        if iteration == 0:
            edge = (xx + yy) ** 2 / (xx * yy - xy * xy)
            if edge >= 12.1 or edge < 0:
                return None
        gradient = np.array(
            [
                (current[i, j + 1] - current[i, j - 1]) / 2,
                (current[i + 1, j] - current[i - 1, j]) / 2,
                (high[i, j] - low[i, j]) / 2,
            ]
        )
        offset = -np.linalg.solve([[xx, xy, xs], [xy, yy, ys], [xs, ys, ss]], gradient)
        nr, nc = r, c
        if offset[0] > 0.6:
            if c >= columns - 3:
                return None
            nc += 1
        if offset[0] < -0.6:
            if c <= 3:
                return None
            nc -= 1
        if offset[1] > 0.6:
            if r >= rows - 3:
                return None
            nr += 1
        if offset[1] < -0.6:
            if r <= 3:
                return None
            nr -= 1
        if (nr, nc) == (r, c):
            break
        if iteration < 4:
            r, c = nr, nc
    value += 0.5 * gradient @ offset
    if np.abs(offset).max() > 1.5 or abs(value) < THRESHOLD or (r, c) in taken:
        return None
    taken.add((r, c))
    x, y = (c + offset[0]) * distance, (r + offset[1]) * distance
    return r, c, (x, y, distance * sigma * 2 ** (offset[2] / 3), value)


def mask():
    i = np.arange(-9, 10)
    one = np.exp(-(i**2) / 18.0)
    for beyond in range(1, 6):
        tail = np.exp(-((9 + beyond) ** 2) / 18.0)
        one[9 - beyond + 9] += tail
        one[9 - (9 - beyond)] += tail
    return np.outer(one, one)


MASK = mask()


def warp(image, x, y, frame, half):
    """Sample (2 half + 1)^2 points bilinearly; also tell whether one was outside of the image."""
    j, i = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    a = frame.astype(np.float32)
    wx = np.float32(x) + j * a[0, 1] + i * a[0, 0]
    wy = np.float32(y) + j * a[1, 1] + i * a[1, 0]
    x0, y0 = np.floor(wx).astype(int), np.floor(wy).astype(int)
    height, width = image.shape
    inside = (x0 >= 0) & (y0 >= 0) & (x0 < width - 1) & (y0 < height - 1)
    x0, y0 = np.where(inside, x0, 0), np.where(inside, y0, 0)
    fx, fy = wx - x0, wy - y0
    image = image if min(image.shape) > 1 else np.pad(image, 1)
    values = (1 - fy) * ((1 - fx) * image[y0, x0] + fx * image[y0, x0 + 1]) + fy * (
        (1 - fx) * image[y0 + 1, x0] + fx * image[y0 + 1, x0 + 1]
    )
    return np.where(inside, values, 0).astype(np.float32), not inside.all()


def differences(patch):
    x, y = np.zeros_like(patch), np.zeros_like(patch)
    x[:, 1:-1] = patch[:, 2:] - patch[:, :-2]
    x[:, 0], x[:, -1] = patch[:, 1] - patch[:, 0], patch[:, -1] - patch[:, -2]
    y[1:-1] = patch[2:] - patch[:-2]
    y[0], y[-1] = patch[1] - patch[0], patch[-1] - patch[-2]
    return x, y


def adapt(level, x, y, s, distance):
    shape, before = np.eye(2), 0.0
    step = s / (1.6 * distance)
    last = 0.0
    for iteration in range(16):
        window, _ = warp(level, x / distance, y / distance, shape * step, 9)
        gx, gy = differences(window.astype(np.float64))
        moments = np.array([[(MASK * gx * gx).sum(), (MASK * gx * gy).sum()], [0, (MASK * gy * gy).sum()]])
        moments[1, 0] = moments[0, 1]
        values, vectors = np.linalg.eigh(moments)
        if values[0] <= 0:
            return None
        roots = values**-0.5
        roots /= np.sqrt(roots.prod())
        last, now = (before, 1 - roots.min() / roots.max())
        before = now
        shape = (vectors * roots) @ vectors.T @ shape
        trace, det = np.trace(shape), np.linalg.det(shape)
        if trace**2 < 4 * det:
            return None
        difference = np.sqrt(trace**2 - 4 * det)
        l1, l2 = (trace + difference) / 2, (trace - difference) / 2
        if l1 / l2 > 6 or l2 / l1 > 6:
            return None
        if now < 0.05 and last < 0.05:
            return (*shape.ravel(), iteration)
    return None


def upright(a11, a12, a21, a22):
    det = np.sqrt(abs(a11 * a22 - a12 * a21))
    top = np.hypot(a11, a12)
    return np.array([[top / det, 0], [(a22 * a12 + a21 * a11) / (top * det), det / top]])


def cut(image, x, y, s, frame, size, check=True):
    half = int(np.ceil(s * MEASUREMENT))
    step = (2 * half + 1) / size
    corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]]) * (size // 2) @ (frame * step).T + [x, y]
    if (np.floor(corners) <= 0).any() or (np.ceil(corners) >= [image.shape[1] - 2, image.shape[0] - 2]).any():
        return None
    patch, _ = warp(image, x, y, frame * step, size // 2)
    if step <= 0.4:
        return patch
    whole, outside = warp(image, x, y, frame, half + 1)
    if outside:
        return None
    smooth = blur(whole, 1.5 * step)
    return warp(smooth, half + 1, half + 1, np.eye(2) * step, size // 2)[0]


def sift(patch):
    """The 128 numbers of one patch (41, 41), 0 to 255."""
    size = len(patch)
    half = size // 2
    i = np.arange(size) - half
    squared = i[:, None] ** 2 + i[None] ** 2
    weight = np.where(squared < half**2, np.exp(-squared / (0.9 * half**2)), 0)
    inside = patch[weight > 0].astype(np.float64)
    patch = patch.astype(np.float64)
    deviation = inside.std()
    if deviation > 1e-2:
        patch = np.clip(128 + 50 * (patch - inside.mean()) / deviation, 0, 255)
    gx, gy = differences(patch)
    magnitude = weight * np.hypot(gx, gy)
    angle = (np.arctan2(gy, gx) / (2 * np.pi) * 8) % 8
    place = np.arange(size) * 5 / (2 * half)
    out = np.zeros((6, 6, 8))
    for r in range(size):
        for c in range(size):
            r0, c0, o0 = int(place[r]), int(place[c]), int(angle[r, c])
            fr, fc, fo = place[r] - r0, place[c] - c0, angle[r, c] - o0
            for dr, wr in ((0, 1 - fr), (1, fr)):
                for dc, wc in ((0, 1 - fc), (1, fc)):
                    if r0 + dr > 5 or c0 + dc > 5:
                        continue
                    out[r0 + dr, c0 + dc, o0 % 8] += wr * wc * (1 - fo) * magnitude[r, c]
                    out[r0 + dr, c0 + dc, (o0 + 1) % 8] += wr * wc * fo * magnitude[r, c]
    vector = out[1:5, 1:5].ravel()
    vector = vector / np.sqrt((vector**2).sum())
    if (vector > 0.2).any():
        vector = np.minimum(vector, 0.2)
        vector = vector / np.sqrt((vector**2).sum())
    return np.minimum(np.floor(512 * vector), 255).astype(np.uint8)
