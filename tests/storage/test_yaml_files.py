"""YAML: what is wrong is an error with the file, and no key is lost."""

import pytest

from reprise.storage.errors import DataError
from reprise.storage.yaml_files import load_yaml

# Nine levels of nine aliases each: 400 million texts.
BOMB = "".join(f"k{level}: &k{level} [{', '.join([f'*k{level - 1}'] * 200) if level else 'x'}]\n" for level in range(9))
# Two aliases per level, and forty levels.
DOUBLED = "k0: &k0 [x, x]\n" + "".join(f"k{i}: &k{i} [*k{i - 1}, *k{i - 1}]\n" for i in range(1, 40))
MERGED = "k0: &k0 {a: 1}\n" + "".join(f"k{i}: &k{i}\n  <<: [*k{i - 1}, *k{i - 1}]\n" for i in range(1, 40))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"a: 1\nb: 2\na: 3\n", "key given twice: a"),
        (b"a: {b: 1, b: 1}\n", "key given twice: b"),
        (b"a: [\n", "not valid YAML"),
        (b"a: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
        (b"- a\n", "expected a mapping"),
        (b"", "expected a mapping"),
        ("a: b\n".encode("utf-16"), "not in UTF-8"),
        ("a: \u00e9\n".encode("latin-1"), "not in UTF-8"),
        (BOMB.encode(), "more than 1000 aliases"),
        (DOUBLED.encode(), "aliases of too much"),
        (MERGED.encode(), "aliases of too much"),
        (b"a: &a [*a]\n", "what it is a part of"),
        (b"[" * 5000, "more than 100 levels"),
        (b"[" * 1_000_000, "more than 100 levels"),
        (b"a: " + b"9" * 5000, "not valid YAML"),
        (b"a: 2024-13-45\n", "not valid YAML"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_with_the_file(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        load_yaml(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="none.yaml: there is no such file"):
        load_yaml(tmp_path / "none.yaml")


def test_a_byte_order_mark_and_merge_keys_are_fine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes("base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n".encode("utf-8-sig"))
    assert load_yaml(path) == {"base": {"a": 1, "b": 2}, "other": {"a": 1, "b": 3}}
