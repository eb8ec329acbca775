"""The layout of the classic benchmarks: ok and junk images of each query (Philbin et al., CVPR 2007)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reprise.datasets.benchmarks import BenchmarkLayout, read_benchmark
from reprise.datasets.images import Dataset


class Layout(BenchmarkLayout):
    """jpg/ and a pickle with ok, junk."""

    truth = "classic"

    @classmethod
    def load(cls, description: Mapping[str, Any]) -> Dataset:
        """Read the benchmark; see :meth:`reprise.datasets.layout.DatasetLayout.load`."""
        return read_benchmark(Path(description["images"]), Path(description["index"]), "classic")
