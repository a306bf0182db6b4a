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
from .types import is_mutable

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
    body.aliases[name] = _sources(node, body)


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


def changed_in_place(root: str, line: int, body: Body) -> None:
    """The locals that share with the changed collection can no longer be read."""
    for name, sources in body.aliases.items():
        if root in sources and name != root and name in body.scope.names:
            body.scope.names[name] = Unassigned(changed=(root, line))
