"""Sources of all published files: the reader of config/sources.yaml."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from reprise.storage.errors import DataError
from reprise.storage.hashes import DIGITS
from reprise.storage.yaml_files import load_yaml

SCHEMES = ("http://", "https://", "ftp://")
# Who states size and checksums of a file -> whether another file is refused, or only reported.
TRUST = {"confirmed": True, "computed": True, "single": False, "candidate": False}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class Consent:
    """What a user has to agree to before a file is downloaded.

    Attributes:
        name: what the setting ``accept`` lists; several files may share it
        demands: whose permission it is, and what it asks for
        read: where the licence stands
    """

    name: str
    demands: str
    read: str


@dataclass(frozen=True)
class Source:
    """One published file.

    Attributes:
        key: its name in config/sources.yaml
        file: its name in data/downloads and in every mirror
        urls: addresses, tried in this order
        licence: the terms under which it is published
        citation: the publication to cite
        bytes: its size; None where none is known
        licence_at: address of the page that states the terms, or None
        about: its size as a public page states it, rounded, where no exact one is known; or None
        size_at: address of that page, or None
        md5, sha1, git_blob, sha256: its checksums; None where none is known
        trust: how well size and checksums are known, a key of ``TRUST``
        sha256_prefix: the first digits of the checksum, as some publishers write them into file names, or None
        md5_list: the address of the publisher's list of md5 checksums that the file is in, or None
        by_hand: how to get the file without this program, or None
        consent: what the user has to agree to before it is downloaded; None for nothing
    """

    key: str
    file: str
    urls: tuple[str, ...]
    licence: str
    citation: str
    bytes: int | None = None
    md5: str | None = None
    sha1: str | None = None
    git_blob: str | None = None
    sha256: str | None = None
    trust: str = "confirmed"
    sha256_prefix: str | None = None
    md5_list: str | None = None
    by_hand: str | None = None
    consent: Consent | None = None
    licence_at: str | None = None
    about: int | None = None
    size_at: str | None = None

    @property
    def enforced(self) -> bool:
        """Whether a file of another size or checksum is refused."""
        return TRUST[self.trust]

    @property
    def size(self) -> int | None:
        """The size that the file must have; None where none is certain."""
        return self.bytes if self.enforced else None

    @property
    def hashes(self) -> dict[str, str]:
        """The known checksums: kind -> hexadecimal digits."""
        return {kind: digits for kind in DIGITS if (digits := getattr(self, kind)) is not None}

    @property
    def demands(self) -> dict[str, Any]:
        """What a recipe holds of the file: what it has to be, and not where it or its checksum are found."""
        certain = {"bytes": self.bytes, **self.hashes} if self.enforced else {}
        return {"bytes": None, "sha256": None, "sha256_prefix": self.sha256_prefix, **certain}

    def drawn(self) -> "Source":
        """Return the source of the file that stands for this one in a miniature, of which nothing is known before."""
        return replace(self, bytes=None, about=None, md5=None, sha1=None, git_blob=None, sha256=None, consent=None)

    def how_to_fetch(self, destination: str | os.PathLike) -> str:
        """Return the sentence that tells a person how to provide the file at ``destination``."""
        way = self.by_hand or f"fetch {self.urls[0]} with any other program or machine"
        return f"By hand: {way.rstrip('.')}, put it at {destination} and run again."


_KEYS = [field.name for field in fields(Source) if field.name != "key"] + ["repeat"]
_REQUIRED = ("file", "urls", "licence", "citation")


def read_sources(path: str | os.PathLike) -> dict[str, Source]:
    """Read config/sources.yaml; the header of that file explains its keys.

    Args:
        path: the file

    Returns:
        key -> source, one for each number of an entry with ``repeat``

    Raises:
        DataError: unknown, missing and repeated keys, values of the wrong kind, and two sources with the same file name
    """
    content = load_yaml(path)
    sources: dict[str, Source] = {}
    files: dict[str, str] = {}
    for key, entry in content.items():
        for source in _expand(f"{path}: {key}", key, entry):
            if source.key in sources:
                raise DataError(f"{path}: {source.key} occurs twice; give one of the two another name")
            if source.file in files:
                other = files[source.file]
                raise DataError(f"{path}: {source.key} and {other} have the same file {source.file}; rename one")
            sources[source.key] = source
            files[source.file] = source.key
    return sources


def with_own(sources: Mapping[str, Source], own: Mapping[str, Mapping[str, Any]]) -> dict[str, Source]:
    """Add the sources of a configuration to those of config/sources.yaml.

    Args:
        sources: those of config/sources.yaml
        own: name -> the keys of an entry

    Raises:
        DataError: a name or a file that another source has, or values of the wrong kind
    """
    every = dict(sources)
    for key, entry in own.items():
        where = f"config.sources.{key}"
        if key in every:
            raise DataError(f"{where}: config/sources.yaml has a file of this name; give yours another one")
        source = _source(where, key, {name: value for name, value in entry.items() if value is not None})
        other = next((each.key for each in every.values() if each.file == source.file), None)
        if other is not None:
            raise DataError(f"{where}.file: {source.file} is the file of {other}; give yours another name")
        every[key] = source
    return every


def _expand(where: str, key: Any, entry: Any) -> list[Source]:
    """List the sources of one entry: one, or one per number of ``repeat``, which replaces ``{n}`` in all texts."""
    if not isinstance(key, str) or not isinstance(entry, dict):
        raise DataError(f"{where}: a name with a mapping of {', '.join(_KEYS)} is expected")
    for name in entry:
        if name not in _KEYS:
            close = difflib.get_close_matches(str(name), _KEYS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(_KEYS)}"
            raise DataError(f"{where}: unknown key {name}; {hint}")
    missing = [name for name in _REQUIRED if name not in entry]
    if missing:
        raise DataError(f"{where}: {', '.join(missing)} missing; add {'it' if len(missing) == 1 else 'them'}")
    single = {name: value for name, value in entry.items() if name != "repeat"}
    if "repeat" not in entry:
        return [_source(where, key, single)]
    match entry["repeat"]:
        case [int(first), int(last)] if first <= last:
            pass
        case other:
            raise DataError(f"{where}: repeat is {other!r}; give [first, last], as in [1, 100]")
    urls = entry["urls"] if isinstance(entry["urls"], list) else []
    if not all(re.search(r"\{n(:03)?\}", str(text)) for text in (key, entry["file"], *urls)):
        raise DataError(f"{where}: with repeat, the name, file and every url must contain {{n}}")
    return [_source(f"{where} ({n})", _numbered(key, n), _numbered(single, n)) for n in range(first, last + 1)]


def _numbered(value: Any, n: int) -> Any:
    if isinstance(value, dict):
        return {name: _numbered(item, n) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item, n) for item in value]
    return value.replace("{n}", str(n)).replace("{n:03}", f"{n:03}") if isinstance(value, str) else value


def _source(where: str, key: str, entry: dict[str, Any]) -> Source:
    def check(good: bool, name: str, expected: str) -> None:
        if not good:
            raise DataError(f"{where}: {name} is {entry.get(name)!r:.100}; expected {expected}")

    if not _NAME.fullmatch(key):
        raise DataError(f"{where}: a name holds letters, digits and . _ + - only")
    file, urls = entry["file"], entry["urls"]
    parts = file.split("/") if isinstance(file, str) else [""]
    check(all(map(_NAME.fullmatch, parts)), "file", "a file name, perhaps in folders, of letters, digits and . _ + -")
    known = isinstance(urls, list) and all(isinstance(url, str) for url in urls)
    check(known and bool(urls), "urls", "a list of addresses, the official one first")
    check(all(map(_is_address, urls)), "urls", "http://, https:// or ftp:// addresses")
    for name in ("md5_list", "licence_at", "size_at"):
        check(entry.get(name) is None or _is_address(entry[name]), name, "an http://, https:// or ftp:// address")
    check(entry.get("trust", "confirmed") in list(TRUST), "trust", f"one of {', '.join(TRUST)}")
    for name in ("bytes", "about"):
        size = entry.get(name)
        check(size is None or (type(size) is int and size > 0), name, "a positive count or null")
    check((entry.get("about") is None) == (entry.get("size_at") is None), "size_at", "the page that states about")
    patterns = {**{kind: f"[0-9a-f]{{{count}}}" for kind, count in DIGITS.items()}, "sha256_prefix": "[0-9a-f]{6,63}"}
    for name, pattern in patterns.items():
        value = entry.get(name)
        good = value is None or (isinstance(value, str) and re.fullmatch(pattern, value) is not None)
        check(good, name, "lower-case hexadecimal digits in quotes, or null")
    for name in ("licence", "citation", "by_hand"):
        value = entry.get(name)
        good = (isinstance(value, str) and value.strip() != "") or (name == "by_hand" and value is None)
        check(good, name, "a text")
    consent = _consent(f"{where}: consent", entry["consent"]) if entry.get("consent") is not None else None
    return Source(key=key, **{**entry, "urls": tuple(urls), "consent": consent})


def _consent(where: str, entry: Any) -> Consent:
    names = [field.name for field in fields(Consent)]
    if not isinstance(entry, dict) or set(entry) != set(names):
        raise DataError(f"{where}: expected a mapping of {', '.join(names)}, all of them")
    for name, value in entry.items():
        if not isinstance(value, str) or not value.strip():
            raise DataError(f"{where}.{name}: is {value!r:.100}; expected a text")
    if not _NAME.fullmatch(entry["name"]):
        raise DataError(f"{where}.name: is {entry['name']!r:.100}; it holds letters, digits and . _ + - only")
    return Consent(**entry)


def _is_address(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(SCHEMES) and not re.search(r"[\s\x00-\x1f]", text)
