"""The engines of the retrieval table of HardNet on one benchmark of photographs: mAP, and time per query.

The photographs are in the layout of the revisited benchmarks (jpg/, gnd_<name>.pkl); the features are those of one or
more extractors, cut to the box of each query: RootSIFT at OpenCV's keypoints (rootsift) and on Hessian-affine regions
(detected). Visual words are trained on the database itself, so that mAPs are higher than with a codebook of other
images; they compare the engines, with each other and with another detector.

    python benchmarks/engines.py FOLDER [--extractors rootsift detected] [--words 20000] [--verification]
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reprise.asmk import ASMK
from reprise.bow import BagOfWords, mean_vectors
from reprise.codebooks import Codebook
from reprise.datasets import read_benchmark
from reprise.evaluation import evaluate_revisited
from reprise.extractors.registry import load_extractor
from reprise.geometry import frames_from_scales
from reprise.geometry.back_projection import select_features
from reprise.geometry.tentatives import Tentatives, Words, nearest_tentatives, word_tentatives
from reprise.geometry.verification import Regions, Verifications, verify_images
from reprise.hamming import HammingEmbedding, HammingIndex, centred, search_expanded
from reprise.reranking import affine
from reprise.reranking.inliers import VerificationStep, fuse

SMALL_CODEBOOK, SHORTLIST, PROTOCOLS = 2048, 1000, ("easy", "medium", "hard")
BY_WORDS, NEAREST = VerificationStep(rerank="words"), affine.Step(rerank="nearest")
NAMES = {"rootsift": "OpenCV", "detected": "Hessian-affine"}


@dataclass(frozen=True)
class Images:
    """The features of images, one image after the other."""

    descriptors: np.ndarray
    regions: Regions
    image_ids: np.ndarray
    boxes: list

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self.boxes)

    def of(self, image: int) -> Regions:
        """The regions of one image."""
        rows = slice(*self.regions.starts[image : image + 2])
        return Regions(self.regions.keypoints[rows], self.regions.frames[rows])


def extract(name: str, images) -> Images:
    """All features of a list of images."""
    extractor = load_extractor(name, image_size=None, num_features=1000)
    boxes = images.boxes or [None] * len(images)
    found = [extractor.extract(extractor.load(path, box)) for path, box in zip(images.paths, boxes, strict=True)]
    frames = [frames_from_scales(one.scales) if one.affine is None else one.affine for one in found]
    counts = [len(one) for one in found]
    regions = Regions(np.concatenate([one.keypoints for one in found]), np.concatenate(frames), np.cumsum([0, *counts]))
    descriptors = np.concatenate([one.descriptors for one in found]).astype(np.float32)
    return Images(descriptors, regions, np.repeat(np.arange(len(found)), counts), boxes)


class Engines:
    """All engines on one database."""

    def __init__(self, database: Images, queries: Images, words: int):
        self.database, self.queries = database, queries
        codebook = Codebook.train(database.descriptors, words)
        self.words, self.asked = (codebook.assign(part.descriptors)[:, 0] for part in (database, queries))
        self.sorted_words = Words.of(self.words, database.regions.starts)
        self.bow = BagOfWords.build(self.words, database.image_ids, words, n_images=database.count)
        self.vectors = self.bow.vectors(self.asked, queries.image_ids, queries.count)
        self.asmk = ASMK(Codebook.train(database.descriptors, SMALL_CODEBOOK))
        self.asmk.index(database.descriptors, database.image_ids, database.count)
        self._train_hamming()

    def _train_hamming(self) -> None:
        mean = self.database.descriptors.mean(axis=0)
        around, asked = (centred(part.descriptors, mean) for part in (self.database, self.queries))
        codebook = Codebook.train(around, SMALL_CODEBOOK)
        words = codebook.assign(around)[:, 0]
        embedding = HammingEmbedding.train(around, words, SMALL_CODEBOOK)
        self.hamming = HammingIndex.build(
            embedding.encode(around, words, self.database.image_ids), SMALL_CODEBOOK, n_images=self.database.count
        )
        self.single, self.multiple = (
            embedding.encode(asked, codebook.assign(asked, nearest), self.queries.image_ids) for nearest in (1, 3)
        )

    def search_bow(self, vectors=None):
        """Rank by bags of words."""
        found = self.bow.search(self.vectors if vectors is None else vectors)
        return found.ranks, found.scores

    def search_asmk(self):
        """Rank by ASMK*."""
        found = self.asmk.search(self.queries.descriptors, self.queries.image_ids)
        return found.ranks, found.scores

    def verify(self, query: int, images: np.ndarray, **settings) -> Verifications:
        """Verify images for a query by the words of the large codebook."""
        own = self.asked[self.queries.image_ids == query]
        pairs = word_tentatives(Words.of(own), self.sorted_words, images)
        return verify_images(self.queries.of(query), self.database.regions, pairs, images, **settings)

    def verify_nearest(self, query: int, images: np.ndarray, **settings) -> Verifications:
        """Verify images for a query by distinct nearest neighbours."""
        own, starts = self.queries.descriptors[self.queries.image_ids == query], self.database.regions.starts
        parts = [
            nearest_tentatives(own, self.database.descriptors[slice(*starts[image : image + 2])], ratio=NEAREST.ratio)
            for image in images
        ]
        pairs = Tentatives(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))
        return verify_images(self.queries.of(query), self.database.regions, pairs, images, **settings)

    def verified(self, ranks, scores, *, nearest=False):
        """Re-rank by inliers."""
        ranks, scores = ranks[:, :SHORTLIST], scores[:, :SHORTLIST]
        verify, step = (self.verify_nearest, NEAREST) if nearest else (self.verify, BY_WORDS)
        counts = np.stack([verify(query, row).counts for query, row in enumerate(ranks)])
        return reordered(ranks, scores, counts, step.least)

    def selected(self, ranks):
        """The features of verified images inside of the box, query by query."""
        for query, images in enumerate(ranks[:, :SHORTLIST]):
            box, found = self.queries.boxes[query], self.verify(query, images)
            yield query, select_features(self.queries.of(query), box, self.database.regions, images, found)

    def expanded_asmk(self, ranks):
        """Search again with the descriptors of the query and of the selected features."""
        parts, query_of = [], []
        for query, chosen in self.selected(ranks):
            own = self.queries.descriptors[self.queries.image_ids == query]
            parts += [own, self.database.descriptors[chosen.rows]]
            query_of += [query] * (len(own) + len(chosen.rows))
        found = self.asmk.search(np.concatenate(parts), np.array(query_of))
        return found.ranks, found.scores

    def expanded(self, ranks):
        """Search again with the mean of the query and its verified images."""
        rows, selected, query_of = [], [], []
        for query, chosen in self.selected(ranks):
            rows.append(chosen.rows)
            selected.append(chosen.image_of + len(query_of))
            query_of += [query] * len(chosen.images)
        vectors = self.bow.vectors(self.words[np.concatenate(rows)], np.concatenate(selected), len(query_of))
        return self.search_bow(mean_vectors(self.vectors, vectors, np.array(query_of, int)))


def reordered(ranks, scores, counts, least):
    """Sort images by their inliers."""
    fused = fuse(scores, counts, least=least)
    order = np.argsort(-fused, axis=1, kind="stable")
    return np.take_along_axis(ranks, order, axis=1), np.take_along_axis(fused, order, axis=1)


def methods(engines: Engines) -> dict[str, Callable]:
    """The rows of the table: what makes the ranking."""

    def hamming(signatures, search=engines.hamming.search):
        found = search(signatures)
        return found.ranks, found.scores

    def hqe(signatures):
        return hamming(signatures, lambda given: search_expanded(engines.hamming, given))

    def bow_sv():
        return engines.verified(*engines.search_bow())

    def hqe_sp():
        verified = dict(engines.selected(hamming(engines.multiple)[0]))
        return hamming(engines.multiple, lambda given: search_expanded(engines.hamming, given, verified=verified))

    def asmk_sv():
        return engines.verified(*engines.search_asmk())

    def bow_sv_qe():
        return engines.expanded(bow_sv()[0])

    return {
        "BoW": engines.search_bow,
        "BoW + SV": bow_sv,
        "BoW + SV + QE": bow_sv_qe,
        "BoW + SV + QE + SV": lambda: engines.verified(*bow_sv_qe()),
        "HE": lambda: hamming(engines.single),
        "HE + MA": lambda: hamming(engines.multiple),
        "HQE": lambda: hqe(engines.single),
        "HQE + MA": lambda: hqe(engines.multiple),
        "HQE-SP + MA": hqe_sp,
        "ASMK*": engines.search_asmk,
        "ASMK* + SV": asmk_sv,
        "ASMK* + SV, nearest": lambda: engines.verified(*engines.search_asmk(), nearest=True),
        "ASMK* + SV + QE": lambda: engines.expanded_asmk(asmk_sv()[0]),
    }


def read(folder: Path, extractor: str, words: int):
    """The benchmark, and all engines on it."""
    (truth,) = folder.glob("gnd_*.pkl")
    dataset = read_benchmark(folder / "jpg", truth, "revisited")
    return dataset, Engines(extract(extractor, dataset.database), extract(extractor, dataset.queries), words)


def maps_of(ranks, dataset) -> np.ndarray:
    """The mAP under each protocol, in percent."""
    scores = evaluate_revisited(ranks, dataset.ground_truth)
    return np.array([100 * scores[protocol].map for protocol in PROTOCOLS])


def print_verification(folder: Path, extractor: str, words: int) -> None:
    """Print the share of unrelated images that have so many inliers, and the gain over ASMK*, setting by setting."""
    dataset, engines = read(folder, extractor, words)
    ranks, scores = engines.search_asmk()
    related = [np.concatenate([truth[key] for key in ("easy", "hard", "junk")]) for truth in dataset.ground_truth]
    unrelated = np.stack([~np.isin(row, images) for row, images in zip(ranks, related, strict=True)])
    before, leasts = maps_of(ranks, dataset), (4, 5, 6)
    for name, verify in (("words", engines.verify), ("nearest", engines.verify_nearest)):
        for ratio in (None, 2.0):
            counts = np.stack([verify(query, row, scale_ratio=ratio).counts for query, row in enumerate(ranks)])
            cells = [NAMES.get(extractor, extractor), name, "yes" if ratio else "no"]
            cells += [f"{100 * (counts[unrelated] >= least).mean():.1f} %" for least in leasts]
            for least in leasts:
                gains = maps_of(reordered(ranks, scores, counts, least)[0], dataset) - before
                cells.append(" / ".join(f"{gain:+.1f}" for gain in gains))
            print(f"| {' | '.join(cells)} |", flush=True)


def measure(folder: Path, extractor: str, words: int) -> dict[str, tuple[np.ndarray, float]]:
    """The mAP under each protocol in percent, and milliseconds per query, of every method."""
    dataset, engines = read(folder, extractor, words)
    rows = {}
    for name, method in methods(engines).items():
        start = time.perf_counter()
        ranks, _ = method()
        elapsed = 1e3 * (time.perf_counter() - start) / engines.queries.count
        rows[name] = maps_of(ranks, dataset), elapsed
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extractors", nargs="+", default=list(NAMES))
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--verification", action="store_true", help="compare settings of spatial verification")
    arguments = parser.parse_args()
    if arguments.verification:
        for extractor in arguments.extractors:
            print_verification(arguments.folder, extractor, arguments.words)
        return
    found = [measure(arguments.folder, extractor, arguments.words) for extractor in arguments.extractors]
    names = [NAMES.get(extractor, extractor) for extractor in arguments.extractors]
    header = [f"{name} {column}" for name in names for column in (*PROTOCOLS, "ms/query")]
    print(f"| | {' | '.join(header)} |\n|{'---|' * (1 + len(header))}")
    for method in found[0]:
        cells = [f"{value:.2f}" for maps, elapsed in (one[method] for one in found) for value in (*maps, elapsed)]
        print(f"| {method} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
