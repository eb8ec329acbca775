"""Ornaments of one building only: emblems, friezes, clocks, rose windows, lettering, statues."""

import cv2
import numpy as np

from reprise.mini.world.materials import RGB, shade_colour
from reprise.mini.world.ornaments import Canvas, outline

PAINTS: tuple[RGB, ...] = ((150, 40, 36), (38, 64, 120), (196, 156, 60), (44, 92, 60), (236, 230, 214), (40, 38, 40))


def draw_emblem(canvas: Canvas, rng: np.random.Generator, x: float, y: float, size: float, trim: RGB) -> None:
    """A coat of arms: a shield with painted charges in a carved frame."""
    place = np.array([x, y])
    shield = np.array([[0, 0], [1, 0], [1, 0.55], [0.8, 0.85], [0.5, 1.05], [0.2, 0.85], [0, 0.55]]) * size
    frame = (shield - size / 2) * 1.3 + size / 2
    canvas.fill(frame + place, shade_colour(trim, 1.1), 0.2)
    field = PAINTS[int(rng.integers(len(PAINTS)))]
    canvas.fill(shield + place, field, 0.12)
    for _ in range(int(rng.integers(4, 9))):
        centre = place + rng.uniform(0.15, 0.75, 2) * size
        corners = int(rng.integers(3, 8))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radius = rng.uniform(0.08, 0.24, corners) * size
        charge = centre + np.column_stack([np.cos(angles), np.sin(angles)]) * radius[:, None]
        canvas.fill(charge, PAINTS[int(rng.integers(len(PAINTS)))], rng.uniform(0.14, 0.24))


def draw_frieze(canvas: Canvas, rng: np.random.Generator, y: float, height: float, width: float, trim: RGB) -> None:
    """A band of carving: a figure of random strokes, repeated with variations."""
    canvas.rectangle(0, y, width, height, shade_colour(trim, 0.86), 0.04)
    period = height * rng.uniform(1.0, 2.2)
    strokes = rng.uniform(0.08, 0.92, (int(rng.integers(4, 8)), 3, 2))
    for left in np.arange(0, width - period * 0.6, period):
        for stroke in strokes + rng.normal(0, 0.05, strokes.shape):
            points = (stroke * [period, height] + [left, y]) * canvas.density
            pixels = np.round(points).astype(np.int32)
            tone = shade_colour(trim, rng.uniform(0.95, 1.2))
            cv2.fillPoly(canvas.albedo, [pixels], tone)
            cv2.fillPoly(canvas.relief, [pixels], float(rng.uniform(0.08, 0.2)))
    for edge in (y, y + height - 0.1):
        canvas.rectangle(0, edge, width, 0.1, shade_colour(trim, 1.1), 0.22)


def draw_clock(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, trim: RGB) -> None:
    """A clock with its centre at (x, y)."""
    ink, face = ((30, 30, 34), (232, 226, 206)) if rng.random() < 0.5 else ((206, 170, 70), (28, 40, 74))
    for factor, colour, relief in ((1.25, trim, 0.25), (1.08, shade_colour(ink, 0.9), 0.2), (1.0, face, 0.1)):
        square = radius * factor
        canvas.fill(outline("round", x - square, y - square, 2 * square, 2 * square), colour, relief)
    hands = rng.uniform(0, 2 * np.pi, 2)
    for angle, start, end, width in [
        *[(hour * np.pi / 6, 0.74, 0.94, 0.07) for hour in range(12)],
        (hands[0], -0.1, 0.8, 0.05),
        (hands[1], -0.1, 0.55, 0.08),
    ]:
        along = np.array([np.sin(angle), -np.cos(angle)]) * radius
        across = np.array([along[1], -along[0]]) * width
        quad = np.array([start * along - across, end * along - across, end * along + across, start * along + across])
        canvas.fill(quad + np.array([x, y]), ink, 0.14)


