"""ASMK from descriptors to rankings."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from reprise.asmk.aggregation import aggregate
from reprise.asmk.building import Idf, checked_idf, number_of_images
from reprise.asmk.inverted_file import InvertedFile
from reprise.asmk.postings import Aggregated
from reprise.asmk.queries import Rankings, Undefined, checked_kernel, checked_undefined
from reprise.codebooks.codebook import Codebook
from reprise.storage.arguments import count, flag
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.storage.json_files import load_json

_FORMAT, _VERSION = "reprise ASMK", 1
_PARAMETERS = ("binary", "idf", "database_assignments", "query_assignments", "alpha", "threshold")
_ADDED = {"undefined": "zero"}  # parameters that older files lack, and the values that stand for them


class ASMK:
    """Image search with the aggregated selective match kernel.

    The defaults are those of Tolias, Jenicek, Chum, ECCV 2020. Several threads may search at once, but not while
    another one indexes.

    Args:
        codebook: the visual words, and the assignment of descriptors to them
        binary: compare sign bits (ASMK*) or real vectors (ASMK)
        idf: weigh words by their squared inverse document frequency in the whole database, or with "published" as the
            published code does, where a word keeps its weight of the last call of :meth:`index` with that word
        database_assignments: number of nearest words that each descriptor of the database is assigned to
        query_assignments: number of nearest words that each descriptor of a query is assigned to
        alpha: exponent of the similarity of two vectors
        threshold: lower bound of the similarity of two vectors; below it they add nothing
        undefined: the score of an image or a query without any weighted word: "zero", or "nan" as in the published code
        device: where faiss assigns descriptors: "cpu", "cuda", "cuda:N" or "auto"

    Raises:
        DataError: a parameter that is none, by its name
    """

    def __init__(
        self,
        codebook: Codebook,
        *,
        binary: bool = True,
        idf: Idf = False,
        database_assignments: int = 1,
        query_assignments: int = 5,
        alpha: float = 3.0,
        threshold: float = 0.0,
        undefined: Undefined = "zero",
        device: str = "cpu",
    ):
        if not isinstance(codebook, Codebook):
            raise DataError(f"codebook: {type(codebook).__name__} given; make a Codebook of the centroids")
        self.codebook = codebook
        self.binary = flag("binary", binary)
        self.idf: Idf = checked_idf(idf)
        self.database_assignments = count("database_assignments", database_assignments)
        self.query_assignments = count("query_assignments", query_assignments)
        self.alpha, self.threshold = checked_kernel(alpha, threshold)
        self.undefined: Undefined = checked_undefined(undefined)
        self.device = device
        # The inverted file, and the sets that are to be added to it. Replaced as one tuple, so that searches can go on.
        self._state: tuple[InvertedFile | None, tuple[Aggregated, ...]] = None, ()
        self._n_images = 0

    def __repr__(self) -> str:
        kernel = f"query_assignments={self.query_assignments}, alpha={self.alpha:g}, threshold={self.threshold:g}"
        return f"ASMK({self.codebook!r}, binary={self.binary}, idf={self.idf!r}, {kernel}, {self.n_images} images)"

    @property
    def n_images(self) -> int:
        """The number of images that are indexed, those without descriptors included."""
        return self._n_images

    @property
    def inverted_file(self) -> InvertedFile:
        """The inverted file of all images; DataError if nothing was indexed."""
        index, waiting = self._state
        if waiting:
            if index is None:
                index = InvertedFile.build(waiting, self.codebook.size, idf=self.idf, n_images=self._n_images)
            else:
                index = index.extend(waiting, idf=self.idf, n_images=self._n_images)
            self._state = index, ()
        if index is None:
            raise DataError("ASMK: nothing is indexed; call index first")
        return index

    def index(self, descriptors: np.ndarray, image_ids: np.ndarray, n_images: int | None = None) -> "ASMK":
        """Add images to the database, after the last image of the call before.

        The inverted file is built when it is needed next, so that many small calls cost nothing extra.

        Args:
            descriptors: (n, D) float32
            image_ids: (n,) ascending integers, which count from 0. Images that are missing in between have no
                descriptors and keep their row
            n_images: the number of images after this call, where the last ones have no descriptors

        Returns:
            self

        Raises:
            DataError: descriptors that do not fit, or ids that do not follow the ones before
        """
        part = self._aggregate(descriptors, image_ids, self.database_assignments)
        first = int(part.image_ids[0]) if len(part) else self._n_images
        if first < self._n_images:
            raise DataError(
                f"image_ids: start with {first}, but images up to {self._n_images - 1} are indexed; "
                "go on with the next id"
            )
        found = int(part.image_ids[-1]) + 1 if len(part) else self._n_images
        n_images = number_of_images(found, n_images)
        index, waiting = self._state
        self._state = index, (*waiting, part)
        self._n_images = n_images
        return self

    def search(
        self,
        descriptors: np.ndarray,
        image_ids: np.ndarray,
        topk: int | None = None,
        query_ids: np.ndarray | None = None,
    ) -> Rankings:
        """Rank the database for the queries.

        Args:
            descriptors: (n, D) float32
            image_ids: (n,) ascending integers: the query of each descriptor
            topk: number of images to return, all of them if None or larger
            query_ids: (Q,) integers: the rows of the result, so that queries without descriptors keep theirs; those
                with descriptors if None

        Returns:
            rankings (Q, n_images or topk), see :meth:`InvertedFile.search`

        Raises:
            DataError: nothing was indexed, or descriptors do not fit
        """
        queries = self._aggregate(descriptors, image_ids, self.query_assignments)
        return self.inverted_file.search(queries, topk=topk, query_ids=query_ids, **self._kernel())

    def scores(
        self,
        descriptors: np.ndarray,
        query_of: np.ndarray,
        *,
        image_ids: np.ndarray | None = None,
        query_ids: np.ndarray | None = None,
    ) -> np.ndarray:
        """Compute the similarity of each query and each database image.

        Args:
            descriptors: (n, D) float32
            query_of: (n,) ascending integers: the query of each descriptor
            image_ids: the database images of the columns, in any order; all of them if None
            query_ids: the queries of the rows; those with descriptors if None

        Returns:
            (Q, len(image_ids)) float64

        Raises:
            DataError: nothing was indexed, descriptors do not fit, or images do not exist
        """
        queries = self._aggregate(descriptors, query_of, self.query_assignments)
        return self.inverted_file.scores(queries, image_ids, query_ids=query_ids, **self._kernel())

    def save(self, folder: str | os.PathLike) -> None:
        """Write codebook, inverted file and parameters to ``folder``, which appears when it is complete."""
        index = self.inverted_file
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            self.codebook.save(temporary / "codebook.h5")
            index.save(temporary / "index")
            parameters = {key: getattr(self, key) for key in (*_PARAMETERS, *_ADDED)}
            # As they come out of the constructor, which reads them again, also if they were changed since.
            checked = type(self)(self.codebook, **parameters)
            parameters = {key: getattr(checked, key) for key in parameters}
            header = {"format": _FORMAT, "version": _VERSION, **parameters}
            (temporary / "asmk.json").write_text(json.dumps(header, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def open(cls, folder: str | os.PathLike, *, device: str = "cpu", check: bool = False) -> "ASMK":
        """Open a folder that :meth:`save` wrote; the inverted file stays on disk, memory-mapped.

        Args:
            folder: the folder
            device: as for the constructor
            check: see :meth:`InvertedFile.open`

        Raises:
            DataError: damaged or foreign files and versions
        """
        folder = Path(folder)
        parameters = _read_parameters(folder / "asmk.json")
        codebook = Codebook.load(folder / "codebook.h5")
        try:
            engine = cls(codebook, device=device, **parameters)
        except DataError as error:
            raise DataError(f"{folder / 'asmk.json'}: {error}; save it again") from error
        index = InvertedFile.open(folder / "index", check=check)
        width = -(-engine.codebook.dim // 32) if engine.binary else engine.codebook.dim
        expected = (engine.codebook.size, engine.binary, width, bool(engine.idf))
        found = (index.n_words, index.binary, index.vectors.shape[1], index.weights is not None)
        if found != expected:
            raise DataError(
                f"{folder}: codebook and asmk.json ask for words, binary, width, idf {expected}, but its index has "
                f"{found}; save it again"
            )
        engine._state, engine._n_images = (index, ()), index.n_images
        return engine

    def _kernel(self) -> dict[str, Any]:
        return {"alpha": self.alpha, "threshold": self.threshold, "undefined": self.undefined}

    def _aggregate(self, descriptors: np.ndarray, image_ids: np.ndarray, assignments: int) -> Aggregated:
        words = self.codebook.assign(descriptors, assignments, device=self.device)
        return aggregate(descriptors, words, image_ids, self.codebook, binary=self.binary)


def _read_parameters(path: Path) -> dict:
    if not path.is_file():
        raise DataError(f"{path}: no such file, so its folder was not written by ASMK.save; index and save first")
    header = load_json(path, "save it again")
    if not isinstance(header, dict) or header.get("format") != _FORMAT:
        raise DataError(f"{path}: 'format' is not '{_FORMAT}'; this was not written by ASMK.save")
    if header.get("version") != _VERSION:
        raise DataError(f"{path}: 'version' {header.get('version')!r} cannot be read, only {_VERSION}; save it again")
    missing = [key for key in _PARAMETERS if key not in header]
    if missing:
        raise DataError(f"{path}: {missing[0]!r} is missing; save it again")
    return {key: header[key] for key in _PARAMETERS} | {key: header.get(key, value) for key, value in _ADDED.items()}
