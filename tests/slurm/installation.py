"""Slurm's programs, from the packages of Debian."""

import os
import shutil
import subprocess
from pathlib import Path

_PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
_POLICY = Path("/usr/sbin/policy-rc.d")


def why_not() -> str | None:
    """Why this machine cannot have the cluster, or None; packages that are missing are no reason."""
    if not Path("/proc").is_dir() or os.geteuid() != 0:
        return "the test cluster needs Linux and root"
    missing = [tool for tool in ("setpriv", "unshare") if shutil.which(tool) is None]
    if missing:
        return f"the test cluster needs {missing[0]} (package util-linux)"
    if all(shutil.which(daemon) for daemon in ("munged", "slurmctld", "slurmd", "sbatch")):
        return None
    return None if shutil.which("apt-get") else "Slurm is not installed, and there is no apt-get to install it"


def install() -> None:
    """Install the packages that are missing, without starting the services that they bring."""
    installed = [
        name
        for name in _PACKAGES
        if subprocess.run(["dpkg", "-s", name], capture_output=True, check=False).returncode == 0
    ]
    if len(installed) == len(_PACKAGES):
        return
    guard = not _POLICY.exists()
    if guard:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *_PACKAGES]):
            subprocess.run(
                ["apt-get", "-qq", *arguments],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                check=True,
            )
    finally:
        if guard:
            _POLICY.unlink()
