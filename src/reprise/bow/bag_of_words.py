"""The inverted file of bags of visual words, and its search with tf-idf weights."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from reprise.asmk import _kernels
from reprise.asmk.postings import as_integers, thread_count
from reprise.asmk.queries import Rankings, checked_topk
from reprise.formats.array_folders import FolderKind, Header, Shapes, check_lists
from reprise.storage.errors import DataError


def _arrays(header: Header) -> Shapes:
    words, images, postings = header["words"], header["images"], header["postings"]
    return {
        "offsets": ("<i8", (words + 1,)),
        "image_ids": ("<u4", (postings,)),
        "frequencies": ("<u4", (postings,)),
        "norms": ("<f8", (images,)),
    }


_KIND = FolderKind("reprise bags of words", 1, {"words": int, "images": int, "postings": int}, _arrays)


@dataclass(frozen=True)
class BagOfWords:
    """How often each visual word occurs in each image: one list of postings for each word, one after the other.

    A word w that n_w of the N images have weighs idf_w = ln(N / n_w), and 0 where no image has it. An image is the
    vector of tf_w * idf_w, where tf_w is the number of its features with this word, and the similarity of two images is
    the cosine of their vectors. Made by :meth:`build` or :meth:`open`.

    Source: Sivic and Zisserman, "Video Google", ICCV 2003; Philbin et al., CVPR 2007.

    Attributes:
        offsets: (K + 1,) int64: the list of word w is offsets[w] to offsets[w + 1]
        image_ids: (P,) uint32, ascending in each list
        frequencies: (P,) uint32, the tf of each posting
        norms: (N,) float64, the length of the vector of each image; 0 where it has no word, or only words of all images
    """

    offsets: np.ndarray
    image_ids: np.ndarray
    frequencies: np.ndarray
    norms: np.ndarray

    def __repr__(self) -> str:
        return f"BagOfWords({self.n_images} images, {self.n_words} words, {len(self.image_ids)} postings)"

    @property
    def _name(self) -> str:
        """What errors begin with: the folder, where the arrays are files of one."""
        file = getattr(self.image_ids, "filename", None)
        return "bags of words" if file is None else str(Path(file).parent)

    @property
    def n_words(self) -> int:
        """The number of visual words."""
        return len(self.offsets) - 1

    @property
    def n_images(self) -> int:
        """The number of images, those without features included."""
        return len(self.norms)

    @property
    def idf(self) -> np.ndarray:
        """The inverse document frequency of each word, (K,) float64."""
        return _idf(np.diff(self.offsets), self.n_images)

    @classmethod
    def build(
        cls, words: np.ndarray, image_ids: np.ndarray, n_words: int, *, n_images: int | None = None
    ) -> "BagOfWords":
        """Index the words of a database.

        Args:
            words: (F,) integers, the word of each feature; or (F, a) for several words of each
            image_ids: (F,) integers, the image of each feature, which count from 0
            n_words: number of visual words of the codebook, K
            n_images: number of images, where some have no features; default: up to the last image with a feature

        Raises:
            DataError: words or images outside of their range
        """
        words, images = _features(words, image_ids, n_words)
        found = int(images.max()) + 1 if len(images) else 0
        total = found if n_images is None else n_images
        if total < found or total >= 1 << 31:
            raise DataError(f"n_images: {total} given, but there are images up to {found - 1}; at most 2^31 - 1")
        keys, counts = np.unique(words * max(total, 1) + images, return_counts=True)
        occupied, ids = np.divmod(keys, max(total, 1))
        offsets = np.concatenate([[0], np.cumsum(np.bincount(occupied, minlength=n_words))])
        weights = counts * _idf(np.diff(offsets), total)[occupied]
        norms = np.sqrt(np.bincount(ids, weights * weights, minlength=total))
        return cls(offsets, ids.astype(np.uint32), counts.astype(np.uint32), norms)

    def save(self, folder: str | os.PathLike) -> None:
        """Write the arrays as .npy files, and sizes and checksums as index.json; ``folder`` appears when complete."""
        header = {"words": self.n_words, "images": self.n_images, "postings": len(self.image_ids)}
        _KIND.write(folder, header, vars(self))

    @classmethod
    def open(cls, folder: str | os.PathLike, *, check: bool = False) -> "BagOfWords":
        """Open a folder that :meth:`save` wrote, memory-mapped.

        Args:
            folder: the folder
            check: read every byte and compare it with its checksum

        Raises:
            DataError: files that are missing, truncated, of a wrong size, type or byte order, or of a foreign version,
                and lists of images that do not exist
        """
        _, arrays = _KIND.read(folder, check=check)
        check_lists(folder, arrays["offsets"], len(arrays["image_ids"]))
        result = cls(**arrays)
        if check:
            bad = _kernels.first_bad_posting(result.offsets, result.image_ids, result.n_images)
            if bad >= 0:
                raise DataError(f"{folder}: posting {bad} names no image, or is out of order; build the index again")
        return result

    def vectors(self, words: np.ndarray, image_ids: np.ndarray, n_images: int | None = None) -> sparse.csr_matrix:
        """Compute the tf-idf vectors of images, such as queries, with the weights of this database.

        Args:
            words: (F,) or (F, a) integers, as for :meth:`build`
            image_ids: (F,) integers from 0
            n_images: number of rows; default: up to the last image with a feature

        Returns:
            (n_images, K) float64, tf_w * idf_w, not normalised

        Raises:
            DataError: as :meth:`build`
        """
        words, images = _features(words, image_ids, self.n_words)
        found = int(images.max()) + 1 if len(images) else 0
        if n_images is not None and n_images < found:
            raise DataError(f"n_images: {n_images} given, but there are images up to {found - 1}")
        shape = (found if n_images is None else n_images, self.n_words)
        counts = sparse.csr_matrix((np.ones(len(words)), (images, words)), shape)
        counts.sum_duplicates()
        counts.data *= self.idf[counts.indices]
        return counts

    def search(
        self, vectors: sparse.spmatrix, *, topk: int | None = None, query_ids: np.ndarray | None = None,
        threads: int | None = None,
    ) -> Rankings:  # fmt: skip
        """Rank the images by their cosine similarity with every query.

        An image or a query whose vector is zero has the similarity 0 with everything. Equal similarities are in the
        order of the images, so that those that share no word with a query follow in that order.

        Args:
            vectors: (Q, K) from :meth:`vectors`, or means of such vectors; need not be normalised
            topk: number of images to return, all of them if None or larger
            query_ids: (Q,) integers, the names of the rows; default: 0 to Q - 1
            threads: number of threads that sort; default: OMP_NUM_THREADS, else all cores

        Returns:
            rankings (Q, N or topk)

        Raises:
            DataError: vectors of other words, or with NaN or infinity
        """
        topk, n_threads = checked_topk(topk, self.n_images), thread_count(threads)
        queries = self._checked(vectors)
        ids = np.arange(queries.shape[0]) if query_ids is None else as_integers(query_ids, "query_ids", (None,))
        if len(ids) != queries.shape[0]:
            raise DataError(f"query_ids: {len(ids)} given for {queries.shape[0]} vectors")
        result = Rankings(ids, np.empty((len(ids), topk), np.int32), np.empty((len(ids), topk)))
        for row, scores in enumerate(self._scores(queries)):
            here = slice(row, row + 1)
            _kernels.rank(scores[None], result.ranks[here], result.scores[here], n_threads)
        return result

    def scores(self, vectors: sparse.spmatrix) -> np.ndarray:
        """Compute the cosine similarity of every query and every image: (Q, N) float64; see :meth:`search`."""
        found = list(self._scores(self._checked(vectors)))
        return np.stack(found) if found else np.empty((0, self.n_images))

    def _checked(self, vectors: sparse.spmatrix) -> sparse.csr_matrix:
        queries = sparse.csr_matrix(vectors, dtype=np.float64)
        if queries.shape[1] != self.n_words:
            raise DataError(f"vectors: of {queries.shape[1]} words, the index has {self.n_words}; use one codebook")
        if not np.isfinite(queries.data).all():
            raise DataError("vectors: hold NaN or infinite values; compute them again")
        queries.sum_duplicates()
        return queries

    def _scores(self, queries: sparse.csr_matrix) -> Iterator[np.ndarray]:
        """Iterate over the similarities (N,) of the queries, each summed in ascending order of the words."""
        idf = self.idf
        divisors = np.where(self.norms > 0, self.norms, 1.0)
        for row in range(queries.shape[0]):
            words = queries.indices[queries.indptr[row] : queries.indptr[row + 1]]
            values = queries.data[queries.indptr[row] : queries.indptr[row + 1]]
            lengths = self.offsets[words + 1] - self.offsets[words]
            ends = np.cumsum(lengths)
            postings = np.arange(ends[-1] if len(ends) else 0)
            postings += np.repeat(self.offsets[words] - ends + lengths, lengths)
            products = np.repeat(values * idf[words], lengths) * self.frequencies[postings]
            ids = self.image_ids[postings]
            if ids.max(initial=0) >= max(self.n_images, 1):
                raise DataError(f"{self._name}: lists name images that do not exist; build and save the index again")
            sums = np.bincount(ids, products, minlength=self.n_images)
            length = np.sqrt(np.dot(values, values))
            yield sums / divisors / (length if length > 0 else 1.0)


def _idf(images_with: np.ndarray, n_images: int) -> np.ndarray:
    """Compute ln(N / n_w), 0 for words of no image: (K,) float64."""
    return np.where(images_with > 0, np.log(max(n_images, 1) / np.maximum(images_with, 1)), 0.0)


def _features(words: np.ndarray, image_ids: np.ndarray, n_words: int) -> tuple[np.ndarray, np.ndarray]:
    """Check words and images of features; returns one entry per feature and word, both (F * a,) int64."""
    several = np.ndim(words) == 2
    words = as_integers(words, "words", (None, None) if several else (None,))
    images = as_integers(image_ids, "image_ids", (None,))
    if len(words) != len(images):
        raise DataError(f"words, image_ids: {len(words)} and {len(images)} features; give one image for each feature")
    if words.size and (words.min() < 0 or words.max() >= n_words):
        raise DataError(f"words: {words.min()} to {words.max()}, but there are {n_words}; use one codebook throughout")
    if len(images) and images.min() < 0:
        raise DataError(f"image_ids: {images.min()}; ids count from 0")
    return words.ravel(), np.repeat(images, words.shape[1]) if several else images
