"""Values that changed after they were written are refused, wherever they are in a file."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.row_checksums import checksums_of
from reprise.formats.tokens import TokenFile, token_writer
from reprise.storage.errors import DataError

IMAGES, ROWS, DIM, KEPT = 5, 120, 32, 103
NAMES = [f"{image}.jpg" for image in range(IMAGES)]


def write_features(path: Path, layout: str, *, chunk: slice = slice(None)) -> None:
    random = np.random.default_rng(0)
    options = (
        {"layout": "dense", "names": NAMES[chunk], "num_features": ROWS} if layout == "dense" else {"affine": True}
    )
    with feature_writer(path, DIM, {"recipe": "{}"}, global_dims={"cls": 8}, **options) as writer:
        for name in NAMES[chunk]:
            values = random.standard_normal((KEPT, DIM), np.float32)
            shapes = None if layout == "dense" else values[:, :4].reshape(-1, 2, 2).copy()
            vectors = {"cls": values[0, :8]}
            scores = -np.sort(values[:, 0])
            features = LocalFeatures(
                values, -scores[::-1], values[:, :2], values[:, 2], global_descriptors=vectors, affine=shapes
            )
            writer.append(name, features)


def read_features(path: Path) -> None:
    with open_features(path) as features:
        assert features.names == NAMES
        features.block(0, IMAGES)
        features.globals("cls")


def write_tokens(path: Path, dtype: str) -> None:
    random, width = np.random.default_rng(0), 16 if dtype == "uint8" else 128
    with token_writer(path, IMAGES, ROWS, dtype, names=NAMES, attributes={"network": "n"}) as writer:
        writer.append(random.integers(1, 200, (IMAGES, KEPT, width)).astype(dtype), np.full(IMAGES, KEPT))


def places(path: Path) -> list[int]:
    """Places of the bytes of all values that may be read, a few of each dataset."""
    random, found = np.random.default_rng(1), []

    def add(key: str, item: h5py.HLObject) -> None:
        if not isinstance(item, h5py.Dataset) or item.dtype.hasobject or item.is_virtual or not item.size:
            return
        start = item.id.get_offset()
        chunks = [(start, item.nbytes)] if start is not None else []
        for number in range(0 if start is not None else item.id.get_num_chunks()):
            info = item.id.get_chunk_info(number)
            chunks.append((info.byte_offset, info.size))
        for offset, size in chunks:
            found.extend(offset + random.integers(0, size, 6))
            found.append(offset)

    with h5py.File(path) as file:
        file.visititems(add)
    return found


def assert_refused_or_unused(path: Path, read: Callable[[Path], object]) -> None:
    whole = path.read_bytes()
    chosen = places(path)
    refused = 0
    for place in chosen:
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            read(path)
        except DataError as error:
            assert str(path) in str(error)
            refused += 1
    path.write_bytes(whole)
    read(path)
    assert refused == len(chosen)


@pytest.mark.parametrize("layout", ["ragged", "dense"])
def test_no_bit_of_features_changes_unnoticed(tmp_path, layout):
    path = tmp_path / "features.h5"
    write_features(path, layout)
    assert_refused_or_unused(path, lambda _: [read_features(path), read_padding(path)])


def read_padding(path: Path) -> None:
    """Read what nobody asks for, the rows without values, so that each place of the file is compared."""
    with open_features(path) as features:
        if features.layout == "dense":
            for image in range(IMAGES):
                features._checksums.check(image, features._record(image)["descriptor"], ROWS, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_no_bit_of_tokens_changes_unnoticed(tmp_path, dtype):
    path = tmp_path / "tokens.h5"
    write_tokens(path, dtype)
    assert_refused_or_unused(path, lambda file: TokenFile(file).read(np.arange(IMAGES)))


@pytest.mark.parametrize("layout", ["ragged", "dense"])
def test_damage_of_a_chunk_is_found_through_the_merged_file(tmp_path, layout):
    chunks = [tmp_path / "chunk0.h5", tmp_path / "chunk1.h5"]
    write_features(chunks[0], layout, chunk=slice(0, 2))
    write_features(chunks[1], layout, chunk=slice(2, IMAGES))
    merged = tmp_path / "merged.h5"
    merge_features(chunks, merged, {"recipe": "{}"})
    read_features(merged)
    with h5py.File(chunks[1], "r+") as file:
        if layout == "dense":
            place = file["features"].id.get_offset() + file["features"].dtype["metadata"].itemsize
        else:
            place = file["descriptors"].id.get_chunk_info(0).byte_offset
    with chunks[1].open("r+b") as file:
        file.seek(place)
        value = file.read(1)[0]
        file.seek(place)
        file.write(bytes([value ^ 4]))
    with pytest.raises(DataError, match=r"chunk1\.h5|merged\.h5"):
        read_features(merged)


def test_reading_the_first_rows_does_not_compare_the_others(tmp_path):
    """So that reading 50 of 700 descriptors does not read 700."""
    path = tmp_path / "features.h5"
    write_features(path, "dense")
    with h5py.File(path) as file:
        layout = file["features"].dtype
        place = file["features"].id.get_offset() + layout["metadata"].itemsize + 2 * DIM * 75
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with open_features(path) as features:
        assert features.read([0], 50)[1] == [50]
        with pytest.raises(DataError, match="rows 50 to 100 are not what was written"):
            features.read([0], 51)


def test_files_without_checksums_are_read(tmp_path):
    """Published files have none, nor have those of earlier versions."""
    path = tmp_path / "features.h5"
    write_features(path, "dense")
    with open_features(path) as features:
        expected = features.read(range(IMAGES))[0]
    with h5py.File(path, "r+") as file:
        del file["checksums"]
    with open_features(path) as features:
        np.testing.assert_array_equal(features.read(range(IMAGES))[0], expected)


def test_checksums_of_other_shapes_are_refused(tmp_path):
    path = tmp_path / "features.h5"
    write_features(path, "dense")
    with h5py.File(path, "r+") as file:
        values = file["checksums"][:, :1]
        del file["checksums"]
        file["checksums"] = values
    with pytest.raises(DataError, match=r"features\.h5: 'checksums' are"):
        open_features(path)


@pytest.mark.parametrize("value, message", [(np.nan, "NaN or infinity"), (0, "is no padding is 0")])
def test_right_checksums_do_not_make_broken_descriptors_right(tmp_path, value, message):
    """Anybody can compute them: a file from elsewhere may have both."""
    path = tmp_path / "features.h5"
    write_features(path, "dense")
    with h5py.File(path, "r+") as file:
        records = file["features"][:]
        records["descriptor"][1, 3] = value
        file["features"][:] = records
        file["checksums"][1, 1] = checksums_of(records["descriptor"][1])
    with open_features(path) as features, pytest.raises(DataError, match=message):
        features.read([1])
