"""Candidate conjuncts: clauses over the model's own atoms, kept if no explored state denies them.

Owns where candidates come from. Atoms are the conditions of guards and properties, with their ids
made parameters, and what the type of a field lets one ask (is this id in the set, is the phase this
member). A candidate is a clause of up to three of them or their negations, for all values of its
parameters. That it holds in the explored states makes it worth trying and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from .. import ir
from ..backends.python import Program, Undefined
from ..explore.orbits import renamed
from ..ir.walk import bound_by, children, item_children, rebuild, walk
from ..passes.bind import simplify
from ..states import State, sort_sizes, universe

__all__ = [
    "Clause",
    "Stage",
    "clauses",
    "elements",
    "of_expressions",
    "representatives",
    "stages",
    "with_params",
]

_ATOMS_MAX = 60  # with more of them, clauses are too many to be tried: see `parts.py`
_CLAUSES_MAX = 1500


@dataclass(frozen=True)
class Stage:
    """How large the clauses of one attempt are: literals, and parameters of how many sorts.

    With `counters`, an atom may compare the copies in a bag with the number of faults until now,
    which is what bounds a bag where every fault adds a copy.
    """

    literals: int
    params: tuple[ir.Param, ...]
    counters: bool = False


@dataclass(frozen=True)
class Clause:
    """At least one of the literals, each an atom and whether it is wanted true."""

    params: tuple[ir.Param, ...]
    literals: tuple[tuple[ir.Expr, bool], ...]

    @property
    def read(self) -> set[str]:
        """The parameters that it speaks of."""
        nodes = (node for atom, _ in self.literals for node in walk(atom))
        return {node.name for node in nodes if isinstance(node, ir.Arg)}

    @property
    def expr(self) -> ir.Expr:
        parts = tuple(atom if wanted else ir.Not(atom) for atom, wanted in self.literals)
        return parts[0] if len(parts) == 1 else ir.Or(parts)


def stages(model: ir.Model) -> list[Stage]:
    """What to try, the smallest first: one and two literals, then three; one id, then two."""
    sorts = [s.name for s in model.sorts]
    first = {name: ir.Param(_param_name(name), ir.Sort(name)) for name in sorts}
    single: list[tuple[ir.Param, ...]] = [(first[name],) for name in sorts]
    single = single or [()]
    mixed = [(first[a], first[b]) for a, b in combinations(sorts, 2)]
    pairs = [(first[name], ir.Param(f"other_{_param_name(name)}", ir.Sort(name))) for name in sorts]
    found = [Stage(2, params) for params in (*single, *mixed)]
    found += [Stage(3, params) for params in single]
    found += [Stage(2, params) for params in pairs]
    found += [Stage(3, params) for params in mixed]
    return found + [Stage(3, params, counters=True) for params in single]


def _param_name(sort: str) -> str:
    stem = sort.removesuffix("Id") or sort
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(stem))


# ── Atoms ────────────────────────────────────────────────────────────────────────────────────────


def atoms(model: ir.Model, params: Sequence[ir.Param], *, counters: bool = False) -> list[ir.Expr]:
    """Conditions over the state and the parameters, each once."""
    hidden = set() if counters else {v.name for v in model.vars if v.is_counter}
    found: dict[ir.Expr, None] = {}
    for atom in _of_counters(model, params) if counters else ():
        found[atom] = None
    for atom in _of_types(model, params):
        found[atom] = None
    for shape in of_expressions(model):
        for atom in with_params(shape, params):
            found.setdefault(atom)
    if len(params) == 2 and params[0].type == params[1].type:
        a, b = (ir.Arg(p.name, p.type) for p in params)
        found[ir.Cmp("==", a, b)] = None
    return [
        atom
        for atom in found
        if not any(isinstance(n, ir.Read) and n.var in hidden for n in walk(atom))
    ]


def _of_counters(model: ir.Model, params: Sequence[ir.Param]) -> Iterator[ir.Expr]:
    """No more copies than faults of these kinds, or one more than that."""
    faults = [ir.Read(v.name, v.type) for v in model.vars if v.is_counter]
    args = [ir.Arg(p.name, p.type) for p in params]
    bags = [v for v in model.vars if isinstance(v.type, ir.Bag)]
    for var, size, more in product(bags, range(1, min(3, len(faults)) + 1), (0, 1)):
        assert isinstance(var.type, ir.Bag)
        for element in elements(var.type.item, args):
            for chosen in combinations(faults, size):
                most: ir.Expr = chosen[0]
                for fault in chosen[1:]:
                    most = ir.Arith("+", most, fault)
                if more:
                    most = ir.Arith("+", most, ir.Lit(more, ir.INT))
                yield ir.Cmp("<=", ir.Count(ir.Read(var.name, var.type), element), most)


def _of_types(model: ir.Model, params: Sequence[ir.Param]) -> Iterator[ir.Expr]:
    args = [ir.Arg(p.name, p.type) for p in params]
    for var in model.vars:
        if not var.is_counter:
            yield from _about(ir.Read(var.name, var.type), args, depth=0)


def _about(place: ir.Expr, args: Sequence[ir.Arg], depth: int) -> Iterator[ir.Expr]:
    """What can be asked of a value by its type."""
    type_ = place.type
    match type_:
        case ir.Bool():
            yield place
        case ir.Enum(_, members) if len(members) > 1:
            for member in members:
                yield ir.Cmp("==", place, ir.Lit(member, type_))
        case ir.Sort():
            yield from (ir.Cmp("==", place, arg) for arg in args if arg.type == type_)
        case ir.Option(item):
            yield ir.Cmp("==", place, ir.Lit(None, type_))
            for arg in args:
                if arg.type == item:
                    yield ir.Cmp("==", place, ir.Widen(arg, type_))
        case ir.Set(item) | ir.Bag(item):
            for element in elements(item, args):
                yield ir.Has(place, element)
                if isinstance(type_, ir.Bag):
                    yield ir.Cmp("<=", ir.Count(place, element), ir.Lit(1, ir.INT))
        case ir.Map(key, value) if depth == 0:
            for arg in args:
                if arg.type == key:
                    yield from _about(ir.At(place, arg, value), args, depth + 1)
        case ir.Partial(key, value) if depth == 0:
            for arg in args:
                if arg.type == key:
                    there = ir.Has(place, arg)
                    yield there
                    for inner in _about(ir.At(place, arg, value), args, depth + 1):
                        yield ir.And((there, inner))
    return


def elements(item: ir.Type, args: Sequence[ir.Arg]) -> Iterator[ir.Expr]:
    """Elements that can be named: parameters, members, records of those."""
    match item:
        case ir.Sort():
            yield from (arg for arg in args if arg.type == item)
        case ir.Enum(_, members):
            yield from (ir.Lit(member, item) for member in members)
        case ir.Record(_, fields):
            columns = [list(elements(t, args)) for _, t in fields]
            for values in product(*columns):
                yield ir.Make(item, tuple(values), item)
        case ir.Union(records):
            for record in records:
                for made in elements(record, args):
                    yield ir.Widen(made, item)


def of_expressions(model: ir.Model) -> Iterator[ir.Expr]:
    """The conditions inside guards and properties, with what is bound around them still free."""
    for rule in model.rules:
        lets: dict[str, ir.Expr] = {}
        for item in rule.body:
            if isinstance(item, ir.Let) and item.path is None:
                lets[item.name] = _inlined(item.value, lets)
            if isinstance(item, ir.Guard | ir.Check):
                yield from _leaves(_inlined(item.cond, lets))
            for expr in item_children(item):
                if isinstance(expr, ir.Ite):
                    yield from _leaves(_inlined(expr.test, lets))
    for prop in model.props:
        for side in (prop.expr, prop.consequent):
            if side is not None:
                yield from _leaves(side)


def _inlined(expr: ir.Expr, lets: dict[str, ir.Expr]) -> ir.Expr:
    if isinstance(expr, ir.Bound) and expr.name in lets:
        return lets[expr.name]
    name = bound_by(expr)
    inner = {k: v for k, v in lets.items() if k != name}
    parts = children(expr)
    rest = [_inlined(p, inner if place else lets) for place, p in enumerate(parts)]
    return rebuild(expr, rest)


def _leaves(expr: ir.Expr) -> Iterator[ir.Expr]:
    match expr:
        case ir.Not(body):
            yield from _leaves(body)
        case ir.And(parts) | ir.Or(parts):
            for part in parts:
                yield from _leaves(part)
        case ir.Ite(test, then, orelse):
            for part in (test, then, orelse):
                yield from _leaves(part)
        case ir.All() | ir.Any():
            yield from _leaves(expr.body)
            if expr.filter is not None:
                yield from _leaves(expr.filter)
            if isinstance(expr, ir.All):
                yield expr
        case ir.LetIn(name, value, body):
            yield from _leaves(_inlined(body, {name: value}))
        case ir.Lit():
            return
        case _:
            yield expr


def with_params(shape: ir.Expr, params: Sequence[ir.Param]) -> Iterator[ir.Expr]:
    """The condition with parameters of the same type for each free name, in all ways."""
    names = _free(shape, frozenset())
    columns = [[p for p in params if p.type == type_] for type_ in names.values()]
    for chosen in product(*columns):
        table: dict[str, ir.Expr] = {
            name: ir.Arg(p.name, p.type) for name, p in zip(names, chosen, strict=True)
        }
        yield _canonical(simplify(_renamed(shape, table, frozenset())))


def _canonical(atom: ir.Expr) -> ir.Expr:
    """One spelling of what can be said in two: the field stands left, `<` is a denied `<=`."""
    match atom:
        case ir.Cmp("==" | "!=", left, right):
            if not any(isinstance(n, ir.Read) for n in walk(left)):
                left, right = right, left
            return ir.Cmp("==", left, right)
        case ir.Cmp("<", left, right):
            return ir.Cmp("<=", right, left)
    return atom


def _free(expr: ir.Expr, bound: frozenset[str]) -> dict[str, ir.Type]:
    if isinstance(expr, ir.Arg | ir.Bound) and expr.name not in bound:
        return {expr.name: expr.type}
    found: dict[str, ir.Type] = {}
    name = bound_by(expr)
    for place, child in enumerate(children(expr)):
        inside = bound | {name} if name is not None and place else bound
        found.update(_free(child, frozenset(inside)))
    return found


def _renamed(expr: ir.Expr, table: dict[str, ir.Expr], bound: frozenset[str]) -> ir.Expr:
    if isinstance(expr, ir.Arg | ir.Bound):
        return expr if expr.name in bound else table[expr.name]
    name = bound_by(expr)
    parts = []
    for place, child in enumerate(children(expr)):
        inside = bound | {name} if name is not None and place else bound
        parts.append(_renamed(child, table, frozenset(inside)))
    rebuilt = rebuild(expr, parts)
    # The span told of another text, with other names in it.
    return replace(rebuilt, span=ir.Not(rebuilt).span)


# ── Clauses ──────────────────────────────────────────────────────────────────────────────────────


def clauses(
    program: Program,
    states: Sequence[State],
    stage: Stage,
    known: Iterable[Clause],
    is_trivial: Callable[[Clause], bool],
) -> list[Clause]:
    """The clauses of a stage that no state denies, that say something, and that none before says.

    `known` are those of earlier stages.
    """
    args = representatives(program.model, stage.params)
    rows = [(state, values) for state in states for values in args]
    everywhere = (1 << len(rows)) - 1
    every = atoms(program.model, stage.params, counters=stage.counters)
    if len(every) > _ATOMS_MAX:
        return []
    truths: list[tuple[tuple[ir.Expr, bool], int]] = []
    for atom in every:
        bits = _truth(program, atom, stage.params, rows)
        if bits is not None:
            truths += [((atom, True), bits), ((atom, False), everywhere & ~bits)]
    said = {frozenset(c.literals) for c in known}
    found: list[Clause] = []
    for size in range(1, stage.literals + 1):
        for chosen in combinations(truths, size):
            together = 0
            for _, bits in chosen:
                together |= bits
            if together != everywhere:
                continue
            literals = tuple(literal for literal, _ in chosen)
            if len({atom for atom, _ in literals}) < size or _is_said(literals, said):
                continue
            clause = Clause(stage.params, literals)
            said.add(frozenset(literals))
            # What leaves out one of two parameters was said by an earlier stage.
            if len(clause.read) < len(stage.params) == 2:
                continue
            clause = replace(
                clause, params=tuple(p for p in clause.params if p.name in clause.read)
            )
            if not is_trivial(clause):
                found.append(clause)
                if len(found) >= _CLAUSES_MAX:
                    return found
    return found


def _is_said(
    literals: tuple[tuple[ir.Expr, bool], ...], said: set[frozenset[tuple[ir.Expr, bool]]]
) -> bool:
    return any(
        frozenset(part) in said
        for size in range(1, len(literals) + 1)
        for part in combinations(literals, size)
    )


def representatives(model: ir.Model, params: Sequence[ir.Param]) -> list[tuple[object, ...]]:
    """One of each orbit: the explored states are closed under renaming ids."""
    sizes = sort_sizes(model)
    types = [p.type for p in params]
    every = product(*(universe(t, sizes) for t in types))
    return list({renamed(types, values): values for values in every}.values())


def _truth(
    program: Program,
    atom: ir.Expr,
    params: Sequence[ir.Param],
    rows: Sequence[tuple[State, tuple[object, ...]]],
) -> int | None:
    """A bit for each row; None, if the atom is undefined somewhere, or the same everywhere."""
    holds = program.compile_expr(atom, tuple(params))
    bits = 0
    try:
        for place, (state, args) in enumerate(rows):
            if holds(state, args):
                bits |= 1 << place
    except Undefined:
        return None
    return bits
