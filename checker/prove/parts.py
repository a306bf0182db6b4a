"""What one id can look like: the parts of states that the explored space shows, as one lemma.

Owns the strongest claim that speaks of a few ids at a time: "the part of the state that belongs to
this order is one of those that were seen". It is taken from a small scope, as in invisible
invariants (Pnueli, Ruah, Zuck, TACAS 2001), and widened at the large one by what a step can make of
such parts, until no step leads out of it. It is proved like any lemma; that it was seen proves
nothing. Nobody would paste it into a model: the report says what it is and how many parts it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from .. import ir
from ..backends.python import Evaluate, Failure, Program
from ..backends.smt import solver
from ..backends.smt.solver import Bit, conj, neg
from ..backends.smt.system import System
from ..states import State, sort_sizes, universe
from .candidates import representatives
from .claims import Args, Claim
from .induction import Induction, Query
from .vocabulary import counters, questions

__all__ = ["Part", "widen"]

_QUESTIONS_MAX = 400
_ROWS_MAX = 60_000
_ROUNDS_MAX = 40


@dataclass
class Part:
    """The parts of explored states for one choice of parameters.

    A row holds the answers of one state and one value of the parameters, the first question's in
    the highest bit. The last `faults` questions are about the number of faults, and a row counts
    for all larger numbers too: at a larger scope, somebody else may have met them.
    """

    params: tuple[ir.Param, ...]
    asked: tuple[ir.Expr, ...]
    faults: int
    rows: set[int] = field(default_factory=set)
    seen: int = 0
    _answers: list[Evaluate] = field(default_factory=list)

    @staticmethod
    def of(program: Program, params: tuple[ir.Param, ...], states: Sequence[State]) -> Part | None:
        """None, if there is too much to ask."""
        about = counters(program.model)
        asked = (*questions(program.model, params), *about)
        if len(asked) > _QUESTIONS_MAX:
            return None
        part = Part(params, asked, len(about))
        part.at_scope(program)
        args = representatives(program.model, params)
        for state in states:
            part.rows.update(part.row(state, values) for values in args)
            if len(part.rows) > _ROWS_MAX:
                return None
        part._close()
        part.seen = len(part.rows)
        return part

    @property
    def sorts(self) -> tuple[str, ...]:
        return tuple(str(p.type.name) for p in self.params if isinstance(p.type, ir.Sort))

    @property
    def name(self) -> str:
        return f"parts of {' and '.join(p.name for p in self.params)}"

    def at_scope(self, program: Program) -> None:
        """From now on, states are those of this program: the same model at another scope."""
        self._answers = [program.compile_expr(atom, self.params) for atom in self.asked]
        sizes = sort_sizes(program.model)
        self.args = list(product(*(universe(p.type, sizes) for p in self.params)))

    def row(self, state: State, args: Args) -> int:
        found = 0
        for answer in self._answers:
            found = found << 1 | bool(answer(state, args))
        return found

    def add(self, states: Sequence[State], values: Sequence[Args]) -> None:
        self.rows.update(self.row(state, args) for state in states for args in values)
        self._close()

    def _close(self) -> None:
        for place in range(self.faults):
            self.rows |= {row & ~(1 << place) for row in self.rows}

    # ── As a formula ──

    def claim(self, system: System) -> Claim:
        """That the part of every value of the parameters is one of the rows."""
        width = len(self.asked)
        places = {n: 1 << (width - 1 - n) for n in range(width)}
        always = never = (1 << width) - 1
        for row in self.rows:
            always &= row
            never &= ~row
        asked = [n for n, top in places.items() if not (always | never) & top]
        rows = {
            sum(bool(row & places[n]) << i for i, n in enumerate(reversed(asked)))
            for row in self.rows
        }
        nodes, root = diagram(rows, len(asked))
        cases = []
        for args in self.args:
            bits = [system.truth(atom, self.params, args) for atom in self.asked]
            fixed = [
                bits[n] if always & top else neg(bits[n])
                for n, top in places.items()
                if n not in asked
            ]
            values: list[Bit] = [False, True]
            for place, yes, no in nodes:
                values.append(solver.ite(bits[asked[place]], values[yes], values[no]))
            cases.append((args, neg(conj(*fixed, values[root]))))
        return Claim(self.name, "lemma", cases=tuple(cases), params=self.params)


Node = tuple[int, int, int]  # a question, and the nodes for yes and no; 0 is False, 1 is True


def diagram(rows: set[int], width: int) -> tuple[list[Node], int]:
    """Membership in the rows as a reduced decision diagram: its nodes, and the number of its root.

    >>> diagram({0b10, 0b11}, 2)
    ([(0, 1, 0)], 2)
    """
    nodes: list[Node] = []
    shared: dict[Node, int] = {}
    known: dict[tuple[int, frozenset[int]], int] = {}

    def give(tails: frozenset[int], place: int) -> int:
        if not tails or place == width:
            return int(bool(tails))
        key = (place, tails)
        if key not in known:
            top = 1 << (width - 1 - place)
            yes = give(frozenset(t & ~top for t in tails if t & top), place + 1)
            no = give(frozenset(t for t in tails if not t & top), place + 1)
            node = (place, yes, no)
            if yes != no and node not in shared:
                nodes.append(node)
                shared[node] = len(nodes) + 1
            known[key] = yes if yes == no else shared[node]
        return known[key]

    return nodes, give(frozenset(rows), 0)


# ── Widening ─────────────────────────────────────────────────────────────────────────────────────


def widen(program: Program, parts: Sequence[Part], induction: Induction) -> str:
    """Adds what steps make of the parts, until they make nothing new. Why it ended early, or "".

    The steps are those of `induction`, which belongs to the same program.
    """
    for part in parts:
        part.at_scope(program)
    for number in range(_ROUNDS_MAX):
        claims = [part.claim(induction.system) for part in parts]
        grown = False
        for step in induction.steps:
            if induction.budget.is_spent:
                return "the time is up while widening the parts"
            known = sum(len(part.rows) for part in parts)
            induction.budget.tick(f"widening {number + 1}", f"{step.rule.name}, {known:,} parts")
            state = Query.of(induction, step, claims, 1).breaking(claims)
            if state is not None:
                grown = True
                ends = [end for _, end in program.rule(step.rule.name).step(state, step.args)]
                after = [end for end in ends if not isinstance(end, Failure)]
                for part, claim in zip(parts, claims, strict=True):
                    part.add(after, [args for args, _ in induction.representatives(claim, step)])
        if induction.limits:
            return induction.limits[-1]
        if not grown:
            return ""
        if any(len(part.rows) > _ROWS_MAX for part in parts):
            return f"the parts become more than {_ROWS_MAX:,}"
    return f"the parts still grow after {_ROUNDS_MAX} rounds"
