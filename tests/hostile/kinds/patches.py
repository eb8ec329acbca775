"""What patches, their descriptors and the old ground truth come in; and the files of the engines on regions."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy.io
from hostile import mutations
from hostile.kinds.base import Kind, Sample, by_bytes, files, hdf5_damage
from PIL import Image

from reprise.bow import BagOfWords
from reprise.datasets.hpatches import read_pairs, read_patch_image, read_patches, read_splits
from reprise.datasets.oxford import read_oxford
from reprise.datasets.phototour import read_phototour
from reprise.formats.described_patches import DescribedPatches, write_described
from reprise.formats.regions import RegionFile, StoredRegions, write_regions
from reprise.hamming import HammingEmbedding, HammingIndex, Signatures
from reprise.untrusted.matlab import load_matlab

_PAIRS = "m50_100000_100000_0.txt"
_SEQUENCES = ("i_a", "v_b")


def _phototour() -> list[Sample]:
    sheet = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024), np.uint8)
    Image.fromarray(pixels).save(sheet, "BMP")
    points = np.arange(256) // 3
    info = "".join(f"{point} 0\n" for point in points)
    pairs = "".join(f"{a} {points[a]} 0 {b} {points[b]} 0 0\n" for a, b in ((0, 1), (1, 2), (3, 200), (17, 90)))
    return [{"patches0000.bmp": sheet.getvalue(), "info.txt": info.encode(), _PAIRS: pairs.encode()}]


def _hpatches() -> list[Sample]:
    image = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (195, 65), np.uint8)).save(image, "PNG")
    splits = b'{"a": {"test": ["i_a"], "train": ["v_b"]}, "full": {"test": ["i_a", "v_b"]}}'
    lines = {"pairs": "s1,t1,i1,s2,t2,i2\ni_a,ref,0,v_b,e1,2\n", "patches": "s,idx\ni_a,0\nv_b,2\n"}
    return [
        {"ref.png": image.getvalue()},
        {"splits.json": splits},
        *({f"{k}.csv": v.encode()} for k, v in lines.items()),
    ]


def _read_hpatches(folder: Path) -> None:
    for path in folder.glob("*.png"):
        read_patch_image(path)
    for path in folder.glob("*.json"):
        read_splits(path)
    for path in folder.glob("*.csv"):
        read = read_pairs if path.stem == "pairs" else read_patches
        read(path.read_bytes().decode("utf-8", "replace"), _SEQUENCES, path)


def _matlab() -> list[Sample]:
    values = {
        "numbers": np.arange(24.0).reshape(2, 3, 4),
        "text": "normalize",
        "record": {"a": np.ones((2, 2)), "b": "y"},
    }
    samples = []
    for compressed in (False, True):
        content = io.BytesIO()
        scipy.io.savemat(content, values, do_compression=compressed)
        samples.append({"x.mat": content.getvalue()})
    return samples


def _described() -> list[Sample]:
    vectors = np.random.default_rng(0).random((3, 8)).astype(np.float32)
    names = ("i_a/ref", "i_a/e1", "pairs")
    return [files(lambda folder: write_described(folder / "x.h5", ((n, vectors) for n in names), {"recipe": "{}"}))]


def _read_described(folder: Path) -> None:
    with DescribedPatches(folder / "x.h5") as described:
        for name in described:
            described[name]
            described.count(name)


def _oxford() -> list[Sample]:
    images = {f"hall_{number}.jpg": b"" for number in range(4)}
    lists = {"query": "oxc1_hall_0 1.5 2 30 40\n", "good": "hall_0\nhall_1\n", "ok": "hall_2\n", "junk": "hall_3\n"}
    return [{**images, **{f"hall_1_{key}.txt": text.encode() for key, text in lists.items()}}]


def _regions() -> list[Sample]:
    regions = StoredRegions(
        np.arange(5, dtype=np.uint32), np.ones((5, 2), np.float32), np.tile(np.eye(2, dtype=np.float32), (5, 1, 1)),
        np.array([0, 2, 5]),
    )  # fmt: skip

    def write(folder: Path) -> None:
        write_regions(folder / "x.h5", regions, n_words=9, codebook="c", names=["a", "b"], attributes={"recipe": "{}"})

    return [files(write)]


def _read_regions(path: Path) -> None:
    file = RegionFile(path)
    file.read(np.arange(len(file)))


def _embeddings() -> list[Sample]:
    random = np.random.default_rng(0)
    embedding = HammingEmbedding(np.eye(64, dtype=np.float32), random.random((4, 64)).astype(np.float32))
    return [files(lambda folder: embedding.save(folder / "x.h5", {"recipe": "{}"}))]


def _saved(save: Callable[[Path], None]) -> Sample:
    """The files of a folder that ``save`` writes."""

    def write(folder: Path) -> None:
        save(folder / "index")
        for path in (folder / "index").iterdir():
            path.rename(folder / path.name)
        (folder / "index").rmdir()

    return files(write)


def _bags() -> list[Sample]:
    index = BagOfWords.build(np.array([0, 3, 3, 7]), np.array([0, 0, 1, 2]), 9, n_images=4)
    return [_saved(index.save)]


def _read_bag(folder: Path) -> None:
    for check in (False, True):
        index = BagOfWords.open(folder, check=check)
        index.search(index.vectors(np.array([3, 7]), np.array([0, 0]), 1))


def _signatures(count: int) -> Signatures:
    random = np.random.default_rng(count)
    ids = np.sort(random.integers(0, 4, count))
    codes = random.integers(0, 1 << 60, (count, 1), np.uint64)
    return Signatures(random.integers(0, 9, count), codes, ids)


def _hamming() -> list[Sample]:
    return [_saved(HammingIndex.build(_signatures(12), 9, n_images=4).save)]


def _read_hamming(folder: Path) -> None:
    for check in (False, True):
        index = HammingIndex.open(folder, check=check)
        index.search(_signatures(5))
        index.features(np.arange(index.n_images))


KINDS = {
    "PhotoTour": Kind(_phototour, read_phototour, by_bytes(mutations.written)),
    "HPatches": Kind(_hpatches, _read_hpatches, by_bytes(mutations.written)),
    "described patches": Kind(_described, _read_described, hdf5_damage),
    "MAT": Kind(_matlab, lambda folder: load_matlab(folder / "x.mat"), by_bytes()),
    "Oxford": Kind(_oxford, lambda folder: read_oxford(folder, folder), by_bytes(mutations.written)),
    "regions": Kind(_regions, lambda folder: _read_regions(folder / "x.h5"), hdf5_damage),
    "embedding": Kind(_embeddings, lambda folder: HammingEmbedding.load(folder / "x.h5"), hdf5_damage),
    "bag of words": Kind(_bags, _read_bag, by_bytes(mutations.written)),
    "Hamming index": Kind(_hamming, _read_hamming, by_bytes(mutations.written)),
}
