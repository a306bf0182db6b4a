"""Where a fair behaviour can stay forever: the fair components of a part of the state graph.

Owns the meaning of fairness on a set of states. A behaviour that stays in a strongly connected set
and visits all of it is fair exactly if every weak unit is taken in it or disabled somewhere in it,
and every strong unit is taken in it or enabled nowhere in it. Since every state may stand still, a
single state without any edge is such a set.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from .state_graph import StateGraph

__all__ = ["components", "fair_components"]

_PAUSE_EVERY = 1024  # components between two looks at the clock


def components(graph: StateGraph, nodes: Collection[int]) -> Iterator[list[int]]:
    """The strongly connected components of the graph restricted to these expanded nodes.

    Tarjan's algorithm with a stack of its own, because graphs are deeper than Python's. Complexity:
    linear in nodes and edges. Source: R. Tarjan, SIAM J. Comput. 1(2), 1972.
    """
    inside = nodes if isinstance(nodes, set | frozenset) else set(nodes)
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    is_open: set[int] = set()

    def enter(node: int) -> tuple[int, Iterator[int]]:
        number[node] = low[node] = len(number)
        stack.append(node)
        is_open.add(node)
        return node, iter(graph.successors(node))

    for root in nodes:
        work = [enter(root)] if root not in number else []
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in inside:
                    continue
                if target not in number:
                    work.append(enter(target))
                    break
                if target in is_open:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    found: list[int] = []
                    while not found or found[-1] != node:
                        found.append(stack.pop())
                    is_open.difference_update(found)
                    yield found


def fair_components(
    graph: StateGraph,
    blocks: Collection[list[int]],
    allowed: Collection[int],
    pause: Callable[[], None],
) -> Iterator[frozenset[int]]:
    """The largest fair sets among the allowed nodes; every fair loop there lies inside one of them.

    `blocks` are the components of the whole graph, which are split further. A component that fails
    a weak unit has no fair loop: the unit is enabled all through it and never taken. One that
    fails a strong unit may still have one that avoids all states where the unit is enabled, so the
    rest is searched again.
    """
    for number, block in enumerate(blocks):
        if number % _PAUSE_EVERY == 0:
            pause()
        kept = [node for node in block if node in allowed]
        if len(kept) == len(block):
            work = [kept] if kept else []  # as a whole it is strongly connected
        else:
            work = list(components(graph, kept))
        while work:
            part = work.pop()
            unfair_weak, unfair_strong = _unfair(graph, part)
            if unfair_weak:
                continue
            if not unfair_strong:
                yield frozenset(part)
                continue
            rest = [node for node in part if not graph.enabled[node] & unfair_strong]
            work.extend(components(graph, rest))


def _unfair(graph: StateGraph, part: list[int]) -> tuple[int, int]:
    """The weak units enabled everywhere and the strong ones enabled somewhere, of those never
    taken.
    """
    inside = set(part)
    taken, somewhere, everywhere = 0, 0, -1
    for node in part:
        somewhere |= graph.enabled[node]
        everywhere &= graph.enabled[node]
        for target, unit in graph.edges(node):
            if unit >= 0 and target in inside:
                taken |= 1 << unit
    return graph.weak & everywhere & ~taken, graph.strong & somewhere & ~taken
