"""Few, short ways through a model, as parametrised tests of real code.

    @pytest.mark.parametrize("path", paths(Outbox, cover="guards"))
    def test_the_service_follows(path):
        path.run(Service)

Owns what is covered and by which ways. Only what the test can force is covered: where the system
chooses, a way is good only if it reaches its goal whatever is chosen. What cannot be forced is
listed in `unforced`, and never silently left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ..errors import UsageError
from ..model import Model
from ..states import State
from .adapter import Caller, Interface, interface_of, made
from .belief import Belief, Harness
from .branches import Branches
from .drive import Disagreement, Drive, Project
from .observed import Reader
from .report import told
from .steering import Atlas
from .subject import Call, ModelSettings, Subject, choices_of, subject_of

if TYPE_CHECKING:
    import networkx

__all__ = ["Path", "Paths", "paths"]

Cover = Literal["actions", "guards", "states"]

BELIEFS_MAX = 20_000
LONGEST = 40  # steps of a path that covers states: a longer one is hard to read

Goal = tuple[str, ...]


@dataclass(frozen=True)
class Path:
    """A way through the model. `covers` are the goals that it reaches, as texts."""

    name: str
    calls: tuple[Call, ...]
    covers: tuple[str, ...]
    subject: Subject
    options: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return " ".join(call.label for call in self.calls) or "nothing"

    def run(self, adapter: object, *, project: Project | None = None) -> None:
        """Make the calls, and hold what the system answers and shows against the model.

        Raises: Disagreement; pytest's `skip`, if the system's choices led elsewhere.
        """
        __tracebackhide__ = True
        system = made(adapter)
        harness = Harness(self.subject, _interface(self.subject, type(system), self.options))
        drive = Drive(harness, Caller(system), Reader(self.subject), project)
        try:
            drive.caller.reset()
            drive.begin()
            for call in self.calls:
                if call not in drive.belief.menu:
                    _left(call, drive)
                drive.take(call)
        except Disagreement as failed:
            failed.text = told(failed, harness, adapter)
            failed.args = (failed.text,)
            raise failed.with_traceback(None) from failed.__cause__
        finally:
            drive.caller.close()


def _left(call: Call, drive: Drive) -> None:
    import pytest

    done = ", ".join(c.label for c in drive.calls)
    pytest.skip(f"the system chose another way: after {done} the model allows no {call.label}")


class Paths(list[Any]):
    """The parameters for `pytest.mark.parametrize`; `unforced` says what they do not cover."""

    unforced: tuple[str, ...] = ()

    def paths(self) -> list[Path]:
        """The paths without pytest's wrapping."""
        return [each.values[0] for each in self]


def paths(
    model: str | type[Model],
    *,
    cover: Cover = "actions",
    adapter: type[object] | None = None,
    hidden: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
    **settings: Unpack[ModelSettings],
) -> Paths:
    """Ways that together cover every action, branch or state of the model that can be forced.

    With `adapter`, the choices that its methods take are the test's; without, all choices are
    the system's.

    Raises: UsageError or ModelRefused; UsageError, if the model is too large to be covered.
    """
    import pytest

    if cover not in ("actions", "guards", "states"):
        raise UsageError(f"cover={cover!r} is none of 'actions', 'guards', 'states'")
    subject = subject_of(model, settings)
    options = {"hidden": hidden, "skip": skip}
    kind = adapter if adapter is not None else _all_steps(subject, (*hidden, *skip))
    harness = Harness(subject, _interface(subject, kind, options))
    found = _Covering(harness, cover).paths(options)
    result = Paths(pytest.param(path, id=path.name) for path in found.chosen)
    result.unforced = tuple(found.unforced)
    return result


def _interface(subject: Subject, adapter: type[object], options: Mapping[str, Any]) -> Interface:
    return interface_of(subject, adapter, **options)


def _all_steps(subject: Subject, without: tuple[str, ...]) -> type[object]:
    """An adapter's class with a method for each step, which takes no choices."""

    def method(self: object, *arguments: object) -> None: ...

    names = [r.name for r in subject.model.rules if r.name not in without]
    return type("AnyAdapter", (), dict.fromkeys(names, method))


@dataclass
class _Found:
    chosen: list[Path] = field(default_factory=list)
    unforced: list[str] = field(default_factory=list)


