"""Pairs scored from files of tokens: the logits of the published model, within the memory that was given."""

import h5py
import numpy as np
import pytest
import torch
from reranking_data import DIM, descriptors, neighbors, network, plain, write_dense

from reprise.formats.pair_scores import read_chunks, read_pair_scores
from reprise.formats.rankings import RankedList
from reprise.formats.tokens import TokenFile
from reprise.reranking import ames
from reprise.reranking.projecting import project_tokens
from reprise.reranking.scoring import Engine, score
from reprise.reranking.shortlists import shortlists, union
from reprise.reranking.steps import score_pairs
from reprise.storage.errors import DataError

QUERIES, IMAGES, LEFT, RIGHT = [7, 3, 7, 5], [6, 6, 2, 0, 6, 4, 1, 6, 6], 7, 6


class Setting:
    """Files of local features and tokens, and the arrays that they were written from."""

    def __init__(self, folder, binarized):
        self.folder, self.network = folder, network(binarized)
        self.network.save_checkpoint(folder / "ames.pt")
        self.queries, self.images = descriptors(QUERIES, 1), descriptors(IMAGES, 2)
        # Some images show what the queries show.
        for image, query in ((0, 0), (4, 2), (7, 3)):
            count = min(IMAGES[image], QUERIES[query])
            self.images[image][:count] = self.queries[query][:count]
        write_dense(folder / "q.h5", self.queries, LEFT)
        write_dense(folder / "d.h5", self.images, RIGHT)
        project_tokens(folder / "q.h5", folder / "ames.pt", folder / "qt.h5", role="query")
        project_tokens(folder / "d.h5", folder / "ames.pt", folder / "dt.h5", role="database", memory_mib=1)
        self.query_tokens, self.database_tokens = TokenFile(folder / "qt.h5"), TokenFile(folder / "dt.h5")
        self.pairs = [(query, image) for query in range(len(QUERIES)) for image in range(len(IMAGES))]

    def score(self, pairs, **options):
        query, image = np.array(pairs).T
        return score(self.network, self.query_tokens, self.database_tokens, query, image, **options)


@pytest.fixture(scope="module", params=[False, True], ids=["float", "binary"])
def setting(request, tmp_path_factory):
    return Setting(tmp_path_factory.mktemp("reranking"), request.param)


def test_token_files(setting):
    tokens, counts = setting.database_tokens.read(np.array([0, 2, 3]))
    assert counts.tolist() == [6, 2, 0]
    assert setting.database_tokens.names == [f"d{number}" for number in range(len(IMAGES))]
    x = torch.from_numpy(setting.images[2])
    if setting.network.binarized:
        assert tokens.dtype == np.uint8 and tokens.shape == (3, 6, 16)
        np.testing.assert_array_equal(tokens[1, :2], setting.network.binarize(x))
    else:
        assert tokens.dtype == np.float16 and tokens.shape == (3, 6, 128)
        np.testing.assert_array_equal(tokens[1, :2], setting.network.project_query(x).detach().half())
    assert not tokens[1, 2:].any() and setting.query_tokens.dtype == np.float32


def test_logits_of_the_published_model(setting):
    expected = plain(setting.network, setting.queries, setting.images, setting.pairs, LEFT, RIGHT)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(setting.score(setting.pairs), expected, atol=1e-4, rtol=0)


def test_fewer_descriptors_of_each_side(setting):
    expected = plain(setting.network, setting.queries, setting.images, setting.pairs, 5, 2)
    found = setting.score(setting.pairs, query_descriptors=5, database_descriptors=2)
    np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)


def test_any_order_of_pairs_and_any_memory(setting, monkeypatch):
    pairs = [setting.pairs[place] for place in np.random.default_rng(0).permutation(len(setting.pairs))]
    expected = setting.score(pairs, engine=Engine(threads=1))
    threads = torch.get_num_threads()
    np.testing.assert_allclose(setting.score(pairs, engine=Engine(threads=3)), expected, atol=1e-5)
    assert torch.get_num_threads() == threads
    # So little that every block holds one or two images, and the queries change from block to block.
    monkeypatch.setattr("reprise.reranking.matcher.Prepared.bytes_per_token", staticmethod(lambda dtype: 50_000))
    np.testing.assert_allclose(setting.score(pairs, engine=Engine(memory_mib=1)), expected, atol=1e-5)


