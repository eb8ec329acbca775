"""The kinds of files that are damaged: whole samples of each, how they are damaged, and everything that reads them.

To add a kind, such as a folder of an index or the replies of a server, add a :class:`Kind` to ``kinds``.
"""

import gzip
import io
import pickle
import random
import shutil
import tarfile
import tempfile
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from hostile import mutations
from PIL import Image

from reprise.codebooks import Codebook
from reprise.datasets.benchmarks import read_benchmark
from reprise.datasets.gldv2 import read_gldv2_test
from reprise.datasets.image_lists import read_image_list
from reprise.datasets.list import read_list
from reprise.datasets.sfm120k import read_training_set
from reprise.datasets.val_eccv20 import read_validation_set
from reprise.downloads.archives import unpack
from reprise.downloads.sources import read_sources
from reprise.formats.aggregated import StoredAggregated, read_aggregated, read_extent, write_aggregated
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.neighbors import read_neighbors, write_neighbors
from reprise.formats.pair_scores import PairScores, read_pair_scores, write_pair_scores
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.formats.tokens import TokenFile, token_writer
from reprise.images.decoding import decode, decode_bgr
from reprise.images.sources import ForgivingPath
from reprise.networks.ames_checkpoint import check_state, read_binarizer, read_state, settings_of
from reprise.networks.how_checkpoint import read_checkpoint, write_checkpoint
from reprise.networks.how_settings import Runtime, Settings
from reprise.storage.yaml_files import load_yaml
from reprise.training.states import TrainingState
from reprise.untrusted.checkpoints import load_checkpoint
from reprise.untrusted.pickles import load_pickle

Sample = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of files.

    Attributes:
        samples: whole files by name, of which one is damaged
        read: reads everything from the folder with the files; only a DataError may come out
        damage: damages one file, in place
    """

    samples: Callable[[], list[Sample]]
    read: Callable[[Path], None]
    damage: Callable[[Path, random.Random], None]


def _by_bytes(own: mutations.Mutation | None = None) -> Callable[[Path, random.Random], None]:
    def damage(path: Path, rng: random.Random) -> None:
        path.write_bytes(mutations.mutate(path.read_bytes(), rng, own))

    return damage


def _hdf5(path: Path, rng: random.Random) -> None:
    if rng.random() < 0.5:
        try:
            mutations.restructured(path, rng)
        except Exception:  # the library refuses the change
            path.write_bytes(mutations.mutate(path.read_bytes(), rng))
    if rng.random() < 0.6:
        path.write_bytes(mutations.mutate(path.read_bytes(), rng))


def _files(write: Callable[[Path], None]) -> Sample:
    """What ``write`` writes into a folder."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def _each(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


# ---- pickles and what is stored in them


def _tensors() -> dict:
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
    for path in _each(folder):
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
    name = next(path.stem for path in _each(folder) if path.suffix == ".pkl")
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

    return [_files(write), _files(write_tensor)]


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
        torch.save({**_tensors(), "W": torch.ones(6, 128)}, folder / "other.pt")

    def resume(folder: Path) -> None:
        TrainingState(folder, "id").save(_tensors(), [{"epoch": 1, "loss": 0.5}])

    return [_files(write) for write in (published, older, ames, other, resume)]


def _read_checkpoint(folder: Path) -> None:
    for path in _each(folder):
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


# ---- HDF5


def _local(count: int, dim: int = 4, **more: object) -> LocalFeatures:
    rng = np.random.default_rng(count)
    scores = np.sort(rng.random(count).astype(np.float32))[::-1]
    descriptors = rng.standard_normal((count, dim)).astype(np.float32)
    keypoints = rng.random((count, 2)).astype(np.float32)
    return LocalFeatures(descriptors, scores, keypoints, np.ones(count, np.float32), **more)


def _write_ragged(path: Path, counts: tuple[int, ...] = (3, 0, 5), **options: object) -> None:
    with feature_writer(path, 4, {"recipe": "{}", "extractor": "e"}, global_dims={"cls": 2}, **options) as writer:
        for row, count in enumerate(counts):
            more = {"affine": np.ones((count, 2, 2), np.float32)} if options.get("affine") else {}
            writer.append(f"{path.stem}{row}", _local(count, global_descriptors={"cls": np.ones(2)}, **more))


def _write_dense(path: Path) -> None:
    names = [f"{path.stem}{row}" for row in range(2)]
    options = {"layout": "dense", "names": names, "num_features": 4, "global_dims": {"cls": 2}}
    with feature_writer(path, 4, {"recipe": "{}"}, **options) as writer:
        for name, count in zip(names, (2, 4), strict=True):
            writer.append(name, _local(count, global_descriptors={"cls": np.ones(2)}))


