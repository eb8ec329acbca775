"""The kinds of files that are damaged: whole samples of each, how they are damaged, and everything that reads them.

To add a kind, add a :class:`Kind` to ``KINDS`` of one of the modules.
"""

from hostile.kinds import arrays, localization, matching, patches, records, texts, untrusted
from hostile.kinds.base import Kind, Sample

__all__ = ["Kind", "Sample", "kinds"]

kinds: dict[str, Kind] = {
    **untrusted.KINDS, **arrays.KINDS, **patches.KINDS, **matching.KINDS, **records.KINDS, **texts.KINDS,
    **localization.KINDS,
}  # fmt: skip
