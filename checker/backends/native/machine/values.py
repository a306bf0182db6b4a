"""Expressions of a kernel as LLVM's text.

Owns the lines of one function, its names, which live in memory until LLVM takes them from there,
and what each expression gives.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from math import prod

from ....errors import InternalError
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
)

__all__ = ["Values"]

_PLAIN_MAX = 24  # nodes of an expression that is computed although it may not be needed

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "shl",
}
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "slt",
    ast.LtE: "sle",
    ast.Gt: "sgt",
    ast.GtE: "sge",
}


class Values:
    """One function: lines, names and values."""

    def __init__(self, module: Module, node: ast.FunctionDef) -> None:
        self.module = module
        self.node = node
        self.head: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.block = "entry"
        self.is_open = True
        self.names: dict[str, Kind] = {}
        self.arrays: dict[str, Array] = {}
        self.borrowed: list[str] = []  # places of memory to give back
        self.depth = 0  # of loops

    def refused(self, node: ast.AST) -> InternalError:
        line = getattr(node, "lineno", self.node.lineno)
        return InternalError(f"{self.node.name}, line {line}, is not Python over machine integers")

    # ── Lines ──

    def op(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        return f"%v{self.count}"

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self) -> str:
        self.count += 1
        return f"b{self.count}"

    def begin(self, label: str) -> None:
        if self.is_open:
            self.do(f"br label %{label}")
        self.lines.append(f"{label}:")
        self.block = label
        self.is_open = True

    def go(self, label: str) -> None:
        self.do(f"br label %{label}")
        self.is_open = False

    def fork(self, condition: str, then: str, other: str) -> None:
        self.do(f"br i1 {condition}, label %{then}, label %{other}")
        self.is_open = False

    # ── Names ──

    def place(self, name: str, kind: Kind, node: ast.AST) -> Kind:
        """Room for a name; gives the kind that it has."""
        known = self.names.get(name)
        if known is None:
            if name in self.arrays:
                raise self.refused(node)
            self.names[name] = known = kind
            texts = (
                [f"%n.{name}.{n}" for n in range(kind.count)]
                if isinstance(kind, ChunksOf)
                else [f"%n.{name}"]
            )
            type_ = "i1" if kind == "bool" else "i64"
            for text in texts:
                self.head += [f"  {text} = alloca {type_}", f"  store {type_} 0, ptr {text}"]
        return known

    def assign(self, name: str, value: Value, node: ast.AST | None = None) -> None:
        node = node or self.node
        match value:
            case Several(texts):
                if self.place(name, ChunksOf(len(texts)), node) != ChunksOf(len(texts)):
                    raise self.refused(node)
                for n, text in enumerate(texts):
                    self.do(f"store i64 {text}, ptr %n.{name}.{n}")
            case Scalar(kind, text):
                known = self.place(name, kind, node)
                if known != kind:
                    if (known, kind) != ("int", "bool"):
                        raise self.refused(node)
                    text = self.as_int(value)
                self.do(f"store {'i1' if known == 'bool' else 'i64'} {text}, ptr %n.{name}")
            case Array():
                if name in self.arrays or name in self.names:
                    raise self.refused(node)
                self.arrays[name] = value

    # ── Values ──

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(bool(given)):
                return Scalar("bool", "true" if given else "false")
            case ast.Constant(int(given)) if -(1 << 63) <= given < 1 << 64:
                return Scalar("int", str(given - (given >> 63 << 64)))
            case ast.Name(name):
                return self.named(name, node)
            case ast.Tuple(parts):
                return Several(tuple(map(self.int_, parts)))
            case ast.BinOp(left, operator, right):
                return self.arithmetic(operator, self.scalar(left), right, node)
            case ast.UnaryOp(ast.Not(), operand):
                return Scalar("bool", self.op(f"xor i1 {self.condition(operand)}, true"))
            case ast.UnaryOp(ast.USub(), ast.Constant(int(given))):
                return Scalar("int", str(-given))
            case ast.UnaryOp(ast.USub(), operand):
                return Scalar("int", self.op(f"sub i64 0, {self.int_(operand)}"))
            case ast.UnaryOp(ast.Invert(), operand):
                return Scalar("int", self.op(f"xor i64 {self.int_(operand)}, -1"))
            case ast.BoolOp(operator, parts):
                return self.both_or_either(isinstance(operator, ast.And), parts, node)
            case ast.Compare():
                return self.compared(node)
            case ast.IfExp():
                return self.chosen(node)
            case ast.Call():
                found = self.call(node)
                if found is None:
                    raise self.refused(node)
                return found
            case ast.Subscript():
                return self.part(node)
        raise self.refused(node)

    def named(self, name: str, node: ast.AST) -> Value:
        if name in self.arrays:
            return self.arrays[name]
        match self.names.get(name):
            case ChunksOf(count):
                return Several(tuple(self.op(f"load i64, ptr %n.{name}.{n}") for n in range(count)))
            case str(kind):
                type_ = "i1" if kind == "bool" else "i64"
                return Scalar(kind, self.op(f"load {type_}, ptr %n.{name}"))
        if name in self.module.constants:
            return Scalar("int", str(self.module.constants[name]))
        if name in self.module.tables:
            return Several(tuple(map(str, self.module.tables[name])))
        raise self.refused(node)

    def scalar(self, node: ast.expr) -> Scalar:
        found = self.value(node)
        if not isinstance(found, Scalar):
            raise self.refused(node)
        return found

    def int_(self, node: ast.expr) -> str:
        """An int, or a bool as 0 or 1."""
        found = self.scalar(node)
        if found.kind == "unsigned":
            raise self.refused(node)
        return self.as_int(found)

    def as_int(self, value: Scalar) -> str:
        if value.kind != "bool":
            return value.text
        if value.text in ("true", "false"):
            return "1" if value.text == "true" else "0"
        return self.op(f"zext i1 {value.text} to i64")

    def condition(self, node: ast.expr) -> str:
        """Is it true? An int is, unless it is 0."""
        match node:
            case ast.BoolOp(operator, parts):
                return self.short_cut(isinstance(operator, ast.And), parts)
            case ast.UnaryOp(ast.Not(), operand):
                return self.op(f"xor i1 {self.condition(operand)}, true")
        found = self.scalar(node)
        if found.kind == "bool":
            return found.text
        return self.op(f"icmp ne i64 {found.text}, 0")

    def both_or_either(self, both: bool, parts: Sequence[ast.expr], node: ast.AST) -> Scalar:
        """`and` and `or` of bools; of ints they would give one of the ints."""
        text = self.short_cut(both, parts, bools=True)
        return Scalar("bool", text)

    def short_cut(self, both: bool, parts: Sequence[ast.expr], *, bools: bool = False) -> str:
        def ask(node: ast.expr) -> str:
            if not bools:
                return self.condition(node)
            found = self.scalar(node)
            if found.kind != "bool":
                raise self.refused(node)
            return found.text

        text = ask(parts[0])
        for number, part in enumerate(parts[1:], 1):
            if not self.is_plain(part):
                return self.short_branch(both, text, parts[number:], ask)
            other = ask(part)
            given = f"i1 {other}, i1 false" if both else f"i1 true, i1 {other}"
            text = self.op(f"select i1 {text}, {given}")
        return text

    def short_branch(
        self, both: bool, text: str, parts: Sequence[ast.expr], ask: Callable[[ast.expr], str]
    ) -> str:
        """The same, asking no more than is needed."""
        end = self.label()
        known: list[str] = []
        for part in parts:
            inside = self.label()
            known.append(f"[ {'false' if both else 'true'}, %{self.block} ]")
            self.fork(text, *((inside, end) if both else (end, inside)))
            self.begin(inside)
            text = ask(part)
        known.append(f"[ {text}, %{self.block} ]")
        self.begin(end)
        return self.op(f"phi i1 {', '.join(known)}")

    def is_plain(self, node: ast.expr) -> bool:
        """May it be computed in any case, and is that cheap?"""
        nodes = list(ast.walk(node))
        return len(nodes) <= _PLAIN_MAX and not any(
            isinstance(one, ast.Call | ast.FloorDiv | ast.Mod)
            or (isinstance(one, ast.Subscript) and not isinstance(one.slice, ast.Constant))
            or (isinstance(one, ast.Name) and one.id in self.arrays)
            for one in nodes
        )

    def chosen(self, node: ast.IfExp) -> Value:
        condition = self.condition(node.test)
        if self.is_plain(node.body) and self.is_plain(node.orelse):
            then, other = self.value(node.body), self.value(node.orelse)

            def choose(type_: str, a: str, b: str) -> str:
                return self.op(f"select i1 {condition}, {type_} {a}, {type_} {b}")

            return self.one_of(then, other, choose, node)
        yes, no, end = self.label(), self.label(), self.label()
        self.fork(condition, yes, no)
        self.begin(yes)
        then = self.value(node.body)
        at_then = len(self.lines)
        yes_end = self.block
        self.go(end)
        self.begin(no)
        other = self.value(node.orelse)
        if isinstance(then, Scalar) and isinstance(other, Scalar) and then.kind != other.kind:
            # The branch has been left; its bool has to become an int before it is.
            if then.kind == "bool":
                self.count += 1
                wide = f"%v{self.count}"
                self.lines.insert(at_then, f"  {wide} = zext i1 {then.text} to i64")
                then = Scalar("int", wide)
            else:
                other = Scalar("int", self.as_int(other))
        no_end = self.block
        self.begin(end)

        def join(type_: str, a: str, b: str) -> str:
            return self.op(f"phi {type_} [ {a}, %{yes_end} ], [ {b}, %{no_end} ]")

        return self.one_of(then, other, join, node)

    def one_of(
        self, a: Value, b: Value, choose: Callable[[str, str, str], str], node: ast.AST
    ) -> Value:
        match a, b:
            case Scalar("bool", one), Scalar("bool", two):
                return Scalar("bool", choose("i1", one, two))
            case Scalar("int" | "bool"), Scalar("int" | "bool"):
                return Scalar("int", choose("i64", self.as_int(a), self.as_int(b)))
            case Several(ones), Several(twos) if len(ones) == len(twos):
                pairs = zip(ones, twos, strict=True)
                return Several(tuple(choose("i64", one, two) for one, two in pairs))
        raise self.refused(node)

    def compared(self, node: ast.Compare) -> Scalar:
        left = self.value(node.left)
        found = ""
        for operator, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            text = self.compare(operator, left, right, node)
            # `select`, because the second may be anything where the first is false.
            found = self.op(f"select i1 {found}, i1 {text}, i1 false") if found else text
            left = right
        return Scalar("bool", found)

    def compare(self, operator: ast.cmpop, left: Value, right: Value, node: ast.AST) -> str:
        how = _COMPARED[type(operator)]
        match left, right:
            case Scalar(a, one), Scalar(b, two) if "unsigned" in (a, b):
                if a != b:
                    raise self.refused(node)
                return self.op(f"icmp {how.replace('s', 'u', 1)} i64 {one}, {two}")
            case Scalar("bool", one), Scalar("bool", two) if how in ("eq", "ne"):
                return self.op(f"icmp {how} i1 {one}, {two}")
            case Scalar(), Scalar():
                return self.op(f"icmp {how} i64 {self.as_int(left)}, {self.as_int(right)}")
            case Several(ones), Several(twos) if len(ones) == len(twos) and how in ("eq", "ne"):
                total = "0"
                for one, two in zip(ones, twos, strict=True):
                    total = self.op(f"or i64 {total}, {self.op(f'xor i64 {one}, {two}')}")
                return self.op(f"icmp {how} i64 {total}, 0")
        raise self.refused(node)

    # ── Arithmetic ──

    def arithmetic(
        self, operator: ast.operator, left: Scalar, right: ast.expr, node: ast.AST
    ) -> Scalar:
        other = self.scalar(right)
        kinds = {left.kind, other.kind}
        if kinds == {"bool"} and isinstance(operator, ast.BitAnd | ast.BitOr | ast.BitXor):
            how = _ARITHMETIC[type(operator)]
            return Scalar("bool", self.op(f"{how} i1 {left.text}, {other.text}"))
        unsigned = "unsigned" in kinds
        if unsigned and kinds != {"unsigned"}:
            raise self.refused(node)
        a, b = self.as_int(left), self.as_int(other)
        if type(operator) in _ARITHMETIC:
            text = self.op(f"{_ARITHMETIC[type(operator)]} i64 {a}, {b}")
        elif isinstance(operator, ast.RShift):
            text = self.op(f"{'lshr' if unsigned else 'ashr'} i64 {a}, {b}")
        elif isinstance(operator, ast.FloorDiv | ast.Mod) and not unsigned:
            text = self.divided(isinstance(operator, ast.Mod), a, b)
        else:
            raise self.refused(node)
        return Scalar("unsigned" if unsigned else "int", text)

    def divided(self, rest: bool, a: str, b: str) -> str:
        """Rounded down, as Python does; by zero, 0."""
        known = re.fullmatch(r"[1-9]\d*", b) is not None
        by = b
        if not known:
            is_zero = self.op(f"icmp eq i64 {b}, 0")
            is_minus = self.op(f"icmp eq i64 {b}, -1")
            odd = self.op(f"or i1 {is_zero}, {is_minus}")
            by = self.op(f"select i1 {odd}, i64 1, i64 {b}")
        left = self.op(f"srem i64 {a}, {by}")
        if known:
            off = self.op(f"icmp slt i64 {left}, 0")
        else:
            apart = self.op(f"icmp slt i64 {self.op(f'xor i64 {left}, {by}')}, 0")
            off = self.op(f"select i1 {self.op(f'icmp ne i64 {left}, 0')}, i1 {apart}, i1 false")
        if rest:  # by 1 instead of 0 or -1 nothing is left, as there should be
            more = self.op(f"add i64 {left}, {by}")
            return self.op(f"select i1 {off}, i64 {more}, i64 {left}")
        whole = self.op(f"sdiv i64 {a}, {by}")
        text = self.op(f"sub i64 {whole}, {self.op(f'zext i1 {off} to i64')}")
        if known:
            return text
        minus = self.op(f"sub i64 0, {a}")
        text = self.op(f"select i1 {is_minus}, i64 {minus}, i64 {text}")
        return self.op(f"select i1 {is_zero}, i64 0, i64 {text}")

    def constant(self, node: ast.expr) -> int | None:
        match node:
            case ast.Constant(int(given)):
                return given
            case ast.UnaryOp(ast.USub(), ast.Constant(int(given))):
                return -given
            case ast.Name(name) if name not in self.names:
                return self.module.constants.get(name)
        return None

    # ── Arrays and tuples ──

    def part(self, node: ast.Subscript) -> Scalar:
        match node.value:
            case ast.Attribute(ast.Name(name), "shape") if name in self.arrays:
                number = self.constant(node.slice)
                if number is not None:
                    return Scalar("int", self.arrays[name].dims[number])
            case ast.Name(name) if name in self.module.tables and name not in self.names:
                count = len(self.module.tables[name])
                at = self.int_(node.slice)
                place = self.op(f"getelementptr [{count} x i64], ptr @{name}, i64 0, i64 {at}")
                return Scalar("int", self.op(f"load i64, ptr {place}"))
            case ast.Name(name) if name in self.arrays:
                return self.load(*self.address(node))
        held = self.value(node.value)
        if not isinstance(held, Several):
            raise self.refused(node)
        number = self.constant(node.slice)
        if number is not None:
            return Scalar("int", held.texts[number])
        at, text = self.int_(node.slice), held.texts[0]
        for n, other in enumerate(held.texts[1:], 1):
            text = self.op(
                f"select i1 {self.op(f'icmp eq i64 {at}, {n}')}, i64 {other}, i64 {text}"
            )
        return Scalar("int", text)

    def address(self, node: ast.Subscript) -> tuple[str, ArrayOf]:
        """The place of an element."""
        array = self.arrays.get(node.value.id) if isinstance(node.value, ast.Name) else None
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if array is None or len(parts) != array.of.dims:
            raise self.refused(node)
        at = ""
        for part, length in zip(parts, array.dims, strict=True):
            one = self.as_int(self.scalar(part))
            at = self.op(f"add i64 {self.op(f'mul i64 {at}, {length}')}, {one}") if at else one
        place = self.op(f"getelementptr {array.of.element}, ptr {array.pointer}, i64 {at}")
        return place, array.of

    def load(self, place: str, of: ArrayOf) -> Scalar:
        text = self.op(f"load {of.element}, ptr {place}")
        if of.element != "i64":
            text = self.op(
                f"{'sext' if of.element == 'i32' else 'zext'} {of.element} {text} to i64"
            )
        return Scalar("int", text)

    def store(self, place: str, of: ArrayOf, value: Scalar) -> None:
        text = self.as_int(value)
        if of.element != "i64":
            text = self.op(f"trunc i64 {text} to {of.element}")
        self.do(f"store {of.element} {text}, ptr {place}")

    def empty(self, sizes: ast.expr) -> Array:
        """New memory for ints."""
        parts = sizes.elts if isinstance(sizes, ast.Tuple) else [sizes]
        of = ArrayOf("i64", len(parts))
        known = [one for part in parts if (one := self.constant(part)) is not None]
        self.count += 1
        pointer = f"%m{self.count}"
        if len(known) == len(parts):
            self.head.append(f"  {pointer} = alloca [{prod(known)} x i64]")
            return Array(of, pointer, tuple(map(str, known)))
        if self.depth:
            raise self.refused(sizes)  # it would be given back once, and taken many times
        dims = tuple(map(self.int_, parts))
        size = "8"
        for length in dims:
            size = self.op(f"mul i64 {size}, {length}")
        self.do(f"{pointer} = call ptr @malloc(i64 {size})")
        self.head.append(f"  {pointer}.p = alloca ptr")
        self.head.append(f"  store ptr null, ptr {pointer}.p")
        self.do(f"store ptr {pointer}, ptr {pointer}.p")
        self.borrowed.append(f"{pointer}.p")
        return Array(of, pointer, dims)

    # ── Calls ──

    def call(self, node: ast.Call) -> Value | None:
        name, given = ast.unparse(node.func), node.args
        match name, given:
            case "len", [ast.Name(of)] if of in self.arrays:
                return Scalar("int", self.arrays[of].dims[0])
            case "len", [one]:
                held = self.value(one)
                if isinstance(held, Several):
                    return Scalar("int", str(len(held.texts)))
            case "int", [one]:
                return Scalar("int", self.int_(one))
            case "bool", [one]:
                return Scalar("bool", self.condition(one))
            case "np.int64", [one]:
                return Scalar("int", self.as_int(self.scalar(one)))
            case "np.uint64", [one]:
                return Scalar("unsigned", self.as_int(self.scalar(one)))
            case "min" | "max", [first, *others]:
                return self.extreme("slt" if name == "min" else "sgt", [first, *others])
            case "np.empty", [sizes] | [sizes, _]:
                return self.empty(sizes)
        if name in self.module.unsigned and len(given) == 1:
            return Scalar("unsigned", self.as_int(self.scalar(given[0])))
        return self.called(node, name)

    def extreme(self, order: str, parts: Sequence[ast.expr]) -> Scalar:
        text = self.int_(parts[0])
        for part in parts[1:]:
            other = self.int_(part)
            first = self.op(f"icmp {order} i64 {text}, {other}")
            text = self.op(f"select i1 {first}, i64 {text}, i64 {other}")
        return Scalar("int", text)

    def called(self, node: ast.Call, name: str) -> Value | None:
        function = self.module.functions.get(name)
        if function is None or len(node.args) != len(function.params) or node.keywords:
            raise self.refused(node)
        words = []
        for part, kind in zip(node.args, function.kinds, strict=True):
            match self.value(part), kind:
                case Array(of, pointer, dims), ArrayOf() if of == kind:
                    words += [f"ptr {pointer}", *(f"i64 {one}" for one in dims)]
                case Several(texts), ChunksOf(count) if len(texts) == count:
                    words += [f"i64 {text}" for text in texts]
                case Scalar("bool", text), "bool":
                    words.append(f"i1 {text}")
                case Scalar("int" | "bool") as value, "int":
                    words.append(f"i64 {self.as_int(value)}")
                case _:
                    raise self.refused(node)
        type_ = type_of(function.given_back)
        call = f"call {type_} @f.{name}({', '.join(words)})"
        match function.given_back:
            case None:
                self.do(call)
                return None
            case ChunksOf(count):
                whole = self.op(call)
                return Several(
                    tuple(self.op(f"extractvalue {type_} {whole}, {n}") for n in range(count))
                )
        return Scalar(function.result, self.op(call))
