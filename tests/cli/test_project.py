"""``reprise init``: a folder with the workflow, and nothing overwritten."""

import shutil
import subprocess
import sys
import tomllib

import pytest
from paths import ROOT

from reprise.cli import project
from reprise.cli.main import main
from reprise.storage.errors import DataError

PARTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["reprise"]["project"]


def test_the_folder_has_the_files_of_the_workflow(tmp_path, capsys):
    folder = tmp_path / "my project"
    assert main(["init", str(folder)]) == 0
    copied = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {name.partition("/")[0] for name in copied} == set(PARTS)
    for name, path in copied.items():
        assert path.read_bytes() == (ROOT / name).read_bytes() and path.stat().st_mode == (ROOT / name).stat().st_mode
    assert f"Copied {len(copied)} files" in (said := capsys.readouterr().out) and f"cd '{folder}'" in said


def test_what_lies_beside_the_workflow_stays(tmp_path):
    (tmp_path / "photographs").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "mine.smk").write_text("mine")
    project.init(str(tmp_path))
    assert (tmp_path / "rules" / "mine.smk").read_text() == "mine" and (tmp_path / "rules" / "asmk.smk").is_file()


@pytest.mark.parametrize("name", ["Snakefile", "workflow/scripts/table.py", "config", "."])
@pytest.mark.parametrize("link", [False, True])
def test_nothing_is_overwritten_and_nothing_written_before_that_is_known(tmp_path, name, link):
    folder = tmp_path / "project"
    taken = folder / name
    taken.parent.mkdir(parents=True, exist_ok=True)
    if link:
        taken.symlink_to(tmp_path / "nowhere")
    else:
        taken.write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="exists, and nothing is overwritten"):
        project.init(str(folder))
    assert sorted(tmp_path.rglob("*")) == before and (link or taken.read_text() == "mine")


def test_a_clone_may_have_any_name(tmp_path, monkeypatch):
    """Also that of the folder which a wheel has: what lies beside the workflow is not copied."""
    clone = tmp_path / "project"
    project.init(str(clone))
    (clone / "src" / "reprise").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", clone)
    monkeypatch.setattr(project, "PACKAGE", clone / "src" / "reprise")
    project.init(str(tmp_path / "mine"))
    assert {path.name for path in (tmp_path / "mine").iterdir()} == set(PARTS)


def test_a_folder_that_cannot_be_made_is_an_error(monkeypatch):
    with pytest.raises(DataError, match="/proc/mine: the workflow cannot be copied there"):
        project.init("/proc/mine")


def test_a_package_without_the_workflow_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "PACKAGE", tmp_path / "lib" / "python" / "reprise")
    with pytest.raises(DataError, match="has no workflow"):
        project.init(str(tmp_path / "project"))


@pytest.mark.parametrize("command", [["-m", "reprise"], ["-m", "reprise.cli.main"]])
def test_the_command_says_its_version(command):
    said = subprocess.run([sys.executable, *command, "--version"], text=True, capture_output=True).stdout
    assert said.startswith("reprise ") and said.split()[1][0].isdigit()
