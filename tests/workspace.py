"""A copy of the project in a temporary folder, with a dataset of its own that is small enough to run in a minute."""

import os
import pickle
import re
import shutil
import sys
from pathlib import Path

import cv2
import forking
import numpy as np
import yaml
from paths import ROOT

COPIED = ("Snakefile", "config", "rules", "workflow", "profiles", "src")
TARGET = "results/tiny.csv"
_CLOSED = "http://127.0.0.1:9"
# A line of Snakemake's table of jobs: the rule and how often it would run.
_STATISTIC = re.compile(r"^(\w+)\s+(\d+)$", re.MULTILINE)


class Workspace:
    """The project in ``folder``, where tests may change the configuration, the code and the data."""

    def __init__(self, folder: Path, config: dict | None = None):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        if config is None:
            self.draw()
        self.config = tiny_config() if config is None else config
        self.write_config()

    def draw(self) -> None:
        """Draw the data of the tiny configuration."""
        draw_landmarks(self.folder / "landmarks")
        draw_landmarks(self.folder / "others", seed=1)

    def write_config(self) -> None:
        (self.folder / "tiny.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))

    def command(self, *arguments: str, targets=(TARGET,)) -> list[str]:
        return [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", *arguments, "--", *targets]

    def environment(self) -> dict[str, str]:
        # Whatever the network of this machine is, a test sees none; 127.0.0.1 is reached without the proxy.
        closed = {"http_proxy": _CLOSED, "https_proxy": _CLOSED, "no_proxy": "127.0.0.1"}
        return {**os.environ, **closed, "PYTHONPATH": str(self.folder / "src")}

    def snakemake(self, *arguments: str, targets=(TARGET,), check=True) -> str:
        """What Snakemake prints; with ``check``, it has to succeed."""
        _, _, _, *given = self.command(*arguments, targets=targets)
        log = self.folder.with_name(f"{self.folder.name}.snakemake.log")
        code = forking.run(given, folder=self.folder, environment=self.environment(), output=log)
        output = log.read_text()
        assert not check or code == 0, output[-6000:]
        assert check or code != 0, "this was expected to fail"
        return output

    def run(self, **options) -> str:
        return self.snakemake("--cores", "2", **options)

    def planned(self, targets=(TARGET,)) -> dict[str, int]:
        """The rules that a dry run lists, with the number of their jobs."""
        output = self.snakemake("-n", "--quiet", "rules", targets=targets)
        jobs = {rule: int(count) for rule, count in _STATISTIC.findall(output) if rule != "total"}
        assert jobs or "Nothing to be done" in output, output
        return jobs


def draw_landmarks(folder: Path, seed: int = 0) -> None:
    """Four patterns, three views of each; the first view of each is a query."""
    rng = np.random.default_rng(seed)
    (folder / "jpg").mkdir(parents=True)
    names, queries = [], []
    for landmark in range(4):
        pattern = cv2.resize(rng.integers(0, 255, (24, 32, 3), np.uint8), (192, 144), interpolation=cv2.INTER_NEAREST)
        for view in range(3):
            turn = cv2.getRotationMatrix2D((96, 72), 6.0 * view, 1.0 - 0.08 * view)
            name = f"landmark{landmark}_{view}"
            cv2.imwrite(str(folder / "jpg" / f"{name}.jpg"), cv2.warpAffine(pattern, turn, (192, 144)))
            (queries if view == 0 else names).append(name)
    truth = [{"easy": [2 * i], "hard": [2 * i + 1], "junk": [], "bbx": (8.0, 8.0, 180.0, 130.0)} for i in range(4)]
    content = {"imlist": names, "qimlist": queries, "gnd": truth}
    (folder / f"gnd_{folder.name}.pkl").write_bytes(pickle.dumps(content))
    (folder / "list.txt").write_text("".join(f"{name}.jpg\n" for name in names))
    _draw_pairs(folder, [f"landmark{landmark}_{view}" for landmark in range(4) for view in range(3)])


def _draw_pairs(folder: Path, names: list[str]) -> None:
    """The same images as a training set: every view of a landmark with every other."""
    cids = [f"{folder.name}{name.replace('_', '')}" for name in names]
    for name, cid in zip(names, cids, strict=True):
        path = folder / "ims" / cid[-2:] / cid[-4:-2] / cid[-6:-4] / cid
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "jpg" / f"{name}.jpg", path)
    pairs = [(a, b) for a in range(12) for b in range(12) if a // 3 == b // 3 and a != b]
    train = {
        "cids": cids, "cluster": [index // 3 for index in range(12)],
        "qidxs": [a for a, _ in pairs], "pidxs": [b for _, b in pairs],
    }  # fmt: skip
    (folder / "pairs.pkl").write_bytes(pickle.dumps({"train": train}))


def tiny_config() -> dict:
    """An overlay of config.yaml: a RootSIFT and a HOW experiment on the landmarks."""
    asmk = {
        "binary": True, "idf": False, "database_assignments": 1, "query_assignments": 5,
        "alpha": 3.0, "threshold": 0.0, "topk": None,
    }  # fmt: skip
    return {
        "datasets": {
            "landmarks": {"layout": "revisited", "folder": "landmarks", "chunks": 2},
            "others": {"layout": "revisited", "folder": "others", "chunks": 2},
            "passing": {
                "layout": "list", "folder": "others/jpg", "list": "others/list.txt", "chunks": 2,
                "keep_features": False,
            },
            "landmarks_list": {
                "layout": "list", "folder": "landmarks/jpg", "list": "landmarks/list.txt", "chunks": 2,
            },
            "landmarks_pairs": {
                "layout": "sfm120k", "folder": "landmarks", "index": "landmarks/pairs.pkl", "part": "train",
                "chunks": 1,
            },
        },
        "enlarged": {"landmarks+passing": {"dataset": "landmarks", "distractors": "passing", "topk": 5}},
        "trainings": {
            "how_tiny": {
                "type": "how", "dataset": "landmarks_pairs", "trunk": None, "backbone": "resnet18", "skip_stages": 1,
                "dim": 128, "smoothing": 3, "whitening": {"images": 12, "num_features": 50}, "seed": 0, "epochs": 1,
                "queries": 4, "pool": 8, "negatives": 2, "batch": 2, "accumulation": 1, "mixed_precision": False,
                "image_size": 96, "margin": 0.8, "learning_rate": 1e-5, "learning_rate_decay": 0.99,
                "weight_decay": 1e-4, "validation": None, "threads": 2,
            },
        },
        "checkpoints": {"how_tiny": {"origin": "trained", "training": "how_tiny"}},
        "extractors": {
            "how_tiny": {
                "type": "how", "checkpoint": "how_tiny", "image_size": 128,
                "scales": [1.0, 0.5], "num_features": 60,
            },
            "sift_tiny": {"type": "rootsift", "image_size": None, "num_features": 300},
        },
        "codebooks": {
            name: {
                "extractor": name, "dataset": "landmarks_list", "num_features": 40,
                "size": 8, "iterations": 3, "seed": 1,
            }
            for name in ("how_tiny", "sift_tiny")
        },
        "experiments": {
            name: {
                "method": name, "extractor": name, "num_features": 50, "search": "asmk",
                "codebook": name, "asmk": dict(asmk),
            }
            for name in ("how_tiny", "sift_tiny")
        },
        "tables": {
            "tiny": {
                "title": "Tiny", "published": None, "experiments": ["how_tiny", "sift_tiny"],
                "datasets": ["landmarks"], "protocols": ["easy", "medium", "hard"],
            },
        },
    }  # fmt: skip
