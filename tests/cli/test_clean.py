"""What no table needs can be removed, and nothing else."""

import pytest

pytestmark = pytest.mark.workflow


def files(folder):
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != ".snakemake"}


@pytest.fixture
def forsaken(space):
    """One experiment is in no table any more, and files stand around that no job wrote."""
    space.config["tables"]["tiny"]["experiments"] = ["how_tiny"]
    space.write_config()
    (space.folder / "results/codebooks/mine.h5").write_text("by hand")
    (space.folder / "results/models/how_tiny/state").mkdir(parents=True, exist_ok=True)
    (space.folder / "results/models/how_tiny/state/state.pt").write_text("epoch 3")
    (space.folder / "results/other/codebooks").mkdir(parents=True)
    (space.folder / "results/other/codebooks/x.h5").write_text("results of another configuration")
    (space.folder / "results/other/codebooks/x.h5.job.json").write_text(
        '{"outputs": {"results/other/codebooks/x.h5": {}}, "rule": "train_codebook", "wildcards": {}, "seconds": 1}'
    )
    return space


def test_the_files_of_an_experiment_that_no_table_has(forsaken, reprise, as_documented):
    before = files(forsaken.folder)
    code, text = reprise(forsaken, "clean", "--unused", stdin="\n")
    assert code == 0 and "Nothing was removed." in text and files(forsaken.folder) == before
    assert "results/indexes/sift_tiny/landmarks  (build_index)" in text and "Remove them? [y/N]" in text
    as_documented(text, "$ reprise clean --unused")

    code, text = reprise(forsaken, "clean", "--unused", stdin="y\n")
    assert code == 0 and "Removed " in text
    removed = before - files(forsaken.folder)
    assert removed and all("sift_tiny" in file for file in removed)
    kept = {file for file in files(forsaken.folder) if "sift_tiny" in file}
    assert all(file.startswith("results/logs/") for file in kept)
    assert not (forsaken.folder / "results/indexes/sift_tiny").exists()
    assert set(forsaken.planned()) == {"table"}


def test_what_a_target_needs_can_be_kept(forsaken, reprise):
    _, text = reprise(forsaken, "clean", "--unused", "results/codebooks/sift_tiny.h5", "--yes")
    assert "results/indexes/sift_tiny/landmarks" in text and "codebooks/sift_tiny.h5" not in text
    assert (forsaken.folder / "results/features/sift_tiny/landmarks_list/database.h5").exists()
    assert not (forsaken.folder / "results/features/sift_tiny/landmarks").exists()


def test_not_while_snakemake_runs(space, reprise):
    locks = space.folder / ".snakemake" / "locks"
    locks.mkdir(exist_ok=True)
    (locks / "0.output.lock").write_text("results/tiny.csv\n")
    code, text = reprise(space, "clean", "--unused", "--yes")
    assert code == 1 and "Snakemake is running here" in text
