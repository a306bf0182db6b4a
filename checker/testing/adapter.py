"""What stands between a model and a system: an object with one method for each action.

Owns the rules for adapters, and how their methods are called, `async` ones included:

- a method has the name of an action, fault or label, and takes its parameters by position;
- a parameter more, with the name of one of the step's choices, says that the test makes that choice
  (`def charge(self, me, answer)`); all other choices are the system's;
- what a method returns says what the system chose: the choice's value, or a dict of several;
- `observe()` returns what can be seen, as a dict from fields of the model; `close()` ends a run;
- a method raises `NotEnabled` if the system refuses the step.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .. import ir
from ..catalogue import closest
from ..errors import UsageError
from .subject import Subject, choices_of

__all__ = ["Adapter", "Caller", "Interface", "interface_of", "made"]

_CLOSING = ("close", "aclose")


class Adapter(Protocol):
    """The methods that are not named after steps; both may be missing."""

    def observe(self) -> Mapping[str, object]: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Interface:
    """Which steps an adapter has, and which choices it is told.

    `driven` gives for each of its steps the places of the choices that the test makes. `hidden`
    steps are taken by the system on its own, `missing` ones are faults that are not exercised.
    """

    driven: Mapping[str, tuple[int, ...]]
    hidden: frozenset[str]
    missing: tuple[str, ...]
    refuses: frozenset[str]
    observes: bool


def interface_of(
    subject: Subject,
    adapter: type[object],
    *,
    hidden: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    refuses: tuple[str, ...] = (),
) -> Interface:
    """Hold an adapter's class against the model.

    Raises: UsageError, for an action without a method, and for a method that cannot be called.
    """
    rules = {rule.name: rule for rule in subject.model.rules}
    for word, names in (("hidden", hidden), ("skip", skip), ("refuses", refuses)):
        for name in names:
            if name not in rules:
                listed = f"it has {', '.join(rules)}{closest(name, list(rules))}"
                raise UsageError(f"{word}: {subject.model.name} has no step {name!r}", help=listed)
    driven: dict[str, tuple[int, ...]] = {}
    missing: list[str] = []
    for name, rule in rules.items():
        if name in hidden or name in skip:
            continue
        method = getattr(adapter, name, None)
        if callable(method):
            driven[name] = _choices_taken(adapter, method, rule)
        elif rule.kind is ir.Kind.FAULT:
            missing.append(name)
        else:
            raise _no_method(subject, adapter, rule)
    if not driven:
        raise UsageError(f"{_named(adapter)} has no method that is a step of {subject.model.name}")
    observes = callable(getattr(adapter, "observe", None))
    return Interface(driven, frozenset(hidden), (*missing, *skip), frozenset(refuses), observes)


def _no_method(subject: Subject, adapter: type[object], rule: ir.Rule) -> UsageError:
    own = [n for n in vars(adapter) if not n.startswith("_")]
    params = "".join(f", {p.name}" for p in rule.params)
    return UsageError(
        f"{_named(adapter)} has no method for the action {rule.name} of {subject.model.name}"
        + closest(rule.name, own),
        help=f"write `def {rule.name}(self{params})`; or pass hidden=({rule.name!r},) if the "
        f"system takes it on its own, or skip=({rule.name!r},) to leave it out",
    )


def _choices_taken(
    adapter: type[object], method: Callable[..., Any], rule: ir.Rule
) -> tuple[int, ...]:
    """The places of the choices that the method has parameters for."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    kinds = inspect.Parameter
    if any(p.kind is kinds.VAR_POSITIONAL for p in parameters):
        return ()
    wanted = len(rule.params)
    given = [p.name for p in parameters if p.kind is not kinds.VAR_KEYWORD]
    choices = [choice.show or choice.name for choice in choices_of(rule)]
    more = [
        p.name
        for p in parameters[wanted:]
        if p.kind is not kinds.VAR_KEYWORD and (p.default is kinds.empty or p.name in choices)
    ]
    unknown = [name for name in more if name not in choices]
    if len(given) < wanted or unknown:
        shown = ", ".join(["self", *(p.name for p in rule.params)])
        known = f"; it may also take {', '.join(choices)}" if choices else ""
        raise UsageError(
            f"{_place(method)}: {_named(adapter)}.{rule.name} takes ({', '.join(given)}), "
            f"but the step has ({', '.join(p.name for p in rule.params)})",
            help=f"write `def {rule.name}({shown})`{known}",
        )
    return tuple(n for n, name in enumerate(choices) if name in more)


def _named(adapter: type[object]) -> str:
    return adapter.__qualname__


def _place(method: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else repr(method)


# ── Making and calling ───────────────────────────────────────────────────────────────────────────


def made(source: object) -> object:
    """A fresh adapter: of a class or factory, its result; an object is reset and used again.

    Raises: UsageError, if an object has no `reset()`: one run would see what another has left.
    """
    if isinstance(source, type) or (callable(source) and not hasattr(source, "reset")):
        return source()
    if callable(getattr(source, "reset", None)):
        return source
    raise UsageError(
        f"the adapter {type(source).__name__} is used by many runs, but it has no `reset()`",
        help="give it one that brings the system back to its start, or pass a function without "
        "parameters that makes a new adapter",
    )


class Caller:
    """Calls an adapter's methods, and waits for those that are `async`.

    All coroutines of one run share an event loop, as connections want it. Where a loop is running
    already (a test that is itself `async`), ours runs in a thread of its own.
    """

    def __init__(self, adapter: object) -> None:
        self.adapter = adapter
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __call__(self, name: str, *args: object, **kwargs: object) -> object:
        result = getattr(self.adapter, name)(*args, **kwargs)
        return self._waited(result) if inspect.isawaitable(result) else result

    def _waited(self, awaitable: Any) -> object:
        async def settled() -> object:
            return await awaitable

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            if _is_running():
                self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
                self._thread.start()
        if self._thread is None:
            return self._loop.run_until_complete(settled())
        return asyncio.run_coroutine_threadsafe(settled(), self._loop).result()

    def reset(self) -> None:
        """Bring an adapter that is used again back to its start."""
        if callable(getattr(self.adapter, "reset", None)):
            self("reset")

    def close(self) -> None:
        """End the run; the adapter's own `close()` or `aclose()` comes first."""
        try:
            for name in _CLOSING:
                if callable(getattr(self.adapter, name, None)):
                    self(name)
                    break
        finally:
            loop, self._loop = self._loop, None
            if loop is not None:
                if self._thread is not None:
                    loop.call_soon_threadsafe(loop.stop)
                    self._thread.join()
                loop.close()


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
