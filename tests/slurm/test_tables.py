"""A table made on a cluster is that of one machine, to the byte."""

import pytest
import yaml
from paths import ROOT
from slurm.space import SlurmWorkspace
from workspace import Workspace

pytestmark = pytest.mark.slurm


def is_the_same(space, local, table):
    """Make a table on the cluster, and compare it with the one that was made without."""
    try:
        space.finish(space.start(targets=[f"{table}.csv"]), seconds=5400)
    finally:
        space.stop()
        space.cluster.mend()
    assert "group_search" in space.said()
    for kind in ("csv", "md", "tex"):
        made, expected = (folder / f"{table}.{kind}" for folder in (space.folder, local.folder))
        assert made.read_bytes() == expected.read_bytes()


def test_a_small_table(cluster, tmp_path):
    local = Workspace(tmp_path / "local")
    local.run()
    is_the_same(SlurmWorkspace(tmp_path / "cluster", cluster), local, "results/tiny")


def test_table_2_of_the_miniature(miniature, cluster, tmp_path):
    config = yaml.safe_load((ROOT / "config" / "mini.yaml").read_text())
    is_the_same(SlurmWorkspace(tmp_path / "cluster", cluster, config), miniature, "results/mini/table2")
