"""The mutants of a model: its source with one small change each.

Owns what is changed and how it is told. The change is made in the source and not in the IR: a write
that is moved over a label changes which locals are alive there, and only the front end knows that.
A mutant that the front end refuses is none.

    dropped     a write is left out
    weakened    a condition of a `when` is left out
    swapped     two neighbouring writes change places, also over a label
    moved       a write is made one label earlier or later
    ignored     an `if` always takes one of its branches
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants_of"]

_STEPS = {"action", "fault", "process", "initial"}
_MUTATORS = {"add", "remove", "discard", "append", "clear", "update", "pop"}


@dataclass(frozen=True)
class Mutant:
    """One change. `what` goes on from "no property sees that ..."; `source` is the whole file."""

    kind: str
    method: str
    line: int
    what: str
    source: str


Change = Callable[[list[ast.stmt], int], None]


def mutants_of(source: str, class_name: str) -> Iterator[Mutant]:
    """All mutants of the class, in the order of the source."""
    tree = ast.parse(source)
    found = [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == class_name]
    model = found[-1]
    for method in model.body:
        if isinstance(method, ast.FunctionDef) and _is_step(method):
            for block in _blocks(method):
                for index in range(len(block)):
                    for kind, line, what, change in _changes(block, index):
                        text = _changed(tree, block, index, change)
                        yield Mutant(kind, method.name, line, what, text)


def _is_step(method: ast.FunctionDef) -> bool:
    for decorator in method.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in _STEPS:
            return True
    return False


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in the node, outside first."""
    for name in ("body", "orelse", "cases"):
        part = getattr(node, name, None)
        if not isinstance(part, list) or not part:
            continue
        if isinstance(part[0], ast.stmt):
            yield part
        for child in part:
            yield from _blocks(child)


def _changed(tree: ast.Module, block: list[ast.stmt], index: int, change: Change) -> str:
    """The file's text with the change made in that block; the tree itself stays as it is."""
    kept = list(block)
    try:
        change(block, index)
        return ast.unparse(ast.fix_missing_locations(tree))
    finally:
        block[:] = kept


# ── The changes at one statement ─────────────────────────────────────────────────────────────────

_Told = tuple[str, int, str, Change]


def _changes(block: list[ast.stmt], index: int) -> Iterator[_Told]:
    node = block[index]
    if _is_write(node):
        yield "dropped", node.lineno, f"`{_text(node)}` is missing", _drop
        yield from _neighbours(block, index)
    if _is_guard(node):
        yield from _weakened(node)
    if isinstance(node, ast.If):
        test = _text(node.test)
        yield "ignored", node.lineno, f"`{test}` is taken for true", _decide(True)
        yield "ignored", node.lineno, f"`{test}` is taken for false", _decide(False)


def _neighbours(block: list[ast.stmt], index: int) -> Iterator[_Told]:
    node = block[index]
    after = block[index + 1 : index + 3]
    if after and _is_write(after[0]):
        what = f"`{_text(node)}` comes after `{_text(after[0])}`"
        yield "swapped", node.lineno, what, _swap(1)
    if len(after) == 2 and _is_label(after[0]) and _is_write(after[1]):
        what = f"`{_text(node)}` and `{_text(after[1])}` change places"
        yield "swapped", node.lineno, what, _swap(2)
    if after and _is_label(after[0]):
        what = f"`{_text(node)}` comes after the label {_label(after[0])}"
        yield "moved", node.lineno, what, _swap(1)
    if index and _is_label(block[index - 1]):
        what = f"`{_text(node)}` comes before the label {_label(block[index - 1])}"
        yield "moved", node.lineno, what, _swap(-1)


def _weakened(node: ast.stmt) -> Iterator[_Told]:
    assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    condition = node.value.args[0]
    if not (isinstance(condition, ast.BoolOp) and isinstance(condition.op, ast.And)):
        yield "weakened", condition.lineno, f"`when({_text(condition)})` is missing", _drop
        return
    for number, part in enumerate(condition.values):
        what = f"`{_text(part)}` is missing in its `when`"
        yield "weakened", part.lineno, what, _without(number)


def _drop(block: list[ast.stmt], index: int) -> None:
    block[index] = ast.Pass()


def _swap(distance: int) -> Change:
    def change(block: list[ast.stmt], index: int) -> None:
        other = index + distance
        block[index], block[other] = block[other], block[index]

    return change


def _decide(value: bool) -> Change:
    def change(block: list[ast.stmt], index: int) -> None:
        node = copy.deepcopy(block[index])
        assert isinstance(node, ast.If)
        taken = node.body if value else node.orelse
        block[index : index + 1] = taken or [ast.Pass()]

    return change


def _without(number: int) -> Change:
    def change(block: list[ast.stmt], index: int) -> None:
        node = copy.deepcopy(block[index])
        assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        condition = node.value.args[0]
        assert isinstance(condition, ast.BoolOp)
        del condition.values[number]
        if len(condition.values) == 1:
            node.value.args[0] = condition.values[0]
        block[index] = node

    return change


# ── What a statement is ──────────────────────────────────────────────────────────────────────────


def _is_write(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(ast.Call(ast.Attribute(value=target, attr=name))):
            return name in _MUTATORS and _of_self(target)
        case ast.Assign(targets=[target]) | ast.AugAssign(target=target):
            return _of_self(target)
        case ast.Delete(targets=[target]):
            return _of_self(target)
    return False


def _of_self(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node.value, ast.Name):
            return node.value.id == "self"
        node = node.value
    return False


def _is_guard(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(ast.Call(ast.Name("when"), [_])):
            return True
    return False


def _is_label(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)


def _label(node: ast.stmt) -> str:
    assert isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)
    return _text(node.value.value) if node.value.value is not None else ""


def _text(node: ast.AST) -> str:
    return ast.unparse(node)