def draw_rose(canvas: Canvas, rng: np.random.Generator, x: float, y: float, radius: float, trim: RGB) -> None:
    """A rose window with its centre at (x, y)."""
    for factor, tone, relief in ((1.22, 0.95, 0.25), (1.1, 1.1, 0.1)):
        r = radius * factor
        canvas.fill(outline("round", x - r, y - r, 2 * r, 2 * r), shade_colour(trim, tone), relief)
    canvas.fill(outline("round", x - radius, y - radius, 2 * radius, 2 * radius), shade_colour(trim, 0.8), -0.1)
    petals, rings = int(rng.integers(6, 15)), rng.uniform(0.38, 0.5)
    glass = [shade_colour(PAINTS[int(rng.integers(len(PAINTS)))], 0.5) for _ in range(2)]
    for petal in range(petals):
        for ring, (near, far) in enumerate(((0.2, rings), (rings + 0.08, 0.93))):
            turn = 2 * np.pi * (petal + 0.5 * ring) / petals
            half = 0.72 * np.pi / petals * (0.9 if ring else 0.8)
            angles = turn + half * np.array([-0.6, -1.0, -0.8, 0.0, 0.8, 1.0, 0.6])
            radii = radius * (near + (far - near) * np.array([0.0, 0.6, 0.88, 1.0, 0.88, 0.6, 0.0]))
            pane = np.column_stack([x + radii * np.cos(angles), y + radii * np.sin(angles)])
            canvas.fill(pane, glass[ring], -0.35, int(rng.integers(1, 256)))
    hub = 0.14 * radius
    canvas.fill(outline("round", x - hub, y - hub, 2 * hub, 2 * hub), shade_colour(trim, 1.15), 0.15)


def draw_lettering(
    canvas: Canvas, rng: np.random.Generator, x: float, y: float, width: float, height: float, *, painted: bool
) -> None:
    """A line of capitals on a board (painted) or cut into the wall."""
    letters = "".join(chr(65 + int(code)) for code in rng.integers(0, 26, max(int(width / (0.75 * height)), 2)))
    if painted:
        board = PAINTS[int(rng.integers(len(PAINTS)))]
        ink = (240, 234, 214) if sum(board) < 400 else (40, 36, 40)
        canvas.rectangle(x, y, width, height, board, 0.18)
    else:
        ink = shade_colour(tuple(canvas.albedo.reshape(-1, 3).mean(0)), 0.45)
    font = (cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_DUPLEX)[int(rng.integers(2))]
    thickness = max(int(0.06 * height * canvas.density), 1)
    (text_width, text_height), _ = cv2.getTextSize(letters, font, 1.0, thickness)
    scale = min(0.92 * width * canvas.density / text_width, 0.6 * height * canvas.density / text_height)
    origin = (
        round(canvas.density * (x + width / 2) - scale * text_width / 2),
        round(canvas.density * (y + height / 2) + scale * text_height / 2),
    )
    cv2.putText(canvas.albedo, letters, origin, font, scale, ink, thickness, cv2.LINE_AA)


def draw_statue(canvas: Canvas, rng: np.random.Generator, x: float, y: float, height: float, trim: RGB) -> None:
    """A figure in a niche whose top left corner is (x, y)."""
    width = 0.45 * height
    canvas.fill(outline("arch", x - 0.12, y - 0.12, width + 0.24, height + 0.12), trim, 0.12)
    canvas.fill(outline("arch", x, y, width, height), shade_colour(trim, 0.5), -0.35)
    lean = rng.normal(0, 0.06, (3, 2)) * width
    stone = shade_colour(trim, rng.uniform(0.8, 1.15))
    body = np.array(
        [[0.3, 0.98], [0.28, 0.5], [0.2, 0.36], [0.4, 0.24], [0.6, 0.24], [0.82, 0.36], [0.7, 0.5], [0.74, 0.98]]
    )
    canvas.fill(body * [width, height] + [x, y] + lean[0], stone, 0.1)
    head = outline("round", x + 0.38 * width, y + 0.08 * height, 0.26 * width, 0.15 * height)
    canvas.fill(head + lean[0], shade_colour(stone, 1.05), 0.15)
    for side, tilt in ((0.22, lean[1]), (0.72, lean[2])):
        arm = np.array([[0, 0.34], [0.14, 0.34], [0.2, 0.6], [0.02, 0.58]]) * [width, height]
        canvas.fill(arm + [x + (side - 0.08) * width, y] + 2 * tilt, shade_colour(stone, 0.85), 0.18)
