"""Licences that ask for consent: nothing is fetched before it is given, and nothing of one's own needs it."""

from dataclasses import replace
from pathlib import Path

import pytest
from paths import ROOT

from reprise.downloads.consent import check_accepted, check_consent
from reprise.downloads.download import download
from reprise.downloads.offers import Patience
from reprise.downloads.sources import Consent, Source, read_sources
from reprise.storage.errors import DataError, DownloadError

CONSENT = Consent("weights", "no use that earns money", "https://example.org/licence")


@pytest.fixture
def source(server):
    return Source("w", "x.bin", (server.url(),), "research only", "nobody", consent=CONSENT)


@pytest.fixture
def fetch(source, tmp_path, pauses):
    def call(**options):
        return download(
            source, tmp_path / "d" / "x.bin", lock=tmp_path / "lock.json", progress=False,
            patience=Patience(retries=0), **options,
        )  # fmt: skip

    return call


def test_nothing_is_fetched_without_consent(server, fetch, tmp_path):
    with pytest.raises(DownloadError) as caught:
        fetch(accepted=["other"])
    text = str(caught.value)
    for part in (
        "x.bin (research only)", "no use that earns money", "https://example.org/licence", "accept: [other, weights]",
        f"put it at {tmp_path / 'd' / 'x.bin'}",
    ):  # fmt: skip
        assert part in text
    assert server.requests == []
    assert not (tmp_path / "d" / "x.bin").exists() and not (tmp_path / "d" / "x.bin.part").exists()


def test_with_consent_it_is_fetched(fetch, content, tmp_path):
    assert fetch(accepted=["weights"])["bytes"] == len(content)
    assert (tmp_path / "d" / "x.bin").read_bytes() == content


def test_a_file_that_is_there_is_checked_and_used(server, fetch, content, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.bin").write_bytes(content)
    assert fetch()["url"] == "by hand" and server.requests == []


def test_a_folder_as_a_mirror_is_a_copy_of_ones_own(server, fetch, content, tmp_path):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "x.bin").write_bytes(content)
    with pytest.raises(DownloadError, match=r"accept: \[weights\]"):
        fetch(mirror=server.url("").rstrip("/"))
    assert server.requests == []
    assert fetch(mirror=str(tmp_path / "mirror"))["bytes"] == len(content)


def test_all_licences_are_asked_for_at_once(source, tmp_path):
    second = replace(source, key="v", file="y.bin", consent=Consent("images", "an e-mail first", "https://example.org"))
    third = replace(source, key="u", file="z.bin")
    files = [(each, f"d/{each.file}") for each in (source, second, third)]
    with pytest.raises(DownloadError, match=r"accept: \[weights, images\]") as caught:
        check_consent(files, [], None)
    assert "x.bin and 1 more (research only)" in str(caught.value)
    check_consent(files, ["images", "weights"], None)
    check_consent([(replace(source, consent=None), "d/x.bin")], [], None)


def test_files_of_the_miniature_need_none(source):
    check_consent([(source.drawn(), "d/x.bin")], [], None)


def test_unknown_names_are_refused(source):
    check_accepted(["weights"], {"w": source})
    with pytest.raises(DataError, match=r"config\.accept: unknown name 'weight'; did you mean 'weights'"):
        check_accepted(["weight"], {"w": source})


def test_the_shipped_sources_that_ask():
    sources = read_sources(Path(ROOT) / "config" / "sources.yaml")
    asking = {key: source.consent.name for key, source in sources.items() if source.consent}
    assert asking["superpoint"] == "superpoint"
    assert {asking[f"r2d2_{name}"] for name in ("WAF_N16", "WASF_N16", "WASF_N8_big")} == {"r2d2"}
    assert sources["superpoint_mit"].consent is None and sources["superpoint_mit"].licence == "MIT"
    for source in sources.values():
        assert source.consent is None or source.consent.read.startswith("https://")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("yes", "consent: expected a mapping of name, demands, read, all of them"),
        ("{name: a, demands: b}", "consent: expected a mapping of name, demands, read"),
        ("{name: a, demands: '', read: c}", r"consent\.demands: is ''; expected a text"),
        ("{name: 'a b', demands: b, read: c}", r"consent\.name: is 'a b'; it holds letters"),
    ],
)
def test_entries_that_are_wrong(tmp_path, text, message):
    entry = "{file: a.pth, urls: ['https://example.org/a.pth'], licence: x, citation: y, consent: "
    (tmp_path / "sources.yaml").write_text(f"a: {entry}{text}}}\n")
    with pytest.raises(DataError, match=message):
        read_sources(tmp_path / "sources.yaml")
