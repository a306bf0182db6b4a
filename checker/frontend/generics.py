"""Generic records and helpers: what their type parameters stand for.

Owns the matching of annotations with types. The IR knows no generics: `Queue[OrderId]` is a record
`Queue` whose fields hold orders, and one class may stand behind several such records. So what `T`
means in a method is found again from the fields of the record it is called on.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin, get_type_hints

from .. import ir
from ..values import Bag, Map

__all__ = [
    "Given",
    "field_hints",
    "free_parameters",
    "match_hint",
    "parameters_of_class",
    "type_arguments",
]

# What type parameters stand for.
Given = Mapping[Any, ir.Type]


def parameters_of_class(cls: Any) -> tuple[Any, ...]:
    """The type parameters of a class: `(T,)` for `class Queue(Generic[T])`."""
    found: tuple[Any, ...] = getattr(cls, "__parameters__", ())
    return found


def free_parameters(hint: Any, given: Given) -> tuple[Any, ...]:
    """The type parameters in an annotation that nothing is known of."""
    inside = (hint,) if isinstance(hint, TypeVar) else getattr(hint, "__parameters__", ())
    return tuple(p for p in inside if p not in given)


@cache
def field_hints(cls: type) -> dict[str, Any]:
    """The annotations of a dataclass's fields, resolved."""
    return get_type_hints(cls, include_extras=True)


def type_arguments(cls: type, record: ir.Record) -> dict[Any, ir.Type]:
    """What the parameters of a generic class stand for in one of its records."""
    found: dict[Any, ir.Type] = {}
    if parameters_of_class(cls):
        for name, type_ in record.fields:
            match_hint(field_hints(cls)[name], type_, found)
    return found


def match_hint(hint: Any, type_: ir.Type, found: dict[Any, ir.Type]) -> None:
    """Note what the parameters in an annotation stand for, if its values have this type.

    A type that does not fit is passed over: the comparison with the whole type refuses it.
    """
    origin, args = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar):
        found.setdefault(hint, type_)
    elif origin in (Annotated, Final):
        match_hint(args[0], type_, found)
    elif origin in (typing.Union, types.UnionType):
        _match_union(args, type_, found)
    elif isinstance(origin, type) and dataclasses.is_dataclass(origin):
        if isinstance(type_, ir.Record) and type_.name == origin.__name__:
            inner = type_arguments(origin, type_)
            for parameter, argument in zip(parameters_of_class(origin), args, strict=False):
                if parameter in inner:
                    match_hint(argument, inner[parameter], found)
    elif origin in (set, list, Bag, dict, Map):
        for argument, part in zip(args, _parts(type_), strict=False):
            match_hint(argument, part, found)


def _match_union(args: tuple[Any, ...], type_: ir.Type, found: dict[Any, ir.Type]) -> None:
    members = [a for a in args if a is not type(None)]
    if isinstance(type_, ir.Option) and len(members) < len(args):
        type_ = type_.item
    if len(members) == 1:
        match_hint(members[0], type_, found)
        return
    records = type_.records if isinstance(type_, ir.Union) else (type_,)
    for member in members:
        for record in records:
            match_hint(member, record, found)


def _parts(type_: ir.Type) -> tuple[ir.Type, ...]:
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return (item,)
        case ir.Map(key, value) | ir.Partial(key, value):
            return (key, value)
    return ()
