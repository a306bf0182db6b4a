"""A Hypothesis state machine made from a model and an adapter.

Owns how one run goes, and what is added to a failure on its way to the user. The machine has one
rule, `step`, which draws a number and takes one of the steps that the model allows; nothing is ever
rejected, and where nothing is left to do the rule rests.
"""

from __future__ import annotations

import unittest
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Unpack

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from ..errors import UsageError
from ..model import Model
from . import traces
from .adapter import Caller, Interface, interface_of, made
from .belief import Harness
from .drive import Disagreement, Drive, Project
from .observed import Reader
from .report import told
from .shrink import shortened
from .steering import NUMBERS, Atlas, Course
from .subject import Call, ModelSettings, Subject, subject_of
from .visits import NeverTaken, Visits

__all__ = ["ModelMachine", "Setup", "run", "state_machine"]

DEFAULT_SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(eq=False)
class Setup:
    """What all runs of a machine share. What depends on the adapter is made with the first one."""

    subject: Subject
    adapter: object
    hidden: tuple[str, ...]
    skip: tuple[str, ...]
    refuses: tuple[str, ...]
    project: Project | None
    min_visits: int
    out: Path | None
    visits: Visits
    reader: Reader = field(init=False)
    _harness: Harness | None = None
    _atlas: Atlas | None = None
    _interface: tuple[type[object], Interface] | None = None

    def __post_init__(self) -> None:
        self.reader = Reader(self.subject)
        if isinstance(self.adapter, type):
            self.harness_for(self.adapter)

    def harness_for(self, adapter: type[object]) -> Harness:
        """The machine of sets for adapters of this class."""
        if self._interface is None or self._interface[0] is not adapter:
            interface = interface_of(
                self.subject, adapter, hidden=self.hidden, skip=self.skip, refuses=self.refuses
            )
            if self.project is not None and not interface.observes:
                raise UsageError(f"project= needs an observe() of {adapter.__qualname__}")
            self._interface = adapter, interface
            self._harness, self._atlas = Harness(self.subject, interface), None
        assert self._harness is not None
        return self._harness

    @property
    def harness(self) -> Harness:
        assert self._harness is not None
        return self._harness

    @property
    def atlas(self) -> Atlas:
        """The map of the harness, made when the first run asks for the way."""
        if self._atlas is None:
            self._atlas = Atlas(self.harness)
            self._describe(self._atlas)
        return self._atlas

    def _describe(self, atlas: Atlas) -> None:
        interface = self.harness.interface
        named = list(interface.driven)
        self.visits.possible = tuple(n for n in named if n in atlas.taken or not atlas.is_complete)
        self.visits.impossible = tuple(n for n in named if n not in self.visits.possible)
        self.visits.missing = interface.missing
        self.visits.hidden = tuple(sorted(interface.hidden))

    def started(self) -> Drive:
        """A run on a fresh system, held against the model's start."""
        adapter = made(self.adapter)
        harness = self.harness_for(type(adapter))
        caller = Caller(adapter)
        drive = Drive(harness, caller, self.reader, self.project)
        try:
            caller.reset()
            drive.begin()
        except BaseException:
            caller.close()
            raise
        return drive

    def fitted(self, chosen: settings) -> settings:
        """The settings for Hypothesis: no more steps than a run can have, the others would be
        rests; and no shrinking, which `shrink.py` does better.
        """
        chosen = settings(chosen, phases=[p for p in chosen.phases if p is not Phase.shrink])
        if self._harness is None:
            adapter = made(self.adapter)
            self.harness_for(type(adapter))
            Caller(adapter).close()
        longest = self.atlas.longest()
        if longest is None or longest >= chosen.stateful_step_count:
            return chosen
        return settings(chosen, stateful_step_count=max(longest, 1))

    def attempt(self, calls: tuple[Call, ...]) -> Disagreement | None:
        """Make these calls on a fresh system, leaving out what the model does not allow."""
        try:
            drive = self.started()
        except Disagreement as failed:
            return failed
        try:
            for call in calls:
                if call in drive.belief.menu:
                    drive.take(call)
        except Disagreement as failed:
            return failed
        finally:
            drive.caller.close()
        return None


class _TestCase:
    """`Machine.TestCase`: a unittest class with `settings`, one for each machine."""

    def __get__(self, _instance: object, machine: type[ModelMachine]) -> type[unittest.TestCase]:
        known: type[unittest.TestCase] | None = machine.__dict__.get("_test_case")
        if known is not None:
            return known

        class TestCase(unittest.TestCase):
            settings = DEFAULT_SETTINGS

            def runTest(self) -> None:
                __tracebackhide__ = True
                checked(machine, self.settings)

            runTest.is_hypothesis_test = True  # type: ignore[attr-defined]

        TestCase.__name__ = f"{machine.__name__}.TestCase"
        TestCase.__qualname__ = f"{machine.__qualname__}.TestCase"
        type.__setattr__(machine, "_test_case", TestCase)
        return TestCase


