"""The two graphs that are compared: the model's by the reference engine, the twin's by TLC.

Owns the common shape: states by value, edges labelled with the action, and for every state what the
properties say there. Neither side sees the other.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .. import ir
from ..backends.python import Args, Failure, Program, Undefined
from ..backends.tla import Printed
from ..backends.tla_values import (
    Elements,
    Misread,
    Reader,
    parse_value,
    split_assignments,
    split_tuple,
)
from ..backends.tla_values import Tuple as RawTuple
from ..errors import UsageError
from ..states import State, Value, sort_sizes

__all__ = ["Side", "model_side", "probe_module", "spec_side"]

Fact = bool | frozenset[Args]


@dataclass
class Side:
    """`edges[state]` are the labelled successors, (rule, state). `facts[state]` by name.

    `capped`: there are more states than were asked for, and nothing else is of use.
    """

    initial: list[State] = field(default_factory=list)
    edges: dict[State, set[tuple[str, State]]] = field(default_factory=dict)
    facts: dict[State, dict[str, Fact]] = field(default_factory=dict)
    generated: int = 0
    fails_at_start: bool = False
    cut_at_start: bool = False
    fair_self_loop: bool = False
    capped: bool = False

    @property
    def edge_count(self) -> int:
        return sum(map(len, self.edges.values()))

    def depth(self) -> int:
        """The most steps that a shortest way to a state takes."""
        depths = dict.fromkeys(self.initial, 0)
        queue = deque(self.initial)
        while queue:
            state = queue.popleft()
            for _, target in self.edges[state]:
                if target not in depths:
                    depths[target] = depths[state] + 1
                    queue.append(target)
        return max(depths.values(), default=0)


# ── The model ────────────────────────────────────────────────────────────────────────────────────


def model_side(program: Program, *, states_max: int) -> Side:
    """Everything reachable, by the reference engine."""
    side = Side()
    for _, _, end in program.initial_edges():
        if isinstance(end, Failure):
            side.cut_at_start |= end.is_cut
            side.fails_at_start |= not end.is_cut
            continue
        side.generated += 1
        if end not in side.edges:
            side.initial.append(end)
            side.edges[end] = set()
    queue = deque(side.initial)
    while queue:
        state = queue.popleft()
        for target in _expand(program, side, state):
            if target not in side.edges:
                if len(side.edges) >= states_max:
                    side.capped = True
                    return side
                side.edges[target] = set()
                queue.append(target)
    return side


def _expand(program: Program, side: Side, state: State) -> Iterator[State]:
    rests, error, cut = True, False, False
    for compiled in program.rules:
        is_action = compiled.rule.kind is ir.Kind.ACTION
        for args in compiled.args:
            for _, end in compiled.step(state, args):
                if isinstance(end, Failure):
                    cut, error = cut or end.is_cut, error or not end.is_cut
                    rests = rests and not is_action
                    continue
                side.generated += 1
                side.edges[state].add((compiled.rule.name, end))
                if end == state and compiled.rule.unit is not None:
                    side.fair_self_loop = True
                rests = rests and not (is_action and end != state)
                yield end
    facts: dict[str, Fact] = {"StepError": error, "Cut": cut}
    for prop in program.model.props:
        if not prop.kind.is_liveness:
            facts.update(_says(program, prop, state, rests))
    side.facts[state] = facts


def _says(program: Program, prop: ir.Prop, state: State, rests: bool) -> dict[str, Fact]:
    holds, true, known = program.holds(prop.name), set(), True
    for args in program.prop_args(prop):
        try:
            if holds(state, args):
                true.add(args)
        except Undefined:
            known = False
    if prop.kind is ir.PropKind.WITNESS:
        return {prop.name: frozenset(true), f"{prop.name} is defined": known}
    everywhere = len(true) == len(program.prop_args(prop))
    return {prop.name: everywhere or (prop.kind is ir.PropKind.AT_REST and not rests)}


# ── The twin ─────────────────────────────────────────────────────────────────────────────────────


def probe_module(printed: Printed, model: ir.Model, module: str, text: str) -> str:
    """A module that extends the twin, and prints for every state what the properties say there.

    An invariant that prints is evaluated once for every state; the labels of the dumped edges stay
    those of the twin's actions.
    """
    variables = ", ".join(printed.names[v.name] for v in model.vars)
    says = [_asked(name, printed, model) for name in _fact_names(printed, model, text)]
    lines = [f"---- MODULE {PROBE} ----", f"EXTENDS {module}, TLC"]
    for name in ("InitError", "InitCut"):
        if _defines(text, name):
            lines.append(f'ASSUME PrintT(<<"start", "{name}", {name}>>)')
    lines.append(f'{PROBE}Says == PrintT(<<"probe", <<{variables}>>, <<{", ".join(says)}>>>>)')
    return "\n".join([*lines, "====", ""])


PROBE = "TwinProbe"


def _defines(text: str, name: str) -> bool:
    return re.search(rf"^{name}(\([^)]*\))?\s*==", text, re.M) is not None


def _fact_names(printed: Printed, model: ir.Model, text: str) -> list[str]:
    """The facts that the twin is asked for; raises UsageError, if it lacks a property."""
    names = [name for name in ("StepError", "Cut") if _defines(text, name)]
    for prop in model.props:
        if not _defines(text, printed.names[prop.name]):
            raise UsageError(
                f"the spec does not define {printed.names[prop.name]}, a property of {model.name}",
                help="`checker tla` prints a module that does",
            )
        if not prop.kind.is_liveness:
            names.append(prop.name)
            if prop.name in printed.defined:
                names.append(f"{prop.name} is defined")
    return names


def _asked(name: str, printed: Printed, model: ir.Model) -> str:
    if name in ("StepError", "Cut"):
        return name
    if name.endswith(" is defined"):
        return f"{printed.names[name.removesuffix(' is defined')]}_is_defined"
    prop = model.prop(name)
    operator = printed.names[name]
    if prop.kind is not ir.PropKind.WITNESS or not prop.params:
        return operator
    sets = " \\X ".join(f"({printed.universes[p.type]})" for p in prop.params)
    if len(prop.params) == 1:
        return f"{{<<twin_a>> : twin_a \\in {{twin_b \\in {sets} : {operator}(twin_b)}}}}"
    picked = ", ".join(f"twin_a[{i + 1}]" for i in range(len(prop.params)))
    return f"{{twin_a \\in {sets} : {operator}({picked})}}"


_EDGE = re.compile(r'^(-?\d+) -> (-?\d+) \[label="([^"]*)"', re.M)
_NODE = re.compile(r'^(-?\d+) \[label="((?:[^"\\]|\\.)*)"(,style = filled)?', re.M)


def spec_side(printed: Printed, model: ir.Model, text: str, dump: str, output: str) -> Side:
    """TLC's graph and its words, read with the model's types. Raises: UsageError."""
    reader = Reader(printed.encoding, sort_sizes(model))
    side, states = Side(), dict[str, State]()
    for number, label, filled in _NODE.findall(dump):
        state = states[number] = _state(_unescaped(label), printed, model, reader)
        side.edges.setdefault(state, set())
        if filled and state not in side.initial:
            side.initial.append(state)
    rules = {printed.names[r.name]: r.name for r in model.rules}
    for source, target, label in _EDGE.findall(dump):
        side.edges[states[source]].add((rules.get(label, label), states[target]))
    _read_probe(side, printed, model, text, output, reader)
    side.fails_at_start = '"InitError", TRUE' in output
    side.cut_at_start = '"InitCut", TRUE' in output
    return side


def _unescaped(label: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label)


def _state(text: str, printed: Printed, model: ir.Model, reader: Reader) -> State:
    try:
        texts = split_assignments(text)
        return tuple(reader.of_text(texts[printed.names[v.name]], v) for v in model.vars)
    except (Misread, KeyError) as problem:
        missing = isinstance(problem, KeyError)
        why = f"it has no variable {problem}" if missing else str(problem)
        raise UsageError(f"a state of the spec is none of {model.name}: {why}") from problem


def _read_probe(
    side: Side, printed: Printed, model: ir.Model, text: str, output: str, reader: Reader
) -> None:
    names = _fact_names(printed, model, text)
    known: dict[str, dict[str, Fact]] = {}
    for match in re.finditer(r'<<\s*"probe"', output):
        (_, values, says), _ = split_tuple(output, match.start())
        texts, _ = split_tuple(values, 0)
        pairs = zip(texts, model.vars, strict=True)
        state: State = tuple(reader.of_text(value, var) for value, var in pairs)
        if says not in known:
            known[says] = _facts(says, names, model, reader)
        side.facts[state] = known[says]


def _facts(says: str, names: Sequence[str], model: ir.Model, reader: Reader) -> dict[str, Fact]:
    """What the probe says of a state, by the names of what it was asked."""
    facts: dict[str, Fact] = {}
    raw, _ = parse_value(says)
    assert isinstance(raw, RawTuple)
    for name, said in zip(names, raw.items, strict=True):
        prop = next((p for p in model.props if p.name == name), None)
        if isinstance(said, bool):
            witness = prop is not None and prop.kind is ir.PropKind.WITNESS
            facts[name] = frozenset({()} if said else ()) if witness else said
        elif prop is not None and isinstance(said, Elements):
            facts[name] = frozenset(_args(each, prop, reader) for each in said.items)
    facts.setdefault("StepError", False)
    facts.setdefault("Cut", False)
    return facts


def _args(raw: object, prop: ir.Prop, reader: Reader) -> tuple[Value, ...]:
    assert isinstance(raw, RawTuple)
    pairs = zip(raw.items, prop.params, strict=True)
    return tuple(reader.typed(value, param.type) for value, param in pairs)
