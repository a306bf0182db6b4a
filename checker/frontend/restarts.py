"""`restart`, `stop` and `at`: what the rest of a model says to and of a process.

Owns S13. A restart is noted where it stands and takes effect at the end of the step, after all its
writes: the label, the locals and the volatile fields of the instance are as at the beginning.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import ir, model
from . import diagnostics as d
from .body import Body
from .expressions import lower
from .flow import DONE
from .scope import Scope
from .world import Mistake

if TYPE_CHECKING:
    from .processes import Process

__all__ = ["Ending", "apply_endings", "at_label", "end_statement"]


@dataclass(frozen=True)
class Ending:
    """An instance is restarted, or stopped, by this step; `path` says on which ways."""

    process: Process
    instance: tuple[ir.Expr, ...]
    label: str
    path: ir.Expr | None


def end_statement(node: ast.Call, body: Body) -> bool:
    """Is it `restart(...)` or `stop(...)`? Then it is noted."""
    from .expressions import constant_object

    scope, span = body.scope, body.scope.span(node)
    function = constant_object(node.func, scope)
    if function not in (model.restart, model.stop):
        return False
    name = "restart" if function is model.restart else "stop"
    if body.in_loop:
        raise Mistake(d.RestartInLoop(span, name))
    process = _process(node, name, scope)
    instance = _instance(node, node.args[1:], process, name, scope)
    label = process.flow.first.name if function is model.restart else DONE
    bound = tuple(body.bind(p.name, e) for p, e in zip(process.params, instance, strict=True))
    body.endings.append(Ending(process, bound, label, body.path))
    return True


def at_label(node: ast.Call, scope: Scope) -> ir.Expr:
    """`at(self.worker, me, "charge")`: where the instance is as the step begins."""
    process = _process(node, "at", scope)
    if len(node.args) < 2 or node.keywords:
        raise Mistake(d.WrongArguments(scope.span(node), "at", 2 + len(process.params)))
    *between, last = node.args[1:]
    label = last.value if isinstance(last, ast.Constant) else None
    if label not in process.label_type.members:
        known = ", ".join(f'"{name}"' for name in process.label_type.members)
        text = ast.unparse(last).replace("'", '"')
        raise Mistake(d.UnknownLabel(scope.span(last), process.name, text, known))
    instance = _instance(node, between, process, "at", scope)
    span = scope.span(node)
    here = process.slot(process.at_var, process.label_type, instance)
    return ir.Cmp("==", here, ir.Lit(label, process.label_type, span), span=span)


def _process(node: ast.Call, name: str, scope: Scope) -> Process:
    match node.args:
        case [ast.Attribute(ast.Name("self"), found), *_] if found in scope.world.processes:
            return scope.world.processes[found]
        case [ast.Attribute(ast.Name("self"), found), *_] if found in scope.world.broken:
            raise Mistake(None)
    raise Mistake(d.NotAProcess(scope.span(node), name))


def _instance(
    node: ast.Call, values: list[ast.expr], process: Process, name: str, scope: Scope
) -> tuple[ir.Expr, ...]:
    given = dict(zip((p.name for p in process.params), values, strict=False))
    given |= {k.arg: k.value for k in node.keywords if k.arg is not None}
    wanted = [p.name for p in process.params]
    if sorted(given) != sorted(wanted) or len(values) + len(node.keywords) != len(wanted):
        raise Mistake(d.WrongArguments(scope.span(node), name, 1 + len(wanted)))
    return tuple(lower(given[p.name], scope, p.type) for p in process.params)


def apply_endings(body: Body, updates: dict[str, ir.Expr]) -> None:
    """Put what the restarts of this step change behind everything that it writes."""
    world = body.scope.world
    for ending in body.endings:
        process = ending.process
        for var, (type_, value) in process.first_values().items():
            if var == process.at_var:
                value = ir.Lit(ending.label, process.label_type)
            before = updates.get(var) or ir.Read(var, process.var_type(type_))
            after = process.put(before, ending.instance, value)
            updates[var] = _on_path(ending, after, before)
        for name in process.volatile:
            before = updates.get(name) or ir.Read(name, world.fields[name])
            after = _emptied(before, ending.instance, world.defaults[name])
            updates[name] = _on_path(ending, after, before)


def _on_path(ending: Ending, after: ir.Expr, before: ir.Expr) -> ir.Expr:
    return after if ending.path is None else ir.Ite(ending.path, after, before, before.type)


def _emptied(value: ir.Expr, keys: tuple[ir.Expr, ...], default: ir.Expr) -> ir.Expr:
    """The field with its default at the keys."""
    if not keys:
        return default
    key, *rest = keys
    if isinstance(value.type, ir.Partial):
        return ir.Without(value, key, value.type)
    assert isinstance(value.type, ir.Map) and isinstance(default, ir.Build)
    inner = ir.At(value, key, value.type.value)
    return ir.Put(value, key, _emptied(inner, tuple(rest), default.body), value.type)
