"""The small workflow with AMES: a random backbone, trained and distilled matchers, and what they re-rank."""

import json
from pathlib import Path

import cv2
import numpy as np
from workspace import Workspace, tiny_config

VIEWS = 8
TARGETS = [
    "results/ames_tiny.csv",
    "results/ames_steps.csv",
    "results/sweeps/tiny_ames/landmarks.csv",
    "results/calibrations/tiny.csv",
]
ADOPTED = "data/downloads/roxford5k/dinov2_query_local.hdf5"


def ames_workspace(folder: Path) -> Workspace:
    space = Workspace(folder, ames_config())
    space.draw()
    draw_many(folder / "many")
    return space


def draw_many(folder: Path) -> None:
    """Four patterns, eight views of each, and the list of them with a label for each pattern."""
    rng = np.random.default_rng(7)
    folder.mkdir(parents=True)
    lines = []
    for label in range(4):
        pattern = cv2.resize(rng.integers(0, 255, (12, 16, 3), np.uint8), (144, 108), interpolation=cv2.INTER_NEAREST)
        for view in range(VIEWS):
            shift = np.float32([[1, 0, 3 * view], [0, 1, 2 * view]])
            cv2.imwrite(str(folder / f"{label}_{view}.jpg"), cv2.warpAffine(pattern, shift, (144, 108)))
            lines.append(f"{label}_{view}.jpg,{label},144,108\n")
    (folder / "train.txt").write_text("".join(lines))


