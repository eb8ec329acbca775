"""Headers of the objects of an HDF5 file, checked before the library reads them.

The library trusts what they say about texts and about the sources of virtual datasets: where it is damaged, the library
loops for ever or writes beyond its memory. The layouts are those of the specification of the format (version 3.0,
sections IV.A and VII.C).
"""

import struct
from collections.abc import Iterator

from reprise.storage.hdf5_texts import DamagedTextsError, TextReader

_MOST_MESSAGES = 10_000
_LAYOUT, _ATTRIBUTE, _CONTINUATION = 0x08, 0x0C, 0x10
_VARIABLE_LENGTH, _VIRTUAL = 9, 3
_MOST_DIMENSIONS = 32
_NONE, _HYPERSLAB, _ALL = 0, 2, 3


def check_object(reader: TextReader, address: int) -> None:
    """Check the texts of the attributes, and the sources if it is a virtual dataset, of an object.

    Args:
        reader: reads the file
        address: where the header of the object stands

    Raises:
        DamagedTextsError: a part of the header that is not whole
    """
    for kind, body in _messages(reader, address):
        if kind == _ATTRIBUTE:
            reader.texts(_attribute_references(body))
        elif kind == _LAYOUT and body[:2] == bytes([4, _VIRTUAL]):
            heap, index = struct.unpack_from("<QI", body.ljust(14, b"\0"), 2)
            if heap != (1 << 64) - 1:  # no source at all
                _check_sources(reader.item(heap, index))


def _messages(reader: TextReader, address: int) -> Iterator[tuple[int, bytes]]:
    """Iterate over the messages of an object header of version 1 or 2, in all of its blocks."""
    if reader.read(address, 4) == b"OHDR":
        blocks, head = [_second_version(reader, address)], struct.Struct("<BHB")
        extra = 2 if reader.read(address + 5, 1)[0] & 0x04 else 0
        edges = (4, 4)  # a signature and a checksum around the blocks that continue it
    else:
        size = struct.unpack("<BBHII", reader.read(address, 12))[4]
        blocks, head, extra, edges = [(address + 16, size)], struct.Struct("<HHB3x"), 0, (0, 0)
    count = 0
    while blocks:
        data = reader.read(*blocks.pop())
        position = 0
        while position + head.size + extra <= len(data):
            kind, length = head.unpack_from(data, position)[:2]
            start = position + head.size + extra
            body = data[start : start + length]
            position = start + length
            count += 1
            if len(body) != length or count > _MOST_MESSAGES:
                raise DamagedTextsError("the header of an object is damaged")
            if kind == _CONTINUATION:
                place, size = struct.unpack_from("<QQ", body.ljust(16, b"\0"))
                blocks.append((place + edges[0], size - sum(edges)))
            yield kind, body


def _second_version(reader: TextReader, address: int) -> tuple[int, int]:
    """Return where the messages of an object header of version 2 begin, and their bytes."""
    flags = reader.read(address + 5, 1)[0]
    start = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 0x03)
    return start + width, int.from_bytes(reader.read(start, width), "little")


def _attribute_references(message: bytes) -> bytes:
    """Return the references of an attribute of texts of variable length; none for any other attribute."""
    if len(message) < 8:
        raise DamagedTextsError("an attribute ends early")
    version, _, name, kind, space = struct.unpack_from("<BBHHH", message)
    start = 9 if version == 3 else 8
    sizes = [(size + 7) & ~7 if version == 1 else size for size in (name, kind, space)]
    place = start + sizes[0]
    if place >= len(message) or message[place] & 0x0F != _VARIABLE_LENGTH:
        return b""
    data = message[start + sum(sizes) :]
    return data[: len(data) // 16 * 16]


def _check_sources(block: bytes) -> None:
    """Check the list of the sources of a virtual dataset: names, and the parts of both datasets that correspond."""
    version, count = struct.unpack_from("<BQ", block.ljust(9, b"\0"))
    if version != 0:
        raise DamagedTextsError("the sources of a virtual dataset are of an unknown version")
    position = 9
    for _ in range(count):
        for _ in range(2):
            end = block.find(b"\0", position)
            if end < 0:
                raise DamagedTextsError("the name of a source of a virtual dataset does not end")
            position = end + 1
        for _ in range(2):
            position = _after_selection(block, position)
    if position + 4 != len(block):  # a checksum
        raise DamagedTextsError("the sources of a virtual dataset do not end where they should")


def _after_selection(block: bytes, position: int) -> int:
    """Return the position after a selection of values; DamagedTextsError for one that is not whole."""

    def number(width: int) -> int:
        nonlocal position
        position += width
        if position > len(block):
            raise DamagedTextsError("a source of a virtual dataset ends early")
        return int.from_bytes(block[position - width : position], "little")

    kind, version = number(4), number(4)
    if kind in (_NONE, _ALL) and version == 1:
        number(8)
        return position
    if kind != _HYPERSLAB or version not in (1, 2, 3):
        raise DamagedTextsError("a source of a virtual dataset is selected in an unknown way")
    regular, width = False, 4
    if version == 1:
        number(8)
    else:
        regular = bool(number(1) & 1)
        width = number(1) if version == 3 else 8
        number(0 if version == 3 else 4)  # the bytes that follow
    dimensions = number(4)
    if not 1 <= dimensions <= _MOST_DIMENSIONS or width not in (2, 4, 8):
        raise DamagedTextsError(f"a source of a virtual dataset has {dimensions} dimensions")
    number((4 if regular else 2 * number(width)) * dimensions * width)
    return position
