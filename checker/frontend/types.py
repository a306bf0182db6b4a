"""From annotations to IR types, and the relations between types.

Owns which types a model may use. Annotations are taken as the objects Python made of them.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

from .. import ir
from ..ir_verify import compatible
from ..model import Bounds, Capacity, Limit
from ..source import Span
from ..states import is_finite
from ..values import Bag, Id, Map
from . import diagnostics as d
from .generics import Given, field_hints, parameters_of_class
from .world import Mistake, World

__all__ = [
    "annotation",
    "compatible",
    "is_mutable",
    "item_type",
    "methods_of",
    "record_type",
    "shown",
    "unify",
]


_NOTHING: Given = MappingProxyType({})


def annotation(hint: Any, world: World, span: Span, given: Given = _NOTHING) -> ir.Type:
    """The IR type of an annotation; `given` says what type parameters stand for.

    Raises: Mistake, for a type outside the language.
    """
    return _Reader(world, span, given).read(hint)


def record_type(cls: type, arguments: tuple[ir.Type, ...], world: World, span: Span) -> ir.Record:
    """The record of a dataclass whose type parameters stand for these types."""
    return _Reader(world, span, _NOTHING).record(cls, arguments)


@dataclasses.dataclass(frozen=True)
class _Reader:
    """Reads the annotations of one place."""

    world: World
    span: Span
    given: Given

    def read(self, hint: Any) -> ir.Type:
        if get_origin(hint) is Final:
            return self.read(get_args(hint)[0])
        if isinstance(hint, typing.TypeAliasType) if hasattr(typing, "TypeAliasType") else False:
            return self.read(hint.__value__)
        if isinstance(hint, TypeVar):
            if hint not in self.given:
                raise Mistake(d.TypeParameterFree(self.span, hint.__name__))
            return self.given[hint]
        if get_origin(hint) is Annotated:
            return self.annotated(get_args(hint))
        if hint is bool:
            return ir.BOOL
        if hint is int:
            return ir.INT
        if get_origin(hint) in (typing.Union, types.UnionType):
            return self.union(get_args(hint))
        if isinstance(hint, type) and not get_args(hint):
            return self.of_class(hint)
        origin = get_origin(hint)
        if isinstance(origin, type) and dataclasses.is_dataclass(origin):
            return self.record(origin, tuple(self.read(a) for a in get_args(hint)))
        return self.collection(hint)

    def annotated(self, args: tuple[Any, ...]) -> ir.Type:
        base, notes = self.read(args[0]), args[1:]
        for note in notes:
            match base, note:
                case ir.Int(), Bounds(lo, hi) | Limit(lo, hi):
                    if lo > hi:
                        raise Mistake(d.EmptyBounds(self.span, lo, hi))
                    base = ir.Int(lo, hi, limit=isinstance(note, Limit))
                case ((ir.Bag() | ir.Seq() | ir.Record()), Capacity(size)) if _has_room(base):
                    base = _of_capacity(base, size)
                case _, Bounds() | Limit() | Capacity():
                    raise Mistake(d.MisplacedBounds(self.span, type(note).__name__, shown(base)))
        return base

    def union(self, args: tuple[Any, ...]) -> ir.Type:
        members = [self.read(a) for a in args if a is not type(None)]
        records = [m for m in members if isinstance(m, ir.Record)]
        inner: ir.Type
        if len(members) == 1:
            inner = members[0]
        elif len(records) == len(members):
            names = [r.name for r in records]
            twice = next((n for n in names if names.count(n) > 1), None)
            if twice is not None:
                raise Mistake(d.UnionOfOneClass(self.span, twice))
            inner = ir.Union(tuple(records))
        else:
            raise Mistake(d.UnionOfOthers(self.span, " | ".join(shown(m) for m in members)))
        return ir.Option(inner) if type(None) in args else inner

    def of_class(self, hint: type) -> ir.Type:
        if issubclass(hint, Id) and hint is not Id:
            self.world.register(hint, self.span)
            return ir.Sort(hint.__name__)
        if issubclass(hint, enum.Enum):
            return self.enum(hint)
        if dataclasses.is_dataclass(hint):
            parameters = parameters_of_class(hint)
            if parameters:
                wanted = ", ".join(p.__name__ for p in parameters)
                raise Mistake(d.RecordWithoutTypes(self.span, hint.__name__, wanted))
            return self.record(hint, ())
        if hint in (set, list, dict, Bag, Map):
            raise Mistake(d.BareCollection(self.span, hint.__name__))
        raise Mistake(d.TypeOutside(self.span, getattr(hint, "__name__", str(hint))))

    def enum(self, hint: type[enum.Enum]) -> ir.Type:
        aliases = [name for name, member in hint.__members__.items() if member.name != name]
        if aliases:
            first = hint[aliases[0]].name
            raise Mistake(d.EnumAlias(self.span, hint.__name__, aliases[0], first))
        if not hint.__members__:
            raise Mistake(d.EmptyEnum(self.span, hint.__name__))
        self.world.register(hint, self.span)
        return ir.Enum(hint.__name__, tuple(hint.__members__))

    def record(self, hint: type, arguments: tuple[ir.Type, ...]) -> ir.Record:
        name, span = hint.__name__, self.span
        parameters: Any = getattr(hint, "__dataclass_params__")  # noqa: B009  (mypy knows no such name)
        if not parameters.frozen:
            raise Mistake(d.RecordNotFrozen(span, name))
        own = [c for c in ("__eq__", "__hash__", "__post_init__", "__lt__") if _is_custom(hint, c)]
        if own or not parameters.eq or not all(f.compare for f in dataclasses.fields(hint)):
            raise Mistake(d.RecordWithOwnEquality(span, name, own[0] if own else "compare=False"))
        self.world.register(hint, span)
        given = dict(zip(parameters_of_class(hint), arguments, strict=True))
        inner, hints = _Reader(self.world, span, given), field_hints(hint)
        fields = tuple((f.name, inner.read(hints[f.name])) for f in dataclasses.fields(hint))
        return ir.Record(name, fields)

    def collection(self, hint: Any) -> ir.Type:
        origin, args = get_origin(hint), get_args(hint)
        if origin not in (set, list, dict, Bag, Map):
            raise Mistake(d.TypeOutside(self.span, str(hint).removeprefix("typing.")))
        inner = [self.read(a) for a in args]
        if origin is not list and is_mutable(inner[0]):
            raise Mistake(d.NotHashable(self.span, shown(inner[0])))
        if origin is set:
            return ir.Set(inner[0])
        if origin is list:
            return ir.Seq(inner[0])
        if origin is Bag:
            return ir.Bag(inner[0])
        if origin is Map:
            if not is_finite(inner[0]):
                raise Mistake(d.InfiniteKey(self.span, shown(inner[0])))
            return ir.Map(inner[0], inner[1])
        return ir.Partial(inner[0], inner[1])


def _is_custom(cls: type, name: str) -> bool:
    method = cls.__dict__.get(name)
    # What `dataclass` generates has no file of its own.
    return isinstance(method, types.FunctionType) and method.__code__.co_filename != "<string>"


def _has_room(type_: ir.Type) -> bool:
    """Has the type, or a part of the record, a capacity?"""
    return _of_capacity(type_, -1) != type_


def _of_capacity(type_: ir.Type, size: int) -> ir.Type:
    """The bag or list with this capacity; of a record, all that it holds."""
    match type_:
        case ir.Bag(item):
            return ir.Bag(item, size)
        case ir.Seq(item):
            return ir.Seq(item, size)
        case ir.Map(key, value):
            return ir.Map(key, _of_capacity(value, size))
        case ir.Partial(key, value):
            return ir.Partial(key, _of_capacity(value, size))
        case ir.Record(name, fields):
            return ir.Record(name, tuple((f, _of_capacity(t, size)) for f, t in fields))
    return type_


# ── Relations ────────────────────────────────────────────────────────────────────────────────────


def shown(type_: ir.Type) -> str:
    """The type as Python writes it.

    >>> shown(ir.Option(ir.Sort("OrderId")))
    'OrderId | None'
    """
    match type_:
        case ir.Bool():
            return "bool"
        case ir.Int():
            return "int"
        case ir.Sort(name) | ir.Enum(name, _) | ir.Record(name, _):
            return name
        case ir.Option(item):
            return f"{shown(item)} | None"
        case ir.Union(records):
            return " | ".join(r.name for r in records)
        case ir.Set(item):
            return f"set[{shown(item)}]"
        case ir.Bag(item):
            return f"Bag[{shown(item)}]"
        case ir.Seq(item):
            return f"list[{shown(item)}]"
        case ir.Map(key, value):
            return f"Map[{shown(key)}, {shown(value)}]"
        case ir.Partial(key, value):
            return f"dict[{shown(key)}, {shown(value)}]"


def is_mutable(type_: ir.Type) -> bool:
    """Does Python hold values of this type in objects that can be changed in place?"""
    match type_:
        case ir.Set() | ir.Bag() | ir.Seq() | ir.Map() | ir.Partial():
            return True
        case ir.Option(item):
            return is_mutable(item)
        case ir.Record(_, fields):
            return any(is_mutable(t) for _, t in fields)
        case ir.Union(records):
            return any(is_mutable(r) for r in records)
    return False


_METHODS: dict[type, tuple[str, ...]] = {
    ir.Set: ("add", "remove", "discard", "clear", "update", "union", "copy"),
    ir.Bag: ("add", "remove", "discard", "clear", "update", "count", "values", "copy"),
    ir.Seq: ("append", "remove", "pop", "clear", "count", "copy"),
    ir.Partial: ("get", "keys", "values", "items", "clear", "update", "copy"),
    ir.Map: ("copy",),
}


def item_type(type_: ir.Type) -> ir.Type | None:
    """What `in` asks a collection for: its elements, or a partial map's keys."""
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(key, _):
            return key
    return None


def methods_of(type_: ir.Type) -> tuple[str, ...]:
    """The methods that the language knows of values of the type."""
    return _METHODS.get(type(type_), ())


def unify(a: ir.Type, b: ir.Type) -> ir.Type | None:
    """The type that both have a place in: equal, or one the option or the union of the other."""
    if compatible(a, b):
        return a
    if isinstance(a, ir.Option):
        inner = unify(a.item, b.item if isinstance(b, ir.Option) else b)
        return None if inner is None else ir.Option(inner)
    if isinstance(b, ir.Option):
        return unify(b, a)
    if isinstance(a, ir.Union) and isinstance(b, ir.Record) and b in a.records:
        return a
    if isinstance(b, ir.Union) and isinstance(a, ir.Record) and a in b.records:
        return b
    return None
