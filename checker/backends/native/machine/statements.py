"""Statements of a kernel as LLVM's text: one function, from its parameters to its returns."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from .kinds import (
    Array,
    ArrayOf,
    ChunksOf,
    Kind,
    Module,
    Scalar,
    Several,
    Value,
    type_of,
    words_of,
)
from .values import Values

__all__ = ["Body"]


@dataclass
class Loop:
    """Where `continue` and `break` lead."""

    again: str
    end: str
    is_left: bool = False  # by a `break`


class Body(Values):
    """`text` writes it; `result` is then what it gives."""

    def __init__(self, module: Module, node: ast.FunctionDef, params: tuple[Kind, ...]) -> None:
        super().__init__(module, node)
        self.params = params
        self.loops: list[Loop] = []
        self.returns: list[tuple[int, Scalar | Several | None]] = []
        self.result: Kind | None = None

    def text(self) -> str:
        words = []
        for arg, kind in zip(self.node.args.args, self.params, strict=True):
            name = f"%a.{arg.arg}"
            words += words_of(kind, name)
            match kind:
                case ArrayOf(_, dims):
                    lengths = tuple(f"{name}.d{n}" for n in range(dims))
                    self.arrays[arg.arg] = Array(kind, name, lengths)
                case ChunksOf(count):
                    self.assign(arg.arg, Several(tuple(f"{name}.{n}" for n in range(count))))
                case str():
                    self.assign(arg.arg, Scalar(kind, name))
        self.body(self.node.body)
        if self.is_open:
            self.give_back(None)
        self.result = self._result()
        for at, value in self.returns:
            self.lines[at] = self._return(at, value)
        given = f"define internal {type_of(self.result)} @f.{self.node.name}({', '.join(words)})"
        return "\n".join([f"{given} nounwind {{", "entry:", *self.head, *self.lines, "}", ""])

    def _result(self) -> Kind | None:
        values = [value for _, value in self.returns]
        if all(value is None for value in values):
            return None
        kinds: set[Kind] = set()
        for value in values:
            match value:
                case Several(texts):
                    kinds.add(ChunksOf(len(texts)))
                case Scalar("int" | "bool" as kind):
                    kinds.add(kind)
                case _:
                    raise self.refused(self.node)
        if kinds == {"int", "bool"}:
            return "int"
        if len(kinds) != 1:
            raise self.refused(self.node)
        return kinds.pop()

    def _return(self, at: int, value: Scalar | Several | None) -> str:
        type_ = type_of(self.result)
        match value:
            case None:
                return "  ret void"
            case Several(texts):
                lines, whole = [], "undef"
                for n, text in enumerate(texts):
                    lines.append(f"  %r{at}.{n} = insertvalue {type_} {whole}, i64 {text}, {n}")
                    whole = f"%r{at}.{n}"
                return "\n".join([*lines, f"  ret {type_} {whole}"])
            case Scalar("bool", text) if self.result == "int":
                return f"  %r{at} = zext i1 {text} to i64\n  ret i64 %r{at}"
        return f"  ret {type_} {value.text}"

    # ── Statements ──

    def body(self, nodes: Sequence[ast.stmt]) -> None:
        for node in nodes:
            if not self.is_open:  # behind a `return`
                return
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                pass
            case ast.Expr(ast.Call() as call):
                self.call(call)
            case ast.Assign(targets, value):
                self.store_all(targets, value)
            case ast.AugAssign(ast.Name(name) as target, operator, value):
                changed = self.arithmetic(operator, self.scalar(target), value, node)
                self.assign(name, changed, node)
            case ast.AugAssign(ast.Subscript() as target, operator, value):
                place, of = self.address(target)
                self.store(place, of, self.arithmetic(operator, self.load(place, of), value, node))
            case ast.If(test, then, orelse):
                self.if_(test, then, orelse)
            case ast.While(test, under, []):
                self.while_(test, under)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), given, []), under, []):
                self.for_(name, given, under, node)
            case ast.Break():
                self.loops[-1].is_left = True
                self.go(self.loops[-1].end)
            case ast.Continue():
                self.go(self.loops[-1].again)
            case ast.Return(value):
                given_back = None if value is None else self.value(value)
                if isinstance(given_back, Array):
                    raise self.refused(node)
                self.give_back(given_back)
            case _:
                raise self.refused(node)

    def give_back(self, value: Scalar | Several | None) -> None:
        for place in self.borrowed:
            self.do(f"call void @free(ptr {self.op(f'load ptr, ptr {place}')})")
        self.returns.append((len(self.lines), value))
        self.lines.append("")
        self.is_open = False

    def store_all(self, targets: Sequence[ast.expr], node: ast.expr) -> None:
        value: Value
        if isinstance(targets[0], ast.Tuple) and isinstance(node, ast.Tuple):
            parts = [self.value(part) for part in node.elts]
            for target, part in zip(targets[0].elts, parts, strict=True):
                self.store_one(target, part)
            return
        value = self.value(node)
        for target in targets:
            self.store_one(target, value)

    def store_one(self, target: ast.expr, value: Value) -> None:
        match target, value:
            case ast.Name(name), _:
                self.assign(name, value, target)
            case ast.Subscript(), Scalar():
                self.store(*self.address(target), value)
            case ast.Tuple(parts), Several(texts):
                for part, text in zip(parts, texts, strict=True):
                    self.store_one(part, Scalar("int", text))
            case _:
                raise self.refused(target)

    def if_(self, test: ast.expr, then: Sequence[ast.stmt], orelse: Sequence[ast.stmt]) -> None:
        yes, no, end = self.label(), self.label(), self.label()
        self.fork(self.condition(test), yes, no if orelse else end)
        self.begin(yes)
        self.body(then)
        ends = self.is_open or not orelse
        if self.is_open:
            self.go(end)
        if orelse:
            self.begin(no)
            self.body(orelse)
            ends = ends or self.is_open
        if ends:
            self.begin(end)

    def while_(self, test: ast.expr, under: Sequence[ast.stmt]) -> None:
        loop, inside = Loop(self.label(), self.label()), self.label()
        self.begin(loop.again)
        if not (isinstance(test, ast.Constant) and test.value is True):
            loop.is_left = True
            self.fork(self.condition(test), inside, loop.end)
        self.begin(inside)
        self.inside(loop, under)
        if self.is_open:
            self.go(loop.again)
        if loop.is_left:
            self.begin(loop.end)

    def for_(
        self, name: str, given: Sequence[ast.expr], under: Sequence[ast.stmt], node: ast.For
    ) -> None:
        step = 1
        if len(given) == 3:
            folded = self.constant(given[2])
            if not folded:
                raise self.refused(node)
            step = folded
        first = self.int_(given[0]) if len(given) > 1 else "0"
        last = self.int_(given[1] if len(given) > 1 else given[0])
        self.count += 1
        counter = f"%c{self.count}"
        self.head.append(f"  {counter} = alloca i64")
        self.do(f"store i64 {first}, ptr {counter}")
        again, inside, following, end = (self.label() for _ in range(4))
        loop = Loop(following, end)
        self.begin(again)
        at = self.op(f"load i64, ptr {counter}")
        order = "slt" if step > 0 else "sgt"
        self.fork(self.op(f"icmp {order} i64 {at}, {last}"), inside, end)
        self.begin(inside)
        self.assign(name, Scalar("int", at), node)
        self.inside(loop, under)
        self.begin(following)
        self.do(f"store i64 {self.op(f'add i64 {at}, {step}')}, ptr {counter}")
        self.go(again)
        self.begin(end)

    def inside(self, loop: Loop, under: Sequence[ast.stmt]) -> None:
        self.loops.append(loop)
        self.depth += 1
        self.body(under)
        self.depth -= 1
        self.loops.pop()
