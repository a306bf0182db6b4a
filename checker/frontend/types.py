"""From annotations to IR types, and the relations between types.

Owns which types a model may use. Annotations are taken as the objects Python made of them.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from .. import ir
from ..ir_verify import compatible
from ..model import Bounds, Capacity, Limit
from ..source import Span
from ..states import is_finite
from ..values import Bag, Id, Map
from . import diagnostics as d
from .world import Mistake, World

__all__ = ["annotation", "compatible", "is_mutable", "item_type", "methods_of", "shown", "unify"]


def annotation(hint: Any, world: World, span: Span) -> ir.Type:
    """The IR type of an annotation.

    Raises: Mistake, for a type outside the language.
    """
    if get_origin(hint) is Final:
        return annotation(get_args(hint)[0], world, span)
    if isinstance(hint, typing.TypeAliasType) if hasattr(typing, "TypeAliasType") else False:
        return annotation(hint.__value__, world, span)
    if get_origin(hint) is Annotated:
        return _annotated(get_args(hint), world, span)
    if hint is bool:
        return ir.BOOL
    if hint is int:
        return ir.INT
    if get_origin(hint) in (typing.Union, types.UnionType):
        return _union(get_args(hint), world, span)
    if isinstance(hint, type) and not get_args(hint):
        return _class(hint, world, span)
    return _collection(hint, world, span)


def _annotated(args: tuple[Any, ...], world: World, span: Span) -> ir.Type:
    base, notes = annotation(args[0], world, span), args[1:]
    for note in notes:
        match base, note:
            case ir.Int(), Bounds(lo, hi) | Limit(lo, hi):
                if lo > hi:
                    raise Mistake(d.EmptyBounds(span, lo, hi))
                base = ir.Int(lo, hi, limit=isinstance(note, Limit))
            case ir.Bag(), Capacity(size):
                base = ir.Bag(base.item, size)
            case ir.Seq(), Capacity(size):
                base = ir.Seq(base.item, size)
            case _, Bounds() | Limit() | Capacity():
                raise Mistake(d.MisplacedBounds(span, type(note).__name__, shown(base)))
    return base


def _union(args: tuple[Any, ...], world: World, span: Span) -> ir.Type:
    members = [annotation(a, world, span) for a in args if a is not type(None)]
    inner: ir.Type
    if len(members) == 1:
        inner = members[0]
    elif all(isinstance(m, ir.Record) for m in members):
        inner = ir.Union(tuple(m for m in members if isinstance(m, ir.Record)))
    else:
        raise Mistake(d.UnionOfOthers(span, " | ".join(shown(m) for m in members)))
    return ir.Option(inner) if type(None) in args else inner


def _class(hint: type, world: World, span: Span) -> ir.Type:
    if issubclass(hint, Id) and hint is not Id:
        world.register(hint, span)
        return ir.Sort(hint.__name__)
    if issubclass(hint, enum.Enum):
        return _enum(hint, world, span)
    if dataclasses.is_dataclass(hint):
        return _record(hint, world, span)
    if hint in (set, list, dict, Bag, Map):
        raise Mistake(d.BareCollection(span, hint.__name__))
    raise Mistake(d.TypeOutside(span, getattr(hint, "__name__", str(hint))))


def _enum(hint: type[enum.Enum], world: World, span: Span) -> ir.Type:
    aliases = [name for name, member in hint.__members__.items() if member.name != name]
    if aliases:
        raise Mistake(d.EnumAlias(span, hint.__name__, aliases[0], hint[aliases[0]].name))
    if not hint.__members__:
        raise Mistake(d.EmptyEnum(span, hint.__name__))
    world.register(hint, span)
    return ir.Enum(hint.__name__, tuple(hint.__members__))


def _record(hint: type, world: World, span: Span) -> ir.Type:
    parameters: Any = getattr(hint, "__dataclass_params__")  # noqa: B009  (mypy knows no such name)
    if not parameters.frozen:
        raise Mistake(d.RecordNotFrozen(span, hint.__name__))
    own = [c for c in ("__eq__", "__hash__", "__post_init__", "__lt__") if _is_custom(hint, c)]
    if own or not parameters.eq or not all(f.compare for f in dataclasses.fields(hint)):
        raise Mistake(
            d.RecordWithOwnEquality(span, hint.__name__, own[0] if own else "compare=False")
        )
    world.register(hint, span)
    hints = get_type_hints(hint, include_extras=True)
    fields = tuple(
        (f.name, annotation(hints[f.name], world, span)) for f in dataclasses.fields(hint)
    )
    return ir.Record(hint.__name__, fields)


def _is_custom(cls: type, name: str) -> bool:
    method = cls.__dict__.get(name)
    # What `dataclass` generates has no file of its own.
    return isinstance(method, types.FunctionType) and method.__code__.co_filename != "<string>"


def _collection(hint: Any, world: World, span: Span) -> ir.Type:
    origin, args = get_origin(hint), get_args(hint)
    if origin not in (set, list, dict, Bag, Map):
        raise Mistake(d.TypeOutside(span, str(hint).removeprefix("typing.")))
    inner = [annotation(a, world, span) for a in args]
    if origin is not list and is_mutable(inner[0]):
        raise Mistake(d.NotHashable(span, shown(inner[0])))
    if origin is set:
        return ir.Set(inner[0])
    if origin is list:
        return ir.Seq(inner[0])
    if origin is Bag:
        return ir.Bag(inner[0])
    if origin is Map:
        if not is_finite(inner[0]):
            raise Mistake(d.InfiniteKey(span, shown(inner[0])))
        return ir.Map(inner[0], inner[1])
    return ir.Partial(inner[0], inner[1])


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
