"""The graph that compiled code explored, in the form that liveness is checked on.

Owns numbering states and edges; `state_graph.py` owns what the numbers mean. Steps are computed a
second time, level by level, because the search keeps no edges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...backends.native.compile import Compiled
from ...backends.python import Program
from ...errors import InternalError
from ..state_graph import StateGraph
from .store import Levels, Rows

__all__ = ["GRAPH_STATES_MAX", "graph_of"]

# The reference's algorithm holds every state as a Python value: about a kilobyte for each.
GRAPH_STATES_MAX = 2_000_000


class _Numbers:
    """The number of a state from its words, for many at once.

    Word by word, each combination that occurs gets a rank; ranks are looked up by bisection.
    """

    def __init__(self, states: Rows) -> None:
        self._columns: list[tuple[Any, Any]] = []
        ranks = np.zeros(len(states), dtype=np.int64)
        for column in range(states.shape[1]):
            values = np.unique(states[:, column])
            mixed = ranks * len(values) + np.searchsorted(values, states[:, column])
            known = np.unique(mixed)
            ranks = np.searchsorted(known, mixed)
            self._columns.append((values, known))
        self._number = np.empty(len(states), dtype=np.int64)
        self._number[ranks] = np.arange(len(states))

    def of(self, rows: Rows) -> Any:
        """Raises: InternalError, for a state that was not numbered."""
        ranks = np.zeros(len(rows), dtype=np.int64)
        for column, (values, known) in enumerate(self._columns):
            place = np.minimum(np.searchsorted(values, rows[:, column]), len(values) - 1)
            mixed = ranks * len(values) + place
            ranks = np.minimum(np.searchsorted(known, mixed), len(known) - 1)
            if (values[place] != rows[:, column]).any() or (known[ranks] != mixed).any():
                raise InternalError("a step leads to a state that the search has not found")
        return self._number[ranks]


def graph_of(
    program: Program,
    code: Compiled,
    levels: Levels,
    levels_done: int,
    pause: Callable[[], None],
) -> StateGraph:
    """The graph of all levels; the first `levels_done` of them with their edges."""
    generated = code.generated
    graph = StateGraph.of(program)
    parts = [rows for level in range(len(levels.starts)) for rows in levels.read(level)]
    if not parts:  # every initial state failed
        return graph
    states = np.concatenate(parts)
    numbers = _Numbers(states)
    graph.states.extend(generated.layout.unpack(words) for words in states.tolist())
    graph.roots = levels.count(0)
    units = np.array(
        [graph.unit_of(program.rules[i.rule].rule, i.args) for i in generated.instances] or [-1],
        dtype=np.int64,
    )
    room = max(1 << 14, 2 * generated.fan)
    out = np.empty((room, states.shape[1]), dtype=np.int64)
    tags, ends = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int64)
    rests = np.empty(room, dtype=np.uint8)
    row = 0
    last = levels.starts[levels_done] if levels_done < len(levels.starts) else len(states)
    while row < last:
        pause()
        done, at = code.expand(states, row, min(last, row + room), out, tags, ends, rests)
        good = tags[:at] >= 0
        targets = np.full(at, -1, dtype=np.int64)
        targets[good] = numbers.of(out[:at][good])
        taken = units[np.where(good, tags[:at], -1 - tags[:at])]
        _record(graph, targets.tolist(), taken.tolist(), ends[:done].tolist())
        row += done
    return graph


def _record(graph: StateGraph, targets: list[int], units: list[int], ends: list[int]) -> None:
    first = 0
    for end in ends:
        enabled = 0
        for unit in units[first:end]:
            if unit >= 0:
                enabled |= 1 << unit
        pairs = zip(targets[first:end], units[first:end], strict=True)
        # A failing step enables its unit and leaves no edge.
        graph.record(enabled, [pair for pair in pairs if pair[0] >= 0])
        first = end
