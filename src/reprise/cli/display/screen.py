"""Lines on a terminal that are written again and again in their place, and lines of a file, which stay."""

import shutil
from collections.abc import Sequence
from typing import TextIO


class Screen:
    """The last lines of a terminal.

    Args:
        stream: the terminal
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._shown = 0

    @property
    def height(self) -> int:
        """The most lines that may be drawn."""
        return max(3, shutil.get_terminal_size().lines - 2)

    def draw(self, lines: Sequence[str]) -> None:
        """Write lines in the place of those before."""
        width = shutil.get_terminal_size().columns - 1
        text = "".join(f"\033[K{line[:width]}\n" for line in lines)
        self._stream.write(f"{self._up()}{text}\033[J")
        self._stream.flush()
        self._shown = len(lines)

    def clear(self) -> None:
        """Take the lines away, so that others can be written."""
        if self._shown:
            self._stream.write(f"{self._up()}\033[J")
            self._stream.flush()
        self._shown = 0

    def _up(self) -> str:
        return f"\033[{self._shown}A\r" if self._shown else ""
