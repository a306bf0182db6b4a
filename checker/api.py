"""Checking models from Python, mostly from tests.

    from checker.api import assert_fails, assert_holds

    def test_no_order_ships_twice() -> None:
        assert_holds(Outbox)

    def test_without_deduplication_an_order_ships_twice() -> None:
        assert_fails(Outbox, "no_order_ships_twice", constants={"deduplicate": False})

Owns nothing but these names: they do what `checker explore` does. A target is a model's class, or a
text as on the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict, Unpack

from .errors import ExitCode
from .explore.limits import Limits
from .explore.outcome import Outcome, Verdict
from .model import Model
from .run import Request, prepare

__all__ = ["Settings", "assert_fails", "assert_holds", "explore"]


class Settings(TypedDict, total=False):
    """What `checker explore` has flags for; constants are Python values. Symmetry is used if
    nothing is said, as there.
    """

    variant: str
    constants: Mapping[str, object]
    scopes: Mapping[str, int]
    no_faults: tuple[str, ...]
    keep_dead_locals: bool
    max_states: int
    max_seconds: float
    stop_at_first: bool
    symmetry: bool
    engine: Literal["auto", "reference", "native"]
    threads: int


def explore(target: str | type[Model], **settings: Unpack[Settings]) -> Outcome:
    """Visit every reachable state of a model and check its properties.

    Raises: UsageError, for settings that the model does not have; ModelRefused.

    >>> explore("outbox").distinct
    321
    """
    from .backends.python import Program
    from .explore.native.auto import PATIENT_S, explore_with

    request = Request(
        target,
        variant=settings.get("variant", ""),
        constants=settings.get("constants", {}),
        scopes=settings.get("scopes", {}),
        no_faults=settings.get("no_faults", ()),
        keep_dead_locals=settings.get("keep_dead_locals", False),
    )
    prepared = prepare(request)
    return explore_with(
        settings.get("engine", "auto"),
        Program(prepared.model),
        threads=settings.get("threads"),
        limits=Limits(settings.get("max_states"), settings.get("max_seconds")),
        stop_at_first=settings.get("stop_at_first", False),
        off=request.no_faults,
        symmetry=settings.get("symmetry", True),
        alone_s=PATIENT_S,
    )


def assert_holds(target: str | type[Model], **settings: Unpack[Settings]) -> Outcome:
    """The model holds, was explored completely, and every witness was seen.

    Raises: AssertionError, with the report that `checker explore` prints.
    """
    outcome = explore(target, **settings)
    if outcome.exit_code() is not ExitCode.OK:
        raise AssertionError(f"\n{_text(outcome)}")
    return outcome


def assert_fails(target: str | type[Model], property: str, **settings: Unpack[Settings]) -> Outcome:
    """The property fails: the model is strong enough to show what goes wrong.

    Raises: AssertionError, with the report that `checker explore` prints.
    """
    outcome = explore(target, **settings)
    found = {p.name: p.verdict for p in outcome.properties}
    if found.get(property) is not Verdict.FAILS:
        said = "does not fail" if property in found else f"is none of {', '.join(found)}"
        raise AssertionError(f"{property} {said}\n{_text(outcome)}")
    return outcome


def _text(outcome: Outcome) -> str:
    from .report.terminal import Page
    from .report.text import About, render

    return render(outcome, Page(), About())
