"""Binary signatures of features, with the visual word that each belongs to."""

from dataclasses import dataclass

import numpy as np

from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Signatures:
    """Features of images as visual words and binary signatures; a feature with several words has one entry for each.

    Attributes:
        words: (n,) int64
        codes: (n, bits / 64) uint64, the first bit in the least significant bit of the first number
        image_ids: (n,) int64, ascending; of queries, the number of the query

    Raises:
        DataError: arrays of other types or lengths, or images that do not ascend
    """

    words: np.ndarray
    codes: np.ndarray
    image_ids: np.ndarray

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or self.codes.dtype != np.uint64:
            raise DataError(
                f"codes: expected uint64 of shape (n, bits / 64), got {self.codes.dtype} {self.codes.shape}"
            )
        for name, array in (("words", self.words), ("image_ids", self.image_ids)):
            if array.shape != self.codes.shape[:1] or array.dtype != np.int64:
                raise DataError(f"{name}: expected {len(self.codes)} int64, got {array.dtype} {array.shape}")
        if len(self) and (self.image_ids[0] < 0 or (np.diff(self.image_ids) < 0).any()):
            raise DataError("image_ids: have to ascend from 0; put the features in the order of their images")

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"Signatures({len(self)} of {self.bits} bits)"

    @property
    def bits(self) -> int:
        """The number of bits of a signature."""
        return 64 * self.codes.shape[1]

    def of(self, image: int) -> "Signatures":
        """Return the entries of one image."""
        here = slice(*np.searchsorted(self.image_ids, [image, image + 1]))
        return Signatures(self.words[here], self.codes[here], self.image_ids[here])

    def check(self, n_words: int, bits: int, name: str) -> None:
        """Check that words are below ``n_words`` and signatures have ``bits``; DataError that begins with ``name``."""
        if len(self) and (self.words.min() < 0 or self.words.max() >= n_words):
            raise DataError(
                f"{name}: words {self.words.min()} to {self.words.max()}, but there are {n_words}; use one codebook"
            )
        if self.bits != bits:
            raise DataError(f"{name}: signatures of {self.bits} bits, the index has {bits}; use one embedding")


def bits_of(codes: np.ndarray) -> np.ndarray:
    """Unpack codes (n, bits / 64) uint64 to (n, bits) uint8, 0 and 1."""
    little = np.ascontiguousarray(codes, "<u8")
    return np.unpackbits(little.view(np.uint8), axis=1, bitorder="little")


def codes_of(bits: np.ndarray) -> np.ndarray:
    """Pack bits (n, bits), a multiple of 64, to (n, bits / 64) uint64."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64)
