"""HDF5 files of arrays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from hostile.kinds.base import Kind, Sample, files, hdf5_damage

from reprise.codebooks import Codebook
from reprise.formats.aggregated import StoredAggregated, read_aggregated, read_extent, write_aggregated
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.pair_scores import PairScores, read_pair_scores, write_pair_scores
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.formats.tokens import TokenFile, token_writer


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
        files(lambda folder: _write_ragged(folder / "x.h5", affine=True)),
        files(lambda folder: _write_ragged(folder / "x.h5", descriptor_type="f2")),
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

    return [files(lambda folder: _write_dense(folder / "x.h5")), *map(files, (flat, packed, compressed))]


def _merged() -> list[Sample]:
    def write(folder: Path, write_one: Callable[[Path], None]) -> None:
        chunks = [folder / f"x.{chunk}-of-2.h5" for chunk in (1, 2)]
        for chunk in chunks:
            write_one(chunk)
        merge_features(chunks, folder / "x.h5", {"recipe": "{}"})

    return [files(lambda folder, one=one: write(folder, one)) for one in (_write_ragged, _write_dense)]


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

    return [files(lambda folder, dtype=dtype: write(folder, dtype)) for dtype in ("float32", "float16", "uint8")]


def _read_tokens(folder: Path) -> None:
    file = TokenFile(folder / "x.h5")
    file.read(np.arange(file.num_images))


def _rankings() -> list[Sample]:
    ranks = np.array([[1, 0, 2], [2, 1, 0]])
    ranked = RankedList(ranks, np.array([[3.0, 2, 1]] * 2), ranks[:, :2])
    whole = Ranking(["q0", "q1"], list("abc"), {ALL: RankedList(ranks, np.array([[3.0, 2, 1]] * 2))})
    cut = Ranking(["q0", "q1"], list("abc"), {"easy": ranked, "hard": ranked}, 1, 9, {"index bytes": {"e": 5}}, 2)
    return [files(lambda folder, made=made: write_ranking(folder / "x.h5", made, {})) for made in (whole, cut)]


def _read_ranking(folder: Path) -> None:
    ranking = read_ranking(folder / "x.h5")
    for ranked in ranking.lists.values():
        ranked.complete()
    ranking.without_unranked()


def _pair_scores() -> list[Sample]:
    scores = PairScores(np.array([0, 2, 2, 5]), np.array([0, 3, 1, 2, 4]), np.ones(5, np.float32), 6)
    return [files(lambda folder: write_pair_scores(folder / "x.h5", scores, {"recipe": "{}"}))]


def _aggregated() -> list[Sample]:
    def write(folder: Path, vectors: np.ndarray) -> None:
        stored = StoredAggregated(vectors, np.array([0, 4, 2]), np.array([1, 1, 2]), (1, 3), 5)
        write_aggregated(folder / "x.h5", stored, {"recipe": "{}"})

    kinds = (np.ones((3, 4), np.float32), np.ones((3, 1), np.uint32))
    return [files(lambda folder, vectors=vectors: write(folder, vectors)) for vectors in kinds]


def _read_aggregated(folder: Path) -> None:
    read_extent(folder / "x.h5")
    read_aggregated(folder / "x.h5")


def _codebooks() -> list[Sample]:
    codebook = Codebook(np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32))
    return [files(lambda folder: codebook.save(folder / "x.h5"))]


KINDS = {
    "ragged features": Kind(_ragged, _read_features, hdf5_damage),
    "dense features": Kind(_dense, _read_features, hdf5_damage),
    "merged features": Kind(_merged, _read_features, hdf5_damage),
    "tokens": Kind(_tokens, _read_tokens, hdf5_damage),
    "rankings": Kind(_rankings, _read_ranking, hdf5_damage),
    "pair scores": Kind(_pair_scores, lambda folder: read_pair_scores(folder / "x.h5"), hdf5_damage),
    "aggregated": Kind(_aggregated, _read_aggregated, hdf5_damage),
    "codebook": Kind(_codebooks, lambda folder: Codebook.load(folder / "x.h5"), hdf5_damage),
}
