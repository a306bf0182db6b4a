"""Which broken form of a model is a log consistent with (L7)?

Owns the comparison: the log is held against the model and each of its variants. A variant is
minimal if no other accepts what it does with fewer constants changed, and then with fewer hidden
faults. What is said is "consistent with": often several variants explain a log, and the true one
may be none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from checker.errors import ExitCode

from .observe import Observation
from .replay import Replay, SliceVerdict, Verdict

__all__ = ["Candidate", "Findings", "Form", "Group", "Separation", "diagnose"]

Hold = Callable[[Observation, bool], Replay]
"""The verdicts of the log for a form of the model, and if asked for, why what is rejected is."""

Form = tuple[str, str, Mapping[str, str], Observation]
"""The name of a variant, what it is about, the constants that it changes, and it as it is seen."""

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Candidate:
    """The model with these constants changed; `variant` is "" for the model as it is written."""

    variant: str
    about: str
    constants: Mapping[str, str]
    replay: Replay

    def faults(self) -> int:
        return sum(each.faults * count for each, count in self.replay.everything())

    def verdicts(self) -> dict[Keys, SliceVerdict]:
        return {each.keys: each for each in self.replay.slices}

    def shown_in(self) -> dict[str, tuple[int, int]]:
        """For each invariant: in how many slices all explanations break it, and in how many
        some."""
        every: Counter[str] = Counter()
        some: Counter[str] = Counter()
        for each, count in self.replay.everything():
            every.update(dict.fromkeys(each.violated, count))
            some.update(dict.fromkeys(each.possibly, count))
        return {name: (every[name], some[name]) for name in {**every, **some}}


@dataclass(frozen=True)
class Group:
    """Slices with the same minimal candidates (positions); none: no candidate accepts them."""

    candidates: tuple[int, ...]
    count: int
    examples: tuple[Keys, ...]


@dataclass(frozen=True)
class Separation:
    """A hidden rule that one candidate needs in `needs` slices and the other does not need."""

    rule: str
    needing: int
    other: int
    needs: int


@dataclass(frozen=True)
class Findings:
    """`consistent`: the candidates that accept all decided slices; `minimal`: the least of them.

    `rivals`: those that have changed as few constants, with any number of hidden faults.
    """

    candidates: tuple[Candidate, ...]
    groups: tuple[Group, ...]
    undecided: int
    consistent: tuple[int, ...]
    minimal: tuple[int, ...]
    rivals: tuple[int, ...]
    separations: tuple[Separation, ...]

    def exit_code(self) -> ExitCode:
        """0: the model as written explains the log; 1: it does not; 3: that is not decided."""
        written = self.candidates[0].replay
        if written.count(Verdict.REJECTED) or written.exit_code() is ExitCode.FAILS:
            return ExitCode.FAILS
        unsure = self.undecided or written.has_gap or not written.steps
        return ExitCode.UNKNOWN if unsure else ExitCode.OK


EXAMPLES_MAX = 5


def diagnose(named: Sequence[Form], hold: Hold) -> Findings:
    """Hold a log against candidates, the model as it is written first.

    Only of that one the rejections are explained: they are the evidence.
    """
    candidates = tuple(
        Candidate(variant, about, constants, hold(observation, position == 0))
        for position, (variant, about, constants, observation) in enumerate(named)
    )
    by_candidate = [candidate.verdicts() for candidate in candidates]
    told = dict.fromkeys(keys for verdicts in by_candidate for keys in verdicts)
    groups: dict[tuple[int, ...], list[Keys]] = {}
    undecided: list[Keys] = []
    for keys in told:
        own = [_of(verdicts, keys) for verdicts in by_candidate]
        if own[0] is not None and own[0].verdict is Verdict.UNKNOWN:
            undecided.append(keys)
        else:
            groups.setdefault(_minimal(own, candidates), []).append(keys)
    counted = {least: len(members) for least, members in groups.items()}
    rest = candidates[0].replay.number() - len(told)
    if rest:  # plainly accepted by all of them
        counted[0,] = counted.get((0,), 0) + rest
    consistent = tuple(
        position
        for position, verdicts in enumerate(by_candidate)
        if all(_accepts(_of(verdicts, keys)) for keys in told if keys not in undecided)
    )
    minimal = _least(consistent, candidates)
    fewest = min((len(candidates[p].constants) for p in consistent), default=0)
    rivals = tuple(p for p in consistent if len(candidates[p].constants) == fewest)
    return Findings(
        candidates,
        tuple(
            Group(least, count, tuple(groups.get(least, [])[:EXAMPLES_MAX]))
            for least, count in sorted(counted.items(), key=lambda pair: -pair[1])
        ),
        len(undecided) + _unlisted_unknown(candidates[0].replay),
        consistent,
        minimal,
        rivals,
        tuple(_separations(rivals, [each[3] for each in named], hold)),
    )


def _of(verdicts: Mapping[Keys, SliceVerdict], keys: Keys) -> SliceVerdict | None:
    """None for a slice of which nothing is to be told: it is accepted."""
    return verdicts.get(keys)


def _accepts(each: SliceVerdict | None) -> bool:
    """Does the form explain the slice, and where no more comes, that it ends there?

    A form that owes something and could still do it does not explain why it did not.
    """
    if each is None:
        return True
    return each.verdict is Verdict.ACCEPTED and (each.at_rest_some or not each.is_overdue)


def _minimal(
    own: Sequence[SliceVerdict | None], candidates: Sequence[Candidate]
) -> tuple[int, ...]:
    accepting = [
        (len(candidates[position].constants), 0 if each is None else each.faults, position)
        for position, each in enumerate(own)
        if _accepts(each)
    ]
    if not accepting:
        return ()
    least = min(accepting)[:2]
    return tuple(position for changed, faults, position in accepting if (changed, faults) == least)


def _least(consistent: Sequence[int], candidates: Sequence[Candidate]) -> tuple[int, ...]:
    if not consistent:
        return ()
    cost = {p: (len(candidates[p].constants), candidates[p].faults()) for p in consistent}
    least = min(cost.values())
    return tuple(position for position in consistent if cost[position] == least)


def _unlisted_unknown(found: Replay) -> int:
    return sum(count for each, count in found.groups if each.verdict is Verdict.UNKNOWN)


def _separations(
    rivals: Sequence[int],
    observations: Sequence[Observation],
    hold: Hold,
) -> Iterator[Separation]:
    """For each two rivals, a hidden rule that one of them needs and the other does not.

    Were it logged, a log without it would leave only the other, and a log with it the one.
    """
    needs: dict[tuple[int, str], int] = {}
    for position in rivals if len(rivals) > 1 else ():
        hidden = observations[position].hidden
        for rule in sorted(hidden):
            without = replace(observations[position], hidden=hidden - {rule})
            needs[position, rule] = hold(without, False).count(Verdict.REJECTED)
    rules = sorted({rule for _, rule in needs})
    for number, first in enumerate(rivals):
        for second in rivals[number + 1 :]:
            for rule in rules:
                one, other = needs.get((first, rule), 0), needs.get((second, rule), 0)
                if bool(one) != bool(other):
                    needing, free = (first, second) if one else (second, first)
                    yield Separation(rule, needing, free, one or other)
                    break
