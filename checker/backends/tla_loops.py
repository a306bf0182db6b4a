"""A loop of a rule's body in TLA+: a fold, whose value is what the loop carries at its end.

Owns loops, and how one that can stop in the middle says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import ir
from ..errors import InternalError
from . import tla_layout as t
from .tla_defined import FALSE, TRUE, both, broken, defined, either, implies
from .tla_expressions import Expressions
from .tla_layout import Code, atom, binary, call, conjunction, ite, let, prefixed
from .tla_steps import loop_exprs

__all__ = ["Loop"]


@dataclass(frozen=True)
class Loop:
    """A loop as a value: what it carries at its end, and in `end` how it ended, if it can stop.

    `name` is what the value is called; the names that the loop carries stand for its parts.
    """

    name: str
    code: Code | None
    stops: bool

    def ended(self, item: ir.Each, how: str, e: Expressions) -> Code:
        """The loop was reached, and ended so."""
        found = binary(atom(f"{self.name}.end"), "=", atom(f'"{how}"'), t.COMPARED)
        return found if item.path is None else conjunction([e.code(item.path), found])

    def done(self, item: ir.Each, e: Expressions) -> Code:
        """The body goes on behind the loop."""
        found = binary(atom(f"{self.name}.end"), "=", atom('"done"'), t.COMPARED)
        return found if item.path is None else t.implication(e.code(item.path), found)

    @staticmethod
    def of(item: ir.Each, e: Expressions) -> Loop:
        stops = _stops(item)
        if not item.carried and not stops:
            return Loop("", None, False)
        single = len(item.carried) == 1 and not stops
        before = dict(e.scope.bound)
        inits = [e.code(c.init) for c in item.carried]
        base = inits[0] if single else _outcome(item, inits, "done" if stops else "")
        domain_type = item.domain.type
        with e.scope.binding("so_far", item.name) as (so_far, element):
            for carried in item.carried:
                part = so_far if single else f"{so_far}.{_part(carried.name)}"
                e.scope.bound = {**e.scope.bound, carried.name: part}
            turn = _turn(item, item.items, so_far, single, stops, e)
            if stops:
                test = binary(atom(f"{so_far}.end"), "#", atom('"done"'), t.COMPARED)
                turn = ite(test, atom(so_far), turn)
            step = t.opening(f"LAMBDA {so_far}, {element} :", turn)
        e.scope.bound = before
        code = _folded(item.domain, domain_type, step, base, e)
        name = e.scope.push(item.carried[0].name if single else "loop")
        if not single:
            for carried in item.carried:
                part = f"{name}.{_part(carried.name)}"
                e.scope.bound = {**e.scope.bound, carried.name: part}
        return Loop(name, code, stops)


def _part(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name) + "_"


def _folded(domain: ir.Expr, type_: ir.Type, step: Code, base: Code, e: Expressions) -> Code:
    match domain, type_:
        case ir.Range(), _:
            helper, over = "FoldSeq", e.code(domain)
        case _, ir.Seq():
            helper, over = "FoldSeq", e.code(domain)
        case ir.Universe(ir.Set(ir.Sort())), _:
            helper, over = "FoldSet", e.code(domain)
        case ir.Universe(), _:
            helper, over = "FoldSeq", e._ordered(domain)
        case _, ir.Bag():
            helper, over = "FoldBag", e.code(domain)
            e.helpers.add("FoldSet")
        case _:
            helper, over = "FoldSet", e.domain(domain)
    e.helpers.add(helper)
    return call(f"{helper}(", [step, base, over])


def _outcome(item: ir.Each, values: Sequence[Code], end: str) -> Code:
    parts = [
        prefixed(f"{_part(c.name)} |-> ", v) for c, v in zip(item.carried, values, strict=True)
    ]
    if end:
        parts.append(atom(f'end |-> "{end}"'))
    return call("[", parts, "]")


def _stops(item: ir.Each) -> bool:
    """Can a turn block or fail?"""
    for inner in item.items:
        if isinstance(inner, ir.Guard | ir.Check):
            return True
        exprs = [inner.value] if isinstance(inner, ir.Let) else []
        exprs += loop_exprs(inner) if isinstance(inner, ir.Each) else []
        exprs += [inner.path] if inner.path is not None else []
        if not all(defined(x) == TRUE for x in exprs):
            return True
        if isinstance(inner, ir.Each) and _stops(inner):
            return True
    return not all(defined(c.next) == TRUE for c in item.carried)


def _turn(
    loop: ir.Each, items: Sequence[ir.Item], so_far: str, single: bool, stops: bool, e: Expressions
) -> Code:
    """The value after one turn of the loop."""
    if not items:
        exprs = [c.next for c in loop.carried]
        codes = [e.code(x) for x in exprs]
        last = codes[0] if single else _outcome(loop, codes, "done" if stops else "")
        return _checked(exprs, None, so_far, last, e)
    item, rest = items[0], items[1:]
    match item:
        case ir.Guard() | ir.Check():
            goes_on = _turn(loop, rest, so_far, single, stops, e)
            passes = implies(item.path, item.cond)
            if isinstance(item, ir.Guard):
                end = "blocked"
            else:
                end = "cut" if item.kind.is_cut else "error"
            inner = ite(e.code(passes), goes_on, stopped(so_far, end))
            return _checked([item.cond], item.path, so_far, inner, e)
        case ir.Let(name, value):
            code = e.code(value)
            with e.scope.binding(name) as (inner_name,):
                goes_on = _turn(loop, rest, so_far, single, stops, e)
            return _checked([value], item.path, so_far, let(inner_name, code, goes_on), e)
        case ir.Each():
            return _turn_of_loop(loop, item, rest, so_far, single, stops, e)
    raise InternalError("a choice inside a loop")


def _turn_of_loop(
    loop: ir.Each,
    item: ir.Each,
    rest: Sequence[ir.Item],
    so_far: str,
    single: bool,
    stops: bool,
    e: Expressions,
) -> Code:
    before = dict(e.scope.bound)
    made = Loop.of(item, e)
    goes_on = _turn(loop, rest, so_far, single, stops, e)
    e.scope.bound = before
    if made.stops:
        ended = binary(atom(f"{made.name}.end"), "#", atom('"done"'), t.COMPARED)
        if item.path is not None:
            ended = conjunction([e.code(item.path), ended])
        passed_on = call("[", [atom(f"{so_far} EXCEPT !.end = {made.name}.end")], "]")
        goes_on = ite(ended, passed_on, goes_on)
    code = goes_on if made.code is None else let(made.name, made.code, goes_on)
    return _checked(loop_exprs(item), item.path, so_far, code, e)


def stopped(so_far: str, end: str) -> Code:
    return call("[", [atom(f'{so_far} EXCEPT !.end = "{end}"')], "]")


def _checked(
    exprs: Sequence[ir.Expr],
    path: ir.Expr | None,
    so_far: str,
    code: Code,
    e: Expressions,
) -> Code:
    """The code, after what it is made of is known to have a value."""
    for how in ("cut", "error"):
        inside = either(
            both([*map(defined, exprs[:n]), broken(x, cut=how == "cut")])
            for n, x in enumerate(exprs)
        )
        if path is not None:
            own = broken(path, cut=how == "cut")
            inside = either([own, both([defined(path), path, inside])])
        if inside != FALSE:
            code = ite(e.code(inside), stopped(so_far, how), code)
    return code
