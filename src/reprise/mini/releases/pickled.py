"""Image lists and ground truth in the structures of the published pickle files."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from reprise.mini.releases.drawn import DrawnScene
from reprise.mini.world.overlap import judge, positive_pair
from reprise.storage.atomic import atomic_path


def write_pickle(path: Path, content: Any) -> None:
    """Write with a fixed protocol, so that equal content gives equal bytes."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(pickle.dumps(content, protocol=4))


def revisited_ground_truth(scenes: list[DrawnScene]) -> dict[str, Any]:
    """Make imlist, qimlist and gnd with easy, hard, junk and bbx; the queries are not in imlist."""
    images = [image for scene in scenes for image in scene.images]
    names = sorted(image.name for image in images if image.manner != "query")
    index = {name: i for i, name in enumerate(names)}
    queries, gnd = [], []
    for scene in scenes:
        for query in (image for image in scene.images if image.manner == "query"):
            entry: dict[str, Any] = {"easy": [], "hard": [], "junk": [], "bbx": list(query.box)}
            for first, second, overlap in scene.pairs():
                label = judge(overlap)
                if first is query and second.name in index and label != "negative":
                    entry[label].append(index[second.name])
            queries.append(query.name)
            gnd.append({key: sorted(value) if key != "bbx" else value for key, value in entry.items()})
    return {"imlist": names, "qimlist": queries, "gnd": gnd}


def classic_ground_truth(scenes: list[DrawnScene]) -> dict[str, Any]:
    """Make imlist, qimlist and gnd with ok, junk and bbx; the queries are in imlist and among their own ok images."""
    images = [image for scene in scenes for image in scene.images]
    names = sorted(image.name for image in images)
    index = {name: i for i, name in enumerate(names)}
    queries, gnd = [], []
    for scene in scenes:
        for query in (image for image in scene.images if image.manner == "query"):
            labels = {index[b.name]: judge(overlap) for a, b, overlap in scene.pairs() if a is query}
            ok = sorted([index[query.name], *(i for i, label in labels.items() if label in ("easy", "hard"))])
            junk = sorted(i for i, label in labels.items() if label == "junk")
            queries.append(query.name)
            gnd.append({"ok": ok, "junk": junk, "bbx": list(query.box)})
    return {"imlist": names, "qimlist": queries, "gnd": gnd}


def training_pairs(scenes: list[DrawnScene], cids: dict[str, str], order: dict[str, int]) -> dict[str, list[int]]:
    """Make qidxs and pidxs: all pairs of images that share enough, as indices into a list of images.

    Args:
        scenes: the scenes
        cids: image name -> cid
        order: cid -> its index in the list
    """
    pairs = [
        (order[cids[a.name]], order[cids[b.name]])
        for scene in scenes
        for a, b, overlap in scene.pairs()
        if positive_pair(overlap)
    ]
    return {"qidxs": [a for a, _ in pairs], "pidxs": [b for _, b in pairs]}


def training_split(scenes: list[DrawnScene], cids: dict[str, str], rng: np.random.Generator) -> dict[str, list]:
    """Make cids in random order, the cluster of each, qidxs and pidxs."""
    clusters = {cids[image.name]: number for number, scene in enumerate(scenes) for image in scene.images}
    shuffled = [str(cid) for cid in rng.permutation(sorted(clusters))]
    order = {cid: i for i, cid in enumerate(shuffled)}
    return {
        "cids": shuffled,
        "cluster": [clusters[cid] for cid in shuffled],
        **training_pairs(scenes, cids, order),
    }


def whitening_split(scenes: list[DrawnScene], cids: dict[str, str]) -> dict[str, list]:
    """Make cids, qidxs and pidxs, without clusters."""
    names = sorted(cids[image.name] for scene in scenes for image in scene.images)
    return {"cids": names, **training_pairs(scenes, cids, {cid: i for i, cid in enumerate(names)})}


def validation_queries(scenes: list[DrawnScene], cids: dict[str, str], count: int) -> dict[str, Any]:
    """Make cids, qidx and gnd with ok and junk; queries are database images, each junk for itself."""
    names = sorted(cids[image.name] for scene in scenes for image in scene.images)
    index = {cid: i for i, cid in enumerate(names)}
    entries: list[tuple[int, dict[str, list[int]]]] = []
    # One query of every scene, then the second of every scene, and so on: no scene dominates.
    for turn in zip(*(scene.images for scene in scenes), strict=True):
        for scene, query in zip(scenes, turn, strict=True):
            overlaps = {index[cids[b.name]]: overlap for a, b, overlap in scene.pairs() if a is query}
            ok = sorted(i for i, overlap in overlaps.items() if overlap.share >= 0.2 and overlap.scale >= 0.3)
            junk = [i for i, overlap in overlaps.items() if i not in ok and judge(overlap) != "negative"]
            if ok:
                own = index[cids[query.name]]
                entries.append((own, {"ok": ok, "junk": sorted([own, *junk])}))
    chosen = entries[:count]
    return {"cids": names, "qidx": [own for own, _ in chosen], "gnd": [entry for _, entry in chosen]}
