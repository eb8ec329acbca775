"""Equal content is equal bytes, whenever it is written."""

import time

import numpy as np
import pytest

from reprise.codebooks import Codebook
from reprise.formats.aggregated import StoredAggregated, write_aggregated
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.pair_scores import PairScores, write_pair_scores
from reprise.formats.rankings import ALL, RankedList, Ranking, write_ranking
from reprise.formats.tokens import token_writer


def features(count, dim=4):
    ones = np.ones(count, np.float32)
    return LocalFeatures(np.ones((count, dim), np.float32), ones, np.ones((count, 2), np.float32), ones)


def write_all(folder):
    """Write a file of each kind."""
    folder.mkdir()
    for layout, options in (("ragged", {}), ("dense", {"names": ["a", "b"], "num_features": 3})):
        for chunk in (1, 2):
            path = folder / f"{layout}.{chunk}-of-2.h5"
            with feature_writer(path, 4, {"recipe": "{}"}, layout=layout, global_dims={"cls": 2}, **options) as writer:
                for name in "ab":
                    one = features(2)
                    writer.append(name, LocalFeatures(**{**vars(one), "global_descriptors": {"cls": np.ones(2)}}))
        chunks = [folder / f"{layout}.{chunk}-of-2.h5" for chunk in (1, 2)]
        merge_features(chunks, folder / f"{layout}.h5", {"recipe": "{}"})
    ranks = np.array([[1, 0]])
    lists = {"easy": RankedList(ranks, np.ones((1, 2))), "hard": RankedList(ranks, np.ones((1, 2)), ranks)}
    write_ranking(folder / "lists.h5", Ranking(["q"], ["a", "b"], lists), {"recipe": "{}"})
    write_ranking(folder / "list.h5", Ranking(["q"], ["a", "b"], {ALL: lists["easy"]}), {"recipe": "{}"})
    write_pair_scores(folder / "pairs.h5", PairScores(np.array([0, 1]), np.array([3]), np.ones(1), 5), {"recipe": "{}"})
    stored = StoredAggregated(np.ones((2, 4), np.float32), np.arange(2), np.arange(2), (0, 2), 5)
    write_aggregated(folder / "aggregated.h5", stored, {"recipe": "{}"})
    with token_writer(folder / "tokens.h5", 1, 2, "float32", names=["a"], attributes={"network": "n"}) as writer:
        writer.append(np.ones((1, 2, 128), np.float32), np.array([2]))
    Codebook(np.arange(8, dtype=np.float32).reshape(2, 4)).save(folder / "codebook.h5")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("seconds", [1.1])  # HDF5 stores whole seconds
def test_files_do_not_tell_when_they_were_written(tmp_path, seconds):
    first = write_all(tmp_path / "first")
    time.sleep(seconds)
    second = write_all(tmp_path / "second")
    assert first.keys() == second.keys() and len(first) == 12
    assert [name for name in first if first[name] != second[name]] == []
