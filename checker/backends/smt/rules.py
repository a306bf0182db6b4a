"""One rule as a symbolic step: when it is possible, where it leads, and how it may fail instead.

Owns the items of a body, from top to bottom, as `backends/python.py` runs them. Parameters and
choices are given as symbolic values; a choice is either one variable for all its elements
(existential), or a branch for each of them (where a formula has to speak of every choice).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ... import ir
from ...errors import InternalError
from ...states import Sizes
from . import numbers, values
from . import operations as ops
from .expressions import Evaluation, Failed, State
from .operations import Element
from .solver import Bit, conj, disj, implies, neg
from .values import Sym
from .variables import Layout, fits

__all__ = ["Branches", "Effect", "effects", "every_choice", "one_choice"]

# From a choice and the elements it has to what may be chosen: a condition and the value.
Branches = Callable[[ir.Choose, Sequence[Element]], list[tuple[Bit, Sym]]]

UNFIT = "unfit"


@dataclass(frozen=True)
class Effect:
    """A rule with its parameters and choices: `alive` if it is a step that has a successor."""

    alive: Bit
    failures: tuple[Failed, ...]
    after: State

    def error(self) -> Bit:
        return disj(*(f.when for f in self.failures if not f.is_cut))

    def cut(self) -> Bit:
        return disj(*(f.when for f in self.failures if f.is_cut))


def every_choice(choice: ir.Choose, found: Sequence[Element]) -> list[tuple[Bit, Sym]]:
    return [(e.there, e.sym) for e in found]


def one_choice(layout: Layout, name: str) -> Branches:
    """Choices as variables of the layout, which the solver may give any value."""

    def choose(choice: ir.Choose, found: Sequence[Element]) -> list[tuple[Bit, Sym]]:
        if not found:
            return []
        picked = layout.one_of(f"{name}.{choice.name}", tuple(range(len(found))))
        bits = [picked[i] for i in range(len(found))]
        there = disj(*(conj(bit, e.there) for bit, e in zip(bits, found, strict=True)))
        chosen = values.select([(bit, e.sym) for bit, e in zip(bits, found, strict=True)])
        return [(there, chosen)]

    return choose


def effects(
    model: ir.Model,
    rule: ir.Rule,
    state: State,
    args: Mapping[str, Sym],
    sizes: Sizes,
    branches: Branches,
) -> list[Effect]:
    """What the rule does in the state: one effect, or with `every_choice` one for each choice."""
    run = _Run(model, rule, sizes, branches)
    return list(run.items(rule.body, Evaluation(sizes, state, args), {}))


@dataclass(frozen=True)
class _Run:
    model: ir.Model
    rule: ir.Rule
    sizes: Sizes
    branches: Branches

    def items(
        self, body: Sequence[ir.Item], at: Evaluation, names: dict[str, Sym]
    ) -> Iterator[Effect]:
        for place, item in enumerate(body):
            if at.alive is False:
                break
            if isinstance(item, ir.Choose):
                yield from self.choose(item, body[place + 1 :], at, names)
                return
            self.item(item, at, names, ())
        yield self.end(at, names)

    def choose(
        self,
        item: ir.Choose,
        rest: Sequence[ir.Item],
        at: Evaluation,
        names: dict[str, Sym],
    ) -> Iterator[Effect]:
        path = at.bit(item.path, names) if item.path is not None else True
        under = (path,) if path is not True else ()
        found = at.elements(item.domain, names, under)
        if isinstance(item.domain.type, ir.Seq):
            found = ops.distinct(found)
        options = self.branches(item, found)
        if path is not True:
            # Skipped, it is pinned to one value, which nothing reads.
            skipped = values.default(item.type, self.sizes)
            if len(options) == 1:
                there, chosen = options[0]
                options = [(implies(path, there), values.merge(path, chosen, skipped))]
            else:
                options = [(conj(path, there), v) for there, v in options]
                options.append((neg(path), skipped))
        for there, chosen in options:
            inner = replace(at, alive=conj(at.alive, there), failures=list(at.failures))
            if inner.alive is not False:
                yield from self.items(rest, inner, {**names, item.name: chosen})
        if at.failures and not any(conj(at.alive, there) is not False for there, _ in options):
            yield Effect(False, tuple(at.failures), at.state)

    def item(
        self, item: ir.Item, at: Evaluation, names: dict[str, Sym], under: tuple[Bit, ...]
    ) -> None:
        """Everything but a choice; binds its names in `names`."""
        if item.path is not None:
            path = at.bit(item.path, names, under)
            if path is False:
                return
            if path is not True:
                under = (*under, path)
        match item:
            case ir.Guard(cond):
                passed = at.bit(cond, names, under)
                at.alive = conj(at.alive, implies(conj(*under), passed))
            case ir.Check(cond, kind, subject):
                passed = at.bit(cond, names, under)
                at.fail(neg(passed), under, kind.value, subject, is_cut=kind.is_cut, span=item.span)
            case ir.Let(name, value):
                names[name] = at.value(value, names, under)
            case ir.Each():
                self.each(item, at, names, under)
            case ir.Choose():
                raise InternalError(f"{self.rule.name} chooses inside a loop ({item.span})")

    def each(
        self, item: ir.Each, at: Evaluation, names: dict[str, Sym], under: tuple[Bit, ...]
    ) -> None:
        for carried in item.carried:
            names[carried.name] = at.value(carried.init, names, under)
        for element, copy in _turns(at.elements(item.domain, names, under)):
            turn = (*under, copy) if copy is not True else under
            inner = {**names, item.name: element.sym}
            for each in item.items:
                self.item(each, at, inner, turn)
            # All at once: what is carried next is made from what was carried until now.
            following = [at.value(c.next, inner, turn) for c in item.carried]
            for carried, after in zip(item.carried, following, strict=True):
                names[carried.name] = values.merge(copy, after, names[carried.name])

    def end(self, at: Evaluation, names: dict[str, Sym]) -> Effect:
        if at.alive is False:
            return Effect(False, tuple(at.failures), at.state)
        updates = {u.var: u.value for u in self.rule.updates}
        after = dict(at.state)
        for var in self.model.vars:
            if var.name in updates:
                after[var.name] = at.value(updates[var.name], names)
        for var in self.model.vars:
            if var.name in updates:
                fit = fits(after[var.name], var.type, self.sizes)
                at.fail(neg(fit), (), UNFIT, var.name, is_cut=True, span=var.span)
        return Effect(at.alive, tuple(at.failures), after)


def _turns(found: Sequence[Element]) -> Iterator[tuple[Element, Bit]]:
    """Every turn of a loop, with the condition that it is made; of a bag, one for each copy."""
    for element in found:
        for number in range(element.copies.hi):
            more = numbers.less(numbers.constant(number), element.copies)
            yield element, conj(element.there, more)
