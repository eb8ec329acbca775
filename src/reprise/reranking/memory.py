"""What an image costs in memory, by how many descriptors are kept of it and in which form (AMES, ECCV 2024)."""

from reprise.networks.ames_layers import DIM
from reprise.storage.errors import DataError

_BYTES = {"codes": DIM // 8, "tokens": 2 * DIM}
#: Forms of storage: codes of a binarized network, projected tokens in float16, descriptors in float16.
FORMS = (*_BYTES, "descriptors")


def bytes_per_image(num_descriptors: int, form: str, local_dim: int = 768) -> int:
    """Bytes of the local descriptors of one image with ``num_descriptors``; the global descriptor comes on top.

    form: "codes" (128 bits each), "tokens" (128 float16) or "descriptors" (``local_dim`` float16). DataError: another.
    """
    if form not in FORMS:
        raise DataError(f"form: is {form!r}, expected one of {', '.join(FORMS)}")
    if num_descriptors < 0:
        raise DataError(f"num_descriptors: is {num_descriptors}, expected at least 0")
    return num_descriptors * _BYTES.get(form, 2 * local_dim)
