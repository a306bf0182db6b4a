"""Which branches a step takes: the outcomes of the `if`s in a rule's body, and of its `either`s.

Owns the goals of `paths(cover="guards")`. A condition inside a loop is no goal: it has many
outcomes in one step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import ir
from ..backends.python import Picks, Program
from ..ir.walk import free_names
from ..passes.wording import wording
from ..source import source_text
from ..states import State, Value, show
from .subject import Call, choices_of

__all__ = ["Branches"]


@dataclass(frozen=True)
class _Bind:
    """A `Let`, or a condition, as a function of the state and of what was bound before."""

    name: str
    text: str
    path: Callable[[State, Any], Value] | None
    value: Callable[[State, Any], Value] | None  # None: the next pick
    is_test: bool


class Branches:
    """The branches of every rule of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._binds: dict[str, tuple[_Bind, ...]] = {}

    def of(self, call: Call, picks: Picks, state: State) -> frozenset[str]:
        """What the step did, as readable texts: `order in self.applied`, `answer=timeout`."""
        rule = call.rule.rule
        if rule.name not in self._binds:
            self._binds[rule.name] = tuple(self._compiled(rule))
        found = [f"{choice}={text}" for choice, text in _answers(rule, picks)]
        bound: list[Value] = []
        left = iter(picks)
        for bind in self._binds[rule.name]:
            args = (*call.args, *bound)
            if bind.value is None:
                bound.append(next(left, None))
                continue
            taken = bind.path is None or bool(bind.path(state, args))
            value = bind.value(state, args) if taken else None
            bound.append(value)
            if taken and bind.is_test:
                found.append(bind.text if value else _negated(bind.text))
        return frozenset(found)

    def _compiled(self, rule: ir.Rule) -> Iterator[_Bind]:
        names: list[str] = []
        for item in rule.body:
            match item:
                case ir.Choose(name):
                    yield _Bind(name, "", None, None, False)
                case ir.Let(name, value, path):
                    parts = free_names(value) | (free_names(path) if path else frozenset())
                    if not parts <= set(names):
                        continue  # it needs what a loop has carried
                    compiled = self._program.compile_expr
                    yield _Bind(
                        name,
                        source_text(item.span) or wording(value),
                        compiled(path, rule.params, names) if path is not None else None,
                        compiled(value, rule.params, names),
                        # The front end gives the condition of every `if` and `match` this name.
                        re.fullmatch(r"test(_\d+)?", name) is not None,
                    )
                case _:
                    continue
            names = [*names, name]


def _negated(text: str) -> str:
    inner = re.fullmatch(r"not \((.*)\)", text)
    return inner[1] if inner and _is_closed(inner[1]) else f"not ({text})"


def _is_closed(text: str) -> bool:
    """Do the parentheses of the text belong together? Those of `(a) and (b)` without ends do not.

    >>> _is_closed("a and (b)"), _is_closed("a) and (b")
    (True, False)
    """
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return True


def _answers(rule: ir.Rule, picks: Picks) -> Iterator[tuple[str, str]]:
    """The choices among few words, with the word that was chosen."""
    for choice, value in zip(choices_of(rule), picks, strict=False):
        if isinstance(choice.type, ir.Enum) and value is not None:
            yield choice.show or choice.name, show(value, choice.type)