class _Covering:
    """The search for a small set of ways over the sets of states that a test can be sure of."""

    def __init__(self, harness: Harness, cover: Cover) -> None:
        import networkx

        self.harness = harness
        self.cover = cover
        self.branches = Branches(harness.program)
        self.graph: networkx.DiGraph[Belief] = networkx.DiGraph()
        self.sure: dict[tuple[Belief, Call], frozenset[Goal]] = {}
        self.maybe: dict[Goal, None] = {}
        self.numbers: dict[State, int] = {}
        queue = [harness.first]
        self.graph.add_node(harness.first)
        for belief in queue:
            for call in belief.menu:
                after = harness.after(belief, call)
                if after not in self.graph:
                    queue.append(after)
                    if len(queue) > BELIEFS_MAX:
                        raise UsageError(
                            f"{harness.subject.model.name} has more than {BELIEFS_MAX:,} states",
                            help="cover a smaller scope: paths(..., scopes={...})",
                        )
                if after is not belief and not self.graph.has_edge(belief, after):
                    self.graph.add_edge(belief, after, call=call)
                self._goals(belief, call, after)

    def _goals(self, belief: Belief, call: Call, after: Belief) -> None:
        outcomes = [
            self._goals_of(call, picks, state, end)
            for state in belief.states
            for picks, end in self.harness.edges(state).get(call, ())
        ]
        self.maybe.update(dict.fromkeys(g for goals in outcomes for g in sorted(goals)))
        self.sure[belief, call] = frozenset.intersection(*outcomes)

    def _goals_of(self, call: Call, picks: Any, state: Any, end: Any) -> frozenset[Goal]:
        if self.cover == "actions":
            return frozenset({(call.name,)})
        if self.cover == "states":
            number = self.numbers.setdefault(end, len(self.numbers))
            return frozenset({("state", f"{number:06}")})
        taken = self.branches.of(call, picks, state)
        return frozenset({(call.name,), *((call.name, text) for text in taken)})

    def paths(self, options: Mapping[str, Any]) -> _Found:
        import networkx

        found = _Found()
        reach = networkx.single_source_shortest_path(self.graph, self.harness.first)
        where: dict[Goal, tuple[int, Belief, Call]] = {}
        for (belief, call), goals in self.sure.items():
            for goal in goals:
                far = len(reach[belief])
                if goal not in where or far < where[goal][0]:
                    where[goal] = far, belief, call
        open_goals = dict.fromkeys(g for g in self.maybe if g in where)
        # The farthest first: on the way to it lies much of the rest.
        for goal in sorted(open_goals, key=lambda g: -where[g][0]):
            if goal in open_goals:
                _, belief, call = where[goal]
                path = self._path(reach[belief], call, goal, open_goals, options)
                found.chosen.append(path)
        found.chosen.reverse()
        found.unforced = [*self._unforced(where), *self._never()]
        return found

    def _path(
        self,
        beliefs: list[Belief],
        last: Call,
        goal: Goal,
        open_goals: dict[Goal, None],
        options: Mapping[str, Any],
    ) -> Path:
        calls = [self.graph.edges[a, b]["call"] for a, b in pairwise(beliefs)]
        calls.append(last)
        belief, covered = self.harness.first, dict[Goal, None]()
        for call in calls:
            covered.update(dict.fromkeys(sorted(self.sure[belief, call])))
            belief = self.harness.after(belief, call)
        if self.cover == "states":
            self._extend(belief, calls, covered, open_goals)
        new = [g for g in covered if g in open_goals]
        for each in new:
            del open_goals[each]
        name = f"{len(new)}-states-by-{last.name}" if self.cover == "states" else _named(goal)
        texts = tuple(_named(g) for g in covered)
        return Path(name, tuple(calls), texts, self.harness.subject, options)

    def _extend(
        self,
        belief: Belief,
        calls: list[Call],
        covered: dict[Goal, None],
        open_goals: dict[Goal, None],
    ) -> None:
        """Go on to states that no path has seen, step by step."""
        while len(calls) < LONGEST:
            new = next(
                (
                    (call, goals)
                    for call in belief.menu
                    if (goals := self.sure[belief, call])
                    and any(g in open_goals and g not in covered for g in goals)
                ),
                None,
            )
            if new is None:
                return
            call, goals = new
            calls.append(call)
            covered.update(dict.fromkeys(goals))
            belief = self.harness.after(belief, call)

    # ── What is left out ──

    def _unforced(self, where: Mapping[Goal, object]) -> Iterable[str]:
        if self.cover == "states":
            free = sum(goal not in where for goal in self.maybe)
            if free:
                yield f"{free:,} of {len(self.maybe):,} states depend on what the system chooses"
            return
        for goal in self.maybe:
            if goal not in where:
                yield f"{_named(goal)}: depends on what the system chooses"

    def _never(self) -> Iterable[str]:
        interface = self.harness.interface
        seen = {goal[0] for goal in self.maybe}
        for name in interface.missing:
            yield f"{name}: the adapter has no method for it"
        for name in sorted(interface.hidden):
            yield f"{name}: the system takes it on its own"
        names = [rule.rule.name for rule in self.harness.program.rules]
        unseen = [name for name in names if name in interface.driven and name not in seen]
        if unseen and self.cover != "states":
            atlas = Atlas(self.harness)
            for name in unseen:
                if atlas.is_complete and name not in atlas.taken:
                    yield f"{name}: no reachable state of the model allows it"
                else:
                    yield f"{name}: no state that a test can be sure of allows it"
        for rule in self.harness.program.rules:
            driven = interface.driven.get(rule.rule.name, ())
            free = [
                c.show or c.name
                for n, c in enumerate(choices_of(rule.rule))
                if n not in driven and rule.rule.name in interface.driven
            ]
            if free:
                yield f"{rule.rule.name}: the system chooses {', '.join(free)}"


def _named(goal: Goal) -> str:
    return goal[0] if len(goal) == 1 else f"{goal[0]}[{goal[1]}]"
