"""Pickles and checkpoints, which somebody else wrote."""

import pickle
import random
from collections import OrderedDict, defaultdict
from pathlib import Path

import numpy as np
import torch
from hostile import mutations
from hostile.kinds.base import Kind, Sample, by_bytes, each, files

from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.gldv2 import read_gldv2_test
from reprise.datasets.sfm120k import read_training_set
from reprise.datasets.val_eccv20 import read_validation_set
from reprise.formats.neighbors import read_neighbors, write_neighbors
from reprise.formats.rankings import RankedList
from reprise.networks.ames_checkpoint import check_state, read_binarizer, read_state, settings_of
from reprise.networks.how_checkpoint import read_checkpoint, write_checkpoint
from reprise.networks.how_settings import Runtime, Settings
from reprise.training.states import TrainingState
from reprise.untrusted.checkpoints import load_checkpoint
from reprise.untrusted.pickles import load_pickle


def tensors() -> dict:
    state = OrderedDict(weight=torch.arange(6.0).reshape(2, 3), bias=torch.ones(2, dtype=torch.float16))
    return {"state": state, "epoch": 3, "scores": defaultdict(list, {"map": [np.float64(0.5)]})}


def _pickles() -> list[Sample]:
    record = np.array([(1, (2.0, 3.0), "ab")], dtype=[("a", ">i4"), ("b", "f8", (2,)), ("c", "U2")])
    values = [
        {"a": [1, 2.5, "text", (b"x",)], "s": {1, 2}, (1, 2): frozenset([3])},
        [np.arange(4.0), np.array([[1], None], dtype=object), record, np.float32(3), np.array(["ab"])],
        [torch.arange(4.0).reshape(2, 2).T, bytearray(b"abc"), OrderedDict(a=1), 2**80, 1j],
    ]
    return [{"x.pkl": pickle.dumps(value, protocol)} for value in values for protocol in (0, 2, 4, 5)]


def _read_pickle(folder: Path) -> None:
    for path in each(folder):
        repr(load_pickle(path))
        load_pickle(path, tensors_as_arrays=True)


def _ground_truths() -> list[Sample]:
    entry = {"bbx": [1.0, 2.0, 30.0, 40.0], "easy": [0, 1], "hard": np.array([2]), "junk": []}
    names = {"imlist": [f"i{n}" for n in range(4)], "qimlist": ["q0", "q1"]}
    revisited = {**names, "gnd": [entry, {**entry, "bbx": None}]}
    classic = {**names, "gnd": [{"ok": [0], "junk": [1], "bbx": (1, 2, 3, 4)}, {"ok": np.array([3]), "junk": [0]}]}
    lists = {"database.txt": b"train/a.jpg,5,640,480\ntrain/b.jpg,6,640,480\n", "queries.txt": b"q/a.jpg,5,640,480\n"}
    cids = [f"{n:06d}abcdef" for n in range(4)]
    part = {"cids": cids, "cluster": [0, 0, 1, 1], "qidxs": [0, 2], "pidxs": [1, 3]}
    validation = {"cids": cids, "qidx": [0, 1], "gnd": [{"ok": [2], "junk": [0]}, {"ok": [3], "junk": [1]}]}
    contents = {"revisited": revisited, "classic": classic, "sfm": {"train": part}, "val": validation}
    samples = [{f"{name}.pkl": pickle.dumps(content, p)} for name, content in contents.items() for p in (2, 4)]
    return [*samples, {"landmarks.pkl": pickle.dumps({"gnd": [{"ok": [0, 1]}]}, 4), **lists}]


def _read_ground_truth(folder: Path) -> None:
    name = next(path.stem for path in each(folder) if path.suffix == ".pkl")
    path, images = folder / f"{name}.pkl", folder / "jpg"
    if name in ("revisited", "classic"):
        read_benchmark(images, path, name)
    elif name == "sfm":
        read_training_set(images, path, "train")
    elif name == "val":
        read_validation_set(images, path)
    else:
        read_gldv2_test(images, path, folder / "database.txt", folder / "queries.txt", private_queries=0)


def _neighbors() -> list[Sample]:
    lists = RankedList(np.array([[1, 2, 0], [2, 0, 1]]), np.array([[0.9, 0.5, 0.1]] * 2, np.float32))

    def write(folder: Path) -> None:
        write_neighbors(folder / "x.pkl", lists)

    def write_tensor(folder: Path) -> None:
        write_neighbors(folder / "x.pkl", lists, as_tensor=True)

    return [files(write), files(write_tensor)]


def _checkpoints() -> list[Sample]:
    settings = Settings("resnet18", 3, 8, 3)
    state = {"features.0.weight": torch.ones(2, 3), "dim_reduction.bias": torch.zeros(8)}

    def published(folder: Path) -> None:
        write_checkpoint(
            folder / "how.pth", settings, ((0.5,) * 3, (0.2,) * 3), state, 3, {"best_score": 0.5}, Runtime()
        )

    def older(folder: Path) -> None:
        meta = {
            "architecture": "resnet18",
            "skip_layer": 3,
            "dim": 8,
            "feat_pool_k": 3,
            "mean": [0.5] * 3,
            "std": [0.2] * 3,
        }
        content = {"epoch": 7, "meta": meta, "state_dict": state}
        torch.save(content, folder / "how.pth", _use_new_zipfile_serialization=False)

    def ames(folder: Path) -> None:
        torch.save({"state": {"remap_local.0.weight": torch.ones(4, 6), "x": torch.ones(3)}}, folder / "ames.pt")

    def other(folder: Path) -> None:
        torch.save({**tensors(), "W": torch.ones(6, 128)}, folder / "other.pt")

    def resume(folder: Path) -> None:
        TrainingState(folder, "id").save(tensors(), [{"epoch": 1, "loss": 0.5}])

    return [files(write) for write in (published, older, ames, other, resume)]


def _read_checkpoint(folder: Path) -> None:
    for path in each(folder):
        if path.name == "how.pth":
            read_checkpoint(path).check_state_dict({"features.0.weight": torch.ones(2, 3)})
        elif path.name == "ames.pt":
            state = read_state(path)
            settings_of(path, state)
            check_state(path, state, {"x": torch.ones(3), "remap_local.0.weight": torch.ones(4, 6)})
        elif path.name == "state.pt":
            TrainingState(folder, "id").load()
        else:
            repr(load_checkpoint(path))
            read_binarizer(path, 6)


def _damage_checkpoint(path: Path, rng: random.Random) -> None:
    data = path.read_bytes()
    if data[:2] == b"PK":
        own = rng.choice([None, lambda content, rng: mutations.zipped(content, rng, mutations.pickled)])
    else:
        own = mutations.pickled
    path.write_bytes(mutations.mutate(data, rng, own))


KINDS = {
    "pickle": Kind(_pickles, _read_pickle, by_bytes(mutations.pickled)),
    "ground truth": Kind(_ground_truths, _read_ground_truth, by_bytes(mutations.pickled)),
    "neighbours": Kind(_neighbors, lambda folder: read_neighbors(folder / "x.pkl"), by_bytes(mutations.pickled)),
    "checkpoint": Kind(_checkpoints, _read_checkpoint, _damage_checkpoint),
}
