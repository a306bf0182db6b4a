"""An adapter whose system is the model itself: the test of the tests.

Owns `mirror`, which makes such a class. With `driven` choices the test decides everything; without,
the system decides by a seed and says what it chose. A mirror never disagrees with its model, and it
costs next to nothing, so it shows what the harness itself does.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from typing import Any

from checker.backends.python import Failure
from checker.states import decode
from checker.testing.subject import ModelSettings, Subject, choices_of, subject_of


def mirror(
    model: str, *, driven: bool = True, observes: bool = True, seed: int = 0, **settings: Any
) -> type:
    """A class with a method for each step of the model."""
    chosen: ModelSettings = settings  # type: ignore[assignment]
    subject = subject_of(model, chosen)
    methods: dict[str, Any] = {"__init__": _start(subject, seed)}
    for rule in subject.program.rules:
        methods[rule.rule.name] = _method(subject, rule.rule.name, driven=driven)
    if observes:
        methods["observe"] = _observe(subject)
    return type(f"Mirror{subject.model.name}", (), methods)


def _start(subject: Subject, seed: int) -> Callable[[Any], None]:
    def start(self: Any) -> None:
        self.state = subject.program.initial_states()[0]
        self.rng = random.Random(seed)

    return start


def _method(subject: Subject, name: str, *, driven: bool) -> Callable[..., Any]:
    compiled = subject.program.rule(name)
    choices = choices_of(compiled.rule)
    names = [choice.show or choice.name for choice in choices]

    def step(self: Any, *arguments: object, **given: object) -> object:
        calls = {c.arguments: c for c in _calls(subject, compiled)}
        args = calls[arguments].args
        ends = [
            (picks, end)
            for picks, end in compiled.step(self.state, args)
            if not isinstance(end, Failure)
        ]
        said = [_said(picks, choices, subject) for picks, _ in ends]
        fitting = [n for n, each in enumerate(said) if not driven or each == given]
        taken = self.rng.choice(fitting)
        self.state = ends[taken][1]
        return said[taken] or None

    kind = inspect.Parameter
    params = [kind(n, kind.POSITIONAL_OR_KEYWORD) for n in ("self",)]
    params += [kind(p.name, kind.POSITIONAL_OR_KEYWORD) for p in compiled.rule.params]
    if driven:
        params += [kind(n, kind.KEYWORD_ONLY) for n in dict.fromkeys(names)]
    step.__signature__ = inspect.Signature(params)  # type: ignore[attr-defined]
    step.__name__ = name
    return step


_CALLS: dict[tuple[int, str], list[Any]] = {}


def _calls(subject: Subject, compiled: Any) -> list[Any]:
    key = (id(subject), compiled.rule.name)
    if key not in _CALLS:
        _CALLS[key] = [subject.call(compiled, args, ()) for args in compiled.args]
    return _CALLS[key]


def _said(picks: tuple[Any, ...], choices: list[Any], subject: Subject) -> dict[str, Any]:
    return {
        choice.show or choice.name: None
        if value is None
        else decode(value, choice.type, subject.classes)
        for choice, value in zip(choices, picks, strict=True)
    }


def _observe(subject: Subject) -> Callable[[Any], dict[str, Any]]:
    def observe(self: Any) -> dict[str, Any]:
        return vars(subject.view(self.state))

    return observe
