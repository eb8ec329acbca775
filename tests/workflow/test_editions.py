"""Results that another edition made are recognised, and nothing in them is used or removed."""

import hashlib

import pytest

pytestmark = pytest.mark.workflow
MARK = "results/edition.json"


def contents(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("mark", [None, '{"edition": 1}', '{"edition": 3}', "{"])
@pytest.mark.parametrize("arguments", [("-n",), ("--cores", "2")])
def test_results_of_another_edition_are_refused_as_they_are(copied, mark, arguments):
    path = copied.folder / MARK
    assert path.read_text() == '{"edition": 2}\n'
    path.unlink()
    if mark is not None:
        path.write_text(mark)
    before = contents(copied.folder / "results")
    output = copied.snakemake(*arguments, check=False)
    assert "results" in output and ("of reprise, and this is edition 2" in output or "is damaged" in output)
    assert "move" in output
    assert contents(copied.folder / "results") == before


def test_another_folder_for_the_results_is_the_remedy(copied):
    (copied.folder / MARK).unlink()
    copied.config["output"] = "new"
    copied.write_config()
    assert copied.planned(targets=["new/tiny.csv"])["table"] == 1
