"""The stages behind a table as a graph that is read from top to bottom: where each is drawn, and what joins them.

Stages are in layers, each below all that it takes files from (Sugiyama, Tagawa, Toda, 1981). Lines over several layers
pass between the stages of each.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Content = dict[str, Any]
_WIDTH, _HEIGHT, _GAP, _STEP = 168, 44, 22, 84
_LANE = 10  # width of a line that passes a layer
_SWEEPS = 8
_Node = tuple[str, int]  # a stage, or the line that ends at it, in a layer


def stage_graph(costs: Sequence[Mapping[str, Any]]) -> Content:
    """Lay out the stages of a table.

    Args:
        costs: of :func:`reprise.reporting.costs.stage_costs`, each stage after those that it takes files from; where
            stages take turns, as steps of re-ranking, what goes back has no line

    Returns:
        ``width``, ``height`` and ``box``, the width and height of a stage, in pixels; ``nodes``, the entries of
        ``costs`` with the place ``x``, ``y`` of their upper left corners; ``lines``, SVG paths
    """
    seen: set[str] = set()
    parents: dict[str, list[str]] = {}
    for entry in costs:
        parents[entry["stage"]] = [name for name in entry["after"] if name in seen]
        seen.add(entry["stage"])
    layers: dict[str, int] = {}
    for stage, before in parents.items():
        layers[stage] = max((layers[name] + 1 for name in before), default=0)
    chains = [chain for stage, before in parents.items() for chain in (_chain(name, stage, layers) for name in before)]
    rows = _ordered(layers, chains)
    centres = _placed(rows, chains, layers)
    nodes = [
        {**entry, "x": centres[name, layers[name]] - _WIDTH / 2, "y": layers[name] * _STEP}
        for entry, name in ((entry, entry["stage"]) for entry in costs)
    ]
    return {
        "width": round(max([*centres.values(), *(node["x"] + _WIDTH for node in nodes)]) + _LANE),
        "height": max(layers.values()) * _STEP + _HEIGHT,
        "box": [_WIDTH, _HEIGHT],
        "nodes": nodes,
        "lines": [_path(chain, centres) for chain in chains],
    }


def _chain(first: str, last: str, layers: Mapping[str, int]) -> list[_Node]:
    """The nodes of a line: its two stages, and itself in the layers between."""
    between = [(f"{first} {last}", layer) for layer in range(layers[first] + 1, layers[last])]
    return [(first, layers[first]), *between, (last, layers[last])]


def _ordered(layers: Mapping[str, int], chains: Sequence[Sequence[_Node]]) -> list[list[_Node]]:
    """Order the nodes of each layer by the mean places of their neighbours, down and up in turns."""
    rows: list[list[_Node]] = [[] for _ in range(max(layers.values()) + 1)]
    for stage, layer in layers.items():
        rows[layer].append((stage, layer))
    for chain in chains:
        for node in chain[1:-1]:
            rows[node[1]].append(node)
    above, below = _neighbours(chains)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            places = {node: place for each in rows for place, node in enumerate(each)}
            towards = above if down else below
            means = {node: _mean([places[other] for other in towards.get(node, [])], places[node]) for node in row}
            row.sort(key=means.__getitem__)
    return rows


def _placed(
    rows: Sequence[Sequence[_Node]], chains: Sequence[Sequence[_Node]], layers: Mapping[str, int]
) -> dict[_Node, float]:
    """The horizontal centres: as near as possible to those of the neighbours, in the order of each row."""
    above, below = _neighbours(chains)
    half = {node: (_WIDTH if node[0] in layers else _LANE) / 2 for row in rows for node in row}
    centres: dict[_Node, float] = {}
    for row in rows:
        right = 0.0
        for node in row:
            centres[node] = right + half[node]
            right += 2 * half[node] + _GAP
    for sweep in range(_SWEEPS):
        towards = above if sweep % 2 == 0 else below
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = [_mean([centres[other] for other in towards.get(node, [])], centres[node]) for node in row]
            for node, centre in zip(row, _apart(wanted, [half[node] for node in row]), strict=True):
                centres[node] = centre
    left = min(centre - half[node] for node, centre in centres.items())
    return {node: round(centre - left, 1) for node, centre in centres.items()}


def _apart(wanted: Sequence[float], half: Sequence[float]) -> list[float]:
    """Move centres apart as little as possible: neighbours that would overlap are a group around their mean."""
    groups: list[tuple[float, int]] = []  # sum of where its members want the first of all to be, number of members
    offsets = [0.0]
    for left, right in pairwise(half):
        offsets.append(offsets[-1] + left + _GAP + right)
    for index, place in enumerate(wanted):
        total, count = place - offsets[index], 1
        while groups and groups[-1][0] / groups[-1][1] > total / count:
            total, count = total + groups[-1][0], count + groups[-1][1]
            groups.pop()
        groups.append((total, count))
    firsts = [total / count for total, count in groups for _ in range(count)]
    return [first + offset for first, offset in zip(firsts, offsets, strict=True)]


def _neighbours(chains: Sequence[Sequence[_Node]]) -> tuple[dict[_Node, list[_Node]], dict[_Node, list[_Node]]]:
    """Of every node those that it is joined with in the layer above, and in the layer below."""
    above: dict[_Node, list[_Node]] = {}
    below: dict[_Node, list[_Node]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _path(chain: Sequence[_Node], centres: Mapping[_Node, float]) -> str:
    """A line from the lower edge of a stage to the upper edge of another, straight through the layers between."""
    path = f"M{centres[chain[0]]:.0f} {chain[0][1] * _STEP + _HEIGHT}"
    for upper, lower in pairwise(chain):
        bottom, top = upper[1] * _STEP + _HEIGHT, lower[1] * _STEP
        middle = (bottom + top) // 2
        path += f"V{bottom}C{centres[upper]:.0f} {middle} {centres[lower]:.0f} {middle} {centres[lower]:.0f} {top}"
    return path
