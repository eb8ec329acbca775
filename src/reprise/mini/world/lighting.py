"""Light and weather, and how they fall on a textured plane."""

from dataclasses import dataclass

import cv2
import numpy as np

from reprise.mini.world.planes import Plane, Texture

LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
# The tone curve: a soft shoulder, then the display's gamma, for radiance 0 to 4 in 4096 steps.
RADIANCE = np.linspace(0, 4, 4096)
DISPLAY = (255 * np.clip(RADIANCE * (1 + RADIANCE / 9) / (1 + RADIANCE), 0, 1) ** (1 / 2.2)).astype(np.uint8)

WEATHERS = ("sun", "golden", "overcast", "fog", "rain", "dusk", "night")


@dataclass(frozen=True)
class Light:
    """The light of one photograph.

    Attributes:
        weather: a name of WEATHERS
        sun: (3,) unit vector towards the sun
        sun_colour: (3,) linear RGB irradiance of the sun
        sky_colour: (3,) linear RGB irradiance of the sky
        exposure: factor on radiance
        fog: extinction per metre
        lit: share of windows that are lit
        reflection: how much of the sky the windows show
        seed: seed of the photograph
    """

    weather: str
    sun: np.ndarray
    sun_colour: np.ndarray
    sky_colour: np.ndarray
    exposure: float
    fog: float
    lit: float
    reflection: float
    seed: int

    @property
    def floodlit(self) -> bool:
        """Whether lamps at the foot of the walls replace the sun."""
        return self.weather in ("dusk", "night")


# Sun colour, sky colour, exposure, fog per metre, share of lit windows.
SETTINGS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float, float, float]] = {
    "sun": ((1.9, 1.78, 1.55), (0.48, 0.58, 0.78), 1.0, 0.0006, 0.0),
    "golden": ((2.2, 1.45, 0.80), (0.44, 0.46, 0.62), 1.0, 0.0015, 0.05),
    "overcast": ((0.12, 0.12, 0.12), (1.20, 1.25, 1.32), 0.95, 0.002, 0.05),
    "fog": ((0.05, 0.05, 0.05), (1.12, 1.15, 1.20), 0.95, 0.014, 0.10),
    "rain": ((0.03, 0.03, 0.03), (0.78, 0.84, 0.93), 0.9, 0.006, 0.15),
    "dusk": ((1.05, 0.76, 0.44), (0.26, 0.32, 0.56), 1.0, 0.002, 0.35),
    "night": ((1.60, 1.06, 0.54), (0.06, 0.07, 0.13), 1.0, 0.001, 0.45),
}


def draw_light(rng: np.random.Generator, weather: str) -> Light:
    """Light of the given weather, with its sun somewhere in front of a building that looks to the south."""
    sun_colour, sky_colour, exposure, fog, lit = SETTINGS[weather]
    azimuth = rng.uniform(-1.3, 1.3)
    elevation = rng.uniform(0.12, 0.35) if weather == "golden" else rng.uniform(0.45, 1.0)
    horizontal = np.cos(elevation)
    return Light(
        weather=weather,
        sun=np.array([horizontal * np.sin(azimuth), -horizontal * np.cos(azimuth), np.sin(elevation)]),
        sun_colour=np.array(sun_colour) * rng.normal(1, 0.05, 3),
        sky_colour=np.array(sky_colour) * rng.normal(1, 0.05, 3),
        exposure=float(exposure * rng.lognormal(0, 0.18)),
        fog=float(fog * rng.uniform(0.6, 1.5)),
        lit=lit,
        reflection=float(rng.uniform(0.05, 0.45)),
        seed=int(rng.integers(2**31)),
    )


def display(radiance: np.ndarray, exposure: float) -> np.ndarray:
    """Display linear radiance (..., 3) float32 through the tone curve: (..., 3) uint8."""
    steps = np.minimum(radiance * np.float32(exposure * 4095 / 4), 4095).astype(np.uint16)
    return DISPLAY[steps]


