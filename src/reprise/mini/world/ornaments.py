"""Drawing on a wall: the canvas, outlines, windows, doors and carved ornaments."""

import cv2
import numpy as np

from reprise.mini.world.materials import RGB, shade_colour
from reprise.mini.world.planes import Texture
from reprise.mini.world.styles import Motif

GLASS: RGB = (46, 54, 62)


class Canvas:
    """The texture of a wall while it is being drawn; coordinates are metres from its top left corner."""

    def __init__(self, albedo: np.ndarray, relief: np.ndarray, density: float):
        self.albedo, self.relief, self.density = albedo, relief, density
        self.height, self.width = relief.shape[0] / density, relief.shape[1] / density
        self.glass = np.zeros(relief.shape, np.uint8)
        self.alpha = np.full(relief.shape, 255, np.uint8)

    def fill(self, outline: np.ndarray, colour: RGB, relief: float, glass: int = 0) -> None:
        """Fill a polygon (n, 2)."""
        pixels = np.round(np.asarray(outline) * self.density).astype(np.int32)
        cv2.fillPoly(self.albedo, [pixels], colour)
        cv2.fillPoly(self.relief, [pixels], relief)
        cv2.fillPoly(self.glass, [pixels], glass)

    def rectangle(self, x: float, y: float, w: float, h: float, colour: RGB, relief: float, glass: int = 0) -> None:
        """Fill a rectangle with its top left corner at (x, y)."""
        self.fill(np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]), colour, relief, glass)

    def cut(self, outline: np.ndarray) -> None:
        """Make a hole of a polygon (n, 2)."""
        cv2.fillPoly(self.alpha, [np.round(np.asarray(outline) * self.density).astype(np.int32)], 0)

    def keep(self, outline: np.ndarray) -> None:
        """Make a hole of everything outside a polygon (n, 2)."""
        mask = np.zeros_like(self.alpha)
        cv2.fillPoly(mask, [np.round(np.asarray(outline) * self.density).astype(np.int32)], 255)
        self.alpha &= mask

    def texture(self) -> Texture:
        """The finished texture."""
        return Texture(self.albedo, self.relief, self.glass, self.alpha, self.density)


def outline(shape: str, x: float, y: float, w: float, h: float) -> np.ndarray:
    """Compute the polygon (n, 2) of an opening whose bounding rectangle starts at (x, y)."""
    middle = x + w / 2
    if shape == "round":
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        return np.column_stack([middle + w / 2 * np.cos(angles), y + h / 2 + h / 2 * np.sin(angles)])
    if shape == "arch":
        angles = np.linspace(np.pi, 2 * np.pi, 13)
        rise = min(w / 2, h)
        top = np.column_stack([middle + w / 2 * np.cos(angles), y + rise + rise * np.sin(angles)])
    elif shape == "pointed":
        rise = min(0.9 * w, h)
        angles = np.linspace(np.pi, 4 * np.pi / 3, 7)
        left = np.column_stack([x + w + w * np.cos(angles), y + rise * (1 + np.sin(angles) / np.sin(np.pi / 3))])
        top = np.vstack([left, np.column_stack([2 * middle - left[::-1, 0], left[::-1, 1]])])
    else:
        top = np.array([[x, y], [x + w, y]])
    return np.vstack([top, [[x + w, y + h], [x, y + h]]])


def draw_window(canvas: Canvas, rng: np.random.Generator, motif: Motif, x: float, y: float, w: float, h: float) -> None:
    """Draw a window of the motif in the rectangle that starts at (x, y); ``rng`` varies what is behind the glass."""
    trim = motif.trim_colour
    draw_surround(canvas, motif, x, y, w, h)
    canvas.fill(outline(motif.shape, x, y, w, h), shade_colour(motif.frame_colour, 0.9), -0.18)
    bar = 0.07
    identity = int(rng.integers(1, 256))
    pane = shade_colour(GLASS, rng.uniform(0.6, 1.5))
    canvas.fill(outline(motif.shape, x + bar, y + bar, w - 2 * bar, h - bar), pane, -0.3, identity)
    if rng.random() < 0.35:  # a curtain or a blind
        drop = rng.uniform(0.25, 0.8) * h
        cloth = shade_colour((196, 188, 172), rng.uniform(0.6, 1.1))
        top = h / 2 if motif.shape != "rectangle" else bar
        canvas.rectangle(x + 0.15 * w, y + top, 0.7 * w, min(drop, h - top - bar), cloth, -0.32, identity)
    columns, rows = motif.panes
    for column in range(1, columns):
        canvas.rectangle(x + w * column / columns - bar / 2, y + 0.12 * h, bar, 0.88 * h, motif.frame_colour, -0.22)
    for row in range(1, rows):
        canvas.rectangle(x + 0.06 * w, y + h * row / rows - bar / 2, 0.88 * w, bar, motif.frame_colour, -0.22)
    if motif.shape != "round":
        canvas.rectangle(x - 0.15, y + h, w + 0.3, 0.16, trim, 0.16)
    if motif.shutters and rng.random() < 0.85:
        for side in (x - 0.5 * w - 0.08, x + w + 0.08):
            canvas.rectangle(side, y, 0.5 * w, h, motif.shutters, 0.06)
            for slat in np.arange(0.12, h - 0.05, 0.22):
                canvas.rectangle(side + 0.06, y + slat, 0.5 * w - 0.12, 0.07, shade_colour(motif.shutters, 0.65), 0.02)
    if motif.balcony:
        canvas.rectangle(x - 0.35, y + h + 0.02, w + 0.7, 0.16, shade_colour(trim, 0.8), 0.5)
        for post in np.arange(x - 0.35, x + w + 0.35, 0.2):
            canvas.rectangle(post, y + 0.68 * h, 0.05, 0.32 * h, (28, 28, 30), 0.45)
        canvas.rectangle(x - 0.35, y + 0.66 * h, w + 0.7, 0.06, (28, 28, 30), 0.47)


