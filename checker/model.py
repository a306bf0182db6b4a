"""The surface of the modelling language: what a model's file imports.

Owns what these names do when a model is run by hand as ordinary Python. What they mean to the
engines
is read from the source by `frontend`; the two are held together by a test that runs every action of
every model both ways.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    ParamSpec,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    dataclass_transform,
    get_origin,
    get_type_hints,
    overload,
)  # fmt: skip

from .values import Id, copy_value

__all__ = [
    "AlwaysEventually",
    "Bounds",
    "Capacity",
    "Eventually",
    "EventuallyAlways",
    "Exhausted",
    "LeadsTo",
    "Limit",
    "Model",
    "NotEnabled",
    "ProcessDriver",
    "Role",
    "Steps",
    "action",
    "at",
    "at_rest",
    "choose",
    "choosing",
    "driving",
    "either",
    "fault",
    "fresh",
    "initial",
    "invariant",
    "liveness",
    "process",
    "pure",
    "restart",
    "role_of",
    "stop",
    "unlucky",
    "volatile",
    "when",
    "witness",
]  # fmt: skip

T = TypeVar("T")
S = TypeVar("S", bound=Id)
StepMethod = TypeVar("StepMethod", bound=Callable[..., None])
BoolMethod = TypeVar("BoolMethod", bound=Callable[..., bool])
AnyMethod = TypeVar("AnyMethod", bound=Callable[..., Any])

# What a process returns: its labels, one after the other.
Steps: TypeAlias = Generator[str, None, None]
ProcessMethod = TypeVar("ProcessMethod", bound=Callable[..., Steps])
P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


# ── Bounds of stored values ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Bounds:
    """`Annotated[int, Bounds(0, 3)]`: a correct model never stores anything else; leaving them is a
    step error.
    """

    lo: int
    hi: int


@dataclass(frozen=True)
class Limit:
    """`Annotated[int, Limit(0, 3)]`: a counter that grows; reaching beyond ends as UNKNOWN, naming
    it.
    """

    lo: int
    hi: int


@dataclass(frozen=True)
class Capacity:
    """`Annotated[Bag[OrderId], Capacity(4)]`: the most elements explored, copies included; 8 unless
    declared.
    """

    size: int


@dataclass(frozen=True, init=False)
class volatile:
    """`Annotated[set[OrderId], volatile("relay")]`: memory that a restart of the process empties.

    Of a process with parameters the field is a `Map` or dict from them, and an instance loses its
    own entry.
    """

    processes: tuple[str, ...]

    def __init__(self, *processes: str) -> None:
        object.__setattr__(self, "processes", processes)


# ── Properties over time ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class LeadsTo:
    """Whenever the first is true, the second is true then or later."""

    before: bool
    after: bool


@dataclass(frozen=True)
class Eventually:
    """True at least once."""

    goal: bool


@dataclass(frozen=True)
class AlwaysEventually:
    """True again and again, forever."""

    goal: bool


@dataclass(frozen=True)
class EventuallyAlways:
    """True from some point on, forever."""

    goal: bool


Temporal = LeadsTo | Eventually | AlwaysEventually | EventuallyAlways
LivenessMethod = TypeVar("LivenessMethod", bound=Callable[..., Temporal])


# ── What a method is ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Role:
    """What a decorator says of its method."""

    kind: Literal[
        "action",
        "fault",
        "process",
        "initial",
        "invariant",
        "witness",
        "at_rest",
        "liveness",
        "pure",
    ]
    fair: Literal["weak", "strong"] | None = None
    fair_for: tuple[str, ...] | None = None
    at_most: int | None = None
    per: str | None = None


_ROLE = "__crashproof_role__"


def role_of(function: object) -> Role | None:
    """The role that a decorator gave to the function, if any."""
    role = getattr(function, _ROLE, None)
    return role if isinstance(role, Role) else None


def _mark(function: AnyMethod, role: Role) -> AnyMethod:
    setattr(function, _ROLE, role)
    return function


@overload
def action(method: StepMethod, /) -> StepMethod: ...
@overload
def action(
    *, fair: Literal["weak", "strong"] | None = None, fair_for: tuple[str, ...] | None = None
) -> Callable[[StepMethod], StepMethod]: ...
def action(
    method: StepMethod | None = None,
    /,
    *,
    fair: Literal["weak", "strong"] | None = None,
    fair_for: tuple[str, ...] | None = None,
) -> StepMethod | Callable[[StepMethod], StepMethod]:
    """A step of the algorithm: atomic, possible for any values of its parameters that its `when`
    allows.

    `fair="weak"`: for each values of its `Id` parameters, the action is taken if it stays possible;
    `"strong"`: if it is possible again and again. `fair_for` names other parameters than the `Id`
    ones.
    """
    role = Role("action", fair=fair, fair_for=fair_for)
    return _mark(method, role) if method is not None else lambda m: _mark(m, role)


def fault(*, at_most: int | None, per: str | None = None) -> Callable[[StepMethod], StepMethod]:
    """A step of the environment: never fair, at most so many times (`per` value of a parameter),
    marked in traces.
    """

    def decorate(method: StepMethod) -> StepMethod:
        parameters = inspect.signature(method)

        @functools.wraps(method)
        def counted(self: Model, *args: object, **kwargs: object) -> None:
            key = parameters.bind(self, *args, **kwargs).arguments[per] if per else None
            used = self._faults_used.get((method.__name__, key), 0)
            when(at_most is None or used < at_most)
            method(self, *args, **kwargs)
            self._faults_used[method.__name__, key] = used + 1

        return cast(StepMethod, _mark(counted, Role("fault", at_most=at_most, per=per)))

    return decorate


@overload
def process(method: ProcessMethod, /) -> ProcessMethod: ...
@overload
def process(
    *, fair: Literal["weak", "strong"] | None = None
) -> Callable[[ProcessMethod], ProcessMethod]: ...
def process(
    method: ProcessMethod | None = None, /, *, fair: Literal["weak", "strong"] | None = None
) -> ProcessMethod | Callable[[ProcessMethod], ProcessMethod]:
    """Sequential code, an instance for each value of its parameters; `yield "label"` begins a step.

    Locals are its memory, which `restart` forgets. `fair="weak"`: an instance that can go on does.
    """
    role = Role("process", fair=fair)
    return _mark(method, role) if method is not None else lambda m: _mark(m, role)


def initial(method: StepMethod) -> StepMethod:
    """Run once on the defaults, before the first step; may `choose`, and then there are several
    initial states.
    """
    return _mark(method, Role("initial"))


def invariant(method: BoolMethod) -> BoolMethod:
    """True in every reachable state, for all values of the parameters."""
    return _mark(method, Role("invariant"))


def witness(method: BoolMethod) -> BoolMethod:
    """True in some reachable state; otherwise the model is too weak for its invariants to mean
    anything.
    """
    return _mark(method, Role("witness"))


def at_rest(method: BoolMethod) -> BoolMethod:
    """True in every reachable state that nothing but faults can leave."""
    return _mark(method, Role("at_rest"))


def liveness(method: LivenessMethod) -> LivenessMethod:
    """Holds in every behaviour that is fair to the actions declared so."""
    return _mark(method, Role("liveness"))


def pure(function: AnyMethod) -> AnyMethod:
    """A helper without effects, which actions and properties may call."""
    return _mark(function, Role("pure"))


# ── Statements ───────────────────────────────────────────────────────────────────────────────────


class NotEnabled(Exception):
    """The step cannot happen now: a false `when`, an empty `choose`, a used-up budget."""


class Exhausted(Exception):
    """`fresh` found every id in use: the model's scope ends here."""


