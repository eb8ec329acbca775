from typing import Any, Literal, Protocol, overload

from reprise.extractors.chunks import AnyExtractor
from reprise.extractors.dense import CellFeatures
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box

__all__ = ["load_extractor"]

class _LocalExtractor(AnyExtractor, Protocol):
    def extract(self, image: Any, box: Box | None = None) -> LocalFeatures: ...

class _CellExtractor(AnyExtractor, Protocol):
    def extract(self, image: Any, box: Box | None = None) -> CellFeatures: ...

@overload
def load_extractor(
    name: Literal["detected", "how", "r2d2", "rootsift"], *, device: str = "cpu", **settings: Any
) -> _LocalExtractor: ...
@overload
def load_extractor(name: Literal["cvnet", "dinov2"], *, device: str = "cpu", **settings: Any) -> _CellExtractor: ...
@overload
def load_extractor(name: str, *, device: str = "cpu", **settings: Any) -> AnyExtractor: ...
