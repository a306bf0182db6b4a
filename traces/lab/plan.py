"""What the seed decides: whom to kill and when, and which messages meet which other fault.

A kill waits until its target has done so many steps, then a random few milliseconds more. Counting
steps keeps the kills inside the busy part of a run on slow and fast machines alike; the extra
milliseconds span a service's whole cycle, so every point of it can be hit. Killing after so many
seconds was rejected: on a fast machine the later kills would hit services that have nothing to do.

The seed fixes this plan and the lengths of the services' pauses. The operating system schedules
the rest: two runs with one seed do not write the same log.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from .labs import LabError

DELAY_MS_MAX = 25.0  # about one cycle of the outbox's relay: four pauses and three round trips
FAULTS_MAX = 1_000  # of each kind


@dataclass(frozen=True)
class Faults:
    """How many of each fault a run injects.

    >>> Faults.parse("kills=8, late_acks=2", Faults(points=3))
    Faults(kills=8, points=0, late_acks=2, duplicates=0, delays=0, drops=0, restarts=0,
           lost_answers=0)
    """

    kills: int = 0  # SIGKILL at a random time
    points: int = 0  # SIGKILL at a named point, such as between two writes
    late_acks: int = 0  # an acknowledgement that comes after the broker has delivered again
    duplicates: int = 0  # a message is published twice
    delays: int = 0  # a message is sent late; in the saga, later ones overtake it
    drops: int = 0  # all connections of a service to the database or the broker break
    restarts: int = 0  # the broker is killed, and started again with its files
    lost_answers: int = 0  # an HTTP client's connection breaks just before the answer comes

    @staticmethod
    def parse(text: str, default: "Faults") -> "Faults":
        """Counts written as `kills=8,points=3`; `default` if the text is empty, `none` for none.

        Raises: LabError, with the names there are.
        """
        if not text.strip():
            return default
        found = dict.fromkeys((field.name for field in fields(Faults)), 0)
        for part in () if text.strip() == "none" else text.split(","):
            name, _, count = (each.strip() for each in part.partition("="))
            if name not in found or not count.isdecimal() or int(count) > FAULTS_MAX:
                known = ", ".join(found)
                raise LabError(
                    f"{part.strip()!r} is no fault: write NAME=COUNT, with commas between. "
                    f"The names: {known}; a count is 0 to {FAULTS_MAX}"
                )
            found[name] = int(count)
        return Faults(**found)

    def text(self) -> str:
        counts = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ",".join(f"{name}={count}" for name, count in counts if count) or "none"


@dataclass(frozen=True)
class Kill:
    """Kill `target` `delay_ms` after it was seen to have done `after_steps` steps."""

    target: str
    after_steps: int
    delay_ms: float


def plan_kills(
    *, seed: int, orders: int, kills: int, targets: Mapping[str, int]
) -> tuple[Kill, ...]:
    """The kills of a run, in the order of `after_steps`; `targets` says how likely each is.

    Every target of the greatest weight is killed once, if there are kills enough: so even a short
    run can show what such a kill does.

    >>> weights = {"producer": 1, "relay": 2, "consumer": 2}
    >>> sorted({k.target for k in plan_kills(seed=7, orders=100, kills=2, targets=weights)})
    ['consumer', 'relay']
    """
    source = random.Random(seed)
    names, weights = list(targets), list(targets.values())
    most = max(weights)
    chosen = [name for name in names if targets[name] == most][:kills]
    chosen += source.choices(names, weights, k=kills - len(chosen))
    # Each kill may hide one step from the log, so a higher count might never be reached.
    steps_max = max(0, int(orders * 0.9) - kills)
    plan = [
        Kill(target, source.randint(0, steps_max), source.uniform(0, DELAY_MS_MAX))
        for target in chosen
    ]
    return tuple(sorted(plan, key=lambda kill: kill.after_steps))


def plan_marks(
    *, seed: int, orders: int, faults: Faults, points: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Which messages, by number, meet which fault of the services.

    The keys are `late_ack`, `duplicate`, `delay`, `lost_answer`, and `at NAME` for a kill at the
    point NAME.
    """
    source = random.Random(f"marks/{seed}")

    def some(count: int) -> tuple[int, ...]:
        return tuple(sorted(source.sample(range(orders), min(count, orders))))

    marks = {
        "late_ack": some(faults.late_acks),
        "duplicate": some(faults.duplicates),
        "delay": some(faults.delays),
    }
    deaths = {point: list[int]() for point in points}
    for index, number in enumerate(some(faults.points) if points else ()):
        deaths[points[index % len(points)]].append(number)
    marks["lost_answer"] = some(faults.lost_answers)
    return {**marks, **{f"at {point}": tuple(numbers) for point, numbers in deaths.items()}}
