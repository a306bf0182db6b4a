"""The second reference: a model's own Python methods, run on copies of an instance.

Owns the comparison of Python with the IR. The engines share one front end, so a mistake in it would
be common to all of them; running the method itself is the only check that does not go through it.
What Python alone does not do is added here: bounds are watched line by line, `all` and `any` go
through all elements (S8), and the environment's choices are tried one after the other.
"""

from __future__ import annotations

import builtins
import inspect
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from types import FrameType
from typing import Any
from unittest.mock import patch

import checker
from checker import ir
from checker.backends.failure import Failure
from checker.backends.python import Program, Undefined
from checker.frontend import Loaded
from checker.model import Exhausted, Model, NotEnabled
from checker.states import State, Value, decode, encode, universe
from checker.values import Bag, Id, Map, scopes

ERROR, CUT = "step error", "cut"

Edges = set[tuple[tuple[Value, ...], Any]]


def reachable(program: Program, most: int) -> list[State]:
    """States in the order of a breadth-first search, no more than so many."""
    found = dict.fromkeys(program.initial_states())
    queue = list(found)
    for state in queue:
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if not isinstance(end, Failure) and end not in found:
                        if len(found) >= most:
                            return list(found)
                        found[end] = None
                        queue.append(end)
    return list(found)


def sample(states: list[State], most: int, seed: int) -> list[State]:
    return states if len(states) <= most else random.Random(seed).sample(states, most)


class Left(Exception):
    """A field left its bounds or its capacity."""


@dataclass
class SecondReference:
    """The methods of one bound model."""

    loaded: Loaded
    model: ir.Model
    program: Program
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.classes = self.loaded.python_values(self.model)
        self.sizes = self.classes.sizes
        self.constants = {c.name: decode(c.value, c.type, self.classes) for c in self.model.consts}
        self.plain = [v for v in self.model.vars if not v.is_counter]
        self.places = {v.name: place for place, v in enumerate(self.model.vars)}

    @contextmanager
    def running(self) -> Iterator[None]:
        """Python with the scopes of this run, and with quantifiers that skip nothing."""
        sorts: Any = {self.classes.by_name[s.name]: s.size for s in self.model.sorts}
        with ExitStack() as stack:
            stack.enter_context(scopes(sorts))
            stack.enter_context(patch.object(builtins, "all", lambda xs: False not in list(xs)))
            stack.enter_context(patch.object(builtins, "any", lambda xs: True in list(xs)))
            yield

    # ── Instances ──

    def instance(self, state: State) -> Model:
        made = self.loaded.cls(**self.constants)
        for var, value in zip(self.model.vars, state, strict=True):
            if not var.is_counter:
                object.__setattr__(made, var.name, decode(value, var.type, self.classes))
        for rule in self.model.rules:
            if rule.counter is not None:
                used = state[self.places[rule.counter]]
                type_ = self.model.var(rule.counter).type
                made._faults_used.update(self._used(rule.name, used, type_))
        return made

    def _used(self, name: str, used: Any, type_: ir.Type) -> dict[tuple[str, object], int]:
        if not isinstance(type_, ir.Map):
            return {(name, None): used}
        keys = universe(type_.key, self.sizes)
        return {
            (name, decode(k, type_.key, self.classes)): n for k, n in zip(keys, used, strict=True)
        }

    def state(self, made: Model, before: State, unlucky: dict[str, int]) -> State:
        """The encoding of an instance; counters of faults are taken from it too."""
        values: list[Value] = []
        counted = {r.counter: r.name for r in self.model.rules if r.counter is not None}
        for var, old in zip(self.model.vars, before, strict=True):
            if not var.is_counter:
                values.append(encode(getattr(made, var.name), var.type, self.sizes))
            elif var.name in counted:
                values.append(self._counter(made, counted[var.name], var.type))
            else:
                assert isinstance(old, int)
                values.append(old + unlucky.get(var.name, 0))
        return tuple(values)

    def _counter(self, made: Model, name: str, type_: ir.Type) -> Value:
        used = made._faults_used
        if not isinstance(type_, ir.Map):
            return used.get((name, None), 0)
        keys = universe(type_.key, self.sizes)
        return tuple(used.get((name, decode(k, type_.key, self.classes)), 0) for k in keys)

    # ── Steps ──

    def edges(self, state: State, rule: ir.Rule, args: tuple[Value, ...]) -> Edges:
        """What the method does for every sequence of the environment's choices."""
        found: Edges = set()
        scripts: list[tuple[Value, ...]] = [()]
        while scripts:
            run = _Run(self, state, rule, scripts.pop())
            end = run.end(
                [decode(a, p.type, self.classes) for a, p in zip(args, rule.params, strict=True)]
            )
            scripts += run.others
            if end is not None:
                found.add((tuple(c for c in run.made if c is not None), end))
        return found

    def edges_of_ir(self, state: State, rule: ir.Rule, args: tuple[Value, ...]) -> Edges:
        def end(result: State | Failure) -> Any:
            return (CUT if result.is_cut else ERROR) if isinstance(result, Failure) else result

        steps = self.program.rule(rule.name).step(state, args)
        return {(tuple(p for p in picks if p is not None), end(e)) for picks, e in steps}

    def compare_state(self, state: State) -> None:
        """Every rule, every property and the encoding itself, in one state."""
        made = self.instance(state)
        if self.state(made, state, {}) != state:
            self.differences.append(
                f"decoded and encoded, {state} is {self.state(made, state, {})}"
            )
        for rule in self.program.rules:
            for args in rule.args:
                self.compare_step(state, rule.rule, args)
        for prop in self.model.props:
            for args in self.program.prop_args(prop):
                self.compare_property(state, prop, args)

    def compare_step(self, state: State, rule: ir.Rule, args: tuple[Value, ...]) -> None:
        ours, theirs = self.edges_of_ir(state, rule, args), self.edges(state, rule, args)
        if ours != theirs:
            names = [v.name for v in self.model.vars]
            self.differences.append(
                f"{rule.name}{args} in {dict(zip(names, state, strict=True))}:\n"
                f"  only IR      {sorted(map(str, ours - theirs))}\n"
                f"  only Python  {sorted(map(str, theirs - ours))}"
            )

    def compare_initial(self) -> None:
        if self.model.initial is not None:
            self.compare_step(self.program.default_state(), self.model.initial, ())

    def compare_property(self, state: State, prop: ir.Prop, args: tuple[Value, ...]) -> None:
        ours = self._property_of_ir(state, prop, args)
        made = self.instance(state)
        given = [decode(a, p.type, self.classes) for a, p in zip(args, prop.params, strict=True)]
        try:
            result: Any = getattr(made, prop.name)(*given)
        except Exception:
            theirs: Any = ERROR
        else:
            parts = fields(result) if is_dataclass(result) else ()
            theirs = tuple(getattr(result, f.name) for f in parts) or (result,)
        if _has_foreign_entry(made, self):
            theirs = ERROR
        if ours != theirs or not (theirs is ERROR or all(type(v) is bool for v in theirs)):
            self.differences.append(f"{prop.name}{args} in {state}: IR {ours}, Python {theirs}")

    def _property_of_ir(self, state: State, prop: ir.Prop, args: tuple[Value, ...]) -> Any:
        try:
            left = self.program.holds(prop.name)(state, args)
            if prop.consequent is None:
                return (left,)
            return (left, self.program.consequent(prop.name)(state, args))
        except Undefined:
            return ERROR


