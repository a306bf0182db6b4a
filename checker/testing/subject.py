"""A model as the tests of real code need it: its steps as calls, its values as Python values.

Owns the translation between a step of the model and a call of an adapter's method, and between
encoded values and those that Python code sees. Knows no Hypothesis and no system.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TypedDict

from .. import ir
from ..backends.python import Args, CompiledRule, Picks, Program
from ..explore.outcome import Step
from ..model import Model
from ..report.trace_text import step_label
from ..run import Prepared, Request, prepare
from ..states import Classes, State, Value, decode

__all__ = ["Call", "Driven", "ModelSettings", "Subject", "choices_of", "subject_of"]

Driven = tuple[tuple[int, Value], ...]


class ModelSettings(TypedDict, total=False):
    """What `checker explore` has flags for; constants are Python values or texts."""

    variant: str
    constants: Mapping[str, object]
    scopes: Mapping[str, int]
    no_faults: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Call:
    """A step as an adapter gets it: a rule with values for its parameters.

    `driven` are the choices that the test makes, by their place among the rule's choices; all
    others are the system's. `arguments` and `chosen` are what the method is given. Two calls are
    equal only if they are the same object; `Subject.call` makes each once.
    """

    rule: CompiledRule
    args: Args
    driven: Driven
    order: tuple[int, int]
    label: str
    arguments: tuple[object, ...]
    chosen: Mapping[str, object]

    @property
    def name(self) -> str:
        return self.rule.rule.name

    @property
    def is_fault(self) -> bool:
        return self.rule.rule.kind is ir.Kind.FAULT

    def agrees(self, picks: Picks) -> bool:
        """Are these the picks of a step that the test asked for?"""
        return all(place < len(picks) and picks[place] == value for place, value in self.driven)


def choices_of(rule: ir.Rule) -> list[ir.Choose]:
    """The choices of a rule, in the order of its picks."""
    return [item for item in rule.body if isinstance(item, ir.Choose)]


@dataclass(eq=False)
class Subject:
    """A bound model with the engine that runs it."""

    prepared: Prepared
    program: Program
    classes: Classes
    _calls: dict[tuple[str, Args, Driven], Call] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    @property
    def model(self) -> ir.Model:
        return self.prepared.model

    @property
    def cls(self) -> type[Model]:
        return self.prepared.loaded.cls

    def __post_init__(self) -> None:
        self._places = {rule.rule.name: n for n, rule in enumerate(self.program.rules)}

    def call(self, rule: CompiledRule, args: Args, driven: Driven) -> Call:
        """The one `Call` of the rule with these values."""
        key = (rule.rule.name, args, driven)
        found = self._calls.get(key)
        if found is None:
            found = self._calls[key] = self._made(rule, args, driven)
        return found

    def _made(self, rule: CompiledRule, args: Args, driven: Driven) -> Call:
        choices = choices_of(rule.rule)
        picks: list[Value] = [None] * len(choices)
        for place, value in driven:
            picks[place] = value
        step = Step(rule.rule.name, args, tuple(picks), None)
        chosen = {
            choices[place].show or choices[place].name: None
            if value is None
            else decode(value, choices[place].type, self.classes)
            for place, value in driven
        }
        arguments = tuple(
            decode(value, param.type, self.classes)
            for param, value in zip(rule.rule.params, args, strict=True)
        )
        order = (self._places[rule.rule.name], rule.args.index(args))
        label = step_label(self.model, step)
        return Call(rule, args, driven, order, label, arguments, chosen)

    def view(self, state: State) -> SimpleNamespace:
        """The state as an object with an attribute for each variable, in Python values."""
        pairs = zip(self.model.vars, state, strict=True)
        return SimpleNamespace(**{v.name: decode(x, v.type, self.classes) for v, x in pairs})


def subject_of(target: str | type[Model], settings: ModelSettings) -> Subject:
    """Raises: UsageError or ModelRefused."""
    request = Request(
        target,
        variant=settings.get("variant", ""),
        constants=settings.get("constants", {}),
        scopes=settings.get("scopes", {}),
        no_faults=tuple(settings.get("no_faults", ())),
    )
    prepared = prepare(request)
    program = Program(prepared.model)
    return Subject(prepared, program, prepared.loaded.python_values(prepared.model))
