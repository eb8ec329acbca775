"""What is drawn of searches of bags of words and with Hamming embedding: the parts of the scores that they rank by."""

import numpy as np
import pytest

from reprise.bow.stages import build_bow, search_bow
from reprise.codebooks import Codebook
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.rankings import read_ranking
from reprise.hamming.settings import Votes
from reprise.hamming.stages import build_hamming, search_hamming, train_embedding
from reprise.reporting.gallery import open_drawn
from reprise.storage.errors import DataError

DIM, NAMES, STRONGEST = 64, ["seen", "other", "empty", "half"], 25
VOTES = dict(Votes(threshold=24, sigma=16.0))


@pytest.fixture
def files(tmp_path):
    """A query; an image with its features, others, none, and half of its features; and a centred codebook.

    The features of the query are numbered by their places, which are those in the images plus a hundred.
    """
    random = np.random.default_rng(0)
    query, other = random.standard_normal((2, 40, DIM)).astype(np.float32)
    images = [
        query + 0.05 * random.standard_normal((40, DIM)),
        other,
        other[:0],
        np.concatenate([query[:20], other[:9]]),
    ]
    for split, listed in (("queries", [query]), ("database", images)):
        with feature_writer(tmp_path / f"{split}.h5", DIM, {}) as writer:
            for number, values in enumerate(listed):
                n, shift = len(values), 100 * (split == "database")
                places = np.column_stack([np.arange(n) + shift, np.arange(n)]).astype(np.float32)
                weights = np.linspace(1, 0.5, n, dtype=np.float32)
                writer.append(NAMES[number], LocalFeatures(values.astype("f4"), weights, places, np.ones(n, "f4")))
    Codebook.train(np.concatenate([query, other]), 10, centre=True).save(tmp_path / "codebook.h5")
    given = {key: str(tmp_path / f"{key}.h5") for key in ("queries", "database", "codebook", "embedding")}
    return {**given, "index": str(tmp_path / "index"), "ranking": str(tmp_path / "ranking.h5")}


def bow(files):
    """Search, and return the settings that scores are explained by."""
    build_bow(files["database"], files["codebook"], files["index"], num_features=STRONGEST)
    search_bow(
        files["index"], files["codebook"], files["queries"], NAMES, files["ranking"], num_features=STRONGEST,
        query_assignments=2, topk=None, attributes={},
    )  # fmt: skip
    return {"num_features": STRONGEST, "query_assignments": 2}


def hamming(files):
    """Search, and return the settings that scores are explained by."""
    words = files["codebook"]
    train_embedding(
        files["database"], words, files["embedding"], num_features=None, bits=64, seed=0, attributes={}
    )  # fmt: skip
    build_hamming(files["database"], words, files["embedding"], files["index"], num_features=STRONGEST)
    search_hamming(
        files["index"], words, files["embedding"], files["queries"], NAMES, files["ranking"], num_features=STRONGEST,
        query_assignments=2, votes=VOTES, expansion=None, topk=None, attributes={},
    )  # fmt: skip
    return {"num_features": STRONGEST, "query_assignments": 2, "votes": VOTES}


@pytest.mark.parametrize(("engine", "kind"), [(bow, "words"), (hamming, "signatures")])
def test_words_and_lines_are_parts_of_the_score_of_the_ranking(files, engine, kind):
    settings = engine(files)
    matcher = open_drawn(engine.__name__, files=files, settings=settings).matcher
    assert matcher.kind == kind
    scores = dict(read_ranking(files["ranking"]).of(NAMES[0]))
    assert scores["seen"] > 0 and scores["empty"] == 0
    for name, drawn in zip(NAMES, matcher.match(0, range(len(NAMES))), strict=True):
        assert drawn["score"] == pytest.approx(scores[name], rel=1e-3)
        assert sum(value for _, value, _, _ in drawn["words"]) == pytest.approx(scores[name], rel=1e-2)
        lines = [value for _, _, value, _ in drawn["lines"]]
        assert sum(lines) == pytest.approx(scores[name], rel=1e-2) or len(lines) == 100
        assert (drawn["count"] > 0) == (scores[name] > 0)


def test_signatures_that_match_are_joined(files):
    """The features of the query that the image has, by their places, and not all features of a word."""
    matcher = open_drawn("hamming", files=files, settings=hamming(files)).matcher
    (drawn,) = matcher.match(0, [0])
    asked, found = (np.reshape(drawn[side], (-1, 2)) for side in ("query", "image"))
    joined = {(int(asked[a, 0]), int(found[b, 0])) for a, b, _, _ in drawn["lines"]}
    own = {(first, first + 100) for first in range(STRONGEST)}
    assert len(own & joined) > 15 and len(joined - own) < 10


def test_features_of_another_index_are_refused(files):
    settings = hamming(files)
    matcher = open_drawn("hamming", files=files, settings={**settings, "num_features": STRONGEST - 1}).matcher
    with pytest.raises(DataError, match="index: has 25 features of image 0, its file of features 24"):
        matcher.match(0, [0])


def test_words_of_a_centred_codebook_are_those_of_the_index(files):
    bow(files)
    codebook = Codebook.load(files["codebook"])
    matcher = open_drawn("bow", files=files, settings={"num_features": STRONGEST, "query_assignments": 2}).matcher
    (drawn,) = matcher.match(0, [1])
    with open_features(files["database"]) as features:
        descriptors = features.features(1).descriptors
    counts = np.bincount(codebook.assign(descriptors[:STRONGEST])[:, 0], minlength=codebook.size)
    assert drawn["words"] and all(found == counts[word] for word, _, _, found in drawn["words"])