def draw_surround(canvas: Canvas, motif: Motif, x: float, y: float, w: float, h: float) -> None:
    """Draw the dressed stone around an opening."""
    trim, edge = motif.trim_colour, 0.22
    if motif.surround == "none":
        return
    canvas.fill(outline(motif.shape, x - edge, y - edge, w + 2 * edge, h + edge + 0.1), trim, 0.1)
    if motif.surround == "blocks":
        for step, top in enumerate(np.arange(y, y + h - 0.3, 0.45)):
            extra = 0.28 if step % 2 else 0.1
            canvas.rectangle(
                x - edge - extra, top, edge + extra, 0.42, shade_colour(trim, 0.94 + 0.08 * (step % 2)), 0.12
            )
            canvas.rectangle(x + w, top, edge + extra, 0.42, shade_colour(trim, 0.94 + 0.08 * (step % 2)), 0.12)
    elif motif.surround == "pediment":
        base = y - edge - 0.1
        corners = [[x - 0.45, base], [x + w / 2, base - 0.62], [x + w + 0.45, base]]
        canvas.fill(np.array(corners), shade_colour(trim, 1.08), 0.24)
        inner = [[x - 0.1, base - 0.1], [x + w / 2, base - 0.46], [x + w + 0.1, base - 0.1]]
        canvas.fill(np.array(inner), shade_colour(trim, 0.8), 0.12)
        canvas.rectangle(x - 0.45, base, w + 0.9, 0.14, trim, 0.26)
    elif motif.surround == "hood":
        grown = outline(motif.shape, x - 0.4, y - 0.42, w + 0.8, h + 0.4)
        upper = grown[grown[:, 1] < y + 0.45 * h]
        if len(upper) >= 2:
            pixels = np.round(upper * canvas.density).astype(np.int32)
            thickness = max(int(0.14 * canvas.density), 1)
            cv2.polylines(canvas.albedo, [pixels], False, shade_colour(trim, 1.1), thickness)
            cv2.polylines(canvas.relief, [pixels], False, 0.24, thickness)
    if motif.keystone:
        wedge = [[x + w / 2 - 0.26, y - 0.45], [x + w / 2 + 0.26, y - 0.45], [x + w / 2 + 0.14, y + 0.1]]
        canvas.fill(np.array([*wedge, [x + w / 2 - 0.14, y + 0.1]]), shade_colour(trim, 1.12), 0.2)


def draw_door(canvas: Canvas, rng: np.random.Generator, motif: Motif, x: float, y: float, w: float, h: float) -> None:
    """A portal with stepped jambs and two panelled leaves."""
    shape = motif.shape if motif.shape in ("arch", "pointed") else "rectangle"
    for step in range(3):
        grow = 0.3 * (3 - step)
        colour = shade_colour(motif.trim_colour, 1.05 - 0.12 * step)
        canvas.fill(outline(shape, x - grow, y - grow, w + 2 * grow, h + grow), colour, 0.28 - 0.14 * step)
    wood = ((86, 52, 32), (46, 66, 52), (120, 38, 34), (56, 58, 78))[int(rng.integers(4))]
    canvas.fill(outline(shape, x, y, w, h), wood, -0.3)
    panels = int(rng.integers(2, 5))
    for side in (0, 1):
        for panel in range(panels):
            left = x + w * (0.08 + 0.46 * side)
            top = y + h * (0.36 + 0.6 * panel / panels)
            canvas.rectangle(left, top, 0.38 * w, 0.6 * h / panels - 0.12, shade_colour(wood, 0.7), -0.36)
    canvas.rectangle(x + w / 2 - 0.03, y + 0.3 * h, 0.06, 0.7 * h, shade_colour(wood, 0.4), -0.4)
