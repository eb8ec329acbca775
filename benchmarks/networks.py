"""Parts that the benchmarks of networks share: their options, and a large matrix product to compare with."""

import argparse

import torch

_SIDE = 2048


def read_options(doc: str) -> argparse.Namespace:
    """The options of the command line, described by the first line of ``doc``; sets the threads and the seed."""
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    return options


class MatrixProduct:
    """A product that says how fast the machine can multiply at all."""

    def __init__(self) -> None:
        self._matrix = torch.randn(_SIDE, _SIDE)

    def run(self) -> torch.Tensor:
        """Multiply once."""
        return self._matrix @ self._matrix

    @staticmethod
    def seconds_for(multiplications: int, seconds: float) -> float:
        """What a number of multiplications takes at the rate of a product that took ``seconds``."""
        return multiplications / _SIDE**3 * seconds