def _has_foreign_entry(made: Model, reference: SecondReference) -> bool:
    """Has Python looked into a Map at an int outside its keys? It then has an entry there."""
    try:
        for var in reference.plain:
            encode(getattr(made, var.name), var.type, reference.sizes)
    except (ValueError, TypeError, AttributeError, StopIteration):
        return True
    return False


@dataclass
class _Run:
    """One execution of a method with a script of choices; `others` are the scripts it leads to."""

    reference: SecondReference
    before: State
    rule: ir.Rule
    script: tuple[Value, ...]
    made: list[Value] = field(default_factory=list)
    others: list[tuple[Value, ...]] = field(default_factory=list)
    unlucky: dict[str, int] = field(default_factory=dict)

    def end(self, args: list[Any]) -> Any:
        """The next state, an error, a cut, or None if there is no step."""
        instance = self.reference.instance(self.before)
        method = getattr(instance, self.rule.name)
        watch = _Watch(self.reference, instance, self.rule, inspect.unwrap(method).__code__)
        try:
            with self._environment(), watch.watching():
                method(*args)
        except NotEnabled:
            return ERROR if _has_foreign_entry(instance, self.reference) else None
        except Exhausted:
            return CUT
        except Left as left:
            return CUT if str(left) in ("limit", "capacity") else ERROR
        except Exception:
            return ERROR
        if _has_foreign_entry(instance, self.reference):
            return ERROR
        return self.reference.state(instance, self.before, self.unlucky)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        module = vars(sys.modules[self.reference.loaded.cls.__module__])
        names = {checker.either: self.either, checker.unlucky: _Unlucky}
        with ExitStack() as stack, checker.model.choosing(self.choose):
            for table in (module, vars(checker)):
                swapped = {
                    n: names[v] for n, v in table.items() if inspect.isfunction(v) and v in names
                }
                stack.enter_context(patch.dict(table, swapped))
            yield

    def choose(self, options: list[Any]) -> Any:
        """The scripted option; at the end of the script the first, leaving the others for later."""
        by_value = {plain(option): option for option in options}
        place = len(self.made)
        if place < len(self.script):
            pick = self.script[place]
        else:
            pick, *others = by_value
            self.others += [(*self.made, other) for other in others]
        self.made.append(pick)
        return by_value[pick]

    def either(self, *alternatives: Any) -> Any:
        left, counters = [], {}
        for alternative in alternatives:
            if isinstance(alternative, _Unlucky):
                value = plain(alternative.value)
                counter = f"{self.rule.name}_{str(value).lower()}_used"
                counters[value] = counter
                used = self.before[self.reference.places[counter]]
                if isinstance(used, int) and used >= alternative.at_most:
                    continue
                left.append(alternative.value)
            else:
                left.append(alternative)
        pick = self.choose(left)
        if plain(pick) in counters:
            self.unlucky[counters[plain(pick)]] = 1
        return pick


