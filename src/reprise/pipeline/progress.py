"""Progress of long work in the log of a job: a line now and then, in place of a bar that is drawn over and over."""

from typing import Any

from tqdm import tqdm

# Seconds until the first line of a bar, and between two lines: at least so many, and this part of the time so far.
_FIRST, _LEAST, _PART = 2.0, 5.0, 0.05


def write_lines() -> None:
    """Let all progress bars of this process, those of libraries too, write lines; for output that is a file."""
    bars: Any = tqdm
    bars.display, bars.clear, bars.close = _display, _clear, _close


def _display(bar: Any, *_: Any, **__: Any) -> bool:
    elapsed = bar.format_dict["elapsed"]
    if elapsed < getattr(bar, "next_line", _FIRST):
        return False
    bar.next_line = elapsed + max(_LEAST, _PART * elapsed)
    bar.fp.write(f"{_progress(bar.format_dict)}\n")
    bar.fp.flush()
    return True


def _clear(bar: Any, *_: Any, **__: Any) -> None:
    """Lines that were written stay."""


def _close(bar: Any) -> None:
    if not bar.disable:
        bar.next_line = 0.0
        _display(bar)
        bar.disable = True
        bar._decr_instances(bar)


def _progress(state: dict[str, Any]) -> str:
    """Format the state of a bar: 'epoch 3: training: 120 of 600 tuples, 0:40 left'."""
    done, total = state["n"], state["total"]
    prefix = f"{state['prefix'].rstrip(': ')}: " if state["prefix"] else ""
    if state["unit_scale"]:
        amounts = [tqdm.format_sizeof(amount, state["unit"], 1000) for amount in (done, total) if amount is not None]
        text = " of ".join(amounts)
    else:
        of = f" of {total:,}" if total is not None else ""
        text = f"{done:,}{of} {_plural(state['unit'].strip())}"
    here = done - state["initial"]
    if total and here > 0 and done < total:
        return f"{prefix}{text}, {tqdm.format_interval(state['elapsed'] * (total - done) / here)} left"
    return f"{prefix}{text}, after {tqdm.format_interval(state['elapsed'])}"


def _plural(unit: str) -> str:
    if unit.endswith("y"):
        return f"{unit[:-1]}ies"
    return unit if unit.endswith("s") else f"{unit}es" if unit.endswith("ch") else f"{unit}s"