def when(condition: bool) -> None:
    """The step cannot happen unless the condition is true."""
    if not condition:
        raise NotEnabled


_chooser: ContextVar[Callable[[list[Any]], Any]] = ContextVar("chooser")


@contextmanager
def choosing(choice: Callable[[list[Any]], Any]) -> Iterator[None]:
    """Decide the environment's choices in the block: `choice` gets the options, returns one."""
    token = _chooser.set(choice)
    try:
        yield
    finally:
        _chooser.reset(token)


def choose(options: Iterable[T]) -> T:
    """One of the options, decided by the environment; no step if there is none."""
    listed = list(options)
    when(bool(listed))
    return cast(T, _chooser.get()(listed))


def either(first: T, *others: T) -> T:
    """One of the alternatives, decided by the environment."""
    return cast(T, _chooser.get()([first, *others]))


def unlucky(alternative: T, *, at_most: int) -> T:
    """An alternative of `either` that is a fault, with a budget."""
    return alternative


def fresh(sort: type[S], used: Iterable[S]) -> S:
    """An id that is not in `used`."""
    taken = set(used)
    for candidate in sort:
        if candidate not in taken:
            return candidate
    raise Exhausted(sort.__name__)


# ── Processes ────────────────────────────────────────────────────────────────────────────────────