class _Unlucky:
    def __init__(self, value: Any, *, at_most: int) -> None:
        self.value, self.at_most = value, at_most


def plain(value: Any) -> Value:
    """The encoding of a value that can be chosen, without its type."""
    match value:
        case Id():
            return value._index
        case Enum():
            return value.name
        case set():
            return frozenset(plain(v) for v in value)
        case list():
            return tuple(plain(v) for v in value)
        case dict():
            return frozenset((plain(k), plain(v)) for k, v in value.items())
        case Bag():
            return frozenset((plain(v), value.count(v)) for v in value)
        case _ if is_dataclass(value):
            parts = (plain(getattr(value, f.name)) for f in fields(value))
            return (type(value).__name__, *parts)
    return value


# ── Bounds ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Watch:
    """Raises `Left` between two lines of the method, when a field is out of its bounds."""

    reference: SecondReference
    instance: Model
    rule: ir.Rule
    code: Any

    def __post_init__(self) -> None:
        self.loops = list(_unordered(self.rule.body))
        self.watched = [(v.name, v.type) for v in self.reference.plain]
        self.last = 0
        self.raised = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(self.call)
        try:
            yield
        finally:
            sys.settrace(before)

    def call(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        return self.event if frame.f_code is self.code else None

    def event(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any]:
        if event == "exception":
            self.raised = True
        elif any(_is_foreign(m, keys) for m, keys in self.maps()):
            raise Left("foreign key")
        elif event == "line":
            if not self.in_same_loop(self.last, frame.f_lineno):
                self.check()
            self.last = frame.f_lineno
        elif event == "return" and not self.raised:
            self.check()
        return self.event

    def maps(self) -> Iterator[tuple[Map[Any, Any], set[Value]]]:
        for name, type_ in self.watched:
            if isinstance(type_, ir.Map) and isinstance(type_.key, ir.Int):
                yield getattr(self.instance, name), set(universe(type_.key, ()))

    def in_same_loop(self, last: int, line: int) -> bool:
        return any(first <= last <= end and first <= line <= end for first, end in self.loops)

    def check(self) -> None:
        for name, type_ in self.watched:
            kind = left(getattr(self.instance, name), type_)
            if kind is not None:
                raise Left(kind)


def _is_foreign(entries: Map[Any, Any], keys: set[Value]) -> bool:
    return any(key not in keys for key in entries._entries)


def _unordered(items: Iterable[ir.Item]) -> Iterator[tuple[int, int]]:
    for item in items:
        if isinstance(item, ir.Each):
            if not isinstance(item.domain.type, ir.Seq):
                yield (item.span.line, item.span.end_line)
            yield from _unordered(item.items)


def left(value: Any, type_: ir.Type) -> str | None:
    """Which kind of bound the value breaks, if any."""
    match type_:
        case ir.Int(lo, hi, limit) if lo is not None and hi is not None:
            if isinstance(value, int) and not lo <= value <= hi:
                return "limit" if limit else "bounds"
        case ir.Option(item):
            return None if value is None else left(value, item)
        case ir.Bag(item, capacity) | ir.Seq(item, capacity):
            inner = _first(left(v, item) for v in value)
            return inner or ("capacity" if len(value) > capacity else None)
        case ir.Set(item):
            return _first(left(v, item) for v in value)
        case ir.Partial(key, item):
            return _first(left(k, key) or left(v, item) for k, v in value.items())
        case ir.Map(_, item) if isinstance(value, Map):
            return _first(left(v, item) for v in value._entries.values())
        case ir.Record(_, parts):
            return _first(left(getattr(value, f), t) for f, t in parts)
        case ir.Union(records):
            record = next((r for r in records if r.name == type(value).__name__), None)
            return None if record is None else left(value, record)
    return None


def _first(kinds: Iterable[str | None]) -> str | None:
    return next((kind for kind in kinds if kind is not None), None)
