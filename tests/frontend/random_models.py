"""Random models: sources that use the whole language, well typed and without any sense.

Owns the grammar. Every statement stands on lines of its own, so that one which the front end
refuses (a loop that depends on order, a shared collection) can be taken out and the rest be used.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field

Type = tuple[str, ...] | tuple[str, "Type"] | tuple[str, "Type", "Type"]

BOOL, INT, W, E, MSG, UNION = ("bool",), ("int",), ("W",), ("E",), ("Msg",), ("Note",)

HEADER = '''"""A random model."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag, Bounds, Capacity, Id, LeadsTo, Limit, Map, Model, action, choose, either, fault, fresh,
    initial, invariant, liveness, pure, unlucky, when, witness,
)
from checker import Steps, process, restart, stop


class W(Id, scope=2):
    pass


class E(Enum):
    A = "a"
    B = "b"
    C = "c"


@dataclass(frozen=True)
class Msg:
    who: W
    size: Annotated[int, Bounds(0, 3)] = 1


@dataclass(frozen=True)
class Ping:
    who: W


@dataclass(frozen=True)
class Pong:
    count: Annotated[int, Bounds(0, 2)]


@pure
def middle(a: int, b: int, c: int) -> int:
    low = min(a, b)
    if c < low:
        return low
    high = max(a, b)
    return high if high < c else c


@pure
def same(who: W | None, other: W) -> bool:
    match who:
        case None:
            return False
        case w:
            return w == other


