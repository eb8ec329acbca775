"""Numbers of visual words, as people write them."""

from typing import Annotated

from pydantic import Field

from reprise.storage.settings import Count

Size = Count | Annotated[str, Field(pattern=r"^[1-9][0-9]*[kM]$")]
_FACTORS = {"k": 1024, "M": 1024**2}


def words(size: int | str) -> int:
    """The number of visual words that a size such as 1000, '64k' (65,536) or '1M' stands for."""
    return size if isinstance(size, int) else int(size[:-1]) * _FACTORS[size[-1]]