def _ragged() -> list[Sample]:
    return [
        _files(lambda folder: _write_ragged(folder / "x.h5", affine=True)),
        _files(lambda folder: _write_ragged(folder / "x.h5", descriptor_type="f2")),
    ]


def _dense() -> list[Sample]:
    import h5py

    def flat(folder: Path, **options: object) -> None:
        values = np.random.default_rng(0).standard_normal((2, 4, 9)).astype(np.float16)
        values[..., 3] = 0
        with h5py.File(folder / "x.h5", "w") as file:
            file.create_dataset("features", data=values, **options)

    def packed(folder: Path) -> None:
        record = np.dtype([("metadata", "f4", (4, 5)), ("descriptor", "u1", (4, 2))])
        with h5py.File(folder / "x.h5", "w") as file:
            file["features"] = np.zeros(2, record)

    def compressed(folder: Path) -> None:
        flat(folder, chunks=(1, 4, 9), compression="gzip")

    return [_files(lambda folder: _write_dense(folder / "x.h5")), *map(_files, (flat, packed, compressed))]


def _merged() -> list[Sample]:
    def write(folder: Path, write_one: Callable[[Path], None]) -> None:
        chunks = [folder / f"x.{chunk}-of-2.h5" for chunk in (1, 2)]
        for chunk in chunks:
            write_one(chunk)
        merge_features(chunks, folder / "x.h5", {"recipe": "{}"})

    return [_files(lambda folder, one=one: write(folder, one)) for one in (_write_ragged, _write_dense)]


def _read_features(folder: Path) -> None:
    with open_features(folder / "x.h5") as features:
        count = len(features)
        for kind in features.global_dims:
            features.globals(kind)
        features.block(0, count)
        features.read_rows(0, count, 2)
        if features.dim:
            features.gather(features.rows(2))
            if features.num_features:
                features.read(range(count))
        features.scales()
        features.describe()


def _tokens() -> list[Sample]:
    def write(folder: Path, dtype: str) -> None:
        width = 16 if dtype == "uint8" else 128
        with token_writer(folder / "x.h5", 3, 2, dtype, names=["a", "b", "c"], attributes={"network": "n"}) as writer:
            writer.append(np.ones((3, 2, width), dtype), np.array([2, 1, 0]))

    return [_files(lambda folder, dtype=dtype: write(folder, dtype)) for dtype in ("float32", "float16", "uint8")]


def _read_tokens(folder: Path) -> None:
    file = TokenFile(folder / "x.h5")
    file.read(np.arange(file.num_images))


def _rankings() -> list[Sample]:
    ranks = np.array([[1, 0, 2], [2, 1, 0]])
    ranked = RankedList(ranks, np.array([[3.0, 2, 1]] * 2), ranks[:, :2])
    whole = Ranking(["q0", "q1"], list("abc"), {ALL: RankedList(ranks, np.array([[3.0, 2, 1]] * 2))})
    cut = Ranking(["q0", "q1"], list("abc"), {"easy": ranked, "hard": ranked}, 1, 9, {"index bytes": {"e": 5}}, 2)
    return [_files(lambda folder, made=made: write_ranking(folder / "x.h5", made, {})) for made in (whole, cut)]


def _read_ranking(folder: Path) -> None:
    ranking = read_ranking(folder / "x.h5")
    for ranked in ranking.lists.values():
        ranked.complete()
    ranking.without_unranked()


def _pair_scores() -> list[Sample]:
    scores = PairScores(np.array([0, 2, 2, 5]), np.array([0, 3, 1, 2, 4]), np.ones(5, np.float32), 6)
    return [_files(lambda folder: write_pair_scores(folder / "x.h5", scores, {"recipe": "{}"}))]


def _aggregated() -> list[Sample]:
    def write(folder: Path, vectors: np.ndarray) -> None:
        stored = StoredAggregated(vectors, np.array([0, 4, 2]), np.array([1, 1, 2]), (1, 3), 5)
        write_aggregated(folder / "x.h5", stored, {"recipe": "{}"})

    kinds = (np.ones((3, 4), np.float32), np.ones((3, 1), np.uint32))
    return [_files(lambda folder, vectors=vectors: write(folder, vectors)) for vectors in kinds]


def _read_aggregated(folder: Path) -> None:
    read_extent(folder / "x.h5")
    read_aggregated(folder / "x.h5")


def _codebooks() -> list[Sample]:
    codebook = Codebook(np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32))
    return [_files(lambda folder: codebook.save(folder / "x.h5"))]


# ---- archives, images, texts


