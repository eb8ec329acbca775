"""The test cluster, and what runs on it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from slurm.cluster import Cluster
from slurm.installation import install, why_not
from slurm.space import FEATURES, FOLDER, SlurmWorkspace, read_features
from workspace import Workspace


@pytest.fixture(scope="session")
def cluster():
    with pytest.MonkeyPatch.context() as environment:
        # Daemons stand where the path of a user need not lead.
        environment.setenv("PATH", os.pathsep.join([os.environ["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"]))
        reason = why_not()
        if reason:
            pytest.skip(reason)
        try:
            install()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"Slurm could not be installed: {error}")
        # Sockets have short names, so the folder of pytest will not do.
        folder = Path(tempfile.mkdtemp(prefix="slurm"))
        try:
            with Cluster(folder) as running:
                yield running
        finally:
            shutil.rmtree(folder)


@pytest.fixture
def space(cluster, tmp_path):
    space = SlurmWorkspace(tmp_path / "workspace", cluster)
    space.obey_files()
    yield space
    space.stop()
    cluster.mend()


@pytest.fixture(scope="session")
def expected(tmp_path_factory):
    """The features as a run on this machine makes them."""
    local = Workspace(tmp_path_factory.mktemp("local"))
    local.run(targets=[FEATURES])
    return read_features(local)


@pytest.fixture
def is_whole(space, expected):
    """Check that the result is that of an undisturbed run, and that nothing else is left."""

    def check():
        for found, wanted in zip(read_features(space), expected, strict=True):
            assert np.array_equal(found, wanted)
        assert not list((space.folder / FOLDER).glob(".*"))

    return check
