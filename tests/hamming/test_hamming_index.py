"""The inverted file of signatures: scores as written down plainly, files, and what is refused."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.geometry.back_projection import Selected
from reprise.hamming import HammingEmbedding, HammingIndex, Signatures, centred, expand, search_expanded
from reprise.hamming.settings import Expansion, Votes
from reprise.hamming.signatures import bits_of, codes_of
from reprise.storage.errors import DataError

WORDS = 6


def some(random, n, n_images, numbers=2, kinds=3):
    """Signatures near a few kinds, so that all distances occur; not every image has one."""
    prototypes = np.random.default_rng(0).integers(0, 2**63, (kinds, numbers), dtype=np.uint64)
    codes = prototypes[random.integers(0, kinds, n)]
    for _ in range(15):
        codes[np.arange(n), random.integers(0, numbers, n)] ^= np.uint64(1) << random.integers(0, 64, n, dtype="u8")
    return Signatures(random.integers(0, WORDS, n), codes, np.sort(random.integers(0, n_images, n)))


def plain(database, queries, n_images, query, votes):
    """The scores of one query, pair by pair."""
    having = [len(set(database.image_ids[database.words == word])) for word in range(WORDS)]
    idf = np.array([np.log(n_images / n) if n else 0.0 for n in having])
    scores = np.zeros(n_images)
    for row in np.flatnonzero(queries.image_ids == query):
        for image in range(n_images):
            values = []
            for other in np.flatnonzero((database.image_ids == image) & (database.words == queries.words[row])):
                differing = bits_of(database.codes[[other]] ^ queries.codes[[row]]).sum()
                if differing <= votes.threshold:
                    values.append(np.exp(-((differing / votes.sigma) ** 2)))
            weight = idf[queries.words[row]] ** 2 if votes.idf else 1.0
            if values:
                scores[image] += weight * sum(values) / (np.sqrt(len(values)) if votes.burst else 1)
    if votes.normalise:
        for image in range(n_images):
            norm = np.sqrt(sum(idf[word] ** 2 for word in set(database.words[database.image_ids == image])))
            scores[image] = scores[image] / norm if norm else (np.nan if scores[image] else 0.0)
    return scores


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_scores_are_those_of_all_pairs(seed):
    random = np.random.default_rng(seed)
    n_images, numbers = int(random.integers(1, 8)), int(random.integers(1, 4))
    database, queries = some(random, 40, n_images, numbers), some(random, 15, 3, numbers)
    index = HammingIndex.build(database, WORDS, n_images=n_images)
    flags = random.random(3) < 0.5
    votes = Votes(
        threshold=int(random.integers(0, 64)), sigma=float(random.uniform(4, 40)),
        idf=bool(flags[0]), burst=bool(flags[1]), normalise=bool(flags[2]),
    )  # fmt: skip
    scores, _ = index.scores(queries, votes, query_ids=np.arange(3))
    for query in range(3):
        np.testing.assert_allclose(scores[query], plain(database, queries, n_images, query, votes), atol=1e-9)
    ranked = index.search(queries, votes, query_ids=np.arange(3))
    for query in range(3):
        np.testing.assert_array_equal(ranked.ranks[query], np.argsort(-scores[query], kind="stable"))
    one, two = (index.search(queries, votes, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.scores, two.scores)


def test_features_of_images():
    random = np.random.default_rng(1)
    database = some(random, 60, 9)
    index = HammingIndex.build(database, WORDS, n_images=12)
    words, codes, place = index.features([7, 11, 2])
    expected = [np.flatnonzero(database.image_ids == image) for image in (7, 11, 2)]
    np.testing.assert_array_equal(place, np.repeat([0, 1, 2], [len(rows) for rows in expected]))
    np.testing.assert_array_equal(words, database.words[np.concatenate(expected)])
    np.testing.assert_array_equal(codes, database.codes[np.concatenate(expected)])


def test_a_query_without_reliable_images_keeps_its_first_search():
    random = np.random.default_rng(2)
    index = HammingIndex.build(some(random, 60, 9), WORDS)
    queries = some(random, 10, 1)
    none = Expansion(least=1000)
    assert expand(index, queries, expansion=none).signatures is queries
    ranked = search_expanded(index, queries, expansion=none)
    expected = index.search(queries, Votes(idf=False))
    np.testing.assert_array_equal(ranked.ranks, expected.ranks)
    np.testing.assert_array_equal(ranked.scores, expected.scores)


def test_queries_without_features_have_rows():
    random = np.random.default_rng(3)
    index = HammingIndex.build(some(random, 60, 9), WORDS, n_images=9)
    queries = some(random, 10, 1)
    for ranked in (index.search(queries, query_ids=[4, 0]), search_expanded(index, queries, query_ids=[4, 0])):
        np.testing.assert_array_equal(ranked.ranks[0], np.arange(9))
        assert ranked.scores[1, 0] > 0


def test_expansion_without_new_words_merges_nothing_of_the_images():
    random = np.random.default_rng(4)
    index = HammingIndex.build(some(random, 200, 5), WORDS)
    queries = some(random, 30, 1)
    expanded = expand(index, queries, Votes(threshold=128), Expansion(strict=128, least=1, new_words=0.0))
    assert len(expanded.reliable) and not len(expanded.selected)
    np.testing.assert_array_equal(expanded.signatures.words, np.unique(queries.words))


def test_verified_images_take_the_place_of_those_of_a_first_search():
    random = np.random.default_rng(10)
    database = some(random, 200, 8)
    index, query = HammingIndex.build(database, WORDS), some(random, 30, 1)
    free = Expansion(least=1, strict=128, shortlist=3)
    votes = Votes(threshold=128)
    first = expand(index, query, votes, free)
    rows = np.concatenate([np.flatnonzero(database.image_ids == image) for image in first.reliable])
    image_of = np.repeat(np.arange(3), [(database.image_ids == image).sum() for image in first.reliable])
    same = expand(index, query, votes, free, verified=Selected(first.reliable, rows, image_of))
    np.testing.assert_array_equal(same.signatures.codes, first.signatures.codes)
    np.testing.assert_array_equal(same.selected, first.selected)
    # Without the features of the third image, and without some of the others.
    inside = (image_of < 2) & (random.random(len(rows)) < 0.5)
    verified = Selected(first.reliable[:2], rows[inside], image_of[inside])
    fewer = expand(index, query, votes, free, verified=verified)
    words, codes = database.words[rows[inside]], database.codes[rows[inside]]
    for word, mean in zip(fewer.signatures.words, fewer.means, strict=True):
        own = [query.codes[query.words == word]] + ([codes[words == word]] if word in fewer.selected else [])
        np.testing.assert_allclose(mean, bits_of(np.concatenate(own)).mean(axis=0))
    ranked = search_expanded(index, query, votes, free, verified={0: verified})
    np.testing.assert_array_equal(ranked.ranks, index.search(fewer.signatures, votes).ranks)
    nothing = Selected(first.reliable[:0], rows[:0], rows[:0])
    assert expand(index, query, votes, free, verified=nothing).signatures is query
    with pytest.raises(DataError, match="rows: 0 to 200, but there are 200 features"):
        expand(index, query, verified=Selected(first.reliable[:1], np.array([0, 200]), np.array([0, 0])))


def test_bits_are_packed_from_the_least_significant_on():
    bits = np.zeros((1, 128), np.uint8)
    bits[0, [0, 63, 65]] = 1
    codes = codes_of(bits)
    assert codes.tolist() == [[1 | 1 << 63, 2]]
    np.testing.assert_array_equal(bits_of(codes), bits)


def test_embedding_halves_the_descriptors_of_each_word(tmp_path):
    random = np.random.default_rng(5)
    descriptors, words = random.standard_normal((400, 128)), random.integers(0, 4, 400)
    embedding = HammingEmbedding.train(descriptors, words, 5, seed=1)
    found = embedding.encode(descriptors, words, np.zeros(400, int))
    for word in range(4):
        share = bits_of(found.codes[words == word]).mean(axis=0)
        assert (abs(share - 0.5) < 0.01).all()
    assert not embedding.medians[4].any()
    embedding.save(tmp_path / "embedding.h5", {"recipe": "{}"})
    loaded = HammingEmbedding.load(tmp_path / "embedding.h5")
    again = loaded.encode(descriptors, np.stack([words, words], axis=1), np.zeros(400, int))
    np.testing.assert_array_equal(again.codes, np.repeat(found.codes, 2, axis=0))


@pytest.fixture
def saved(tmp_path):
    index = HammingIndex.build(some(np.random.default_rng(6), 80, 9), WORDS)
    index.save(tmp_path / "index")
    return index, tmp_path / "index"


def test_files_give_the_same_rankings(saved):
    index, folder = saved
    opened = HammingIndex.open(folder, check=True)
    assert isinstance(opened.codes, np.memmap)
    queries = some(np.random.default_rng(7), 20, 2)
    for a, b in zip(vars(index.search(queries)).values(), vars(opened.search(queries)).values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_damaged_files_are_named(saved):
    folder = saved[1]
    for path in sorted(folder.glob("*.npy")):
        content = path.read_bytes()
        path.write_bytes(content[:-4])
        with pytest.raises(DataError, match=f"{path.name}: truncated"):
            HammingIndex.open(folder)
        path.write_bytes(content[:-2] + b"\x3f\x7f")
        with pytest.raises(DataError, match=path.name):
            HammingIndex.open(folder, check=True)
        path.write_bytes(content)
    header = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**header, "numbers": 1}))
    with pytest.raises(DataError, match="codes"):
        HammingIndex.open(folder)


def test_lists_that_name_no_image_are_refused(saved):
    folder = saved[1]
    ids = np.load(folder / "image_ids.npy")
    np.save(folder / "image_ids.npy", ids + np.uint32(50))
    opened, queries = HammingIndex.open(folder), some(np.random.default_rng(8), 20, 2)
    votes = Votes(threshold=128)
    for search in (lambda: opened.search(queries, votes), lambda: opened.matches(queries, 128)):
        with pytest.raises(DataError, match="images that do not exist"):
            search()


def test_places_that_do_not_exist_are_refused(saved):
    index, folder = saved
    with pytest.raises(DataError, match="images: 0 to 9, but there are 9"):
        index.features([0, 9])
    places = np.load(folder / "postings.npy")
    np.save(folder / "postings.npy", places + np.uint32(80))
    with pytest.raises(DataError, match="no place in the lists"):
        HammingIndex.open(folder).features([0, 1])
    offsets = np.load(folder / "image_offsets.npy")
    np.save(folder / "image_offsets.npy", offsets[::-1].copy())
    with pytest.raises(DataError, match="image_offsets.npy: no ascending offsets"):
        HammingIndex.open(folder)


def test_what_does_not_fit_is_refused(saved):
    index, _ = saved
    random = np.random.default_rng(9)
    queries = some(random, 5, 2)
    with pytest.raises(DataError, match="bits, the index has 128"):
        index.search(some(random, 5, 2, numbers=1))
    with pytest.raises(DataError, match="words 6 to 6"):
        index.search(Signatures(np.full(5, 6), queries.codes, queries.image_ids))
    with pytest.raises(DataError, match="several queries"):
        expand(index, Signatures(queries.words, queries.codes, np.arange(5)))
    with pytest.raises(DataError, match="query_ids"):
        index.search(queries, query_ids=[77])
    with pytest.raises(DataError, match="ascend"):
        Signatures(queries.words, queries.codes, np.arange(5)[::-1].copy())
    with pytest.raises(DataError, match="codes"):
        Signatures(queries.words, queries.codes.astype(np.int64), queries.image_ids)
    with pytest.raises(DataError, match="n_images"):
        HammingIndex.build(queries, WORDS, n_images=1)


@pytest.mark.parametrize("bits", [0, 100, 192])
def test_numbers_of_bits_that_are_not_possible(bits):
    with pytest.raises(DataError, match="bits: is"):
        HammingEmbedding.train(np.eye(128), np.zeros(128, int), 1, bits=bits)


def test_centred():
    found = centred(np.array([[3.0, 4.0], [1.0, 1.0]]), np.array([1.0, 1.0]))
    np.testing.assert_allclose(found, [[2 / 13**0.5, 3 / 13**0.5], [0, 0]], atol=1e-6)
    with pytest.raises(DataError, match="mean"):
        centred(np.zeros((1, 2)), np.array([np.nan, 0]))
