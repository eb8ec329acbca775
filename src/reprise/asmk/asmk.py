"""ASMK from descriptors to rankings."""

import numpy as np

from reprise.asmk.aggregation import Aggregated, aggregate
from reprise.asmk.codebook import Codebook
from reprise.asmk.inverted_file import InvertedFile, Rankings
from reprise.storage.errors import DataError


class ASMK:
    """Image search with the aggregated selective match kernel.

    codebook                                 the visual words
    binary                                   compare sign bits (ASMK*) or real vectors (ASMK)
    idf                                      weigh words by their squared inverse document frequency
    database_assignments, query_assignments  nearest words that each descriptor is assigned to
    alpha, threshold                         exponent and lower bound of the similarity of two vectors
    device                                   where faiss assigns descriptors: "cpu", "cuda", "cuda:N" or "auto"

    The defaults are those of Tolias, Jenicek, Chum, ECCV 2020.
    """

    def __init__(
        self,
        codebook: Codebook,
        *,
        binary: bool = True,
        idf: bool = False,
        database_assignments: int = 1,
        query_assignments: int = 5,
        alpha: float = 3.0,
        threshold: float = 0.0,
        device: str = "cpu",
    ):
        self.codebook = codebook
        self.binary = binary
        self.idf = idf
        self.database_assignments = database_assignments
        self.query_assignments = query_assignments
        self.alpha = alpha
        self.threshold = threshold
        self.device = device
        self.inverted_file: InvertedFile | None = None

    def index(self, descriptors: np.ndarray, image_ids: np.ndarray, n_images: int | None = None) -> "ASMK":
        """Index the database, in place of one indexed before: (n, D) float32, (n,) ascending ids from 0.

        ``n_images`` counts images without descriptors too. Returns self.
        """
        aggregated = self._aggregate(descriptors, image_ids, self.database_assignments)
        self.inverted_file = InvertedFile.build(aggregated, self.codebook.size, idf=self.idf, n_images=n_images)
        return self

    def search(
        self,
        descriptors: np.ndarray,
        image_ids: np.ndarray,
        topk: int | None = None,
        query_ids: np.ndarray | None = None,
    ) -> Rankings:
        """Rank the database for the queries: (n, D) float32, (n,) ascending query ids.

        ``query_ids`` names the rows of the result, so that queries without descriptors keep theirs. For the rest see
        :meth:`InvertedFile.search`. Raises DataError if nothing was indexed.
        """
        if self.inverted_file is None:
            raise DataError("search: nothing is indexed; call index first")
        return self.inverted_file.search(
            self._aggregate(descriptors, image_ids, self.query_assignments),
            alpha=self.alpha,
            threshold=self.threshold,
            topk=topk,
            query_ids=query_ids,
        )

    def _aggregate(self, descriptors: np.ndarray, image_ids: np.ndarray, assignments: int) -> Aggregated:
        words = self.codebook.assign(descriptors, assignments, device=self.device)
        return aggregate(descriptors, words, image_ids, self.codebook, binary=self.binary)