'''

FIELD_TYPES: list[Type] = [
    BOOL, INT, INT, E, ("opt", W), ("set", W), ("set", W), ("bag", W), ("list", W), ("list", INT),
    ("dict", W, INT), ("dict", W, W), ("dict", W, ("set", W)), ("map", W, INT), ("map", W, BOOL),
    ("map", W, ("set", W)), ("map", INT, BOOL), ("opt", MSG), ("set", MSG), ("list", MSG),
    ("opt", UNION), ("set", INT), ("bag", E), ("dict", E, ("opt", W)), ("opt", INT), ("set", UNION),
    ("map", W, ("map", W, BOOL)), ("dict", INT, BOOL), ("list", ("set", W)),
]  # fmt: skip


def text_of(type_: Type, bounds: str = "int") -> str:
    match type_:
        case ("int",):
            return bounds
        case ("Note",):
            return "Ping | Pong"
        case ("opt", item):
            return f"{text_of(item, bounds)} | None"
        case ("set" | "list" as name, item):
            return f"{name}[{text_of(item, bounds)}]"
        case ("bag", item):
            return f"Bag[{text_of(item, bounds)}]"
        case ("dict", key, value):
            return f"dict[{text_of(key, bounds)}, {text_of(value, bounds)}]"
        case ("map", key, value):
            return f"Map[{text_of(key, 'Annotated[int, Bounds(0, 1)]')}, {text_of(value, bounds)}]"
    return str(type_[0])


def default_of(type_: Type) -> str:
    match type_:
        case ("map", _, value):
            return f"Map({default_of(value)})"
        case (name, *_):
            known = {"bool": "False", "int": "0", "E": "E.A", "opt": "None", "set": "set()"}
            return known.get(name) or {"bag": "Bag()", "list": "[]", "dict": "{}"}[name]
    raise ValueError(type_)


@dataclass
class Place:
    """What can be named at a point of a body: parameters and locals with their types."""

    names: dict[str, Type]
    depth: int = 0
    loops: int = 0
    own: set[str] = field(default_factory=set)

    def inner(self, **more: Type) -> Place:
        return Place({**self.names, **more}, self.depth + 1, self.loops, set(self.own))


class Generator:
    """Draws everything from one source of randomness."""

    def __init__(self, draw: random.Random, *, processes: bool = False) -> None:
        self.draw = draw
        self.processes = processes
        self.numbers = itertools.count()
        count = draw.randint(4, 8)
        self.fields = {f"f{i}": draw.choice(FIELD_TYPES) for i in range(count)}

    def chance(self, of: float) -> bool:
        return self.draw.random() < of

    def name(self, stem: str = "x") -> str:
        return f"{stem}{next(self.numbers)}"

    # ── The model ──

    def model(self) -> str:
        lines = [
            "class Random(Model):",
            "    flag: Final[bool] = True",
            "    limit: Final[int] = 2",
        ]
        for name, type_ in self.fields.items():
            lines.append(f"    {name}: {self.declared(type_)} = {default_of(type_)}")
        if self.chance(0.3):
            lines += ["", "    @initial", "    def begin(self) -> None:"]
            lines += self.block(Place({}), 2, 2, head=True)
        if self.chance(0.5):
            lines += ["", "    @pure", "    def helper(self, who: W) -> bool:"]
            lines += [f"        return {self.bool(Place({'who': W}), 2)}"]
        for _ in range(0 if self.processes else self.draw.randint(2, 4)):
            lines += self.rule()
        if self.processes:
            lines += self.process()
        for kind in ("invariant", "witness"):
            lines += ["", f"    @{kind}", f"    def {self.name('p')}(self, w: W) -> bool:"]
            lines += self.computed(Place({"w": W}), 2)
        lines += ["", "    @liveness", f"    def {self.name('p')}(self, w: W) -> LeadsTo:"]
        sides = self.bool(Place({"w": W}), 2), self.bool(Place({"w": W}), 1)
        lines.append(f"        return LeadsTo({sides[0]}, {sides[1]})")
        return HEADER + "\n".join(lines) + "\n"

    def declared(self, type_: Type) -> str:
        bound = self.draw.choice(["Bounds(0, 3)", "Bounds(0, 3)", "Limit(0, 2)", "Bounds(-1, 2)"])
        text = text_of(type_, f"Annotated[int, {bound}]")
        if type_[0] in ("bag", "list") and self.chance(0.7):
            text = f"Annotated[{text}, Capacity({self.draw.randint(1, 3)})]"
        return text

    def rule(self) -> list[str]:
        params: dict[str, Type] = {"w": W}
        if self.chance(0.4):
            params["v"] = self.draw.choice([W, BOOL, E, ("opt", W)])
        given = ", ".join(f"{n}: {text_of(t)}" for n, t in params.items())
        head = self.draw.choice(
            ["@action", "@action", '@action(fair="weak")', "@fault(at_most=1)",
             '@fault(at_most=2, per="w")']
        )  # fmt: skip
        lines = ["", f"    {head}", f"    def {self.name('step')}(self, {given}) -> None:"]
        return lines + self.block(Place(dict(params)), 2, self.draw.randint(3, 7), head=True)

    def process(self) -> list[str]:
        """Steps of two workers, which a fault may stop or send back to the start."""
        head = self.draw.choice(["@process", '@process(fair="weak")', '@process(fair="strong")'])
        lines = ["", f"    {head}", "    def worker(self, me: W) -> Steps:"]
        place, indent = Place({"me": W}), 2
        if self.chance(0.7):
            lines.append("        while True:")
            indent = 3
        for number in range(self.draw.randint(2, 4)):
            lines += self.step(f"s{number}", place, indent)
        word = self.draw.choice(["restart", "stop"])
        lines += ["", "    @fault(at_most=1)", "    def crash(self, w: W) -> None:"]
        return [*lines, f"        {word}(self.worker, w)"]

    def step(self, label: str, place: Place, indent: int) -> list[str]:
        pad = "    " * indent
        lines = [f'{pad}yield "{label}"']
        lines += self.block(place, indent, self.draw.randint(1, 2), head=True)
        if self.chance(0.5):
            lines.append(f"{pad}if {self.bool(place, 1)}:")
            lines += self.block(place.inner(), indent + 1, 1)
            if self.chance(0.4):
                lines += self.step(f"{label}_again", place.inner(), indent + 1)
            ends = ["return"] if indent == 2 else ["return", "break", "continue"]
            lines.append("    " * (indent + 1) + self.draw.choice(ends))
        return lines

    def computed(self, place: Place, depth: int) -> list[str]:
        pad, lines = "        ", []
        if self.chance(0.4):
            local, type_ = self.name(), self.some_type(place)
            lines.append(f"{pad}{local} = {self.expr(type_, place, 1)}")
            place = place.inner(**{local: type_})
        if self.chance(0.3):
            lines.append(f"{pad}if {self.bool(place, 1)}:")
            lines.append(f"{pad}    return {self.bool(place, 1)}")
        return [*lines, f"{pad}return {self.bool(place, depth)}"]

    # ── Statements ──

    def block(self, place: Place, indent: int, count: int, *, head: bool = False) -> list[str]:
        lines: list[str] = []
        if head:
            for _ in range(self.draw.randint(0, 2)):
                lines += self.guard(place, indent)
        for _ in range(count):
            lines += self.statement(place, indent)
        return lines or ["    " * indent + "pass"]

    def guard(self, place: Place, indent: int) -> list[str]:
        pad = "    " * indent
        if self.chance(0.5):
            return [f"{pad}when({self.bool(place, 2)})"]
        if self.chance(0.15):
            lines = [f"{pad}if {self.bool(place, 1)}:"]
            return lines + self.guard(place.inner(), indent + 1)
        local, (source, item) = self.name("c"), self.iterable(place)
        place.names[local] = item
        return [f"{pad}{local} = choose({source})"]

    def statement(self, place: Place, indent: int) -> list[str]:
        kinds = [self.assign, self.entry, self.augmented, self.mutate, self.local]
        weights = [3, 3, 3, 5, 2]
        if place.depth < 3:
            kinds += [self.branch, self.loop, self.matched]
            weights += [2, 2.5, 1]
        if not place.loops:
            kinds.append(self.either)
            weights.append(0.6)
        kinds += [self.asserted, self.removed, self.fresh]
        weights += [0.5, 1, 0.5]
        return self.draw.choices(kinds, weights)[0](place, "    " * indent, indent)

    def a_field(self, *kinds: str) -> tuple[str, Type] | None:
        fitting = [(f"self.{n}", t) for n, t in self.fields.items() if not kinds or t[0] in kinds]
        return self.draw.choice(fitting) if fitting else None

    def a_place(self, place: Place, *kinds: str) -> tuple[str, Type] | None:
        """A field, an entry of a field, or an own local, that holds one of these kinds."""
        found = [(f"self.{n}", t) for n, t in self.fields.items() if t[0] in kinds]
        for name, type_ in self.fields.items():
            if type_[0] in ("dict", "map") and type_[2][0] in kinds:
                key = self.expr(type_[1], place, 1)
                found.append((f"self.{name}[{key}]", type_[2]))
        found += [(n, t) for n, t in place.names.items() if n in place.own and t[0] in kinds]
        return self.draw.choice(found) if found else None

    def assign(self, place: Place, pad: str, indent: int) -> list[str]:
        name, type_ = self.a_field() or ("", BOOL)
        return [f"{pad}{name} = {self.expr(type_, place, 2)}"]

    def entry(self, place: Place, pad: str, indent: int) -> list[str]:
        target = self.a_place(place, "dict", "map", "list")
        if target is None:
            return self.assign(place, pad, indent)
        name, type_ = target
        key = self.index(place) if type_[0] == "list" else self.expr(type_[1], place, 1)
        return [f"{pad}{name}[{key}] = {self.expr(type_[-1], place, 2)}"]

    def augmented(self, place: Place, pad: str, indent: int) -> list[str]:
        target = self.a_place(place, "int", "int", "set", "list")
        local = [n for n, t in place.names.items() if t == INT]
        if local and self.chance(0.3):
            return [f"{pad}{self.draw.choice(local)} += {self.expr(INT, place, 1)}"]
        if target is None:
            return self.mutate(place, pad, indent)
        name, type_ = target
        ops = {"int": "+-*", "set": "|&-", "list": "+"}[type_[0]]
        value = self.expr(type_, place, 1)
        return [f"{pad}{name} {self.draw.choice(ops)}= {value}"]

    def mutate(self, place: Place, pad: str, indent: int) -> list[str]:
        target = self.a_place(place, "set", "bag", "list", "dict")
        if target is None:
            return self.assign(place, pad, indent)
        name, type_ = target
        match type_[0]:
            case "set" | "bag":
                method = self.draw.choice(
                    ["add"] * 4 + ["discard"] * 2 + ["remove", "clear", "update"]
                )
            case "list":
                method = self.draw.choice(["append"] * 4 + ["remove", "clear", "pop"])
            case _:
                method = self.draw.choice(["clear", "update", "update"])
        match method:
            case "clear":
                argument = ""
            case "pop":
                argument = self.draw.choice(["", "0"])
            case "update":
                argument = self.expr(type_ if type_[0] == "dict" else ("set", type_[1]), place, 1)
            case _:
                argument = self.expr(type_[1], place, 1)
        return [f"{pad}{name}.{method}({argument})"]

    def removed(self, place: Place, pad: str, indent: int) -> list[str]:
        target = self.a_place(place, "dict", "list")
        if target is None:
            return self.mutate(place, pad, indent)
        name, type_ = target
        if type_[0] == "dict" or self.chance(0.5):
            key = self.expr(type_[1], place, 1) if type_[0] == "dict" else self.index(place)
            return [f"{pad}del {name}[{key}]"]
        local = self.name("y")
        place.names[local] = type_[1]
        return [f"{pad}{local} = {name}.pop({self.draw.choice(['', '0'])})"]

    def index(self, place: Place) -> str:
        return self.draw.choice(["0", "-1", "1", self.expr(INT, place, 1)])

    def some_type(self, place: Place) -> Type:
        types = [t for t in self.fields.values() if t[0] != "map"] + [INT, BOOL, W]
        return self.draw.choice(types)

    def local(self, place: Place, pad: str, indent: int) -> list[str]:
        known = [n for n in place.names if n.startswith("x")]
        if known and self.chance(0.4):
            name = self.draw.choice(known)
            return [f"{pad}{name} = {self.expr(place.names[name], place, 2)}"]
        name, type_ = self.name(), self.some_type(place)
        value = self.expr(type_, place, 2)
        if self.chance(0.3) and type_[0] in ("set", "bag", "list", "dict"):
            place.own.add(name)
            value = default_of(type_)
        lines = [f"{pad}{name}: {text_of(type_)} = {value}"]
        place.names[name] = type_
        return lines

    def fresh(self, place: Place, pad: str, indent: int) -> list[str]:
        # Alone in its statement: whether a cut or an error comes first would depend on the order.
        source = [f"self.{n}" for n, t in self.fields.items() if t in (("set", W), ("list", W))]
        local = self.name("n")
        place.names[local] = W
        return [f"{pad}{local} = fresh(W, {self.draw.choice(source) if source else 'W'})"]

    def asserted(self, place: Place, pad: str, indent: int) -> list[str]:
        return [f"{pad}assert {self.bool(place, 2)}"]

    def either(self, place: Place, pad: str, indent: int) -> list[str]:
        if self.chance(0.4):
            local = self.name("e")
            place.names[local] = E
            bad = "unlucky(E.B, at_most=1)" if self.chance(0.4) else "E.B"
            return [f"{pad}{local} = either(E.A, {bad})"]
        lines = [f'{pad}if either("yes", "no") == "yes":']
        return lines + self.block(place.inner(), indent + 1, 2)

    def branch(self, place: Place, pad: str, indent: int) -> list[str]:
        lines = [f"{pad}if {self.bool(place, 2)}:"]
        lines += self.block(place.inner(), indent + 1, self.draw.randint(1, 3))
        if self.chance(0.3):
            lines.append(f"{pad}elif {self.bool(place, 2)}:")
            lines += self.block(place.inner(), indent + 1, self.draw.randint(1, 2))
        if self.chance(0.5):
            lines.append(f"{pad}else:")
            lines += self.block(place.inner(), indent + 1, self.draw.randint(1, 2))
        return lines

    def matched(self, place: Place, pad: str, indent: int) -> list[str]:
        subjects = [(f"self.{n}", t) for n, t in self.fields.items() if t in (E, ("opt", UNION))]
        subjects += [(n, t) for n, t in place.names.items() if t == E]
        if not subjects:
            return self.branch(place, pad, indent)
        name, type_ = self.draw.choice(subjects)
        lines = [f"{pad}match {name}:"]
        guard = f" if {self.bool(place, 1)}" if self.chance(0.3) else ""
        if type_ == E:
            cases: list[tuple[str, dict[str, Type]]] = [("E.A" + guard, {}), ("E.B | E.C", {})]
        else:
            local = self.name("m")
            cases = [(f"Ping({local}){guard}", {local: W}), (f"Pong(count={local})", {local: INT})]
        if self.chance(0.5):
            cases.append(("_", {}))
        for pattern, names in cases:
            lines.append(f"{pad}    case {pattern}:")
            lines += self.block(place.inner(**names), indent + 2, self.draw.randint(1, 2))
        return lines

    def loop(self, place: Place, pad: str, indent: int) -> list[str]:
        local = self.name("i")
        mapping = self.a_field("dict")
        if mapping is not None and self.chance(0.2):
            other, (name, type_) = self.name("i"), mapping
            head = f"for {local}, {other} in {name}.items():"
            inner = place.inner(**{local: type_[1], other: type_[2]})
        elif self.chance(0.2):
            head = f"for {local} in range({self.expr(INT, place, 1)}):"
            inner = place.inner(**{local: INT})
        else:
            source, item = self.iterable(place)
            head, inner = f"for {local} in {source}:", place.inner(**{local: item})
        inner.loops += 1
        lines = [pad + head]
        if self.chance(0.6):
            lines += self.commutative(local, inner, indent + 1)
        return lines + self.block(
            inner, indent + 1, 0 if self.chance(0.6) and len(lines) > 1 else 1
        )

    def commutative(self, local: str, place: Place, indent: int) -> list[str]:
        """A statement that a loop without order may contain."""
        pad, item, lines = "    " * indent, place.names[local], []
        if self.chance(0.4):
            lines, pad = [f"{pad}if {self.bool(place, 1)}:"], pad + "    "
        options = []
        for name, type_ in self.fields.items():
            if type_ in (("set", item), ("bag", item)):
                options.append(f"self.{name}.{self.draw.choice(['add', 'discard'])}({local})")
            elif type_ == INT:
                options.append(f"self.{name} += {self.expr(INT, place, 1)}")
            elif type_[0] in ("dict", "map") and type_[1] == item:
                options.append(f"self.{name}[{local}] = {self.expr(type_[2], place, 1)}")
                if type_[2] == INT:
                    options.append(f"self.{name}[{local}] += {self.expr(INT, place, 1)}")
                elif type_[2][0] == "set":
                    options.append(f"self.{name}[{local}].add({self.expr(type_[2][1], place, 1)})")
                if type_[0] == "dict":
                    options.append(f"del self.{name}[{local}]")
        return [*lines, pad + (self.draw.choice(options) if options else "pass")]

    # ── Expressions ──

    def iterable(self, place: Place) -> tuple[str, Type]:
        found: list[tuple[str, Type]] = [("W", W), ("E", E)]
        for name, type_ in [
            *((f"self.{n}", t) for n, t in self.fields.items()),
            *place.names.items(),
        ]:
            if type_[0] in ("set", "bag", "list"):
                found += [(name, type_[1])] * 2
            elif type_[0] == "dict":
                found.append((name, type_[1]))
        if self.chance(0.2):
            source, item = self.draw.choice(found)
            local = self.name("z")
            if item[0] not in ("set", "dict", "list"):
                test = self.bool(place.inner(**{local: item}), 1)
                return f"{{{local} for {local} in {source} if {test}}}", item
        return self.draw.choice(found)

    def expr(self, type_: Type, place: Place, depth: int) -> str:
        options = [n for n, t in place.names.items() if t == type_]
        options += [f"self.{n}" for n, t in self.fields.items() if t == type_]
        if options and (depth <= 0 or self.chance(0.35)):
            return self.draw.choice(options)
        if self.chance(0.1) and depth > 0:
            test = self.bool(place, depth - 1)
            sides = self.expr(type_, place, depth - 1), self.expr(type_, place, depth - 1)
            return f"({sides[0]} if {test} else {sides[1]})"
        if self.chance(0.15) and depth > 0:
            held = self.held(type_, place)
            if held:
                return held
        make = getattr(self, type_[0].lower())
        return make(place, depth) if len(type_) == 1 else make(type_, place, depth)

    def held(self, type_: Type, place: Place) -> str | None:
        """An entry of a dict, map or list, or a part of a record: each may be undefined."""
        found = []
        for name, t in self.fields.items():
            if t[0] in ("dict", "map") and t[2] == type_:
                found.append(f"self.{name}[{self.expr(t[1], place, 0)}]")
            elif t[0] == "list" and t[1] == type_:
                found.append(f"self.{name}[{self.index(place)}]")
            elif t == ("opt", MSG) and type_ in (W, INT):
                found.append(f"self.{name}.{'who' if type_ == W else 'size'}")
            elif t == ("opt", UNION) and type_ in (W, INT):
                found.append(f"self.{name}.{'who' if type_ == W else 'count'}")
        return self.draw.choice(found) if found else None

    def bool(self, place: Place, depth: int) -> str:
        def sub(type_: Type) -> str:
            return self.expr(type_, place, depth - 1)

        known = [n for n, t in place.names.items() if t == BOOL]
        known += [f"self.{n}" for n, t in self.fields.items() if t == BOOL]
        if depth <= 0:
            return self.draw.choice([*known, "self.flag", f"{self.expr(INT, place, 0)} > 0"])
        match self.draw.randint(0, 12):
            case 0:
                return f"(not {self.bool(place, depth - 1)})"
            case 1 | 2:
                op = self.draw.choice(["and", "or"])
                return f"({self.bool(place, depth - 1)} {op} {self.bool(place, depth - 1)})"
            case 3 | 4:
                op = self.draw.choice(["<", "<=", ">", ">=", "=="])
                return f"{sub(INT)} {op} {sub(INT)}"
            case 5:
                return f"{sub(INT)} <= {sub(INT)} < {sub(INT)}"
            case 6:
                type_ = self.draw.choice([W, E, BOOL, ("opt", W), ("set", W), ("list", W)])
                return f"({sub(type_)}) {self.draw.choice(['==', '!='])} ({sub(type_)})"
            case 7 | 8:
                source, item = self.iterable(place)
                if source in ("W", "E"):
                    return f"{sub(INT)} in ({sub(INT)}, {sub(INT)})"
                return f"({sub(item)}) {self.draw.choice(['in', 'not in'])} {source}"
            case 9 | 10:
                word = self.draw.choice(["all", "any"])
                return f"{word}({self.generator(BOOL, place, depth)})"
            case 11:
                opt = self.a_field("opt")
                if opt is not None and opt[1] == ("opt", W):
                    inner = place.inner(**{opt[0]: W})
                    return f"({opt[0]} is not None and {self.bool(inner, depth - 1)})"
                if opt is not None and opt[1] == ("opt", UNION):
                    return f"isinstance({opt[0]}, Ping)"
                return f"same({sub(('opt', W))}, {sub(W)})"
            case _:
                return f"{sub(('set', W))} <= {sub(('set', W))}"

    def generator(self, type_: Type, place: Place, depth: int) -> str:
        local, (source, item) = self.name("g"), self.iterable(place)
        inner = place.inner(**{local: item})
        test = f" if {self.bool(inner, depth - 1)}" if self.chance(0.4) else ""
        return f"{self.expr(type_, inner, depth - 1)} for {local} in {source}{test}"

    def int(self, place: Place, depth: int) -> str:
        if depth <= 0:
            return self.draw.choice(["0", "1", "2", "3", "self.limit"])
        a, b = self.expr(INT, place, depth - 1), self.expr(INT, place, depth - 1)
        source, _ = self.iterable(place)
        counted = self.a_field("bag", "list")
        mapping = [n for n, t in self.fields.items() if t == ("dict", W, INT)]
        return self.draw.choice(
            [
                str(self.draw.randint(0, 3)),
                f"({a} {self.draw.choice('+-*')} {b})",
                f"({a} {self.draw.choice(['//', '%'])} {self.draw.randint(1, 3)})",
                f"len({source})",
                f"sum({self.generator(INT, place, depth)})",
                f"{self.draw.choice(['min', 'max'])}({self.generator(INT, place, depth)})",
                f"{self.draw.choice(['min', 'max'])}({a}, {b})",
                f"{counted[0]}.count({self.expr(counted[1][1], place, 0)})" if counted else "1",
                f"self.{mapping[0]}.get({self.expr(W, place, 0)}, {b})" if mapping else f"-{a}",
                f"middle({a}, 1, {b})",
            ]
        )

    def w(self, place: Place, depth: int) -> str:
        known = [n for n, t in place.names.items() if t == W]
        # Without a name there is one that is always undefined.
        return self.draw.choice(known) if known else "[w for w in []][0]"

    def e(self, place: Place, depth: int) -> str:
        return self.draw.choice(["E.A", "E.B", "E.C"])

    def msg(self, place: Place, depth: int) -> str:
        who = self.expr(W, place, depth - 1)
        held = [n for n, t in place.names.items() if t == MSG]
        if held and self.chance(0.5):
            return f"replace({self.draw.choice(held)}, size={self.expr(INT, place, depth - 1)})"
        return f"Msg({who}, {self.expr(INT, place, depth - 1)})" if depth > 0 else f"Msg({who})"

    def note(self, place: Place, depth: int) -> str:
        if self.chance(0.5):
            return f"Ping(who={self.expr(W, place, depth - 1)})"
        return f"Pong({self.expr(INT, place, depth - 1)})"

    def opt(self, type_: Type, place: Place, depth: int) -> str:
        source = [n for n, t in self.fields.items() if t == ("dict", W, type_[1])]
        if source and self.chance(0.4):
            return f"self.{source[0]}.get({self.expr(W, place, 0)})"
        return "None" if self.chance(0.4) else self.expr(type_[1], place, depth - 1)

    def set(self, type_: Type, place: Place, depth: int) -> str:
        held = [f"self.{n}" for n, t in self.fields.items() if t == type_]
        if depth <= 0:
            return f"{{{self.expr(type_[1], place, 0)}}}"
        same = self.expr(type_, place, depth - 1), self.expr(type_, place, depth - 1)
        options = [
            f"{{{self.expr(type_[1], place, depth - 1)}, {self.expr(type_[1], place, 0)}}}",
            f"({same[0]} {self.draw.choice('|&-')} {same[1]})",
            f"{{{self.generator(type_[1], place, depth)}}}",
            "set()",
        ]
        return self.draw.choice([*options, *(f"{h}.copy()" for h in held)])

    def bag(self, type_: Type, place: Place, depth: int) -> str:
        held = [f"self.{n}.copy()" for n, t in self.fields.items() if t == type_]
        return self.draw.choice(
            [
                "Bag()",
                f"Bag([{self.expr(type_[1], place, 0)}, {self.expr(type_[1], place, 0)}])",
                f"Bag({self.generator(type_[1], place, depth)})",
                *held,
            ]
        )

    def list(self, type_: Type, place: Place, depth: int) -> str:
        held = [n for n, t in self.fields.items() if t == type_]
        if not held or depth <= 0:
            return self.draw.choice(["[]", f"[{self.expr(type_[1], place, depth - 1)}]"])
        local = self.name("g")
        source = f"self.{self.draw.choice(held)}"
        test = self.bool(place.inner(**{local: type_[1]}), depth - 1)
        return self.draw.choice(
            [
                f"({source} + [{self.expr(type_[1], place, 0)}])",
                f"[{local} for {local} in {source} if {test}]",
                f"list({source})",
                "[]",
            ]
        )

    def dict(self, type_: Type, place: Place, depth: int) -> str:
        key, value = type_[1], type_[2]
        local = self.name("g")
        inner = place.inner(**{local: key})
        source = {"W": "W", "E": "E"}.get(str(key[0]), "range(2)")
        options = ["{}", f"{{{self.expr(key, place, 0)}: {self.expr(value, place, depth - 1)}}}"]
        if source != "range(2)":
            options.append(
                f"{{{local}: {self.expr(value, inner, depth - 1)} for {local} in {source}}}"
            )
        return self.draw.choice(options)

    def map(self, type_: Type, place: Place, depth: int) -> str:
        return default_of(type_)