def test_the_database_is_read_once_in_its_order(setting, monkeypatch):
    read, original = [], TokenFile.read

    def record(self, images, count=None):
        if self is setting.database_tokens:
            read.extend(images.tolist())
        return original(self, images, count)

    monkeypatch.setattr(TokenFile, "read", record)
    monkeypatch.setattr("reprise.reranking.matcher.Prepared.bytes_per_token", staticmethod(lambda dtype: 50_000))
    pairs = [(query, image) for query, image in reversed(setting.pairs) if image != 5]
    setting.score(pairs, engine=Engine(memory_mib=1))
    assert read == [0, 1, 2, 3, 4, 6, 7, 8]


def files(setting, **others):
    names = {"checkpoint": "ames.pt", "queries": "qt.h5", "database": "dt.h5"}
    return {**{key: setting.folder / name for key, name in names.items()}, **others}


def test_stored_scores_are_those_of_all_shortlists(setting, tmp_path):
    nearest = neighbors(len(QUERIES), len(IMAGES))  # of four queries, so that two of six chunks are empty
    truth = [{"easy": [int(row[0])], "hard": [int(row[3])], "junk": [int(row[1])]} for row in nearest.ranks]
    lists = shortlists(nearest, truth, ("medium", "hard"))
    options = {"shortlist": 4, "num_images": len(IMAGES)}
    for chunk in range(6):
        score_pairs(
            ames, files(setting), lists, tmp_path / f"{chunk}.h5", **options, chunk=chunk, num_chunks=6,
            attributes={"recipe": "r"},
        )  # fmt: skip
    scores = read_chunks([tmp_path / f"{chunk}.h5" for chunk in range(6)])
    score_pairs(ames, files(setting), lists, tmp_path / "one.h5", **options)
    whole = read_pair_scores(tmp_path / "one.h5")
    np.testing.assert_array_equal(scores.offsets, whole.offsets)
    np.testing.assert_array_equal(scores.images, whole.images)
    np.testing.assert_allclose(scores.scores, whole.scores, atol=1e-5)
    # Medium leaves the image at rank 2 out, hard the one at rank 1 as well: five images together.
    assert np.diff(scores.offsets).tolist() == [5] * len(QUERIES)
    for ranking in lists.values():
        pairs = [(query, image) for query, row in enumerate(ranking.ranks[:, :4]) for image in row]
        expected = plain(setting.network, setting.queries, setting.images, pairs, LEFT, RIGHT).reshape(-1, 4)
        # Of an image without descriptors the network says nothing, whatever its logit of the query alone.
        expected[np.array(IMAGES)[ranking.ranks[:, :4]] == 0] = -np.inf
        assert np.isneginf(expected).any()
        np.testing.assert_allclose(scores.of(ranking.ranks[:, :4]), expected, atol=1e-4)
    offsets, _ = union(lists, 4)
    np.testing.assert_array_equal(offsets, scores.offsets)
    # Easy leaves out the images at ranks 2 and 4; its four are among these five.
    offsets, _ = union(shortlists(nearest, truth), 4)
    assert np.diff(offsets).tolist() == [5] * len(QUERIES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"settings": {"query_features": 8}}, "qt.h5: 8 descriptors per image were asked for, it has 7"),
        ({"settings": {"num_features": 7}}, "dt.h5: 7 descriptors"),
        ({"shortlist": 10}, "shortlist: is 10, and the rankings hold 9"),
        ({"chunk": 2, "num_chunks": 2}, "chunk: is 2"),
    ],
)
def test_parameters_that_do_not_fit(setting, tmp_path, options, message):
    lists = {"all": neighbors(4, 9)}
    with pytest.raises(DataError, match=message):
        score_pairs(ames, files(setting), lists, tmp_path / "o.h5", **{"shortlist": 3, "num_images": 9, **options})
    assert not (tmp_path / "o.h5").exists()


