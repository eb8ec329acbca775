"""Cities and motifs: the vocabulary of materials, colours and windows that buildings are made of."""

from dataclasses import dataclass

import numpy as np

from reprise.mini.world.materials import RGB


@dataclass(frozen=True)
class Motif:
    """The details that a mason repeats: buildings with one motif resemble each other in every window.

    Sizes are in metres. ``shape`` is rectangle, arch, pointed or round, ``surround`` plain, blocks, pediment, hood or
    none, and ``panes`` are the columns and rows of a window.
    """

    wall: str
    wall_colour: RGB
    trim_colour: RGB
    frame_colour: RGB
    roof: str
    roof_colour: RGB
    shape: str
    surround: str
    window_width: float
    window_height: float
    panes: tuple[int, int]
    shutters: RGB | None
    balcony: bool
    keystone: bool
    detail_seed: int


@dataclass(frozen=True)
class City:
    """The materials, shapes and kinds of buildings of one city."""

    walls: tuple[tuple[str, RGB], ...]
    trims: tuple[RGB, ...]
    roofs: tuple[tuple[str, RGB], ...]
    shapes: tuple[str, ...]
    surrounds: tuple[str, ...]
    shutters: float
    archetypes: tuple[str, ...]


FRAMES: tuple[RGB, ...] = ((228, 226, 220), (58, 44, 34), (40, 62, 50), (30, 32, 36), (120, 40, 34), (186, 190, 196))
SHUTTERS: tuple[RGB, ...] = ((52, 84, 66), (84, 100, 118), (120, 52, 42), (140, 138, 130), (60, 62, 100))

COLLEGE = City(
    walls=(
        ("ashlar", (196, 168, 118)),
        ("ashlar", (170, 156, 128)),
        ("rubble", (178, 150, 102)),
        ("rustic", (204, 182, 138)),
        ("brick", (146, 84, 62)),
        ("rubble", (136, 128, 116)),
    ),
    trims=((218, 196, 148), (186, 176, 154), (160, 142, 106), (226, 216, 190)),
    roofs=(("slate", (88, 88, 94)), ("tiles", (126, 78, 56)), ("zinc", (128, 134, 136)), ("slate", (110, 98, 86))),
    shapes=("pointed", "pointed", "arch", "rectangle", "round"),
    surrounds=("hood", "plain", "blocks", "none"),
    shutters=0.0,
    archetypes=("church", "tower", "palace", "rotunda", "gate", "church", "row"),
)

CAPITAL = City(
    walls=(
        ("ashlar", (214, 200, 172)),
        ("rustic", (206, 190, 160)),
        ("plaster", (222, 208, 182)),
        ("ashlar", (176, 170, 160)),
        ("brick", (158, 92, 70)),
        ("plaster", (196, 178, 150)),
    ),
    trims=((232, 222, 200), (198, 186, 160), (150, 144, 132), (224, 204, 164)),
    roofs=(("zinc", (112, 120, 130)), ("slate", (74, 80, 92)), ("zinc", (92, 98, 104)), ("slate", (96, 88, 84))),
    shapes=("rectangle", "arch", "rectangle", "arch", "round"),
    surrounds=("pediment", "plain", "hood", "blocks"),
    shutters=0.35,
    archetypes=("palace", "gate", "rotunda", "row", "church", "palace", "tower"),
)

WORLD = City(
    walls=(
        *COLLEGE.walls,
        *CAPITAL.walls,
        ("plaster", (206, 150, 92)),
        ("plaster", (186, 110, 92)),
        ("plaster", (150, 168, 178)),
        ("plaster", (218, 190, 120)),
        ("brick", (112, 62, 52)),
        ("plaster", (172, 190, 158)),
    ),
    trims=(*COLLEGE.trims, *CAPITAL.trims, (236, 234, 228), (96, 88, 84)),
    roofs=(*COLLEGE.roofs, *CAPITAL.roofs, ("tiles", (160, 84, 56)), ("tiles", (118, 60, 48))),
    shapes=("rectangle", "arch", "pointed", "round", "rectangle"),
    surrounds=("pediment", "plain", "hood", "blocks", "none"),
    shutters=0.3,
    archetypes=("palace", "church", "tower", "rotunda", "gate", "row"),
)

CITIES = {"college": COLLEGE, "capital": CAPITAL, "world": WORLD}


def draw_motif(rng: np.random.Generator, city: City) -> Motif:
    """One mason's vocabulary, drawn from the city's."""

    def pick(options):
        return options[int(rng.integers(len(options)))]

    wall, wall_colour = pick(city.walls)
    roof, roof_colour = pick(city.roofs)
    tint = rng.normal(1, 0.06, 3) * rng.uniform(0.8, 1.1)
    red, green, blue = (int(channel) for channel in np.clip(np.array(wall_colour) * tint, 10, 245))
    shape = pick(city.shapes)
    height = rng.uniform(1.7, 3.2) if shape != "round" else rng.uniform(1.4, 2.0)
    return Motif(
        wall=wall,
        wall_colour=(red, green, blue),
        trim_colour=pick(city.trims),
        frame_colour=pick(FRAMES),
        roof=roof,
        roof_colour=roof_colour,
        shape=shape,
        surround=pick(city.surrounds),
        window_width=height if shape == "round" else rng.uniform(1.0, 1.8),
        window_height=height,
        panes=(int(rng.integers(1, 4)), int(rng.integers(2, 5))),
        shutters=pick(SHUTTERS) if shape == "rectangle" and rng.random() < city.shutters else None,
        balcony=bool(rng.random() < 0.3),
        keystone=bool(rng.random() < 0.5),
        detail_seed=int(rng.integers(2**31)),
    )
