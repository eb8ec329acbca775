"""Wall and roof surfaces: masonry in courses, plaster, weathering."""

import cv2
import numpy as np

RGB = tuple[int, int, int]


def fractal(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 3) -> np.ndarray:
    """Smooth noise (height, width) float32, about in [-1, 1]; ``cell`` is the size of the largest bumps in pixels."""
    noise = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        size = max(cell / 2**octave, 1.0)
        grid = rng.standard_normal((int(height / size) + 2, int(width / size) + 2)).astype(np.float32)
        noise += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(0.5 ** (octave + 1))
    return noise


def courses(
    rng: np.random.Generator, shape: tuple[int, int], block: tuple[float, float], joint: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw masonry in running bond.

    Args:
        rng: the random generator
        shape: (height, width) in pixels
        block: width and height of a block in pixels
        joint: width of a joint in pixels

    Returns:
        a random tone in [-1, 1] per block, and a mask that is 1 in the joints, both (height, width) float32
    """
    height, width = shape
    rows = np.arange(height, dtype=np.float32)[:, None] / np.float32(block[1])
    row = rows.astype(np.int64)
    shift = (0.5 * (row % 2) + rng.uniform(-0.12, 0.12, int(row.max()) + 1)[row]).astype(np.float32)
    columns = np.arange(width, dtype=np.float32)[None, :] / np.float32(block[0]) + shift + 1
    column = columns.astype(np.int64)
    tones = rng.uniform(-1, 1, (int(row.max()) + 1, int(column.max()) + 1)).astype(np.float32)
    near_row = np.minimum(rows - row, 1 - (rows - row)) * np.float32(2 * block[1])
    near_column = np.minimum(columns - column, 1 - (columns - column)) * np.float32(2 * block[0])
    joints = np.clip(1 - (np.minimum(near_row, near_column) - joint) / 1.2, 0, 1)
    return tones[row, column], joints.astype(np.float32)


# Block width and height in metres, joint width in metres, spread of tones, depth of the joints in metres.
# Bricks are larger than life: at the resolution of the pictures true ones would be grey.
MASONRY = {
    "brick": ((0.55, 0.2), 0.035, 0.2, 0.02),
    "ashlar": ((1.1, 0.5), 0.03, 0.09, 0.03),
    "rustic": ((1.5, 0.75), 0.10, 0.08, 0.10),
    "rubble": ((0.7, 0.38), 0.05, 0.17, 0.05),
    "slate": ((0.5, 0.32), 0.03, 0.16, 0.05),
    "tiles": ((0.42, 0.45), 0.06, 0.18, 0.08),
}


def surface(
    rng: np.random.Generator, kind: str, shape: tuple[int, int], density: float, colour: RGB
) -> tuple[np.ndarray, np.ndarray]:
    """Albedo (H, W, 3) uint8 and relief (H, W) float32 in metres of one material (of MASONRY, or plaster, zinc)."""
    height, width = shape
    tone = fractal(rng, height, width, 3.0 * density) * 0.09 + fractal(rng, height, width, 0.5 * density) * 0.06
    relief: np.ndarray = np.zeros(shape, np.float32)
    if kind in MASONRY:
        block, joint, spread, depth = MASONRY[kind]
        blocks, joints = courses(rng, shape, (block[0] * density, block[1] * density), joint * density)
        tone = tone + blocks * spread - joints * 0.22
        relief = relief - joints * np.float32(depth) + blocks * np.float32(depth * 0.15)
    elif kind == "zinc":
        seams = (np.arange(width) % max(int(0.7 * density), 2)) < max(int(0.08 * density), 1)
        relief[:, seams] = 0.06
        tone = tone - 0.08 * seams
    else:
        tone = tone + fractal(rng, height, width, 1.2 * density, 4) * 0.08
    tone = tone + weathering(rng, shape, density)
    albedo = np.asarray(colour, np.float32) * (1 + tone[..., None] * np.array([0.9, 1.0, 1.12], np.float32))
    return np.clip(albedo, 4, 250).astype(np.uint8), relief


def weathering(rng: np.random.Generator, shape: tuple[int, int], density: float) -> np.ndarray:
    """Rain streaks below the top and dirt above the ground, (H, W) float32, mostly negative."""
    height, width = shape
    grid = rng.standard_normal((max(int(height / (4 * density)), 1) + 1, max(int(width / (0.3 * density)), 2)))
    streaks = cv2.resize(grid.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    above_ground = (height - np.arange(height, dtype=np.float32)) / np.float32(density)
    return -0.08 * np.clip(streaks, 0, 2) - 0.18 * np.exp(-above_ground / 1.5)[:, None]


def shade_colour(colour: RGB, factor: float) -> RGB:
    """The colour made lighter (factor > 1) or darker."""
    red, green, blue = (int(min(max(channel * factor, 3), 250)) for channel in colour)
    return red, green, blue
