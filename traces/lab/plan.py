"""Whom to kill, and when: everything that the seed decides.

A kill waits until its target has done so many steps, then a random few milliseconds more. Counting
steps keeps the kills inside the busy part of a run on slow and fast machines alike; the extra
milliseconds span a service's whole cycle, so every point of it can be hit. Killing after so many
seconds was rejected: on a fast machine the later kills would hit services that have nothing to do.

The seed fixes this plan and the lengths of the services' pauses. The operating system schedules
the rest: two runs with one seed do not write the same log.
"""

import random
from dataclasses import dataclass

# The producer's crashes only matter for the log: at worst a placed order is not logged. Those of
# the relay and of the consumer make duplicates, and are tried twice as often.
TARGETS = ("producer", "relay", "relay", "consumer", "consumer")

DELAY_MS_MAX = 25.0  # about one cycle of the relay: four pauses and three round trips


@dataclass(frozen=True)
class Kill:
    """Kill `target` `delay_ms` after it was seen to have done `after_steps` steps."""

    target: str
    after_steps: int
    delay_ms: float


def plan_kills(*, seed: int, orders: int, kills: int) -> tuple[Kill, ...]:
    """The kills of a run, in the order of `after_steps`.

    >>> plan_kills(seed=1, orders=100, kills=3) == plan_kills(seed=1, orders=100, kills=3)
    True
    >>> sorted({kill.target for kill in plan_kills(seed=7, orders=100, kills=2)})
    ['consumer', 'relay']
    """
    source = random.Random(seed)
    # One relay and one consumer always, so that even a short run can show a duplicate.
    targets = ["relay", "consumer"][:kills]
    targets += source.choices(TARGETS, k=kills - len(targets))
    # Each kill may hide one step from the log, so a higher count might never be reached.
    steps_max = max(0, int(orders * 0.9) - kills)
    plan = [
        Kill(target, source.randint(0, steps_max), source.uniform(0, DELAY_MS_MAX))
        for target in targets
    ]
    return tuple(sorted(plan, key=lambda kill: kill.after_steps))