def test_protocols_that_do_not_exist():
    with pytest.raises(DataError, match="'midium' is unknown"):
        shortlists(neighbors(4, 9), [{"easy": [], "hard": []}] * 4, ["midium"])


def test_inputs_that_do_not_belong_together(setting, tmp_path):
    options = {"shortlist": 1, "num_images": 10}
    with pytest.raises(DataError, match="tokens of 4 queries, the rankings are of 3"):
        score_pairs(ames, files(setting), {"all": neighbors(3, 9)}, tmp_path / "o.h5", **options)
    beyond = {"all": RankedList(np.full((4, 1), 9), np.ones((4, 1), "f4"))}
    with pytest.raises(DataError, match="tokens of 9 images, image 9 was asked for"):
        score_pairs(ames, files(setting), beyond, tmp_path / "o.h5", **options)
    with pytest.raises(DataError, match="tokens of 9 images, image 9 was asked for"):
        setting.score([(0, 9)])
    other = network(setting.network.binarized)
    other.classifier.bias.data += 1
    other.save_checkpoint(tmp_path / "other.pt")
    with pytest.raises(DataError, match=r"qt.h5: was made with another network than .*other.pt"):
        score_pairs(
            ames, files(setting, checkpoint=tmp_path / "other.pt"), {"all": neighbors(4, 9)}, tmp_path / "o.h5",
            **options,
        )  # fmt: skip


def test_sizes_are_those_of_the_tokens_that_are_used(setting):
    per_token = 16 if setting.network.binarized else 256
    for count, tokens in ((None, sum(IMAGES)), (4, sum(min(number, 4) for number in IMAGES))):
        sizes = ames.sizes(files(setting), num_features=count)
        assert sizes == {"token bytes": {setting.database_tokens.network: tokens * per_token}}


def test_a_query_without_descriptors(setting, tmp_path):
    write_dense(tmp_path / "q.h5", descriptors([3, 0], 0), 3)
    with pytest.raises(DataError, match="query 1 has no local descriptors"):
        project_tokens(tmp_path / "q.h5", setting.folder / "ames.pt", tmp_path / "t.h5", role="query")
    with pytest.raises(DataError, match="query 3 has no descriptors"):
        score(setting.network, setting.database_tokens, setting.query_tokens, np.array([3]), np.array([0]))


def test_a_network_for_other_descriptors(setting, tmp_path):
    type(setting.network)(2 * DIM, False).save_checkpoint(tmp_path / "other.pt")
    with pytest.raises(DataError, match=rf"d.h5: descriptors have {DIM} dimensions, and this network takes {2 * DIM}"):
        project_tokens(setting.folder / "d.h5", tmp_path / "other.pt", tmp_path / "t.h5", role="database")


def test_values_that_are_not_finite(setting, tmp_path):
    np.save(tmp_path / "copy.npy", np.fromfile(setting.folder / "qt.h5", np.uint8))
    damaged = np.load(tmp_path / "copy.npy")
    first = setting.query_tokens.read(np.array([0]))[0][0, 0].tobytes()
    place = damaged.tobytes().index(first)
    damaged[place : place + 4] = np.frombuffer(np.float32(np.nan).tobytes(), np.uint8)
    damaged.tofile(tmp_path / "nan.h5")
    with h5py.File(tmp_path / "nan.h5", "r+") as file:
        del file["checksums"]  # as if the network had written it
    with pytest.raises(DataError, match="logit of query 0 and image 1 is not finite"):
        score(
            setting.network, TokenFile(tmp_path / "nan.h5"), setting.database_tokens, np.zeros(1, int), np.ones(1, int)
        )


def test_engine_settings():
    with pytest.raises(DataError, match="precision: is 'half'"):
        Engine(precision="half")
    with pytest.raises(DataError, match="bfloat16 is for GPUs"):
        Engine(precision="bfloat16")
