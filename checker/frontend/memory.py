"""The locals of a process as variables of the state: their types, and "no value yet".

Owns S14's "unset until assigned". A local that the code before the first label gives a constant has
a value always; any other is an option, and reading it while it is unset is undefined. Types are
found from what is assigned, or declared by an annotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import ir
from ..values import Assigned
from . import diagnostics as d
from .bounds import join, known, top, widened
from .scope import Scope, Unassigned
from .types import shown, unify
from .world import Mistake

if TYPE_CHECKING:
    from .body import Body

__all__ = ["Memory", "Unset", "has_free_int", "lifted"]


@dataclass(frozen=True)
class Unset:
    """A local that may have no value: what its variable holds, and what reading it gives."""

    slot: ir.Expr
    read: ir.Expr | Unassigned


@dataclass
class Memory:
    """`first` are the constants before the first label, `found` the types that were worked out."""

    names: tuple[str, ...]
    first: dict[str, ir.Expr] = field(default_factory=dict)
    declared: dict[str, ir.Type] = field(default_factory=dict)
    found: dict[str, ir.Type] = field(default_factory=dict)
    changed: bool = False

    # ── Types ──

    def type_of(self, name: str) -> ir.Type | None:
        """The type of the local's values; None while it is not known."""
        return self.declared.get(name) or self.found.get(name)

    def types(self) -> dict[str, ir.Type]:
        return {**self.found, **self.declared}

    def note(self, name: str, value: ir.Expr, scope: Scope) -> None:
        """A value is assigned: the local's type has room for it."""
        if name not in self.names or name in self.declared:
            return
        new = _stored(value.type, known(value, scope.bounds))
        old = self.found.get(name, new)
        common = unify(old, new)
        if common is None:
            raise Mistake(d.LocalOfTwoTypes(value.span, name, shown(new), shown(old)))
        both = join(widened(old, common), widened(new, common))
        if self.found.get(name) != both:
            self.found[name] = both
            self.changed = True

    def give_up(self) -> None:
        """Bounds that still grow have no end: nothing is known of them."""
        self.found = {name: top(type_) for name, type_ in self.found.items()}

    def slot_type(self, name: str) -> ir.Type:
        """The type of the variable's value for one instance."""
        type_ = self.type_of(name)
        assert type_ is not None
        if name in self.first:
            return type_
        # An option of an option would not tell "no value" from "the value None".
        return ir.Option(_wrapper(type_) if isinstance(type_, ir.Option) else type_)

    # ── Values ──

    def unset(self, name: str) -> ir.Expr:
        """What the variable holds before the first assignment, and after a restart."""
        type_ = self.slot_type(name)
        if name in self.first:
            return lifted(self.first[name], type_)
        return ir.Lit(None, type_)

    def slot(self, name: str, value: ir.Expr) -> ir.Expr:
        """What the variable holds when the local has this value."""
        type_, slot = self.type_of(name), self.slot_type(name)
        assert type_ is not None
        value = lifted(value, type_)
        if name in self.first:
            return value
        assert isinstance(slot, ir.Option)
        if isinstance(type_, ir.Option):
            record = _wrapper(type_)
            value = ir.Make(record, (value,), record, value.span)
        return ir.Widen(value, slot, value.span)

    def read(self, name: str, slot: ir.Expr) -> ir.Expr:
        """The local's value; undefined while it has none."""
        type_ = self.type_of(name)
        assert type_ is not None
        if name in self.first:
            return slot
        if isinstance(type_, ir.Option):
            record = _wrapper(type_)
            return ir.Field(ir.Narrow(slot, record, slot.span), "value", type_, slot.span)
        return ir.Narrow(slot, type_, slot.span)

    def slot_now(self, name: str, body: Body) -> ir.Expr | None:
        """What the variable would hold now; None if the local's value is lost or unknown."""
        value, unset = body.scope.names.get(name), body.unset.get(name)
        if unset is not None and value is unset.read:
            return unset.slot
        if value is None or isinstance(value, Unassigned) or self.type_of(name) is None:
            return None
        return self.slot(name, value)

    # ── Branches ──

    def merged(
        self, test: ir.Expr, sides: Sequence[Body], name: str, body: Body
    ) -> ir.Expr | Unassigned | None:
        """The local after two ways of which at least one may leave it unset; None for any other."""
        values = [side.scope.names.get(name) for side in sides]
        unset = [side.unset.get(name) for side in sides]
        may_lack = [u is not None and v is u.read for u, v in zip(unset, values, strict=True)]
        if name not in self.names or not any(may_lack):
            return None
        if values[0] is values[1]:
            return values[0]
        slots = [self.slot_now(name, side) for side in sides]
        if slots[0] is None or slots[1] is None:
            return None
        slot = body.bind(name, ir.Ite(test, slots[0], slots[1], slots[0].type, slots[0].span))
        read = self.read(name, slot)
        body.unset[name] = Unset(slot, read)
        return read


def _wrapper(type_: ir.Type) -> ir.Record:
    return ir.Record(Assigned.__name__, (("value", type_),))


def lifted(value: ir.Expr, type_: ir.Type) -> ir.Expr:
    """The value as one of an option or union that it belongs to."""
    if isinstance(type_, ir.Option) and not isinstance(value.type, ir.Option):
        return ir.Widen(lifted(value, type_.item), type_, value.span)
    if isinstance(type_, ir.Union) and isinstance(value.type, ir.Record):
        return ir.Widen(value, type_, value.span)
    return value


def _stored(type_: ir.Type, kept: ir.Type) -> ir.Type:
    """The type of a variable for such values: declared bounds, else those that are known to hold.

    Capacities are those of the type: what is known of a list's length grows with every `append`.
    """
    match type_, kept:
        case ir.Int(), ir.Int():
            return type_ if type_.lo is not None else kept
        case ir.Option(a), ir.Option(b):
            return ir.Option(_stored(a, b))
        case ir.Set(a), ir.Set(b):
            return ir.Set(_stored(a, b))
        case ir.Bag(a, size), ir.Bag(b):
            return ir.Bag(_stored(a, b), size)
        case ir.Seq(a, size), ir.Seq(b):
            return ir.Seq(_stored(a, b), size)
        case ir.Partial(k, a), ir.Partial(m, b):
            return ir.Partial(_stored(k, m), _stored(a, b))
        case ir.Map(k, a), ir.Map(_, b):
            return ir.Map(k, _stored(a, b))
    return type_


def has_free_int(type_: ir.Type) -> bool:
    """Is there an int without bounds in the type?"""
    match type_:
        case ir.Int(lo, hi):
            return lo is None or hi is None
        case ir.Option(item) | ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return has_free_int(item)
        case ir.Map(key, value) | ir.Partial(key, value):
            return has_free_int(key) or has_free_int(value)
        case ir.Record(_, fields):
            return any(has_free_int(t) for _, t in fields)
        case ir.Union(records):
            return any(has_free_int(record) for record in records)
    return False