def ames_config() -> dict:
    """An overlay of config.yaml: the tiny one, and everything of AMES on it."""
    config = tiny_config()
    training = {
        "type": "ames", "dataset": "many", "extractor": "dinov2_tiny", "neighbors": "tiny", "teacher": None,
        "binarizer": None, "binarized": False, "seed": 0, "epochs": 1, "learning_rate": 1e-3, "weight_decay": 5e-4,
        "candidates": 20, "batch_images": 24, "descriptors": 12, "min_descriptors": 4, "beta": 10.0,
        "accumulation": 1, "mixed_precision": False, "threads": 2,
        "validation": {
            "dataset": "landmarks", "queries": None, "extractor": "dinov2_tiny", "neighbors": "tiny",
            "candidates": [4], "similarity_weight": 0.5, "temperature": 0.5, "query_descriptors": 12,
            "database_descriptors": 12,
        },
    }  # fmt: skip
    step = {
        "rerank": "tiny", "shortlist": 5, "num_features": 16, "query_features": 16, "similarity_weight": 0.5,
        "temperature": 0.5,
    }  # fmt: skip
    experiment = {"method": "CLS + AMES", "ranking": "tiny_cls", "steps": {"ames": step}}
    reranker = {"scorer": "ames", "extractor": "dinov2_tiny", "checkpoint": "ames_tiny", "num_features": 16}
    additions = {
        "datasets": {"many": {"layout": "gldv2_train", "folder": "many", "index": "many/train.txt", "chunks": 2}},
        "trainings": {
            "backbone": {
                "type": "dinov2", "dataset": "many", "images": 16, "dim": 64, "depth": 1, "image_size": 112,
                "seed": 0, "threads": 2,
            },
            "itq_tiny": {
                "type": "itq", "dataset": "many", "extractor": "dinov2_wide", "descriptors": 600,
                "num_features": 20, "iterations": 5, "seed": 0, "threads": 2,
            },
            "ames_tiny": training,
            "ames_dist_tiny": {
                **training, "extractor": "dinov2_wide", "teacher": "ames_wide", "binarizer": "itq_tiny",
                "binarized": True, "validation": None,
            },
            "ames_wide": {**training, "extractor": "dinov2_wide", "validation": None},
            "backbone_wide": {
                "type": "dinov2", "dataset": "many", "images": 16, "dim": 128, "depth": 1, "image_size": 112,
                "seed": 0, "threads": 2,
            },
        },
        "checkpoints": {
            "backbone": {"origin": "trained", "training": "backbone"},
            "detector": {"origin": "trained", "training": "backbone", "part": "detector"},
            "backbone_wide": {"origin": "trained", "training": "backbone_wide"},
            "itq_tiny": {"origin": "trained", "training": "itq_tiny"},
            "ames_tiny": {"origin": "trained", "training": "ames_tiny"},
            "ames_wide": {"origin": "trained", "training": "ames_wide"},
            "ames_dist_tiny": {"origin": "trained", "training": "ames_dist_tiny"},
        },
        "extractors": {
            "dinov2_tiny": {
                "type": "dinov2", "checkpoint": "backbone", "detector": "detector", "local_space": "detector",
                "image_size": 112, "scales": [1.0], "num_features": 20,
            },
            "dinov2_wide": {
                "type": "dinov2", "checkpoint": "backbone_wide", "detector": None, "local_space": "backbone",
                "image_size": 112, "scales": [1.0], "num_features": 20,
            },
            "adopted": {
                "type": "downloaded", "num_features": 20,
                "files": {"landmarks": {"queries": ["ames_roxford5k_dinov2_query_local"]}},
            },
        },
        "neighbors": {"tiny": {"extractor": "dinov2_tiny", "descriptor": "cls", "count": 20}},
        "rerankers": {
            "tiny": {**reranker, "chunks": 2},
            "tiny_dist": {**reranker, "extractor": "dinov2_wide", "checkpoint": "ames_dist_tiny", "chunks": 1},
        },
        "calibrations": {
            "tiny": {
                "extractor": "dinov2_tiny", "published": "adopted", "dataset": "landmarks", "queries": 2,
                "image_sizes": [None, 112],
            },
        },
        "sweep": {"shortlist": [3, 5], "similarity_weights": [0.0, 1.0], "temperatures": [0.5]},
        "experiments": {
            "tiny_cls": {"method": "CLS", "search": "global", "neighbors": "tiny"},
            "tiny_ames": experiment,
            "tiny_ames_other": {**experiment, "steps": {"ames": {**step, "similarity_weight": 0.25}}},
            "sift_ames": {**experiment, "method": "RootSIFT + ASMK* + AMES", "ranking": "sift_tiny"},
            "dist_ames": {
                **experiment, "method": "CLS + AMES, distilled", "steps": {"ames": {**step, "rerank": "tiny_dist"}},
            },
            "twice_ames": {
                "method": "CLS + AMES + AMES, distilled", "search": "global", "neighbors": "tiny",
                "steps": {"ames": step, "again": {**step, "rerank": "tiny_dist", "shortlist": 4}},
            },
        },
        "tables": {
            "ames_tiny": {
                "title": "AMES", "published": None,
                "experiments": ["tiny_cls", "tiny_ames", "tiny_ames_other", "sift_ames", "dist_ames"],
                "datasets": ["landmarks"], "protocols": ["medium", "hard"],
            },
            "ames_enlarged": {
                "title": "AMES with distractors", "published": None, "experiments": ["tiny_cls", "tiny_ames"],
                "datasets": ["landmarks+passing"], "protocols": ["medium", "hard"],
            },
            "ames_steps": {
                "title": "AMES after other steps", "published": None,
                "experiments": ["tiny_ames", "sift_ames", "twice_ames"],
                "datasets": ["landmarks"], "protocols": ["easy", "medium", "hard"],
            },
        },
    }  # fmt: skip
    # Chunks are merged by the images of the training alone; every job imports torch.
    for name in ("landmarks", "landmarks_list", "passing"):
        config["datasets"][name]["chunks"] = 1
    for section, entries in additions.items():
        config[section] = {**config.get(section, {}), **entries}
    # Through JSON, so that no two entries share a mapping and a test changes one alone.
    return json.loads(json.dumps({**config, "measure_enlarged": True}))
