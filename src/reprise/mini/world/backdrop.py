"""Sky, skyline and ground."""

import cv2
import numpy as np

from reprise.mini.world.camera import Camera
from reprise.mini.world.lighting import LINEAR, Light, display
from reprise.mini.world.materials import fractal, surface

GROUNDS = {
    "paving": ("ashlar", (150, 144, 134)),
    "asphalt": ("plaster", (96, 96, 98)),
    "grass": ("plaster", (84, 116, 52)),
    "gravel": ("rubble", (176, 164, 140)),
}
# Linear colour at the zenith and at the horizon.
SKIES = {
    "sun": ((0.10, 0.26, 0.62), (0.66, 0.78, 0.94)),
    "golden": ((0.22, 0.30, 0.52), (1.0, 0.68, 0.38)),
    "dusk": ((0.03, 0.05, 0.16), (0.42, 0.24, 0.22)),
    "night": ((0.004, 0.005, 0.014), (0.03, 0.025, 0.03)),
}
CLOUDED = ((0.62, 0.66, 0.72), (0.80, 0.83, 0.86))
SHADOW_CELLS = 4  # per metre
TILE_METRES = 16.0


def pixel_grid(camera: Camera) -> np.ndarray:
    """(width * height, 2) centres of all pixels, row by row."""
    y, x = np.mgrid[0 : camera.height, 0 : camera.width]
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float32) + np.float32(0.5)


def ground_tile(rng: np.random.Generator, kind: str) -> np.ndarray:
    """(256, 256, 3) uint8 albedo of TILE_METRES of ground."""
    material, colour = GROUNDS[kind]
    return surface(rng, material, (256, 256), 256 / TILE_METRES, colour)[0]


def paint_backdrop(
    camera: Camera,
    light: Light,
    tile: np.ndarray,
    footprints: list[tuple[tuple[float, float, float, float], float]],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Paint sky and ground as seen by the camera.

    Args:
        camera: the camera
        light: the light
        tile: (256, 256, 3) uint8 albedo of the ground
        footprints: rectangle of ground and height of every building, for the shadows on the ground
        rng: the random generator

    Returns:
        (H, W, 3) uint8, and inverse depth (H, W) float32 in 1/metres (0 in the sky)
    """
    rays = camera.rays(pixel_grid(camera)).astype(np.float32)
    shape = (camera.height, camera.width)
    elevation = (rays[:, 2] / np.linalg.norm(rays, axis=1)).reshape(shape).astype(np.float32)
    image = paint_sky(elevation, light, rng)
    falling = rays[:, 2] < -1e-3
    depth = np.where(falling, np.float32(camera.centre[2]) / np.where(falling, -rays[:, 2], 1), np.inf)
    spot = camera.centre[:2].astype(np.float32) + rays[:, :2] * np.where(falling, depth, 0)[:, None]
    east, north = ((axis.reshape(shape) * np.float32(256 / TILE_METRES)) % 256 for axis in spot.T)
    albedo = cv2.remap(tile, east, north, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    near = np.exp(-depth / 30).reshape(*shape, 1)
    albedo = albedo * near + tile.mean((0, 1)).astype(np.float32) * (1 - near)
    height = 0.25 if light.floodlit else max(float(light.sun[2]), 0.0)
    sunlit = np.float32(height) * (1 - ground_shadow(spot, footprints, light).reshape(shape))
    sun, sky = light.sun_colour.astype(np.float32), light.sky_colour.astype(np.float32)
    irradiance = sunlit[..., None] * sun + np.float32(0.9) * sky
    ground = display(LINEAR[albedo.astype(np.uint8)] * irradiance, light.exposure)
    visible = falling.reshape(shape) & (depth.reshape(shape) < 400)
    image[visible] = ground[visible]
    return image, np.where(visible, 1 / depth.reshape(shape), 0).astype(np.float32)


def ground_shadow(
    spot: np.ndarray, footprints: list[tuple[tuple[float, float, float, float], float]], light: Light
) -> np.ndarray:
    """Compute the share of sunlight that buildings keep from ground points (n, 2): (n,)."""
    reach = 64.0
    mask = np.zeros((int(2 * reach * SHADOW_CELLS),) * 2, np.uint8)
    for (x0, y0, x1, y1), height in footprints:
        corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        throw = corners if light.floodlit else corners - light.sun[:2] / max(light.sun[2], 0.15) * height
        hull = cv2.convexHull(np.vstack([corners, throw]).astype(np.float32))
        cv2.fillConvexPoly(mask, np.round((hull + reach) * SHADOW_CELLS).astype(np.int32), 255)
    soft = cv2.blur(mask, (5, 5))
    cells = np.clip(((spot + reach) * SHADOW_CELLS).astype(np.int64), 0, len(mask) - 1)
    return soft[cells[:, 1], cells[:, 0]] * np.float32(0.9 / 255)


def paint_sky(elevation: np.ndarray, light: Light, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8 of sky with clouds, and a skyline of far roofs and trees at the horizon."""
    height, width = elevation.shape
    rise = np.clip(elevation, 0, 1)[..., None]
    zenith, horizon = (np.array(colour, np.float32) for colour in SKIES.get(light.weather, CLOUDED))
    blend = np.exp(-3.2 * rise)
    sky = horizon * blend + zenith * (1 - blend)
    cover = rng.uniform(-0.5, 0.35)
    clouds = cv2.resize(fractal(rng, height, max(width // 3, 1), 0.35 * width, 4), (width, height))
    amount = np.clip((clouds - 0.15 + cover) * 2.2, 0, 0.92)[..., None] * (0.3 if light.weather == "night" else 1)
    cloud_colour = horizon * np.float32(0.45) + light.sky_colour.astype(np.float32) * np.float32(0.55)
    sky = sky * (1 - amount) + cloud_colour * (0.9 + 0.25 * clouds[..., None]) * amount
    columns = np.arange(width) + rng.uniform(0, 999)
    skyline = 0.035 + 0.02 * np.sin(columns / 37) + 0.018 * fractal(rng, 1, width, 40, 5)[0]
    far = (elevation < skyline[None, :])[..., None]
    haze = horizon * 0.55 + np.array([0.10, 0.13, 0.10]) * 0.45 * light.sky_colour
    return display(np.where(far, haze, sky).astype(np.float32), light.exposure)
