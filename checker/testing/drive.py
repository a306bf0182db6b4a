"""One run: an adapter and the model, step by step, until they disagree.

Owns what counts as a disagreement:

    invariant   an invariant is false of what the system shows
    observe     no state that the model allows looks like what the system shows
    answer      the model allows no step with what the system answered
    refused     the system refuses a step that the model allows
    raised      a method of the adapter raised an exception
    model       in every state that is left, the model itself breaks an invariant or `@at_rest`
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ..errors import UsageError
from ..explore.outcome import Step, Trace
from ..model import NotEnabled
from ..states import State
from .adapter import Caller
from .belief import Belief, Harness
from .observed import Broken, Observation, Reader
from .subject import Call

__all__ = ["Disagreement", "Drive", "Failing", "Project"]

Project = Callable[[Any], object]


@dataclass(frozen=True)
class Failing:
    """Why a run failed, as data. `what` is one sentence; `name` the property or step it is about.

    `seen` is what the system shows, `allowed` what the model allows there, as texts by field.
    """

    kind: str
    name: str
    what: str
    because: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)
    allowed: tuple[dict[str, str], ...] = ()
    observation: Observation = ()
    possible: tuple[Observation, ...] = ()
    broken: Broken | None = None

    def is_like(self, other: Failing) -> bool:
        """Would a person say that both are the same bug?"""
        return (self.kind, self.name) == (other.kind, other.name)


class Disagreement(AssertionError):
    """The system did something that the model does not allow.

    `calls` are the steps of the run, the failing one last; `trace` is a behaviour of the model
    with the same steps, as far as there is one.
    """

    __module__ = "checker.testing"  # where users find it, and what pytest prints

    def __init__(self, failing: Failing, calls: tuple[Call, ...], trace: Trace) -> None:
        super().__init__(failing.what)
        self.failing = failing
        self.calls = calls
        self.trace = trace
        self.text = ""  # the whole report, once it is made

    def __str__(self) -> str:
        return self.text or self.failing.what


class Drive:
    """One run of one adapter. `begin()` comes first."""

    def __init__(
        self, harness: Harness, caller: Caller, reader: Reader, project: Project | None
    ) -> None:
        self.harness = harness
        self.caller = caller
        self.reader = reader
        self.project = project
        self.belief = harness.first
        self.calls: list[Call] = []
        self._passed: list[Belief] = []  # the set before each call
        self._observes = harness.interface.observes
        self._projected: dict[State, object] = {}

    def begin(self) -> None:
        """Hold the system's start against the initial states."""
        if self.belief.broken:
            self._model_broken(self.belief)
        if self._observes:
            self.belief = self._observed(self.belief)

    def take(self, call: Call) -> None:
        """Make the call, and leave the states that agree with what the system then says.

        Raises: Disagreement; UsageError, for an adapter that cannot be understood.
        """
        before = self.belief
        self.calls.append(call)
        self._passed.append(before)
        try:
            answer = self.caller(call.name, *call.arguments, **call.chosen)
        except NotEnabled:
            self._refused(before, call)
            return
        except UsageError:
            raise
        except Exception as error:
            self._raised(call.name, call.label, error)
        if answer is None:
            after = self.harness.after(before, call)
        else:
            after = self._answered(before, call, answer)
        if self._observes:
            after = self._observed(after)
        if after.broken:
            self._model_broken(after)
        self.belief = after

    def _refused(self, before: Belief, call: Call) -> None:
        possible = self.harness.refused(before, call)
        self.calls.pop()
        self._passed.pop()
        if not possible:
            self.calls.append(call)
            self._passed.append(before)
            what = f"the system refuses {call.label}, which the model allows"
            raise self._disagreement(Failing("refused", call.name, what), before)
        self.belief = self.harness.belief(possible)

    def _raised(self, name: str, label: str, error: Exception) -> None:
        what = f"{label} raised {type(error).__name__}: {error}"
        before = self._passed[-1] if self._passed else self.belief
        raise self._disagreement(Failing("raised", name, what), before) from error

    def _answered(self, before: Belief, call: Call, answer: object) -> Belief:
        outcomes = self.harness.outcomes(before, call)
        left = self.harness.answered(call, outcomes, answer)
        if not left:
            what = f"{call.label} answered {answer!r}, which the model does not allow here"
            raise self._disagreement(Failing("answer", call.name, what), before)
        return self.harness.belief([end for _, end in left])

    # ── What the system shows ──

    def _observed(self, belief: Belief) -> Belief:
        try:
            shown = self.caller("observe")
        except UsageError:
            raise
        except Exception as error:
            self._raised("observe", "observe()", error)
        if self.project is not None:
            return self._compared(belief, shown)
        observation = self.reader.read(shown)
        if observation in belief.seen:
            after = belief.seen[observation]
        else:
            after = belief.seen[observation] = self._fitting(belief, observation)
        if after is None:
            self._differs(belief, observation)
            raise AssertionError("a difference was found and not told")
        return after

    def _fitting(self, belief: Belief, observation: Observation) -> Belief | None:
        """The states that look like this; None if an invariant is false of it, too."""
        if self.reader.broken(observation, belief.states[0]) is not None:
            return None
        part = self.reader.part
        left = [s for s in belief.states if part(s, observation) == observation]
        if len(left) == len(belief.states):
            return belief
        return self.harness.belief(left) if left else None

    def _differs(self, belief: Belief, observation: Observation) -> None:
        seen = self.reader.shown(observation)
        broken = self.reader.broken(observation, belief.states[0])
        after = self.calls[-1].label if self.calls else "the start"
        possible = tuple(dict.fromkeys(self.reader.part(s, observation) for s in belief.states))
        allowed = tuple(self.reader.shown(each) for each in possible)
        if broken is not None:
            told = [
                f"{text} = {value}"
                for each in broken.blamed
                for text, value in (*each.bindings, *each.because)
            ]
            what = f"{broken.prop.name} is false of what the system shows after {after}"
            failing = Failing(
                "invariant", broken.prop.name, what, tuple(told), seen, allowed, observation,
                possible, broken,
            )  # fmt: skip
            raise self._disagreement(failing, belief)
        names = [n for n in seen if all(each[n] != seen[n] for each in allowed)] or list(seen)
        what = f"after {after} the system shows what the model does not allow"
        told = [f"{n} is {seen[n]}" for n in names]
        name = self.calls[-1].name if self.calls else ""
        raise self._disagreement(
            Failing("observe", name, what, tuple(told), seen, allowed, observation, possible),
            belief,
        )

    def _compared(self, belief: Belief, shown: object) -> Belief:
        """With the user's own projection of a state."""
        left = [state for state in belief.states if self._project(state) == shown]
        if len(left) == len(belief.states):
            return belief
        if left:
            return self.harness.belief(left)
        after = self.calls[-1].label if self.calls else "the start"
        allowed = tuple({"projection": repr(self._project(s))} for s in belief.states)
        what = f"after {after} the system shows what the model does not allow"
        name = self.calls[-1].name if self.calls else ""
        seen = {"projection": repr(shown)}
        raise self._disagreement(Failing("observe", name, what, (), seen, allowed), belief)

    def _project(self, state: State) -> object:
        assert self.project is not None
        if state not in self._projected:
            view: SimpleNamespace = self.harness.subject.view(state)
            self._projected[state] = self.project(view)
        return self._projected[state]

    # ── Telling ──

    def _model_broken(self, belief: Belief) -> None:
        name = belief.broken
        what = f"{name} is false in every state that the model allows here"
        raise self._disagreement(Failing("model", name, what), belief)

    def _disagreement(self, failing: Failing, last: Belief) -> Disagreement:
        return Disagreement(failing, tuple(self.calls), self.trace(last))

    def trace(self, last: Belief) -> Trace:
        """A behaviour of the model through the sets, to a state of the last one.

        Where the last call has no state of the model behind it, the trace ends before it.
        """
        beliefs = [*self._passed, last]
        if last in self._passed[-1:]:
            beliefs.pop()
        state, steps = beliefs[-1].states[0], list[Step]()
        for number in range(len(beliefs) - 1, 0, -1):
            before, more = self._back(beliefs[number - 1], self.calls[number - 1], state)
            steps[:0] = more
            state = before
        initial, more = self._hidden_way(set(self.harness.program.initial_states()), state)
        return Trace(self.harness.subject.model, initial, (*more, *steps))

    def _back(self, belief: Belief, call: Call, state: State) -> tuple[State, list[Step]]:
        """A state of the set from which the call, and then hidden steps, lead to the state."""
        ends: dict[State, tuple[State, Step]] = {}
        for source in belief.states:
            for picks, end in self.harness.edges(source).get(call, ()):
                ends.setdefault(end, (source, Step(call.name, call.args, picks, end)))
        entered, hidden = self._hidden_way(set(ends), state)
        source, step = ends[entered]
        return source, [step, *hidden]

    def _hidden_way(self, starts: set[State], goal: State) -> tuple[State, list[Step]]:
        """From one of the starts by hidden steps to the goal, shortest first."""
        if goal in starts:
            return goal, []
        come: dict[State, tuple[State, Step] | None] = dict.fromkeys(starts)
        queue = list(come)
        for state in queue:
            for rule in self.harness.hidden_rules:
                for args in rule.args:
                    for picks, end in rule.step(state, args):
                        if isinstance(end, tuple) and end not in come:
                            come[end] = (state, Step(rule.rule.name, args, picks, end))
                            queue.append(end)
            if goal in come:
                break
        steps: list[Step] = []
        state = goal
        while (link := come[state]) is not None:
            state, step = link
            steps.insert(0, step)
        return state, steps
