"""Damage: what disks, transfers and people who mean harm do to files, from a seed."""

import gzip
import io
import itertools
import pickletools
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

Mutation = Callable[[bytes, random.Random], bytes]
_NUMBERS = [
    0,
    1,
    2,
    7,
    8,
    127,
    128,
    255,
    256,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    2**64 - 1,
]

_LARGEST = 1 << 20  # bytes


def mutate(data: bytes, rng: random.Random, own: Mutation | None = None) -> bytes:
    """Damage a file once to four times, half of the time as its format allows where ``own`` knows it."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 4])):
        if not data:
            break
        chosen = own if own is not None and rng.random() < 0.5 else rng.choice(_BYTES)
        data = chosen(data, rng)[:_LARGEST]
    return data


# ---- of any bytes


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _set(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    changed[rng.randrange(len(changed))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return bytes(changed)


def _number(data: bytes, rng: random.Random) -> bytes:
    """Write a number over the bytes of another."""
    width = rng.choice([1, 2, 4, 8])
    value = rng.choice([*_NUMBERS, len(data), rng.randrange(len(data) + 1)]) % (1 << (8 * width))
    place = rng.randrange(len(data))
    return data[:place] + value.to_bytes(width, rng.choice(["little", "big"])) + data[place + width :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def _insert(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.choice([1, 1, 2, 8, 100])) + data[place:]


def _remove(data: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(data))
    return data[:place] + data[place + rng.choice([1, 2, 8, 100]) :]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    part = data[start : start + rng.choice([1, 8, 64, 512])]
    return data[:start] + part * rng.choice([2, 3, 50]) + data[start + len(part) :]


def _swap(data: bytes, rng: random.Random) -> bytes:
    size = rng.choice([1, 8, 64, 512])
    first, second = sorted(rng.randrange(len(data)) for _ in range(2))
    a, b = data[first : first + size], data[second : second + size]
    if second < first + size:
        return data
    return data[:first] + b + data[first + len(a) : second] + a + data[second + len(b) :]


def _blank(data: bytes, rng: random.Random) -> bytes:
    """A block that was never written, as after the machine died."""
    start = rng.randrange(len(data))
    size = min(rng.choice([8, 512, 4096]), len(data) - start)
    return data[:start] + bytes(size) + data[start + size :]


_BYTES: list[Mutation] = [_flip, _flip, _set, _number, _number, _cut, _insert, _remove, _repeat, _swap, _blank]


# ---- of pickles


_GLOBALS = [
    b"cnumpy\ndtype\n", b"cnumpy._core.multiarray\n_reconstruct\n", b"cnumpy._core.multiarray\nscalar\n",
    b"cnumpy._core.numeric\n_frombuffer\n", b"cnumpy\nndarray\n", b"ccollections\nOrderedDict\n", b"cbuiltins\nset\n",
    b"cbuiltins\nfrozenset\n", b"cbuiltins\nbytearray\n", b"cbuiltins\nbytes\n", b"cbuiltins\ncomplex\n",
    b"c_codecs\nencode\n", b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch.storage\n_load_from_bytes\n",
    b"ctorch\nFloatStorage\n", b"cos\nsystem\n", b"cbuiltins\neval\n", b"ccollections\ndefaultdict\n",
    b"cfunctools\npartial\n", b"cargparse\nNamespace\n", b"cpathlib\nPosixPath\n", b"ctorch\nSize\n",
    b"ctorch._utils\n_rebuild_parameter\n",
]  # fmt: skip
_SIMPLE = [code.code.encode("latin1") for code in pickletools.opcodes if code.arg is None and code.code != "."]


def pickled(data: bytes, rng: random.Random) -> bytes:
    """Change, move, repeat or add instructions of a pickle."""
    try:
        places = [place for _, _, place in pickletools.genops(data)]
    except Exception:
        return _flip(data, rng) if data else data
    bounds = [*places, len(data)]
    steps = [data[a:b] for a, b in itertools.pairwise(bounds)]
    for _ in range(rng.choice([1, 1, 2, 5])):
        place = rng.randrange(len(steps))
        action = rng.randrange(7)
        if action == 0:
            steps[place] = _instruction(rng)
        elif action == 1:
            steps.insert(place, _instruction(rng))
        elif action == 2:
            del steps[place : place + rng.choice([1, 1, 3])]
        elif action == 3:
            part = steps[place : place + rng.choice([1, 2, 5, 20])]
            steps[place:place] = part * min(rng.choice([1, 2, 100, 1000]), 1 + _LARGEST // (1 + sum(map(len, part))))
        elif action == 4:
            other = rng.randrange(len(steps))
            steps[place], steps[other] = steps[other], steps[place]
        elif action == 5:
            steps[place] = _number(steps[place], rng) if steps[place] else b""
        else:
            steps.insert(place, _instruction(rng) * rng.choice([10, 3000]))
        if not steps:
            break
    return b"".join(steps)


def _instruction(rng: random.Random) -> bytes:
    value = rng.choice(_NUMBERS)
    return rng.choice(
        [
            rng.choice(_SIMPLE), rng.choice(_SIMPLE), rng.choice(_GLOBALS), rng.choice(_GLOBALS) + b")R",
            b"h%c" % rng.randrange(20), b"q%c" % rng.randrange(20), b"J" + struct.pack("<I", value % 2**32),
            b"K%c" % (value % 256), b"I%d\n" % value, b"L%dL\n" % value, b"\x8a\x08" + struct.pack("<Q", value % 2**64),
            b"U%c" % (value % 256), b"X" + struct.pack("<I", value % 2**32), b"C\x04abcd", b"X\x02\x00\x00\x00f8",
            b"G" + struct.pack(">d", rng.choice([0.0, 1e300, float("nan"), float("inf")])), b"(K\x01K\x02t", b"]q\x01",
            b"\x8e" + struct.pack("<Q", value % 2**64), b"\x96" + struct.pack("<Q", value % 2**64), b"Pid\n",
        ]
    )  # fmt: skip


# ---- of archives


def zipped(data: bytes, rng: random.Random, inner: Mutation | None = None) -> bytes:
    """Change an entry of a zip file, and write the file anew, so that its checksums are right; or damage a header."""
    if rng.random() < 0.4:
        places = [data.find(mark, rng.randrange(len(data))) for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06")]
        place = rng.choice(places)
        if place >= 0:
            end = min(place + 46, len(data))
            return data[:place] + _number(data[place:end], rng) + data[end:]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old:
            entries = [(info, old.read(info)) for info in old.infolist()]
    except Exception:
        return _flip(data, rng)
    if not entries:
        return _flip(data, rng)
    chosen = rng.randrange(len(entries))
    info, content = entries[chosen]
    action = rng.randrange(5)
    if action <= 2 and content:
        content = mutate(content, rng, inner)
    elif action == 3:
        info.filename = rng.choice(["../x", "/x", "x" * 300, "é" * 200, "a/b", "a", "\udcff", "x\0y", ""]) or "a"
    elif action == 4:
        info.external_attr = rng.choice([0o120777, 0o10644, 0o40755]) << 16
    entries[chosen] = info, content
    if rng.random() < 0.2:
        entries.pop(rng.randrange(len(entries)))
    new = io.BytesIO()
    try:
        with zipfile.ZipFile(new, "w") as bundle:
            for info, content in entries:
                bundle.writestr(info, content)
    except Exception:
        return _flip(data, rng)
    return new.getvalue()


def tarred(data: bytes, rng: random.Random) -> bytes:
    """Change a header of a tar file, with or without gzip, and correct its checksum."""
    packed = data[:2] == b"\x1f\x8b"
    try:
        plain = bytearray(zlib.decompressobj(31).decompress(data, 1 << 24) if packed else data)
    except zlib.error:
        return _flip(data, rng)
    places = [place for place in range(0, len(plain) - 511, 512) if plain[place + 257 : place + 262] == b"ustar"]
    if not places:
        return _flip(data, rng) if data else data
    place = rng.choice(places)
    header = bytearray(plain[place : place + 512])
    start, width = rng.choice([(0, 100), (100, 8), (124, 12), (124, 12), (156, 1), (156, 1), (157, 100), (345, 155)])
    texts = [
        b"../x", b"/x", b"x" * 100, b"\xff\xfe", b"a\0b", b"77777777777", b"00000000000", b"99999", b"-1",
        b"\x80" + b"\xff" * 11, b"\xff" * 12, b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"L", b"K", b"x", b"g", b"S",
        b"X", b"D", b"Z", b"\0",
    ]  # fmt: skip
    header[start : start + width] = rng.choice(texts)[:width].ljust(width, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    plain[place : place + 512] = header
    if rng.random() < 0.2:
        name = tarfile.TarInfo("x")
        name.type, name.size = rng.choice([b"L", b"K", b"x", b"g"]), rng.choice([10, 512, 5000, 2**31, 2**40])
        content = rng.choice([b"30 path=" + b"y" * 22, b"9" * 5000, b"x" * 600, b"25 size=99999999999999\n"])
        plain[place:place] = name.tobuf() + content.ljust(-(-len(content) // 512) * 512, b"\0")
    return gzip.compress(bytes(plain), 1, mtime=0) if packed else bytes(plain)


# ---- of HDF5


def restructured(path: Path, rng: random.Random) -> None:
    """Change attributes, values, types, shapes, links and storage of an HDF5 file, with the library."""
    with h5py.File(path, "r+") as file:
        keys: list[str] = []
        file.visititems(lambda name, item: keys.append(name) if isinstance(item, h5py.Dataset) else None)
        for _ in range(rng.choice([1, 1, 2])):
            rng.choice([_attribute, _values, _values, _type, _shape, _link, _storage, _deletion])(file, rng, keys)


def _attribute(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    known = [*file.attrs, "first_image", "recipe"]
    values = [
        0,
        -1,
        2**62,
        1.5,
        float("nan"),
        "",
        "x" * 1000,
        "{",
        '{"a": 1}',
        b"\xff",
        [1, 2],
        ["a", "b"],
        np.zeros((2, 2)),
    ]
    file.attrs[rng.choice(known)] = rng.choice(values)


def _values(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    dataset = file[rng.choice(keys)]
    if not 0 < dataset.size < 10**6 or dataset.dtype.kind not in "iuf" or dataset.is_virtual:
        return
    values = dataset[()].ravel()
    kind = dataset.dtype.kind
    special = [0.0, -1.0, float("nan"), float("inf"), 1e30] if kind == "f" else [0, 1, 5, 2**31 - 1, -1, -2, 2**62]
    for _ in range(rng.choice([1, 1, 3, min(values.size, 1000)])):
        value = rng.choice(special)
        if kind != "f":
            limits = np.iinfo(dataset.dtype)
            value = min(max(int(value), limits.min), limits.max)
        values[rng.randrange(values.size)] = value
    dataset[...] = values.reshape(dataset.shape)


def _replace(file: h5py.File, key: str, **options: object) -> None:
    del file[key]
    file.create_dataset(key, **options)


def _type(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    key = rng.choice(keys)
    if key not in file:
        return
    shape = file[key].shape
    kinds = [
        "f2",
        "f4",
        "f8",
        ">f4",
        "i1",
        "i4",
        "u8",
        "S5",
        "V3",
        "c8",
        h5py.string_dtype(),
        h5py.vlen_dtype("i4"),
        "?",
    ]
    if rng.random() < 0.2:
        del file[key]
        space = h5py.h5s.create_simple(shape)
        other = rng.choice([h5py.h5t.NATIVE_LDOUBLE, h5py.h5t.STD_REF_OBJ, h5py.h5t.UNIX_D32LE, h5py.h5t.STD_B8LE])
        h5py.h5d.create(file.id, key.encode(), other, space)
        return
    _replace(file, key, shape=shape, dtype=rng.choice(kinds))


def _shape(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    key = rng.choice(keys)
    if key not in file or file[key].is_virtual:
        return
    dataset = file[key]
    shape = list(dataset.shape) or [1]
    axis = rng.randrange(len(shape))
    shape[axis] = rng.choice([0, 1, shape[axis] + 1, max(shape[axis] - 1, 0), 10**6, 2**40])
    if rng.random() < 0.3:
        shape = rng.choice([[], shape[:-1], [*shape, 1], [2] * 32])
    kind = dataset.dtype
    options = {"chunks": tuple(rng.choice([1, 2, 100]) for _ in shape)} if shape and rng.random() < 0.3 else {}
    if options and any(c > s for c, s in zip(options["chunks"], shape, strict=True)):
        options = {}
    _replace(file, key, shape=tuple(shape), dtype=kind, **options)


def _link(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    key = rng.choice(keys)
    if key not in file:
        return
    del file[key]
    other = rng.choice(keys)
    file[key] = rng.choice(
        [h5py.ExternalLink("/etc/passwd", "x"), h5py.ExternalLink("other.h5", "x"), h5py.SoftLink("/" + other),
         h5py.SoftLink("/nowhere"), h5py.SoftLink("/" + key)]
    )  # fmt: skip


def _storage(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    key = rng.choice(keys)
    if key not in file:
        return
    shape, kind = file[key].shape, file[key].dtype
    if rng.random() < 0.5 and shape:
        source = rng.choice(["/etc/passwd", "pipe", "missing.bin"])
        try:
            size = int(np.prod(shape)) * kind.itemsize
            _replace(file, key, shape=shape, dtype=kind, external=[(source, 0, max(size, 1))])
        except (ValueError, TypeError, RuntimeError, OSError):
            return
        return
    if not shape or kind.hasobject:
        return
    layout = h5py.VirtualLayout(shape, kind)
    if rng.random() < 0.7 and 0 not in shape:
        layout[...] = h5py.VirtualSource(rng.choice(["missing.h5", ".", "/etc/passwd"]), key, shape, kind)
    del file[key]
    file.create_virtual_dataset(key, layout)


def _deletion(file: h5py.File, rng: random.Random, keys: list[str]) -> None:
    key = rng.choice([*keys, *(f"attribute {name}" for name in file.attrs)])
    if key.startswith("attribute "):
        if key[10:] in file.attrs:
            del file.attrs[key[10:]]
    elif key in file:
        del file[key]


# ---- of texts


def written(data: bytes, rng: random.Random) -> bytes:
    """Change lines of a text: order, indentation, repetition, marks that mean something in YAML or in lists."""
    lines = data.split(b"\n")
    place = rng.randrange(len(lines))
    action = rng.randrange(7)
    marks = [
        b"&a ", b"*a", b"<<: *a", b"- ", b": ", b"? ", b"!!python/object:os.system ", b"!!binary x", b"[", b"{", b"}",
        b"|", b">", b"'", b'"', b"#", b"%", b"@", b"\t", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff", b"\xe2\x80\xa8", b",",
        b",,", b"..", b"../", b"/", b"1e9999", b"9" * 5000, b"-1", b"0x1F", b"1:2:3", b"2024-13-45", b".nan", b"~",
        b"\xd9\xa3", b"\xc2\xb2",
    ]  # fmt: skip
    if action == 0:
        lines.insert(place, lines[rng.randrange(len(lines))])
    elif action == 1:
        lines[place] = b" " * rng.choice([1, 2, 3, 4]) + lines[place]
    elif action == 2:
        lines[place] = lines[place].lstrip()
    elif action in (3, 4):
        at = rng.randrange(len(lines[place]) + 1)
        lines[place] = lines[place][:at] + rng.choice(marks) * rng.choice([1, 1, 1, 200]) + lines[place][at:]
    elif action == 5:
        other = rng.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    else:
        lines[place] = rng.choice(marks)
    return rng.choice([b"\n", b"\n", b"\n", b"\r\n", b"\r"]).join(lines)
