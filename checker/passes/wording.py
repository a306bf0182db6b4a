"""An expression as a person wrote it: the source text of its span, or Python made from the node.

Owns the words of messages about expressions, not the stable text form of the IR. Nodes that the
front end made up have no span of their own; hand-built models have none at all.
"""

from __future__ import annotations

from .. import ir
from ..ir.walk import children
from ..source import source_text
from ..states import show

__all__ = ["in_python", "wording"]


def wording(expr: ir.Expr) -> str:
    """The user's text of the expression where there is one.

    >>> wording(ir.Has(ir.Read("orders", ir.Set(ir.INT)), ir.Arg("order", ir.INT)))
    'order in self.orders'
    """
    return source_text(expr.span) or in_python(expr)


def in_python(expr: ir.Expr) -> str:
    """The expression in Python's notation, made from the node alone."""
    match expr:
        case ir.Lit(value, type_):
            return _literal(value, type_)
        case ir.Read(name) | ir.Const(name):
            return f"self.{name}"
        case ir.Arg(name) | ir.Bound(name):
            return name
        case ir.Not(body):
            return f"not {_inner(body)}"
        case ir.And(parts):
            return " and ".join(_inner(p) for p in parts)
        case ir.Or(parts):
            return " or ".join(_inner(p) for p in parts)
        case ir.Ite(test, then, orelse):
            return f"{_inner(then)} if {_inner(test)} else {_inner(orelse)}"
        case ir.Cmp(op, left, right) | ir.Arith(op, left, right):
            return f"{_inner(left)} {op} {_inner(right)}"
        case ir.Has(collection, item):
            return f"{_inner(item)} in {_inner(collection)}"
        case ir.Count(collection, item):
            return f"{_inner(collection)}.count({in_python(item)})"
        case ir.Size(collection):
            return f"len({in_python(collection)})"
        case ir.At(collection, key):
            return f"{_inner(collection)}[{in_python(key)}]"
        case ir.Field(record, name):
            return f"{_inner(record)}.{name}"
        case ir.Narrow(body) | ir.Widen(body):
            return in_python(body)
        case ir.Make(record, values):
            return f"{record.name}({', '.join(map(in_python, values))})"
        case ir.All(name, domain, test, body) | ir.Any(name, domain, test, body):
            only = f" if {in_python(test)}" if test is not None else ""
            word = type(expr).__name__.lower()
            return f"{word}({in_python(body)} for {name} in {in_python(domain)}{only})"
        case ir.Universe(ir.Set(ir.Sort(name) | ir.Enum(name))):
            return name
    return f"{type(expr).__name__.lower()}({', '.join(map(in_python, children(expr)))})"


def _inner(expr: ir.Expr) -> str:
    compound = isinstance(expr, ir.Not | ir.And | ir.Or | ir.Ite | ir.Cmp | ir.Arith | ir.Has)
    return f"({in_python(expr)})" if compound else in_python(expr)


def _literal(value: object, type_: ir.Type) -> str:
    if not isinstance(type_, ir.Enum):
        return show(value, type_)
    # A type of words (labels, answers of `either`) has a name that no class can have.
    return f'"{value}"' if " " in type_.name else f"{type_.name}.{value}"
