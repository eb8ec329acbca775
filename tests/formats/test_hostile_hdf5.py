"""HDF5 files that refer elsewhere, lack parts, or hold what no stage can have written."""

import os
import struct

import h5py
import numpy as np
import pytest

from reprise.codebooks import Codebook
from reprise.formats.aggregated import StoredAggregated, read_aggregated, write_aggregated
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.pair_scores import PairScores, read_pair_scores, write_pair_scores
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.formats.tokens import TokenFile, token_writer
from reprise.storage.errors import DataError
from reprise.storage.hdf5 import open_checked, read_array, read_names


@pytest.fixture
def features(tmp_path):
    path = tmp_path / "x.h5"
    ones = np.ones(3, np.float32)
    with feature_writer(path, 4, {"recipe": "{}"}, global_dims={"cls": 2}) as writer:
        for name in ("a", "b", "c"):
            one = LocalFeatures(np.ones((3, 4), np.float32), ones, np.ones((3, 2), np.float32), ones)
            writer.append(name, LocalFeatures(**{**vars(one), "global_descriptors": {"cls": np.ones(2)}}))
    return path


@pytest.fixture
def ranking(tmp_path):
    ranks = np.array([[1, 0, 2], [2, 1, 0]])
    write_ranking(tmp_path / "r.h5", Ranking(["p", "q"], list("abc"), {ALL: RankedList(ranks, np.ones((2, 3)))}), {})
    return tmp_path / "r.h5"


def refused(call, path, message):
    with pytest.raises(DataError, match=message) as error:
        call(path)
    assert str(path) in str(error.value)


def read(path):
    with open_features(path) as file:
        return file.block(0, len(file))


def replace(path, key, **options):
    with h5py.File(path, "a") as file:
        del file[key]
        return file.create_dataset(key, **options)


def test_values_in_other_files_are_not_read(features, ranking, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(10_000))
    os.mkfifo(tmp_path / "pipe")
    for name in ("secret", "pipe"):
        source = [(str(tmp_path / name), 0, 9 * 4 * 4)]
        replace(features, "descriptors", shape=(9, 4), dtype="f4", external=source)
        refused(read, features, "the values of 'descriptors' are in another file; delete it and run again")
    replace(ranking, "ranks", shape=(2, 3), dtype="i4", external=[(str(tmp_path / "secret"), 0, 24)])
    refused(read_ranking, ranking, "the values of 'ranks' are in another file")


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.h5", "ranks"), h5py.SoftLink("/other")])
def test_links_are_not_followed(ranking, link, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["ranks"] = np.array([[0, 1, 2], [0, 1, 2]])
    with h5py.File(ranking, "a") as file:
        file["other"] = file["ranks"][()]
        del file["ranks"]
        file["ranks"] = link
    refused(read_ranking, ranking, "'ranks' is a link to another place")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    for call in (read, read_ranking, read_pair_scores, Codebook.load, TokenFile):
        refused(call, tmp_path / "pipe.h5", "is no regular file")


def test_virtual_values_without_a_source_are_not_zeros(features, ranking):
    for path, key, call in ((features, "descriptors", read), (ranking, "scores", read_ranking)):
        with h5py.File(path, "a") as file:
            layout = h5py.VirtualLayout(file[key].shape, file[key].dtype)
            layout[...] = h5py.VirtualSource("missing.h5", key, file[key].shape, file[key].dtype)
            del file[key]
            file.create_virtual_dataset(key, layout)
        refused(call, path, "missing.h5 is missing|'scores' is virtual, expected are the values themselves")


def test_parts_that_were_never_written_are_not_zeros(features, ranking, tmp_path):
    replace(features, "descriptors", shape=(9, 4), dtype="f4", chunks=(2, 4))
    refused(read, features, "a part of 'descriptors' is missing")
    replace(ranking, "scores", shape=(2, 3), dtype="f4")
    refused(read_ranking, ranking, "a part of 'scores' is missing")
    Codebook(np.ones((3, 4), np.float32)).save(tmp_path / "c.h5")
    replace(tmp_path / "c.h5", "centroids", shape=(3, 4), dtype="f4", chunks=(1, 4))
    refused(Codebook.load, tmp_path / "c.h5", "a part of 'centroids' is missing")


def test_more_values_than_a_file_can_hold_are_not_reserved(ranking):
    replace(ranking, "ranks", shape=(2, 10**10), dtype="i4", chunks=(1, 1000))
    refused(read_ranking, ranking, r"'ranks' states more values \(80000000000 bytes\) than this file can hold")


@pytest.mark.parametrize(
    "offsets", [[1, 3, 6, 9], [0, 6, 3, 9], [0, 3, 6, 10], [0, 3, 6, -9], [0, 3, 9], [0.0, 3, 6, 9]]
)
def test_offsets(features, offsets):
    replace(features, "offsets", data=np.array(offsets))
    refused(read, features, "'offsets'")


@pytest.mark.parametrize("row", [[0, 1, 3], [0, 1, 1], [-2, 1, 0], [-1, 0, 1], [0, 0, -1]])
def test_rows_of_a_ranking(ranking, row):
    with h5py.File(ranking, "a") as file:
        file["ranks"][1] = row
    refused(read_ranking, ranking, r"the ranks of query 1 \(all\) name an image twice, or one that is none of 3")


def test_a_ranking_may_be_padded_and_its_scores_are_numbers(ranking):
    with h5py.File(ranking, "a") as file:
        file["ranks"][1], file["scores"][1] = [2, -1, -1], [1, -np.inf, -np.inf]
    assert read_ranking(ranking).lists[ALL].ranks.tolist() == [[1, 0, 2], [2, -1, -1]]
    with h5py.File(ranking, "a") as file:
        file["scores"][0, 1] = np.nan
    refused(read_ranking, ranking, r"the scores of query 0 \(all\) contain NaN")


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("images", [1, 1, 0, 4]),
        ("images", [3, 1, 0, 4]),
        ("images", [1, 3, 0, 5]),
        ("images", [-1, 3, 0, 4]),
        ("offsets", [1, 2, 2, 4]),
        ("offsets", [0, 3, 2, 4]),
    ],
)
def test_pair_scores(tmp_path, key, values):
    path = tmp_path / "p.h5"
    write_pair_scores(path, PairScores(np.array([0, 2, 2, 4]), np.array([1, 3, 0, 4]), np.ones(4), 5), {})
    assert read_pair_scores(path).images.tolist() == [1, 3, 0, 4]
    with h5py.File(path, "a") as file:
        file[key][...] = values
    refused(read_pair_scores, path, "do not fit each other|repeat, do not ascend, or are none of the 5")


