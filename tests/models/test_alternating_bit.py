"""The alternating bit against the counts that TLC prints for tlaplus/Examples MCAlternatingBit."""

from __future__ import annotations

from checker.api import explore
from checker.backends.python import Program
from checker.run import Request, prepare

ROOM = 2  # msgQLen and ackQLen of the published configuration

PUBLISHED_DISTINCT, PUBLISHED_GENERATED, PUBLISHED_LEVELS = 240, 1392, 10


def test_the_alternating_bit_has_the_published_states() -> None:
    outcome = explore("alternating_bit")
    assert outcome.distinct == PUBLISHED_DISTINCT
    assert outcome.depth + 1 == PUBLISHED_LEVELS  # TLC counts states, not steps


def test_only_the_sends_into_full_links_are_not_generated() -> None:
    # There the length of the links is a CONSTRAINT: TLC makes each state behind it, counts it as
    # generated, and throws it away. Here a sender waits for room, so the step does not exist.
    model = prepare(Request("alternating_bit")).model
    program = Program(model)
    places = {v.name: place for place, v in enumerate(model.vars)}
    states = dict.fromkeys(program.initial_states())
    thrown_away, queue = 0, list(states)
    for state in queue:
        (_, messages), (_, acks) = state[places["messages"]], state[places["acks"]]  # type: ignore[misc]
        if len(messages) == ROOM:
            waiting = state[places["bit"]] != state[places["acknowledged"]]
            thrown_away += 1 if waiting else 2  # a retry, or either value
        if len(acks) == ROOM:
            thrown_away += 1
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    assert isinstance(end, tuple)
                    if end not in states:
                        states[end] = None
                        queue.append(end)
    assert explore("alternating_bit").generated + thrown_away == PUBLISHED_GENERATED
