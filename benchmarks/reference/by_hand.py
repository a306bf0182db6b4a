"""Two-phase commit as a search over tuples: what a person writes who knows Python well.

The same rules, edges and checks as models/two_phase_commit.py: it counts the same states and
successors, keeps parents for a counterexample, and checks agreement in every new state. Prints one
JSON object.
"""

import json
import sys
import time

WORKING, PREPARED, COMMITTED, ABORTED = range(4)
State = tuple[tuple[int, ...], frozenset[int], bool, frozenset[int]]
COMMIT, ABORT = -1, -2  # messages; a participant's vote is its number


def put(phase: tuple[int, ...], p: int, value: int) -> tuple[int, ...]:
    return (*phase[:p], value, *phase[p + 1 :])


def successors(state: State, count: int) -> list[State]:
    phase, votes, decided, sent = state
    found: list[State] = []
    if not decided and len(votes) == count:
        found.append((phase, votes, True, sent | {COMMIT}))
    if not decided:
        found.append((phase, votes, True, sent | {ABORT}))
    for p in range(count):
        if not decided and p in sent:
            found.append((phase, votes | {p}, decided, sent))
        if phase[p] == WORKING:
            found.append((put(phase, p, PREPARED), votes, decided, sent | {p}))
            found.append((put(phase, p, ABORTED), votes, decided, sent))
        if COMMIT in sent:
            found.append((put(phase, p, COMMITTED), votes, decided, sent))
        if ABORT in sent:
            found.append((put(phase, p, ABORTED), votes, decided, sent))
    return found


def agrees(state: State) -> bool:
    return not (COMMITTED in state[0] and ABORTED in state[0])


def main(count: int) -> None:
    start = time.perf_counter()
    first: State = ((WORKING,) * count, frozenset(), False, frozenset())
    parent: dict[State, State | None] = {first: None}
    level, generated, depth = [first], 1, 0
    while level:
        following: list[State] = []
        for state in level:
            for after in successors(state, count):
                generated += 1
                if after not in parent:
                    assert agrees(after)
                    parent[after] = state
                    following.append(after)
        level = following
        depth += bool(level)
    seconds = time.perf_counter() - start
    print(
        json.dumps(
            {"distinct": len(parent), "generated": generated, "depth": depth, "seconds": seconds}
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
