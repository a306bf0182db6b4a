"""Drives the generators of processes as Python runs them, and compares with the rules made of them.

Owns the third reference: an instance of the model, a real generator for each process instance, and
for the locals what their frames hold. A generator cannot be copied, so every question ("what can
happen now, and what then?") runs the whole behaviour again, with the same choices.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import random
import sys
import textwrap
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from unittest.mock import patch

import checker
from checker import ir
from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.frontend import Loaded
from checker.frontend.flow import DONE, Flow, flow_of
from checker.model import Exhausted, Model, NotEnabled, driving, hints, role_of, volatile
from checker.source import NOWHERE
from checker.states import State, Value, decode, encode, universe
from checker.values import Map, scopes

from .second_reference import CUT, ERROR, left, plain

# A rule, the values of its parameters, and what the environment chose.
Happened = tuple[ir.Rule, tuple[Value, ...], tuple[Value, ...]]
Instance = tuple[str, tuple[object, ...]]
Edges = set[tuple[tuple[Value, ...], Any]]


@dataclass
class Driven:
    """A bound model whose processes are driven; `kept` if its dead locals are."""

    loaded: Loaded
    model: ir.Model
    kept: bool
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.program = Program(self.model)
        self.classes = self.loaded.python_values(self.model)
        self.sizes = self.classes.sizes
        self.places = {v.name: place for place, v in enumerate(self.model.vars)}
        self.flows = {
            name: _flow(method)
            for name, method in vars(self.loaded.cls).items()
            if (role := role_of(method)) is not None and role.kind == "process"
        }
        self.params = {
            r.origin.method: r.params for r in self.model.rules if r.origin.label is not None
        }
        self.own = {f"{p}_{x}": (p, x) for p, flow in self.flows.items() for x in flow.locals}

    @contextmanager
    def running(self) -> Iterator[None]:
        sorts: Any = {self.classes.by_name[s.name]: s.size for s in self.model.sorts}
        with scopes(sorts):
            yield

    def instances(self) -> Iterator[Instance]:
        for name, params in self.params.items():
            for values in itertools.product(*(universe(p.type, self.sizes) for p in params)):
                decoded = (
                    decode(v, p.type, self.classes) for v, p in zip(values, params, strict=True)
                )
                yield name, tuple(decoded)

    # ── Comparing ──

    def compare_run(self, seed: int, steps: int) -> int:
        """Every step that is possible along a random behaviour; gives the number compared."""
        chance = random.Random(seed)
        initial = chance.choice(self.program.initial_states())
        state, past, compared = initial, list[Happened](), 0
        for _ in range(steps):
            ahead: list[tuple[Happened, State]] = []
            for rule in self.program.rules:
                for args in rule.args:
                    ours = self._edges_of_ir(state, rule.rule, args)
                    theirs = self._edges(initial, past, rule.rule, args)
                    compared += len(ours)
                    if ours != theirs:
                        self._differ(past, rule.rule, args, ours, theirs)
                    ahead += [
                        ((rule.rule, args, picks), end)
                        for picks, end in ours
                        if isinstance(end, tuple)
                    ]
            if not ahead or self.differences:
                break
            # The order of a set depends on the hashes of strings.
            last, state = chance.choice(sorted(ahead, key=repr))
            past.append(last)
        return compared

    def _differ(
        self, past: list[Happened], rule: ir.Rule, args: object, ours: Edges, theirs: Edges
    ) -> None:
        names = [v.name for v in self.model.vars]

        def named(edges: Edges) -> list[tuple[object, object]]:
            return [
                (picks, dict(zip(names, end, strict=True)) if isinstance(end, tuple) else end)
                for picks, end in edges
            ]

        shown = f"only IR {named(ours - theirs)}, only Python {named(theirs - ours)}"
        behaviour = [(r.name, a, p) for r, a, p in past]
        self.differences.append(f"{rule.name}{args} after {behaviour}: {shown}")

    def _edges_of_ir(self, state: State, rule: ir.Rule, args: tuple[Value, ...]) -> Edges:
        def end(result: State | Failure) -> Any:
            return (CUT if result.is_cut else ERROR) if isinstance(result, Failure) else result

        steps = self.program.rule(rule.name).step(state, args)
        return {(tuple(p for p in picks if p is not None), end(e)) for picks, e in steps}

    def _edges(
        self,
        initial: State,
        past: list[Happened],
        rule: ir.Rule,
        args: tuple[Value, ...],
    ) -> Edges:
        found: Edges = set()
        scripts: list[tuple[Value, ...]] = [()]
        while scripts:
            script = scripts.pop()
            run = Run(self, initial)
            for then, values, picks in past:
                run.step(then, values, picks)
            end = run.outcome(rule, args, script)
            scripts += run.others
            if end is not None:
                found.add((tuple(p for p in run.made if p is not None), end))
        return found


def _flow(method: Any) -> Flow:
    source = inspect.getsource(inspect.unwrap(method))
    tree = ast.parse(textwrap.dedent(source)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return flow_of(tree, lambda node: NOWHERE)


class _Unlucky:
    def __init__(self, value: Any, *, at_most: int) -> None:
        self.value, self.at_most = value, at_most


class Run:
    """One execution from an initial state; it is the driver that `restart` and `at` speak to."""

    def __init__(self, driven: Driven, initial: State) -> None:
        self.driven = driven
        constants = {c.name: decode(c.value, c.type, driven.classes) for c in driven.model.consts}
        self.made_model: Model = driven.loaded.cls(**constants)
        for var, value in zip(driven.model.vars, initial, strict=True):
            if var.name in hints(driven.loaded.cls):
                decoded = decode(value, var.type, driven.classes)
                object.__setattr__(self.made_model, var.name, decoded)
        self.counted = {v.name: 0 for v in driven.model.vars if v.is_counter}
        self.generators: dict[Instance, Generator[str, None, None]] = {}
        self.labels: dict[Instance, str] = {}
        self.stopped: set[Instance] = set()
        self.locals: dict[Instance, dict[str, Any]] = {}
        self.endings: list[tuple[str, Instance]] = []
        self.rule: ir.Rule | None = None
        for instance in driven.instances():
            self._begin(instance)

    # ── What the model calls ──

    def restart(self, process: str, instance: tuple[object, ...]) -> None:
        self.endings.append(("restart", (process, instance)))

    def stop(self, process: str, instance: tuple[object, ...]) -> None:
        self.endings.append(("stop", (process, instance)))

    def label(self, process: str, instance: tuple[object, ...]) -> str:
        return self.labels[process, instance]

    def _choose(self, options: list[Any]) -> Any:
        by_value = {plain(option): option for option in options}
        place = len(self.made)
        if place < len(self.script):
            pick = self.script[place]
        else:
            pick, *others = by_value
            self.others += [(*self.made, other) for other in others]
        self.made.append(pick)
        return by_value[pick]

    def _either(self, *alternatives: Any) -> Any:
        options, counters = [], dict[Value, str]()
        for alternative in alternatives:
            if not isinstance(alternative, _Unlucky):
                options.append(alternative)
                continue
            word = str(plain(alternative.value)).lower()
            (counter,) = [
                name
                for item in self.rule.body  # type: ignore[union-attr]
                if isinstance(item, ir.Choose)
                for value, name in item.unlucky
                if value == plain(alternative.value)
                and name.endswith(f"_{word}_used")
                and self._is_line_of(name)
            ][:1]
            if self.counted[counter] < alternative.at_most:
                options.append(alternative.value)
                counters[plain(alternative.value)] = counter
        pick = self._choose(options)
        if plain(pick) in counters:
            self.counted[counters[plain(pick)]] += 1
        return pick

    def _is_line_of(self, counter: str) -> bool:
        """Is the budget that of the step which the present line stands in?"""
        assert self.rule is not None
        if self.rule.origin.label is None:
            return counter.startswith(self.rule.name)
        flow = self.driven.flows[self.rule.origin.method]
        method = inspect.unwrap(vars(self.driven.loaded.cls)[self.rule.origin.method])
        frame = sys._getframe()
        while frame is not None and frame.f_code is not method.__code__:
            assert frame.f_back is not None
            frame = frame.f_back
        line = frame.f_lineno - method.__code__.co_firstlineno + 1
        return counter.startswith(flow.label_of(line))

    # ── Steps ──

    def _begin(self, instance: Instance) -> None:
        name, values = instance
        self.generators[instance] = getattr(self.made_model, name)(*values)
        self.labels[instance] = next(self.generators[instance])
        self.stopped.discard(instance)

    def step(self, rule: ir.Rule, args: tuple[Value, ...], script: tuple[Value, ...]) -> None:
        """One step; raises what the model's code raises."""
        self.rule, self.script, self.endings = rule, script, []
        self.made: list[Value] = []
        self.others: list[tuple[Value, ...]] = []
        values = tuple(
            decode(a, p.type, self.driven.classes) for a, p in zip(args, rule.params, strict=True)
        )
        with self._environment():
            if rule.origin.label is None:
                getattr(self.made_model, rule.name)(*values)
            else:
                self._go_on((rule.origin.method, values), rule.origin.label)
        for how, instance in self.endings:
            self._end(how, instance)

    def _go_on(self, instance: Instance, label: str) -> None:
        if self.labels[instance] != label:
            raise NotEnabled
        generator, before = self.generators[instance], sys.gettrace()
        sys.settrace(self._last_locals(instance, generator.gi_frame))
        try:
            self.labels[instance] = next(generator)
        except StopIteration:
            self.labels[instance] = DONE
        finally:
            sys.settrace(before)

    def _last_locals(self, instance: Instance, of: FrameType | None) -> Any:
        """Keeps what the frame holds when it is left; an ended generator has no frame any more."""

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            # A generator of an earlier run may be collected just now: it has the same code.
            if frame is not of:
                return None
            if event == "return":
                self.locals[instance] = dict(frame.f_locals)
            return trace

        return trace

    def _end(self, how: str, instance: Instance) -> None:
        name, values = instance
        self.generators[instance].close()
        self.labels[instance] = DONE
        self.stopped.add(instance)
        if how == "restart":
            self._begin(instance)
        for var, hint in hints(type(self.made_model)).items():
            notes = [n for n in getattr(hint, "__metadata__", ()) if isinstance(n, volatile)]
            if not any(name in note.processes for note in notes):
                continue
            default = type(self.made_model).__dict__[var]
            if not values:
                setattr(self.made_model, var, default)
                continue
            holder = getattr(self.made_model, var)
            (key,) = values
            if isinstance(holder, Map):
                holder[key] = default[key]
            else:
                holder.pop(key, None)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        module = vars(sys.modules[self.driven.loaded.cls.__module__])
        names = {checker.either: self._either, checker.unlucky: _Unlucky}
        with ExitStack() as stack, checker.model.choosing(self._choose), driving(self):
            swapped = {
                n: names[v] for n, v in module.items() if inspect.isfunction(v) and v in names
            }
            stack.enter_context(patch.dict(module, swapped))
            yield

    def outcome(self, rule: ir.Rule, args: tuple[Value, ...], script: tuple[Value, ...]) -> Any:
        """The next state, an error, a cut, or None if there is no step."""
        try:
            self.step(rule, args, script)
        except NotEnabled:
            return None
        except Exhausted:
            return CUT
        except Exception:
            return ERROR
        for var in self.driven.model.vars:
            if var.name in hints(self.driven.loaded.cls):
                kind = left(getattr(self.made_model, var.name), var.type)
                if kind is not None:
                    return CUT if kind in ("limit", "capacity") else ERROR
        return self._state()

    # ── The state ──

    def _state(self) -> Any:
        values: list[Value] = []
        used = {r.counter: r.name for r in self.driven.model.rules if r.counter is not None}
        for var in self.driven.model.vars:
            if var.name in used:
                values.append(self.made_model._faults_used.get((used[var.name], None), 0))
            elif var.is_counter:
                values.append(self.counted[var.name])
            elif var.name in hints(self.driven.loaded.cls):
                field = getattr(self.made_model, var.name)
                values.append(encode(field, var.type, self.driven.sizes))
            else:
                found = self._of_instances(var)
                if found in (CUT, ERROR):
                    return found
                values.append(found)
        return tuple(values)

    def _of_instances(self, var: ir.Var) -> Value:
        at = next((p for p in self.driven.flows if var.name == f"{p}_at"), None)
        process, local = (at, None) if at is not None else self.driven.own[var.name]
        values: list[Value] = []
        slot = var.type
        for _ in self.driven.params[process]:
            assert isinstance(slot, ir.Map)
            slot = slot.value
        places = [i for i in self.driven.instances() if i[0] == process]
        for instance in places:
            if local is None:
                values.append(self.labels[instance])
                continue
            found = self._local(instance, local, slot)
            if found in (CUT, ERROR):
                return found
            values.append(found)
        return _nested(
            values, [len(universe(p.type, self.driven.sizes)) for p in self.driven.params[process]]
        )

    def _local(self, instance: Instance, local: str, slot: ir.Type) -> Value:
        """What the frame holds, as the variable should."""
        flow, label = self.driven.flows[instance[0]], self.labels[instance]
        generator = self.generators[instance]
        first = _first_values(flow)
        live = label != DONE and local in next(
            names for x, names in flow.live.items() if getattr(x, "name", DONE) == label
        )
        values = generator.gi_frame.f_locals if generator.gi_frame is not None else {}
        if label == DONE and instance not in self.stopped:
            values = self.locals[instance]
        inner = slot.item if isinstance(slot, ir.Option) and local not in first else slot
        record = isinstance(inner, ir.Record) and inner.name == "Assigned"
        type_ = inner.fields[0][1] if isinstance(inner, ir.Record) and record else inner
        kind = left(values[local], type_) if local in values else None
        if kind is not None and instance not in self.stopped:
            return CUT if kind in ("limit", "capacity") else ERROR
        if instance in self.stopped or (not live and not self.driven.kept):
            return encode(first[local], slot, self.driven.sizes) if local in first else None
        if local not in values:
            return None
        value = values[local]
        found = encode(value, type_, self.driven.sizes)
        return ("Assigned", found) if record else found


def _first_values(flow: Flow) -> dict[str, Any]:
    """The constants before the first label; those of the golden models are literals."""
    found: dict[str, Any] = {}
    node: Any = flow.entry
    while not hasattr(node, "name"):
        statement = getattr(node, "statement", None)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            target = (
                statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
            )
            assert isinstance(target, ast.Name)
            try:
                found[target.id] = ast.literal_eval(statement.value)
            except ValueError:
                found[target.id] = True  # a constant of the model
        node = node.next
    return found


def _nested(values: list[Value], sizes: list[int]) -> Value:
    if not sizes:
        return values[0]
    size = len(values) // sizes[0]
    return tuple(_nested(values[i * size : (i + 1) * size], sizes[1:]) for i in range(sizes[0]))
