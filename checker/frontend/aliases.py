"""Which locals would share a collection with the state, were the step run by Python.

Owns the rule that a name and its value are one thing: values are mathematical in the IR, while
Python copies only where a field is assigned. `snapshot = self.queue` followed by
`self.queue.add(m)` would change the snapshot in Python alone, so reading it afterwards is refused.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from .. import ir
from ..values import Bag, Map
from .expressions import constant_object
from .scope import Unassigned
from .types import compatible, is_mutable

if TYPE_CHECKING:
    from .body import Body

__all__ = ["changed_in_place", "makes_new", "note_local"]


def makes_new(node: ast.expr, type_: ir.Type, body: Body) -> bool:
    """Does Python make a new object here, none of whose parts is shared with an old one?"""
    if not is_mutable(type_):
        return True
    if isinstance(type_, ir.Option):
        type_ = type_.item
    flat = not is_mutable(_element(type_))
    match node:
        case ast.Constant():
            return True
        case ast.Set(parts) | ast.List(parts):
            return all(makes_new(part, _element(type_), body) for part in parts)
        case ast.Dict(_, values):
            return all(makes_new(value, _element(type_), body) for value in values)
        case ast.IfExp(_, then, orelse):
            return makes_new(then, type_, body) and makes_new(orelse, type_, body)
        case ast.ListComp(part) | ast.DictComp(_, part):
            return flat or makes_new(part, _element(type_), body)
        case ast.BinOp() | ast.SetComp() | ast.Subscript(_, ast.Slice()):
            return flat
        case ast.Call(ast.Attribute(_, "copy" | "union")):
            return flat
        case ast.Call(func, arguments):
            maker: Any = constant_object(func, body.scope)
            if maker is Map:  # copies its default for each key
                return True
            return any(maker is m for m in _MAKERS) and (flat or not arguments)
    return False


_MAKERS = (set, list, dict, Bag)


def _element(type_: ir.Type) -> ir.Type:
    match type_:
        case ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return item
        case ir.Partial(_, value) | ir.Map(_, value):
            return value
    return type_


def note_local(name: str, node: ast.expr, type_: ir.Type, body: Body) -> None:
    """Remember where the new value of a local comes from."""
    body.owned.discard(name)
    body.aliases.pop(name, None)
    if not is_mutable(type_):
        return
    if makes_new(node, type_, body):
        body.owned.add(name)
        return
    if _is_new_outside(node, body):
        body.owned.add(name)
    inner = type_.item if isinstance(type_, ir.Option) else type_
    if isinstance(inner, ir.Record | ir.Union):
        sources = _built_around(node, inner, body)
    else:
        sources = _sources(node, body)
    if sources:
        body.aliases[name] = sources


def _is_new_outside(node: ast.expr, body: Body) -> bool:
    """Is at least the outermost collection new? Then its own elements may be added and removed."""
    match node:
        case ast.Call(ast.Attribute(_, "copy")):
            return True
        case ast.Call(func, _):
            return any(constant_object(func, body.scope) is m for m in _MAKERS)
    return isinstance(
        node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.BinOp
    )


def _sources(node: ast.expr, body: Body) -> frozenset[str]:
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Attribute(ast.Name("self"), name) if name in body.scope.fields:
                found.add(f"self.{name}")
            case ast.Attribute(ast.Name("self")):  # a helper may hand out any field
                found.update(f"self.{name}" for name in body.scope.fields)
            case ast.Name(name) if name in body.scope.names:
                found |= {name} | body.aliases.get(name, frozenset())
    return frozenset(found)


def _built_around(node: ast.expr, type_: ir.Record | ir.Union, body: Body) -> frozenset[str]:
    """The fields and locals that a record holds as its own parts, as `Box(self.bag)` does.

    All else in a record stays as it is: nothing is changed in place through a record.
    """
    found: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(name):
                found |= body.aliases.get(name, frozenset())
            case ast.Call(func, arguments, keywords):
                roots = [_held_root(a, body) for a in [*arguments, *(k.value for k in keywords)]]
                found |= {root for root in roots if root is not None}
                if isinstance(func, ast.Attribute) and ast.unparse(func.value) == "self":
                    found |= _fitting_fields(type_, body)
    return frozenset(found)


def _fitting_fields(type_: ir.Record | ir.Union, body: Body) -> set[str]:
    """The fields that a helper of the model may have put into the record."""
    records = type_.records if isinstance(type_, ir.Union) else (type_,)
    fields, parts = body.scope.world.fields, [part for r in records for _, part in r.fields]
    return {
        f"self.{name}"
        for name, field in fields.items()
        if _is_collection(field) and any(compatible(field, part) for part in parts)
    }


def _held_root(node: ast.expr, body: Body) -> str | None:
    """The field or local that the expression is, or is an entry of, if it is a collection."""
    keys = 0
    while isinstance(node, ast.Subscript):
        node, keys = node.value, keys + 1
    match node:
        case ast.Attribute(ast.Name("self"), name) if name in body.scope.world.fields:
            root, type_ = f"self.{name}", body.scope.world.fields[name]
        case ast.Name(name) if isinstance(value := body.scope.names.get(name), ir.Expr):
            root, type_ = name, value.type
        case _:
            return None
    for _ in range(keys):
        type_ = _element(type_)
    return root if _is_collection(type_) else None


def _is_collection(type_: ir.Type) -> bool:
    if isinstance(type_, ir.Option):
        type_ = type_.item
    return isinstance(type_, ir.Set | ir.Bag | ir.Seq | ir.Map | ir.Partial)


def changed_in_place(root: str, line: int, body: Body) -> None:
    """The locals that share with the changed collection can no longer be read."""
    for name, sources in body.aliases.items():
        if root in sources and name != root and name in body.scope.names:
            body.scope.names[name] = Unassigned(changed=(root, line))
