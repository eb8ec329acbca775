"""What a run would do, in the words of the command."""

import pickle
import re
import shutil

import pytest
from workspace import TARGET, Workspace

pytestmark = pytest.mark.workflow


def test_nothing_to_do(space, reprise):
    code, text = reprise(space, "explain", TARGET)
    assert code == 0
    assert re.fullmatch(rf"{TARGET}: nothing to do; the outputs of all \d+ jobs exist\.\n", text)


def test_a_setting_of_the_search(space, reprise, as_documented):
    for experiment in space.config["experiments"].values():
        experiment["asmk"]["query_assignments"] = 10
    space.write_config()
    code, text = reprise(space, "explain", TARGET, "--cores", "2")
    assert code == 0
    assert "5 jobs of " in text
    assert "  query assignments 5 -> 10: 2 searches, 2 evaluations, 1 table\n" in text
    assert re.search(r"untouched: .*10 extractions.*2 codebooks", text)
    assert re.search(r"About \d.* on 2 cores, by earlier runs\.\n", text)
    as_documented(text, "$ reprise explain results/tiny.csv --configfile tiny.yaml --cores 2")


def test_several_causes_at_several_stages_are_all_named(space, reprise, as_documented):
    space.config["codebooks"]["sift_tiny"]["size"] = 12
    space.config["experiments"]["sift_tiny"]["asmk"]["alpha"] = 2.0
    space.config["tables"]["tiny"]["title"] = "Small"
    space.write_config()
    module = space.folder / "src/reprise/reporting/evaluations.py"
    module.write_text(module.read_text() + "\n_ADDED = 1\n")
    _, text = reprise(space, "explain", TARGET, "--cores", "2")
    as_documented(text, "results/tiny.csv: 8 jobs of 28")
    assert "codebook size 8 -> 12: 1 codebook, 2 aggregations, 1 index, 1 search, 1 evaluation, 1 table\n" in text
    assert "  alpha 3.0 -> 2.0: 1 search, 1 evaluation, 1 table\n" in text
    assert "  code of reporting/evaluations.py changed: 2 evaluations, 1 table\n" in text
    assert "  title Tiny -> Small: 1 table\n" in text


def test_a_file_that_was_deleted_and_one_that_was_edited(space, reprise):
    (space.folder / "results/codebooks/sift_tiny.h5").unlink()
    (space.folder / "results/evaluations/sift_tiny/landmarks.json").unlink()
    listing = space.folder / "landmarks/gnd_landmarks.pkl"
    listing.write_bytes(pickle.dumps(pickle.loads(listing.read_bytes()), protocol=2))
    _, text = reprise(space, "explain", "results/codebooks/sift_tiny.h5", TARGET)
    assert re.search(r"no longer there: 1 codebook, ", text)
    assert re.search(r"landmarks/gnd_landmarks\.pkl changed: .*extraction", text)


def test_an_image_that_is_missing_is_all_that_is_said(space, reprise):
    (space.folder / "landmarks/jpg/landmark1_1.jpg").unlink()
    code, text = reprise(space, "explain", TARGET)
    assert code == 1 and len(text.splitlines()) <= 3, text
    assert "ERROR: landmarks/jpg/landmark1_1.jpg: cannot be read" in text and "Nothing was run." in text


def test_before_anything_ran(reprise, tmp_path, without_shipped_tables):
    space = without_shipped_tables(Workspace(tmp_path / "workspace"))
    code, text = reprise(space, "explain", TARGET)
    assert code == 0
    assert "would run; nothing was computed before." in text
    (line,) = (line for line in text.splitlines() if line.startswith("  not made yet: "))
    assert "10 extractions" in line and "1 training" in line
    assert "How long it takes is unknown" in text
    code, text = reprise(space, "status")
    assert code == 0 and "nothing was computed yet" in text


def test_without_the_metadata_of_snakemake_the_records_beside_the_outputs_are_used(space, reprise, as_documented):
    for file in (space.folder / ".snakemake/metadata").iterdir():
        file.unlink()
    _, text = reprise(space, "explain", TARGET)
    as_documented(text, "results/tiny.csv: nothing would run;")
    space.config["experiments"]["sift_tiny"]["asmk"]["query_assignments"] = 10
    space.write_config()
    for command in (["explain", TARGET], ["status"]):
        _, text = reprise(space, *command)
        assert "WARNING: Snakemake would keep files that were made otherwise" in text
        assert "rankings/sift_tiny/landmarks.h5: query assignments 5 -> 10" in text
    for record in (space.folder / "results/codebooks").glob("*.job.json"):
        record.unlink()
    _, text = reprise(space, "explain", TARGET)
    (line,) = (line for line in text.splitlines() if line.startswith("WARNING: the outputs of 2 jobs exist without"))
    as_documented(line, "WARNING: the outputs of 2 jobs")


def test_outputs_are_said_to_exist_only_where_they_do(space, reprise):
    assert "nothing to do; the outputs of all " in reprise(space, "explain", TARGET)[1]
    (space.folder / "results/codebooks/sift_tiny.h5").unlink()
    assert re.search(r"the outputs of (\d+) of \d+ jobs exist, and the others", reprise(space, "explain", TARGET)[1])


def test_an_unknown_target_gets_the_nearest_one(space, reprise, as_documented):
    code, text = reprise(space, "explain", "results/tinny.csv")
    assert code == 1
    assert text == "reprise: results/tinny.csv: no rule makes this; did you mean results/tiny.csv?\n"
    as_documented(text, "$ reprise explain results/tinny.csv")


def test_bad_configuration_is_what_snakemake_says_without_a_traceback(space, reprise):
    space.config["experiments"]["sift_tiny"]["asmk"]["alhpa"] = 1
    space.write_config()
    code, text = reprise(space, "explain", TARGET)
    assert code == 1
    assert "unknown key 'alhpa'; did you mean 'alpha'?" in text and 'File "' not in text


def test_a_folder_without_a_project_and_a_missing_configuration(space, reprise):
    code, text = reprise(space, "explain", "--configfile", "none.yaml", configfile=False)
    assert code == 1 and text.startswith("reprise: none.yaml: this configuration file does not exist")
    code, text = reprise(space, "explain", configfile=False, folder="results")
    assert code == 1 and "there is no Snakefile here" in text


def test_names_and_settings_that_read_like_reasons_of_snakemake(space, reprise):
    """Titles, and names of files, hold what its sentences are made of."""
    before, now = "Tiny; before: 'a' now: \"b\"", "Forced execution; Updated input files: x, y"
    space.config["tables"]["tiny"]["title"] = before
    space.write_config()
    space.run()
    listing = "landmarks/Missing output files, a; b.txt"
    shutil.copy(space.folder / "landmarks/list.txt", space.folder / listing)
    space.config["datasets"]["landmarks_list"]["list"] = listing
    space.config["tables"]["tiny"]["title"] = now
    space.write_config()
    _, text = reprise(space, "explain", TARGET)
    assert f"  title {before} -> {now}: 1 table\n" in text
    assert re.search(rf"{re.escape(listing)}.*: .*4 extractions", text)
    assert "Missing" not in text.replace(listing, "") and "forced" not in text


def test_a_table_of_another_configuration_is_told_with_the_overlay_that_it_was_made_with(space, reprise):
    code, text = reprise(space, "explain", TARGET, configfile=False)
    told = "exists, but no rule of this configuration makes it; it was made with --configfile tiny.yaml"
    assert (code, text) == (1, f"reprise: {TARGET}: {told}\n")
