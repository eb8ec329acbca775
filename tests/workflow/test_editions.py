"""Results that another edition made are recognised, and nothing in them is used or removed."""

import hashlib
import json

import pytest

pytestmark = pytest.mark.workflow
RECORDS = ("results/codebooks", "results/rankings")


def contents(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def of_edition(space, folder, edition):
    """Make the records below a folder those of an edition; None: of the first, which did not say it."""
    for path in (space.folder / folder).rglob("*.job.json"):
        record = json.loads(path.read_text())
        assert record.pop("edition") == 2
        path.write_text("{" if edition == "damaged" else json.dumps(record | ({"edition": edition} if edition else {})))


@pytest.mark.parametrize("folder", RECORDS)
@pytest.mark.parametrize("edition", [None, 3, "damaged"])
@pytest.mark.parametrize("arguments", [("-n",), ("--cores", "2")])
def test_results_of_another_edition_are_refused_as_they_are(copied, folder, edition, arguments):
    of_edition(copied, folder, edition)
    before = contents(copied.folder / "results")
    output = copied.snakemake(*arguments, check=False)
    assert folder in output and ("of reprise, and this is edition 2" in output or "is damaged" in output)
    assert "move" in output
    assert contents(copied.folder / "results") == before


def test_another_folder_for_the_results_is_the_remedy(copied):
    of_edition(copied, RECORDS[0], None)
    copied.config["output"] = "new"
    copied.write_config()
    assert copied.planned(targets=["new/tiny.csv"])["table"] == 1