def _archives() -> list[Sample]:
    files = {"jpg/a.jpg": b"first" * 200, "jpg/deep/ä.jpg": b"second", "list.txt": b""}
    plain, bundle = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar, zipfile.ZipFile(bundle, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "x" * 150: b"long"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
            archive.writestr(name, content)
        for kind, target in ((tarfile.SYMTYPE, "jpg/a.jpg"), (tarfile.LNKTYPE, "list.txt")):
            info = tarfile.TarInfo(f"link{target[0]}")
            info.type, info.linkname = kind, target
            tar.addfile(info)
    packed = gzip.compress(plain.getvalue(), mtime=0)
    return [{"x.tar": plain.getvalue()}, {"x.tgz": packed}, {"x.zip": bundle.getvalue()}]


def _read_archive(folder: Path) -> None:
    for path in _each(folder):
        for flatten in (False, True):
            try:
                unpack(path, folder / "out", flatten=flatten)
            finally:
                shutil.rmtree(folder / "out", ignore_errors=True)


def _damage_archive(path: Path, rng: random.Random) -> None:
    own = mutations.zipped if path.suffix == ".zip" else mutations.tarred
    path.write_bytes(mutations.mutate(path.read_bytes(), rng, own))


def _images() -> list[Sample]:
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    samples = []
    for suffix, options in (
        ("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("gif", {}), ("webp", {}), ("tif", {}), ("bmp", {}),
        ("tif", {"compression": "tiff_lzw"}), ("ppm", {}), ("jp2", {}),
    ):  # fmt: skip
        buffer = io.BytesIO()
        form = {"jpg": "JPEG", "tif": "TIFF", "jp2": "JPEG2000"}.get(suffix, suffix.upper())
        Image.fromarray(pixels).save(buffer, form, **options)
        samples.append({f"x.{suffix}": buffer.getvalue()})
    deep = io.BytesIO()
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(deep, "PNG")
    return [*samples, {"x.png": deep.getvalue()}]


def _read_image(folder: Path) -> None:
    from reprise.storage.errors import DataError

    errors = []
    for path in _each(folder):
        for image in (path, ForgivingPath(path)):
            for call in (lambda image: decode(image, "RGB"), lambda image: decode(image, "L"), decode_bgr):
                try:
                    call(image)
                except DataError as error:
                    errors.append(error)
    if errors:
        raise errors[0]


def _lists() -> list[Sample]:
    plain = "jpg/a.jpg\njpg/ä b.jpg\n\njpg/c.jpg\n".encode()
    return [
        {"plain.txt": plain},
        {"labelled.txt": b"train/a.jpg,5,640,480\ntrain/b.jpg,6,640,480\n"},
        {"sizes.txt": b"train/a.jpg,640,480\ntrain/b.jpg,640,480\n"},
    ]


def _read_list(folder: Path) -> None:
    for path in _each(folder):
        if path.name == "plain.txt":
            read_list(folder / "jpg", path)
        else:
            read_image_list(path, folder)
            read_image_list(path, {"train": folder})


def _yaml() -> list[Sample]:
    settings = (
        b"base: &base\n  a: [1, 2, 3]\n  b: {c: 1.5, d: 'x'}\nother:\n  <<: *base\n  e: |\n    text\n  f: 2024-01-01\n"
    )
    entry = "key:\n  file: a.tgz\n  urls: [https://a.org/a.tgz]\n  licence: free\n  citation: nobody\n"
    return [{"x.yaml": settings}, {"sources.yaml": (entry + "  bytes: 5\n  sha256: null\n").encode()}]


def _read_yaml(folder: Path) -> None:
    for path in _each(folder):
        repr(load_yaml(path))
        if path.name == "sources.yaml":
            read_sources(path)


kinds: dict[str, Kind] = {
    "pickle": Kind(_pickles, _read_pickle, _by_bytes(mutations.pickled)),
    "ground truth": Kind(_ground_truths, _read_ground_truth, _by_bytes(mutations.pickled)),
    "neighbours": Kind(_neighbors, lambda folder: read_neighbors(folder / "x.pkl"), _by_bytes(mutations.pickled)),
    "checkpoint": Kind(_checkpoints, _read_checkpoint, _damage_checkpoint),
    "ragged features": Kind(_ragged, _read_features, _hdf5),
    "dense features": Kind(_dense, _read_features, _hdf5),
    "merged features": Kind(_merged, _read_features, _hdf5),
    "tokens": Kind(_tokens, _read_tokens, _hdf5),
    "rankings": Kind(_rankings, _read_ranking, _hdf5),
    "pair scores": Kind(_pair_scores, lambda folder: read_pair_scores(folder / "x.h5"), _hdf5),
    "aggregated": Kind(_aggregated, _read_aggregated, _hdf5),
    "codebook": Kind(_codebooks, lambda folder: Codebook.load(folder / "x.h5"), _hdf5),
    "archive": Kind(_archives, _read_archive, _damage_archive),
    "image": Kind(_images, _read_image, _by_bytes()),
    "list": Kind(_lists, _read_list, _by_bytes(mutations.written)),
    "YAML": Kind(_yaml, _read_yaml, _by_bytes(mutations.written)),
}