class ProcessDriver(Protocol):
    """What runs the processes of a model that is executed as ordinary Python."""

    def restart(self, process: str, instance: tuple[object, ...]) -> None: ...
    def stop(self, process: str, instance: tuple[object, ...]) -> None: ...
    def label(self, process: str, instance: tuple[object, ...]) -> str: ...


_driver: ContextVar[ProcessDriver] = ContextVar("driver")


@contextmanager
def driving(driver: ProcessDriver) -> Iterator[None]:
    """Let `restart`, `stop` and `at` speak of the processes that `driver` runs."""
    token = _driver.set(driver)
    try:
        yield
    finally:
        _driver.reset(token)


def _driver_of(process: Callable[..., Any]) -> ProcessDriver:
    found = _driver.get(None)
    if found is None:
        raise RuntimeError(f"nothing runs the process {process.__name__}: the checker drives them")
    return found


def restart(process: Callable[P, Steps], /, *instance: P.args, **named: P.kwargs) -> None:
    """At the end of this step the instance is back at its first label, its memory forgotten."""
    _driver_of(process).restart(process.__name__, _instance(process, instance, named))


def stop(process: Callable[P, Steps], /, *instance: P.args, **named: P.kwargs) -> None:
    """At the end of this step the instance has ended, its memory forgotten."""
    _driver_of(process).stop(process.__name__, _instance(process, instance, named))


def _instance(
    process: Callable[..., Any], instance: tuple[object, ...], named: dict[str, Any]
) -> tuple[object, ...]:
    return tuple(inspect.signature(process).bind(*instance, **named).arguments.values())


@overload
def at(process: Callable[[], Steps], label: str, /) -> bool: ...
@overload
def at(process: Callable[[A], Steps], first: A, label: str, /) -> bool: ...
@overload
def at(process: Callable[[A, B], Steps], first: A, second: B, label: str, /) -> bool: ...
@overload
def at(
    process: Callable[[A, B, C], Steps], first: A, second: B, third: C, label: str, /
) -> bool: ...
def at(process: Callable[..., Steps], /, *instance_and_label: Any) -> bool:
    """Is the label the next step of this instance? `"done"` asks whether it has ended."""
    *instance, label = instance_and_label
    return bool(_driver_of(process).label(process.__name__, tuple(instance)) == label)


# ── The model ────────────────────────────────────────────────────────────────────────────────────


@dataclass_transform(kw_only_default=True)
class Model:
    """Declares an algorithm: its constants (`Final`), its state, its steps and its properties.

    An instance is one state. It can be made, changed by calling its actions, and compared:

    >>> class Light(Model):
    ...     on: bool = False
    ...     @action
    ...     def switch(self) -> None:
    ...         self.on = not self.on
    >>> light = Light(); light.switch(); light
    Light(on=True)
    """

    def __init__(self, **values: Any) -> None:
        known = declared_fields(type(self))
        for name in values:
            if name not in known:
                raise TypeError(
                    f"{type(self).__name__} has no field {name!r}; it has {', '.join(known)}"
                )
        object.__setattr__(self, "_faults_used", {})
        for name, default in known.items():
            object.__setattr__(self, name, copy_value(values.get(name, default)))

    _faults_used: ClassVar[dict[tuple[str, object], int]] = {}  # an instance has its own

    def __setattr__(self, name: str, value: object) -> None:
        known = declared_fields(type(self))
        if name not in known:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")
        if is_constant(type(self), name):
            raise AttributeError(f"{name} is a constant")
        object.__setattr__(self, name, copy_value(value))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in declared_fields(type(self))]
        parts += [
            f"{name}_used" + (f"[{key!r}]" if key is not None else "") + f"={used}"
            for (name, key), used in sorted(self._faults_used.items(), key=repr)
        ]
        return f"{type(self).__name__}({', '.join(parts)})"


def hints(model: type[object]) -> dict[str, Any]:
    """The annotations of a model's fields, resolved, `Annotated` and `Final` kept."""
    known: dict[str, Any] | None = model.__dict__.get(_HINTS)
    if known is None:
        resolved = get_type_hints(model, include_extras=True)
        known = {name: resolved[name] for name in inspect.get_annotations(model)}
        setattr(model, _HINTS, known)
    return known


_HINTS = "__crashproof_hints__"


def is_constant(model: type[object], name: str) -> bool:
    """Is the field declared `Final`?"""
    hint = hints(model)[name]
    return hint is Final or get_origin(hint) is Final


def declared_fields(model: type[object]) -> dict[str, Any]:
    """The fields of a model in declared order, constants included, with their defaults."""
    return {name: model.__dict__.get(name) for name in hints(model)}
