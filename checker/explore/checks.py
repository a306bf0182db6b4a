"""The properties that single states decide: invariants, witnesses, `@at_rest`; and what was never
there.

Owns which of them are still open while a search goes on, and the vacuity of `all` over nothing. An
undefined property fails; a witness that may be undefined is therefore evaluated to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import ir
from ..backends.python import Args, Evaluate, Failure, Holds, Program, Undefined
from ..ir.walk import is_total
from ..passes.wording import wording
from ..states import State
from .orbits import renamed
from .outcome import Vacuity

__all__ = ["Checks", "Finding"]


@dataclass(frozen=True)
class Finding:
    """A property that a state decides: false or undefined, or a witness seen for one more of its
    orbits.
    """

    prop: ir.Prop
    args: Args
    undefined: Failure | None = None

    @property
    def fails(self) -> bool:
        return self.prop.kind is not ir.PropKind.WITNESS or self.undefined is not None


@dataclass
class _Check:
    prop: ir.Prop
    holds: Holds
    args: tuple[Args, ...]


@dataclass
class _Witness(_Check):
    """`open` are the parameter values, one of each orbit, that are still to be seen."""

    open: dict[Args, Args] = field(default_factory=dict)
    total: bool = True

    def orbit(self, args: Args) -> Args:
        return renamed([p.type for p in self.prop.params], args)


@dataclass
class _Domain:
    """An `all` at the top of a property, until a state gives its domain an element."""

    prop: ir.Prop
    expr: ir.All
    occupied: Evaluate
    args: tuple[Args, ...]


class Checks:
    """The open checks of one search."""

    def __init__(self, program: Program) -> None:
        kinds = ir.PropKind
        props = program.model.props
        self._invariants = [_check(program, p) for p in props if p.kind is kinds.INVARIANT]
        self._at_rest = [_check(program, p) for p in props if p.kind is kinds.AT_REST]
        self._witnesses = [_witness(program, p) for p in props if p.kind is kinds.WITNESS]
        self._domains = [
            domain
            for p in props
            if p.kind in (kinds.INVARIANT, kinds.AT_REST)
            for domain in _domains(program, p)
        ]
        self._declared_at_rest = [p for p in props if p.kind is kinds.AT_REST]
        self.rested = False

    def at_state(self, state: State) -> Iterator[Finding]:
        """What a state that was not seen before decides."""
        yield from _violations(self._invariants, state)
        for witness in list(self._witnesses):
            yield from self._witnessed(witness, state)
        if self._domains:
            self._occupy(state, ir.PropKind.INVARIANT)

    def at_rest(self, state: State) -> Iterator[Finding]:
        """What a state decides that nothing but faults can leave."""
        self.rested = True
        yield from _violations(self._at_rest, state)
        if self._domains:
            self._occupy(state, ir.PropKind.AT_REST)

    def _witnessed(self, witness: _Witness, state: State) -> Iterator[Finding]:
        for args in witness.args:
            try:
                seen = witness.holds(state, args)
            except Undefined as undefined:
                self._witnesses.remove(witness)
                yield Finding(witness.prop, args, undefined.failure)
                return
            if seen and witness.open.pop(witness.orbit(args), None) is not None:
                yield Finding(witness.prop, args)
        if not witness.open and witness.total:
            self._witnesses.remove(witness)

    def interest(self, prop: ir.Prop, args: Args, domain: ir.All | None = None) -> int:
        """Which answers still decide something: bit 0 false, bit 1 true, bit 2 undefined.

        With `domain`, of the question whether that `all` of the property ranges over anything. An
        engine that asks all states elsewhere passes on to `at_state` and `at_rest` those alone.
        """
        if domain is not None:
            return 0b110 if any(d.expr is domain for d in self._domains) else 0
        for check in (*self._invariants, *self._at_rest):
            if check.prop is prop:
                return 0b101
        for witness in self._witnesses:
            if witness.prop is prop:
                seen = witness.orbit(args) not in witness.open
                return (0 if seen else 0b010) | (0 if witness.total else 0b100)
        return 0

    def unseen(self) -> dict[str, Args]:
        """The witnesses that are still open, each with parameter values it was not seen for."""
        return {w.prop.name: next(iter(w.open.values())) for w in self._witnesses if w.open}

    def _occupy(self, state: State, kind: ir.PropKind) -> None:
        self._domains = [
            d for d in self._domains if d.prop.kind is not kind or not _is_occupied(d, state)
        ]

    def never_there(self) -> list[Vacuity]:
        """Properties that held for lack of anything they speak of; true of a complete graph
        only.
        """
        found = []
        for domain in self._domains:
            name, text = domain.prop.name, wording(domain.expr.domain)
            what = f"`{text}` is empty" if domain.expr.filter is None else "it ranges over nothing"
            found.append(
                Vacuity("empty-domain", name, f"{name} says nothing: {what} in every state")
            )
        if not self.rested:
            for prop in self._declared_at_rest:
                message = f"{prop.name} says nothing: no reachable state is at rest"
                found.append(Vacuity("empty-domain", prop.name, message))
        return list({v.name: v for v in found}.values())

    def unasked_rest(self, model: ir.Model) -> list[Vacuity]:
        """The note that states at rest exist and no property is about them."""
        if not self.rested or self._declared_at_rest:
            return []
        message = "there are states at rest, and no `@at_rest` property says what is true in them"
        return [Vacuity("no-at-rest", model.name, message)]


def _violations(checks: list[_Check], state: State) -> Iterator[Finding]:
    """The first false parameter values of each; a property that failed is not asked again."""
    for check in list(checks):
        for args in check.args:
            failure = None
            try:
                if check.holds(state, args):
                    continue
            except Undefined as undefined:
                failure = undefined.failure
            checks.remove(check)
            yield Finding(check.prop, args, failure)
            break


def _check(program: Program, prop: ir.Prop) -> _Check:
    return _Check(prop, program.holds(prop.name), program.prop_args(prop))


def _witness(program: Program, prop: ir.Prop) -> _Witness:
    args = program.prop_args(prop)
    witness = _Witness(prop, program.holds(prop.name), args, total=is_total(prop.expr))
    for values in args:
        witness.open.setdefault(witness.orbit(values), values)
    return witness


def _domains(program: Program, prop: ir.Prop) -> Iterator[_Domain]:
    parts = prop.expr.parts if isinstance(prop.expr, ir.And) else (prop.expr,)
    for part in parts:
        if not isinstance(part, ir.All):
            continue
        if part.filter is not None or not isinstance(part.domain, ir.Universe):
            something = ir.Any(part.name, part.domain, part.filter, ir.Lit(True, ir.BOOL))
            occupied = program.compile_expr(something, prop.params)
            yield _Domain(prop, part, occupied, program.prop_args(prop))


def _is_occupied(domain: _Domain, state: State) -> bool:
    try:
        return any(domain.occupied(state, args) for args in domain.args)
    except Undefined:
        return True  # the property itself fails here
