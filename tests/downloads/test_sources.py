"""The reader of config/sources.yaml."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from reprise.downloads.sources import read_sources
from reprise.storage.errors import DataError

SHIPPED = Path(__file__).resolve().parents[2] / "config" / "sources.yaml"
GOOD = """
weights:
  file: weights.pth
  urls: [https://example.org/weights.pth]
  licence: MIT
  citation: nobody
"""


def read(tmp_path, text):
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return read_sources(path)


def test_shipped_list_names_every_published_file():
    sources = read_sources(SHIPPED)
    files = {source.file for source in sources.values()}
    assert {f"revisitop1m.{n}.tar.gz" for n in range(1, 101)} < files
    assert {"oxbuild_images-v1.tgz", "paris_1-v1.tgz", "paris_2-v1.tgz", "ims.tar.gz", "how_r18.pth"} < files
    assert all(f"gnd_{name}.pkl" in files for name in ("oxford5k", "paris6k", "roxford5k", "rparis6k"))
    assert len(sources["gnd_roxford5k"].urls) == 4
    landmarks = {f"{split}/images_{n:03}.tar" for split, n in (("train", 499), ("index", 99), ("test", 19))}
    assert landmarks < files and sources["gldv2_train_007"].file == "train/images_007.tar"
    assert {f"{name}.pt" for name in ("dinov2_ames", "dinov2_ames_dist", "cvnet_ames", "cvnet_ames_dist")} < files
    local = [f"dinov2_{part}_local.hdf5" for part in ("xaa", "xab", "xac", "xad", "xae")]
    assert {f"gldv2/{name}" for name in local} < files and {f"gldv2-test/{name}" for name in local[:3]} < files


def test_shipped_files_keep_the_names_of_their_publishers():
    for source in read_sources(SHIPPED).values():
        if source.urls[0].startswith("https://drive.google.com/"):
            continue  # whose addresses have no name
        assert unquote(source.urls[0]).endswith(f"/{source.file}"), source.key
        if source.sha256_prefix:
            assert f"-{source.sha256_prefix}." in source.file


def test_shipped_checksums_are_enforced_as_far_as_they_are_certain():
    sources = read_sources(SHIPPED)
    weights = sources["dinov2_vitb14_reg"]
    assert weights.enforced and weights.size == 346393545 and weights.sha256.startswith("73182a088cf9")
    assert weights.demands["sha256"] == weights.sha256
    truth = sources["gnd_roxford5k"]
    assert not truth.enforced and truth.size is None and set(truth.hashes) == {"md5", "sha256"}
    assert set(truth.demands.values()) == {None}
    assert sources["gldv2_index_042"].md5_list.endswith("/md5sum/index/md5.images_042.txt")
    assert sources["hardnet_liberty"].hashes == {"git_blob": "8694b2a670aec840800966e42cd8c79e3be66e9a"}
    for source in sources.values():
        # A prefix that the publisher states is of the same checksum.
        assert not (source.sha256 and source.sha256_prefix) or source.sha256.startswith(source.sha256_prefix)


def test_every_http_address_of_a_server_that_has_https_is_tried_by_https_too():
    for source in read_sources(SHIPPED).values():
        for url in source.urls:
            if url.startswith("http://cmp.felk.cvut.cz/"):
                assert url.replace("http:", "https:") in source.urls[source.urls.index(url) :]


def test_optional_keys_are_none(tmp_path):
    source = read(tmp_path, GOOD)["weights"]
    assert (source.bytes, source.sha256, source.sha256_prefix, source.by_hand) == (None,) * 4
    assert source.how_to_fetch("there") == (
        "By hand: fetch https://example.org/weights.pth with any other program or machine, put it at there "
        "and run again."
    )


def test_repeat_makes_one_source_per_number(tmp_path):
    text = """
"part-{n}":
  repeat: [9, 11]
  file: "part.{n}.tar"
  urls: ["https://example.org/{n}/part.{n}.tar"]
  licence: MIT
  citation: nobody
  by_hand: ask for part {n}
"""
    sources = read(tmp_path, text)
    assert list(sources) == ["part-9", "part-10", "part-11"]
    assert sources["part-10"].urls == ("https://example.org/10/part.10.tar",)
    assert sources["part-10"].file == "part.10.tar"
    assert sources["part-10"].by_hand == "ask for part 10"


def test_numbers_may_have_three_digits_and_files_folders(tmp_path):
    text = GOOD.replace("weights:", '"part-{n:03}":').replace(
        "file: weights.pth", 'repeat: [8, 9]\n  file: "a/{n:03}.tar"'
    )
    text = text.replace("[https://example.org/weights.pth]", '["https://example.org/a/{n:03}.tar"]')
    sources = read(tmp_path, text)
    assert list(sources) == ["part-008", "part-009"]
    assert sources["part-009"].file == "a/009.tar" and sources["part-009"].urls == ("https://example.org/a/009.tar",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence:", "lisence:", "weights: unknown key lisence; did you mean licence"),
        ("licence:", "zzz:", "unknown key zzz; known are file, urls"),
        ("  licence: MIT\n", "", "weights: licence missing"),
        ("file: weights.pth", "file: ../weights.pth", "file is '../weights.pth'; expected a file name"),
        ("file: weights.pth", "file: a//b.pth", "expected a file name"),
        ("file: weights.pth", "file: /b.pth", "expected a file name"),
        ("[https://example.org/weights.pth]", "https://example.org", "urls is 'https://example.org'; expected a list"),
        ("[https://example.org/weights.pth]", "[]", "urls is .*; expected a list"),
        ("[https://example.org/weights.pth]", "[gopher://example.org/w]", "expected http://, https:// or ftp://"),
        ("licence: MIT", "licence: ''", "licence is ''; expected a text"),
        ("licence: MIT", "licence: MIT\n  bytes: 1.5", "bytes is 1.5; expected a positive count"),
        ("licence: MIT", "licence: MIT\n  bytes: true", "bytes is True"),
        ("licence: MIT", "licence: MIT\n  sha256: abc", "sha256 is 'abc'"),
        ("licence: MIT", f"licence: MIT\n  sha1: '{'a' * 64}'", "sha1 is 'aaa.* in quotes"),
        ("licence: MIT", "licence: MIT\n  trust: blind", "trust is 'blind'; expected one of confirmed, computed"),
        ("licence: MIT", "licence: MIT\n  trust: [single]", "trust is .*; expected one of confirmed, computed"),
        ("licence: MIT", "licence: MIT\n  md5_list: md5.txt", "md5_list is 'md5.txt'; expected an http"),
        ("/weights.pth]", "/my weights.pth]", "expected http://, https:// or ftp:// addresses"),
        ("licence: MIT", "licence: MIT\n  sha256_prefix: 12345678", "sha256_prefix is 12345678; .* in quotes"),
        ("licence: MIT", "licence: MIT\n  repeat: 3", "repeat is 3; give .first, last."),
        ("licence: MIT", "licence: MIT\n  repeat: [1, 3]", "must contain {n}"),
        ("licence: MIT", "licence: MIT\n  licence: BSD", "key given twice: licence"),
        ("weights:", "a/b:", "a name holds letters"),
        ("weights:", "weights: [", "not valid YAML"),
        ("weights:\n", "other:\n", None),
    ],
)
def test_mistakes_are_named(tmp_path, old, new, message):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    if message is None:
        assert list(read(tmp_path, text)) == ["other"]
        return
    with pytest.raises(DataError, match=message) as error:
        read(tmp_path, text)
    assert "sources.yaml" in str(error.value)


def test_two_sources_with_one_file_are_refused(tmp_path):
    with pytest.raises(DataError, match=re.escape("more and weights have the same file weights.pth")):
        read(tmp_path, GOOD + GOOD.replace("weights:", "more:", 1))


def test_a_source_given_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="key given twice: weights"):
        read(tmp_path, GOOD + GOOD)


def test_a_list_is_no_list_of_sources(tmp_path):
    with pytest.raises(DataError, match="expected a mapping"):
        read(tmp_path, "[1, 2]")


def test_what_is_drawn_in_place_of_a_file_has_none_of_its_checksums():
    source = read_sources(SHIPPED)["photo_tour_liberty"]
    assert source.demands["md5"]
    assert not any(source.drawn().demands.values())
    assert (source.drawn().file, source.drawn().urls) == (source.file, source.urls)


def test_what_is_read_of_licences_and_sizes_is_no_part_of_a_recipe(tmp_path):
    more = "  licence_at: https://example.org/terms\n  about: 5\n  size_at: https://example.org/readme\n"
    plain, told = read(tmp_path, GOOD)["weights"], read(tmp_path, GOOD.replace("MIT", "other") + more)["weights"]
    assert told.about == 5 and told.demands == plain.demands and told.drawn().about is None


@pytest.mark.parametrize(
    "line", ["about: 5", "about: 0\n  size_at: https://x.org", "licence_at: x.org", "size_at: https://x.org"]
)
def test_a_size_has_a_page_that_states_it(tmp_path, line):
    with pytest.raises(DataError, match=r"weights: (about|size_at|licence_at) is"):
        read(tmp_path, f"{GOOD}  {line}\n")