class ModelMachine(RuleBasedStateMachine):
    """The base of all machines that `state_machine` makes."""

    setup: ClassVar[Setup]
    visits: ClassVar[Visits]
    TestCase: Any = _TestCase()

    def __init__(self) -> None:
        super().__init__()
        self._drive: Drive | None = None
        self._drive = self.setup.started()
        self._course = Course(self.setup.atlas)

    @rule(number=st.integers(0, NUMBERS - 1))
    def step(self, number: int) -> None:
        drive = self._drive
        assert drive is not None
        if drive.belief.menu:
            drive.take(self._course.choose(drive.belief, number))

    def teardown(self) -> None:
        drive = self._drive
        if drive is None:
            return
        drive.caller.close()
        visits = self.visits
        visits.runs += 1
        visits.steps += len(drive.calls)
        visits.counts.update(call.name for call in drive.calls)

    def _repr_step(self, rule: Any, data: Any, result: Any) -> str:
        # Hypothesis prints the numbers; what they meant is what a reader wants.
        calls = self._drive.calls if self._drive is not None else []
        return f"state.{calls[-1].label}" if calls else "state.rest()"


def state_machine(
    model: str | type[Model],
    adapter: object = None,
    *,
    hidden: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    refuses: tuple[str, ...] = (),
    project: Project | None = None,
    min_visits: int = 0,
    out: str | Path | None = None,
    name: str = "",
    **model_settings: Unpack[ModelSettings],
) -> type[ModelMachine]:
    """A Hypothesis state machine that drives an adapter through the model.

    `adapter` is a class or function without parameters that makes one, or an object with
    `reset()`; it may be left out where `run` gives it. `hidden` steps are taken by the system on
    its own, `skip` ones not at all; `refuses` names steps whose methods may raise `NotEnabled`.
    `project` makes of a state what `observe()` returns. With `min_visits`, an action that was
    taken less often fails the test. `out` is a folder for the traces of failing runs.

    Raises: UsageError or ModelRefused.
    """
    subject = subject_of(model, model_settings)
    called = name or f"{subject.model.name}Machine"
    visits = Visits(called)
    folder = Path(out) if out is not None else None
    setup = Setup(
        subject, adapter, hidden, skip, refuses, project, min_visits, folder, visits
    )  # fmt: skip
    return type(called, (ModelMachine,), {"setup": setup, "visits": visits, "__doc__": _doc(setup)})


def _doc(setup: Setup) -> str:
    return f"Drives a system through {setup.subject.model.name}."


def run(
    machine: type[ModelMachine],
    *,
    adapter: object = None,
    settings: settings | None = None,
) -> Visits:
    """Run the machine as a test: for adapters that come from pytest's fixtures.

    Raises: Disagreement; AssertionError, if `min_visits` was not reached.
    """
    __tracebackhide__ = True
    if adapter is not None:
        before = machine.setup.adapter
        machine.setup.adapter = adapter
        try:
            checked(machine, settings or machine.TestCase.settings)
        finally:
            machine.setup.adapter = before
    else:
        checked(machine, settings or machine.TestCase.settings)
    return machine.visits


def checked(machine: type[ModelMachine], chosen: settings) -> None:
    """Hypothesis's run, with a failure made shorter and told in the model's words."""
    __tracebackhide__ = True
    setup = machine.setup
    if setup.adapter is None:
        raise UsageError(
            f"{machine.__name__} has no adapter",
            help="pass one: state_machine(Model, Adapter), or run(machine, adapter=...)",
        )
    visits = setup.visits
    visits.runs = visits.steps = 0
    visits.counts.clear()
    try:
        run_state_machine_as_test(machine, settings=setup.fitted(chosen))
    except Disagreement as failed:
        raise _explained(failed, setup, shrinks=Phase.shrink in chosen.phases) from failed.__cause__
    traces.remembered(visits)
    _count_visits(setup)


def _explained(failed: Disagreement, setup: Setup, *, shrinks: bool) -> Disagreement:
    best = shortened(failed, setup.atlas, setup.attempt) if shrinks else failed
    before, now = len(failed.calls), len(best.calls)
    remark = f" (found as one of {before})" if now < before else ""
    folder = setup.out or traces.folder()
    saved = traces.save(best, setup.subject, folder) if folder is not None else ""
    best.text = told(best, setup.harness, setup.adapter, saved=saved, remark=remark)
    best.args = (best.text,)
    # Of Hypothesis's notes the one that says how to repeat the run; the others tell it in numbers.
    notes = [line for line in getattr(failed, "__notes__", ()) if "@reproduce_failure" in line]
    best.__notes__ = notes
    return best.with_traceback(None)


def _count_visits(setup: Setup) -> None:
    visits = setup.visits
    few = visits.never(setup.min_visits) if setup.min_visits else []
    if few:
        named = ", ".join(f"{name} ({visits.counts[name]})" for name in few)
        table = "\n".join(visits.lines())
        raise AssertionError(
            f"taken less than {setup.min_visits} times: {named}\n{table}\n"
            "more examples or more steps help: settings(max_examples=..., stateful_step_count=...)"
        )
    never = visits.never()
    if never:
        warnings.warn(
            f"{visits.machine} never took {', '.join(never)} in {visits.runs:,} runs",
            NeverTaken,
            stacklevel=2,
        )
