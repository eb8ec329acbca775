"""What is said, and by whom, before a job is submitted in vain."""

import os
import re
from types import SimpleNamespace

import pytest
import yaml
from paths import ROOT

from reprise.pipeline.cluster import check_profile, check_slurm
from reprise.storage.errors import DataError

FOLDER = ROOT / "profiles" / "slurm"
FILES = [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]
RULES = {name for file in FILES for name in re.findall(r"^(?:use rule \w+ as|rule) (\w+)", file.read_text(), re.M)}
CONFIGURATION = "MinJobAge               = 300 sec\nAccountingStorageType   = accounting_storage/slurmdbd"


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Stand-ins for Slurm's commands, by what they print; no others are found."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def write(name, output, code=0):
        stream = 2 if code else 1
        (tmp_path / name).write_text(f"#!/bin/sh\n/bin/cat >&{stream} <<'END'\n{output}\nEND\nexit {code}\n")
        (tmp_path / name).chmod(0o755)

    write("sbatch", "")
    write("scontrol", CONFIGURATION)
    write("sinfo", "main*|1:30:00\nlong|2-00:00:00\nendless|infinite")
    return write


@pytest.fixture
def profile(tmp_path):
    """Write a changed copy of the profile, and return its folder."""

    def write(**changes):
        content = yaml.safe_load((FOLDER / "profile.yaml").read_text())
        content.update({key.replace("_", "-"): value for key, value in changes.items()})
        (tmp_path / "profile.yaml").write_text(yaml.safe_dump(content))
        return tmp_path

    return write


def workflow(partition=None, seconds=20, runtime=60):
    """As much of Snakemake's workflow as the check looks at, with one job."""
    job = SimpleNamespace(rule="search", resources={"slurm_partition": partition, "runtime": runtime})
    return SimpleNamespace(
        rules=[SimpleNamespace(name=name) for name in RULES],
        dag=SimpleNamespace(needrun_jobs=lambda: [job]),
        is_local=lambda rule: False,
        executor_settings=SimpleNamespace(init_seconds_before_status_checks=seconds),
    )


def says(*messages, folder=FOLDER, **settings):
    with pytest.raises(DataError) as error:
        check_slurm(workflow(**settings), folder)
    for message in messages:
        assert message in str(error.value)


@pytest.mark.parametrize(
    ("partition", "runtime"), [(None, 90), ("long", 2880), ("main,long", 91), ("endless", 10**6), ("main", "<TBD>")]
)
def test_nothing_is_wrong(commands, partition, runtime):
    path = os.environ["PATH"]
    check_slurm(workflow(partition, runtime=runtime), FOLDER)
    assert os.environ["PATH"] == path


def test_a_cluster_without_accounts_gets_a_sacct_that_asks_squeue(commands):
    commands("scontrol", CONFIGURATION.replace("slurmdbd", "none"))
    check_slurm(workflow(), FOLDER)
    assert os.environ["PATH"].split(os.pathsep)[0] == str(FOLDER / "bin")
    assert os.access(FOLDER / "bin" / "sacct", os.X_OK)


def test_no_sbatch(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    says("sbatch: there is no such command", "start where jobs can be submitted", "snakemake --cores N <target>")


def test_a_controller_that_does_not_answer(commands):
    commands("scontrol", "Unable to contact slurm controller (connect failure)", code=1)
    says("does not answer (Unable to contact", "nothing was submitted", "`scontrol ping`")


def test_a_partition_that_does_not_exist(commands):
    says("slurm_partition: unknown name 'lnog'; did you mean 'long'?", partition="lnog")


def test_no_partition_where_there_is_no_default(commands):
    commands("sinfo", "main|1:00:00\nlong|infinite")
    says("no default partition", "default-resources", "main, long")


@pytest.mark.parametrize(("partition", "runtime"), [(None, 91), ("long", 2881)])
def test_a_job_that_no_partition_would_ever_start(commands, partition, runtime):
    says(f"search: asks for {runtime} minutes", "set-resources", partition=partition, runtime=runtime)


def test_a_cluster_that_forgets_jobs_before_they_are_looked_at(commands):
    says("slurm-init-seconds-before-status-checks", "set it to 100 or less", seconds=101)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"default_resource": {"runtime": 5}}, "unknown name 'default-resource'; did you mean 'default-resources'?"),
        ({"default_resources": {"slurm_partitoin": "x"}}, "did you mean 'slurm_partition'?"),
        ({"set_resources": {"extract_chunks": {"gpu": 0}}}, "did you mean 'extract_chunk'?"),
        ({"groups": {"serch": "search"}}, "did you mean 'search'?"),
    ],
)
def test_names_that_snakemake_would_ignore(commands, profile, changes, message):
    folder = profile(**changes)
    says(str(folder / "profile.yaml"), message, folder=folder)


def test_the_default_profile_is_repeated():
    default = yaml.safe_load((ROOT / "profiles" / "default" / "profile.yaml").read_text())
    slurm = yaml.safe_load((FOLDER / "profile.yaml").read_text())
    assert {key: slurm.get(key) for key in default} == default


def test_the_profile_names_rules_that_exist():
    check_profile(FOLDER / "profile.yaml", RULES)


def test_partitions_and_retries_stand_in_no_rule():
    for file in FILES:
        for word in ("partition", "account", "constraint:", "qos", "retries"):
            assert word not in file.read_text(), f"{file}: {word}"