def shade(plane: Plane, texture: Texture, light: Light) -> np.ndarray:
    """Compute the texture (of ``plane``, perhaps at another density) as lit by ``light``: (H, W, 3) uint8."""
    relief, density = texture.relief, texture.density
    if light.floodlit:  # lamps on the ground in front of every wall
        along_right, along_down, outward = 0.15, 0.75, 0.64
    else:
        along_right, along_down, outward = (float(light.sun @ axis) for axis in (plane.right, plane.down, plane.normal))
    smooth = cv2.GaussianBlur(relief, (3, 3), 0.7)
    slope_right = cv2.filter2D(smooth, -1, np.array([[-0.5, 0, 0.5]]) * density)
    slope_down = cv2.filter2D(smooth, -1, np.array([[-0.5], [0], [0.5]]) * density)
    steepness = np.float32(0.5)  # edges of carved stone are worn: their true slope would be a wall
    slope_right, slope_down = steepness * slope_right, steepness * slope_down
    lambert = (outward - slope_right * along_right - slope_down * along_down) / np.sqrt(
        1 + slope_right**2 + slope_down**2
    )
    sunlit = np.clip(lambert, 0, 1.2) if outward > 0.02 else np.zeros_like(relief)
    if outward > 0.02:
        sunlit *= 1 - cast_shadow(relief, density, along_right / max(outward, 0.3), along_down / max(outward, 0.3))
    if not light.floodlit and outward > 0.02:
        sunlit *= 1 - surroundings_shadow(relief.shape, plane, light)
    if light.floodlit:
        rise = (plane.origin[2] + plane.down[2] * np.arange(len(relief)) / density)[:, None]
        sunlit = sunlit * np.exp(-np.maximum(rise, 0) / 14).astype(np.float32)
    openness = np.clip(1 - 1.2 * (cv2.blur(relief, (2 * int(0.4 * density) + 1,) * 2) - relief), 0.35, 1.1)
    sky = openness * np.float32(0.72 + 0.28 * plane.normal[2])
    irradiance = sunlit[..., None] * light.sun_colour.astype(np.float32) + sky[..., None] * light.sky_colour.astype(
        np.float32
    )
    radiance = LINEAR[texture.albedo] * irradiance
    return display(with_windows(radiance, texture.glass, light, plane), light.exposure)


def cast_shadow(relief: np.ndarray, density: float, right: float, down: float) -> np.ndarray:
    """Compute the shade that projecting parts throw.

    Args:
        relief: (H, W) metres in front of the plane
        density: texture pixels per metre
        right: displacement to the right per metre of relief
        down: displacement downwards per metre of relief

    Returns:
        (H, W) float32 in [0, 1]
    """
    shadow = np.zeros_like(relief)
    height, width = relief.shape
    for rise in (0.08, 0.2, 0.4):
        dx, dy = round(right * rise * density), round(down * rise * density)
        if (dx == 0 and dy == 0) or abs(dx) >= width or abs(dy) >= height:
            continue
        shift = np.array([[1, 0, -dx], [0, 1, -dy]], float)
        blocker = cv2.warpAffine(
            relief, shift, (width, height), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        shadow = np.maximum(shadow, np.clip((blocker - relief - 0.7 * rise) / (0.3 * rise), 0, 1))
    return cv2.blur(shadow, (3, 3)) * np.float32(0.85)


def surroundings_shadow(shape: tuple[int, int], plane: Plane, light: Light) -> np.ndarray:
    """Draw the shade of trees and of houses behind the camera, in soft large patches: (H, W) float32 in [0, 1]."""
    rng = plane_generator(plane, light)
    cells = (int(plane.height / 1.6) + 3, int(plane.width / 1.6) + 3)
    leaves = cv2.resize(rng.standard_normal(cells).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
    share = rng.uniform(-1.6, 0.4)
    shadow = np.clip((leaves + share) * 4, 0, 1)
    edge = rng.uniform(-0.6, 0.55) * plane.height + rng.uniform(-0.5, 0.5) * np.linspace(0, plane.width, shape[1])
    below = edge[None, :] - np.linspace(plane.height, 0, shape[0])[:, None]
    return 0.9 * np.maximum(shadow, np.clip(below * 3, 0, 1)).astype(np.float32)


def plane_generator(plane: Plane, light: Light) -> np.random.Generator:
    """Make the random generator of the details of one plane in one photograph."""
    return np.random.default_rng([light.seed, len(plane.name), int(1000 * abs(plane.origin).sum())])


def with_windows(radiance: np.ndarray, glass: np.ndarray, light: Light, plane: Plane) -> np.ndarray:
    """Add reflections in the panes ``glass`` (h, w), and lamps behind some of them, to radiance (h, w, 3) float32."""
    if not glass.any():
        return radiance
    rng = plane_generator(plane, light)
    reflections = (light.reflection * rng.uniform(0.3, 1.7, 256)).astype(np.float32)
    lamps = np.where(rng.random(256) < light.lit, rng.uniform(0.5, 1.3, 256), 0).astype(np.float32)
    reflections[0] = lamps[0] = 0
    share = reflections[glass][..., None]
    glow = lamps[glass][..., None] * np.array([1.0, 0.72, 0.36], np.float32)
    return radiance * (1 - 0.5 * share) + share * light.sky_colour.astype(np.float32) + glow
