"""Scenes of each dataset, and the photographs of them."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from reprise.mini.world.keys import generator
from reprise.mini.world.sizes import MiniParameters

COLLEGE_NAMES = (
    "amber_court", "briar_chapel", "candle_tower", "dovecote_hall", "elder_library", "falcon_gate",
    "gorse_street", "heron_college", "ivory_cloister", "juniper_theatre", "kestrel_school",
)  # fmt: skip
CAPITAL_NAMES = (
    "mirabelle", "arc_du_sel", "coupole", "quai_rouge", "saint_orme", "palais_vert",
    "tour_neuve", "belle_halle", "grand_puits", "jardin_haut", "porte_lune",
)  # fmt: skip
# Database views of a landmark, from easy to hard, counted round.
VIEWS = ("fair", "mixed", "hard", "fair", "mixed", "fair", "extreme", "mixed", "fair", "hard", "fair", "mixed")
CLUSTER_VIEWS = ("fair", "mixed", "fair", "mixed", "hard", "fair", "mixed", "mixed")
STREET_VIEWS = ("fair", "mixed", "hard", "mixed")
# The training set of Google Landmarks v2 was cleaned: all of its views of a landmark show it well.
CLEAN_VIEWS = ("query", "fair")
CITIES = ("college", "capital", "world")


@dataclass(frozen=True)
class Shooting:
    """All photographs of one scene.

    Attributes:
        dataset: roxford5k, rparis6k, train, val, revisitop1m, gldv2 (training) or gldv2-test
        city: see scenes.draw_scene
        scene: the name of the scene
        archetype: see scenes.draw_scene
        motif: see scenes.draw_scene
        images: name and manner (a key of views.MANNERS) of each
    """

    dataset: str
    city: str
    scene: str
    archetype: int | None
    motif: str | None
    images: tuple[tuple[str, str], ...]


def all_shootings(seed: int, parameters: MiniParameters, datasets: Collection[str]) -> list[Shooting]:
    """The shootings of ``datasets`` in the miniature, in a fixed order."""
    shootings = [
        *revisited(seed, parameters, "roxford5k", "college", COLLEGE_NAMES, "oxmini"),
        *revisited(seed, parameters, "rparis6k", "capital", CAPITAL_NAMES, "parismini"),
        *clusters(parameters, "train", parameters.train_clusters),
        *clusters(parameters, "val", parameters.validation_clusters),
        *streets(parameters),
        *gldv2(parameters),
    ]
    return [shooting for shooting in shootings if shooting.dataset in datasets]


def image_size(shooting: Shooting, parameters: MiniParameters) -> int:
    """The longer side of the photographs of a scene, in pixels."""
    return parameters.gldv2_image_size if shooting.dataset.startswith("gldv2") else parameters.image_size


def landmark_names(names: tuple[str, ...], count: int) -> list[str]:
    """Return ``count`` names; after the last one they are numbered."""
    return [names[i % len(names)] + (f"_{i // len(names) + 1}" if i >= len(names) else "") for i in range(count)]


def revisited(
    seed: int, parameters: MiniParameters, dataset: str, city: str, names: tuple[str, ...], stray: str
) -> list[Shooting]:
    """Landmarks with queries and database views, and ``distractors`` other scenes; every second is a look-alike."""
    shootings = []
    landmarks = landmark_names(names, parameters.landmarks)
    for index, name in enumerate(landmarks):
        manners = ["query"] * parameters.queries + [VIEWS[i % len(VIEWS)] for i in range(parameters.views)]
        images = numbered(generator(seed, "numbers", dataset, name), name, manners)
        shootings.append(Shooting(dataset, city, name, index, None, images))
    for index in range(parameters.distractors):
        scene = f"{stray}_{index}"
        manners = [STREET_VIEWS[i % len(STREET_VIEWS)] for i in range(parameters.distractor_views)]
        motif = landmarks[index // 2 % len(landmarks)] if index % 2 == 0 else None
        images = tuple((f"{stray}_{index * 100 + i:06d}", manner) for i, manner in enumerate(manners))
        shootings.append(Shooting(dataset, city, scene, None, motif, images))
    return shootings


def numbered(rng: np.random.Generator, name: str, manners: list[str]) -> tuple[tuple[str, str], ...]:
    """Image names with random six-digit numbers, so that their order says nothing about their manner."""
    numbers = rng.choice(999, len(manners), replace=False)
    return tuple((f"{name}_{number:06d}", manner) for number, manner in zip(numbers, manners, strict=True))


def clusters(parameters: MiniParameters, split: str, count: int) -> list[Shooting]:
    """Three-dimensional models of the training set, one scene each."""
    manners = [CLUSTER_VIEWS[i % len(CLUSTER_VIEWS)] for i in range(parameters.cluster_views)]
    return same_kind(split, split, count, manners)


def streets(parameters: MiniParameters) -> list[Shooting]:
    """The distractor images: from the same cities and anywhere, some of them look-alikes of the landmarks."""
    total = parameters.archives * parameters.archive_images
    shootings = []
    for index, start in enumerate(range(0, total, len(STREET_VIEWS))):
        city, names = (("college", COLLEGE_NAMES), ("capital", CAPITAL_NAMES), ("world", COLLEGE_NAMES))[index % 3]
        motif = names[index // 3 % parameters.landmarks % len(names)] if city != "world" and index % 2 else None
        images = tuple(
            (f"street_{number:06d}", STREET_VIEWS[number - start])
            for number in range(start, min(start + len(STREET_VIEWS), total))
        )
        shootings.append(Shooting("revisitop1m", city, f"street_{index}", None, motif, images))
    return shootings


def gldv2(parameters: MiniParameters) -> list[Shooting]:
    """Google Landmarks v2: training landmarks; then landmarks of the test, and scenes that fill its index."""
    views, queries = parameters.gldv2_test_views, parameters.gldv2_test_queries
    manners = ["query"] * queries + [VIEWS[i % len(VIEWS)] for i in range(views)]
    return [
        *clean_landmarks(parameters),
        *same_kind("gldv2-test", "sight", parameters.gldv2_test_landmarks, manners),
        *same_kind("gldv2-test", "filler", parameters.gldv2_distractors, ["mixed", "fair"]),
    ]


def clean_landmarks(parameters: MiniParameters) -> list[Shooting]:
    """Landmarks to train on, from all cities; every second one is a look-alike of the one before."""
    manners = [CLEAN_VIEWS[i % len(CLEAN_VIEWS)] for i in range(parameters.gldv2_views)]
    return [
        replace(shooting, city=CITIES[index // 2 % len(CITIES)], motif=f"photo_{index - index % 2}")
        for index, shooting in enumerate(same_kind("gldv2", "photo", parameters.gldv2_landmarks, manners))
    ]


def same_kind(dataset: str, name: str, count: int, manners: list[str]) -> list[Shooting]:
    """``count`` numbered scenes anywhere in the world, all photographed in the same manners."""
    return [
        Shooting(dataset, "world", f"{name}_{index}", index, None,
                 tuple((f"{name}_{index:03d}_{i:02d}", manner) for i, manner in enumerate(manners)))
        for index in range(count)
    ]  # fmt: skip
