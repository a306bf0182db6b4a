"""Two-phase commit for musil (PyPI): frozen-dataclass states, guard and effect functions.

Written as its documents show, with the rules and the invariant of models/two_phase_commit.py.
Prints one JSON object.
"""

import json
import sys
import time
from dataclasses import dataclass, replace

import musil

WORKING, PREPARED, COMMITTED, ABORTED = range(4)
COMMIT, ABORT = -1, -2


@dataclass(frozen=True, slots=True)
class State:
    phase: tuple[int, ...]
    votes: frozenset[int]
    decided: bool
    sent: frozenset[int]


def put(phase: tuple[int, ...], p: int, value: int) -> tuple[int, ...]:
    return (*phase[:p], value, *phase[p + 1 :])


def actions(count: int) -> list["musil.Action[State]"]:
    found = [
        musil.Action(
            "commit",
            lambda s: not s.decided and len(s.votes) == count,
            lambda s: replace(s, decided=True, sent=s.sent | {COMMIT}),
        ),
        musil.Action(
            "abort",
            lambda s: not s.decided,
            lambda s: replace(s, decided=True, sent=s.sent | {ABORT}),
        ),
    ]
    for p in range(count):
        found += [
            musil.Action(
                f"receive_vote({p})",
                lambda s, p=p: not s.decided and p in s.sent,
                lambda s, p=p: replace(s, votes=s.votes | {p}),
            ),
            musil.Action(
                f"prepare({p})",
                lambda s, p=p: s.phase[p] == WORKING,
                lambda s, p=p: replace(s, phase=put(s.phase, p, PREPARED), sent=s.sent | {p}),
            ),
            musil.Action(
                f"give_up({p})",
                lambda s, p=p: s.phase[p] == WORKING,
                lambda s, p=p: replace(s, phase=put(s.phase, p, ABORTED)),
            ),
            musil.Action(
                f"learn_commit({p})",
                lambda s, p=p: COMMIT in s.sent,
                lambda s, p=p: replace(s, phase=put(s.phase, p, COMMITTED)),
            ),
            musil.Action(
                f"learn_abort({p})",
                lambda s, p=p: ABORT in s.sent,
                lambda s, p=p: replace(s, phase=put(s.phase, p, ABORTED)),
            ),
        ]
    return found


def agrees(state: State) -> bool:
    return not (COMMITTED in state.phase and ABORTED in state.phase)


def main(count: int) -> None:
    first = State((WORKING,) * count, frozenset(), False, frozenset())
    model = musil.Model(
        first, actions(count), invariants={"agreement": agrees}, terminal=lambda s: True
    )
    start = time.perf_counter()
    result = musil.check(model)
    seconds = time.perf_counter() - start
    assert result.ok and not result.truncated
    print(json.dumps({"distinct": result.states_explored, "seconds": seconds}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