@pytest.mark.parametrize(
    ("key", "values"), [("words", [0, 5]), ("image_ids", [2, 1]), ("image_ids", [0, 2]), ("image_ids", [1, 3])]
)
def test_aggregated(tmp_path, key, values):
    path = tmp_path / "a.h5"
    write_aggregated(path, StoredAggregated(np.ones((2, 4), np.float32), np.arange(2), np.array([1, 2]), (1, 3), 5), {})
    read_aggregated(path)
    with h5py.File(path, "a") as file:
        file[key][...] = values
    refused(read_aggregated, path, f"'{key}' (are not all within|do not ascend)")


def test_tokens_of_another_type_of_two_bytes(tmp_path):
    path = tmp_path / "t.h5"
    with token_writer(path, 1, 2, "float16", names=None, attributes={}) as writer:
        writer.append(np.ones((1, 2, 128), np.float16), np.array([2]))
    TokenFile(path)
    with h5py.File(path, "a") as file:
        del file["tokens"]
        brain = h5py.h5t.IEEE_F16LE.copy()
        brain.set_fields(15, 7, 8, 0, 7)
        brain.set_ebias(127)
        space = h5py.h5s.create_simple((1, 2, 128))
        dataset = h5py.h5d.create(file.id, b"tokens", brain, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones((1, 2, 128), np.float32))
    refused(TokenFile, path, "holds neither 'tokens'")


def test_names_of_every_kind_are_read(tmp_path):
    names = ["a", "", "ä" * 3000, "b/c.jpg"]
    with h5py.File(tmp_path / "n.h5", "w") as file:
        text = h5py.string_dtype("utf-8")
        file.create_dataset("ours", data=np.array(names, object), dtype=text)
        file.create_dataset("chunked", data=np.array(names, object), dtype=text, chunks=(2,))
        file.create_dataset("fixed", data=np.array([name.encode() for name in names]))
        file.create_dataset("none", data=np.array([], object), dtype=text)
    with open_checked(tmp_path / "n.h5", {}, "names") as file:
        for key in ("ours", "chunked", "fixed"):
            assert read_names(file, key) == names
        assert read_names(file, "none") == []


def test_a_heap_of_texts_in_which_the_library_loops(features):
    data = bytearray(features.read_bytes())
    heap, heaps = data.find(b"GCOL"), 0
    while heap >= 0:
        heaps += 1
        position, end = heap + 16, heap + struct.unpack_from("<Q", data, heap + 8)[0]
        while position + 16 <= end:
            index, _, _, length = struct.unpack_from("<HHIQ", data, position)
            if not index:
                data[position + 8 : position + 16] = bytes(8)  # free space without length
                break
            position += 16 + (length + 7 & ~7)
        heap = data.find(b"GCOL", end)
    assert heaps
    features.write_bytes(data)
    refused(read, features, "the free part of a heap of texts has an impossible length")


def test_sources_with_too_many_dimensions(features, tmp_path):
    merge_features([features], tmp_path / "m.h5", {"recipe": "{}"})
    data = bytearray((tmp_path / "m.h5").read_bytes())
    place = data.find(b"x.h5\0descriptors\0") + len(b"x.h5\0descriptors\0")
    assert struct.unpack_from("<I", data, place)[0] in (2, 3)
    data[place : place + 200] = data[place : place + 200].replace(struct.pack("<I", 2), struct.pack("<I", 2**31))
    (tmp_path / "m.h5").write_bytes(data)
    refused(read, tmp_path / "m.h5", "a source of a virtual dataset")


def test_read_array_names_the_kind(ranking):
    with open_checked(ranking, {}, "a ranking") as file, pytest.raises(DataError, match="r.h5: dataset 'ranks' is of"):
        read_array(file, "ranks", "f")
    with open_checked(ranking, {}, "a ranking") as file, pytest.raises(DataError, match="r.h5: dataset 'x' is missing"):
        read_array(file, "x", "f")
