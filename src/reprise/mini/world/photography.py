"""From a rendered frame to a photograph: air, rain, blur, noise, colour."""

import cv2
import numpy as np

from reprise.mini.world.lighting import Light, display


def add_air(image: np.ndarray, inverse_depth: np.ndarray, light: Light) -> np.ndarray:
    """Mix the haze before what is seen at ``inverse_depth`` (h, w) in 1/m into an image (h, w, 3) float32, 0 to 255."""
    depth = 1 / np.maximum(inverse_depth, 1 / 250)
    veil = (1 - np.exp(-light.fog * depth)).astype(np.float32)[..., None]
    haze = display((0.75 * light.sky_colour).astype(np.float32), light.exposure).astype(np.float32)
    return image * (1 - veil) + haze * veil


def add_rain(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw streaks of rain, all falling in one direction, on an image (h, w, 3) float32."""
    height, width = image.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    slant, length = rng.normal(0, 0.12), 0.05 * height
    for x, y, stretch in zip(
        rng.uniform(0, width, 260), rng.uniform(-20, height, 260), rng.uniform(0.5, 1.6, 260), strict=True
    ):
        end = (round(x + slant * length * stretch), round(y + length * stretch))
        cv2.line(streaks, (round(x), round(y)), end, int(rng.integers(30, 90)), 1, cv2.LINE_AA)
    return image + (cv2.GaussianBlur(streaks, (3, 3), 0.8).astype(np.float32) * 0.5)[..., None]


def blurred(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Blur an image (h, w, 3) float32 by defocus or by motion; ``strength`` is in pixels."""
    if strength < 0.3:
        return image
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), strength)
    reach = max(int(2 * strength), 1)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = rng.uniform(0, np.pi)
    shift = (round(reach * np.cos(angle)), round(reach * np.sin(angle)))
    cv2.line(kernel, (reach - shift[0], reach - shift[1]), (reach + shift[0], reach + shift[1]), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def photograph(
    image: np.ndarray, inverse_depth: np.ndarray, light: Light, rng: np.random.Generator, blur: float
) -> np.ndarray:
    """The finished picture (h, w, 3) uint8 RGB of a rendered frame."""
    picture = add_air(image.astype(np.float32), inverse_depth, light)
    if light.weather == "rain":
        picture = add_rain(picture, rng)
    picture = blurred(picture, rng, blur)
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    picture *= (1 - rng.uniform(0, 0.22) * (x**2 + y**2) / 2).astype(np.float32)[..., None]
    picture = (picture - 128) * np.float32(rng.uniform(1.0, 1.3)) + 122
    warmth = rng.normal(0, 0.04)
    picture *= np.array([1 + warmth, 1, 1 - warmth], np.float32)
    grey = picture.mean(2, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.75, 1.2))
    noise = rng.standard_normal((height, width, 3)).astype(np.float32)
    strength = {"night": 5.0, "dusk": 3.5, "rain": 2.5}.get(light.weather, 1.8) * rng.uniform(0.6, 1.4)
    picture += noise * np.float32(strength)
    return np.clip(picture, 0, 255).astype(np.uint8)
