"""What jobs run with: the versions of packages, the hardware, and the commit of the code."""

import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

_PACKAGES = (
    "reprise",
    "numpy",
    "torch",
    "faiss-cpu",
    "opencv-python-headless",
    "pillow",
    "h5py",
    "snakemake",
)


@functools.cache
def environment() -> dict[str, object]:
    """Return versions, hardware and the commit of the running code."""
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
        "hardware": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_bytes": _memory(),
            "gpu": _gpu(),
        },
        "platform": platform.platform(),
        "commit": _commit(),
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _gpu() -> str | None:
    listing = _run("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
    return listing or None


def _commit() -> str | None:
    folder = str(Path(__file__).parent)
    # An installed package may lie in an environment within a repository of the user, whose commit says nothing of it.
    if not _run("git", "-C", folder, "ls-files", "--", __file__):
        return None
    commit = _run("git", "-C", folder, "rev-parse", "HEAD")
    return f"{commit} with changes" if _run("git", "-C", folder, "status", "--porcelain") else commit


def _run(*command: str) -> str:
    """Return the output of ``command``, empty where it does not exist or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
