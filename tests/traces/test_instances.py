"""Which nodes' lines are put in a row: one instance behind the other, by their names and ends."""

from __future__ import annotations

import pytest

from checker.traces.instances import Line, chains
from checker.traces.jsonl import read_logs

from .conftest import Held, outbox_observation, write

OBSERVATION = outbox_observation()


def rows_of(held: Held, text: str) -> list[list[str]]:
    """The chains of a log, as the orders that their lines are about."""
    path = write(held.folder / "log.jsonl", text)
    found, defects = chains(read_logs([str(path)], OBSERVATION.mapping.wanted()), OBSERVATION)
    assert not defects
    rows = []
    for chain in found:
        lines = [item.observed.event for item in chain if isinstance(item, Line)]
        rows.append([str(event.fields["order"]) for event in lines if "order" in event.fields])
    return sorted(row for row in rows if row)


def consumed(*orders: str, end: str = "") -> str:
    lines = [f"consume {order} shipped=1 outcome=shipped" for order in orders]
    return ", ".join([*lines, end] if end else lines)


def test_an_instance_stands_behind_the_one_that_was_killed_before(held: Held) -> None:
    text = (
        f"consumer-10: {consumed('C')}; consumer-9: {consumed('B', end='stopped')};"
        f"consumer-2: {consumed('A')}; driver: killed target=consumer-2"
    )
    assert rows_of(held, text) == [["A", "B", "C"]]  # 2, 9, 10 are numbers and not texts


def test_what_has_not_ended_has_nothing_behind_it(held: Held) -> None:
    text = f"consumer-1: {consumed('A')}; consumer-2: {consumed('B', end='stopped')}"
    assert rows_of(held, text) == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("consumer-a1", "consumer-b1"),  # two places
        ("consumer-a", "consumer-b"),  # no numbers
        ("consumer-1", "consumer-01"),  # the same number twice
        ("relay-1", "consumer-2"),  # two services
        ("consumer-1000000000000000000", "consumer-999999999999999999"),  # too long to be compared
    ],
)
def test_other_names_say_nothing_of_an_order(held: Held, first: str, second: str) -> None:
    text = f"{first}: {consumed('A', end='stopped')}; {second}: {consumed('B', end='stopped')}"
    assert rows_of(held, text) == [["A"], ["B"]]


def test_numbers_of_many_digits_are_not_cut_before_they_are_compared(held: Held) -> None:
    # The last 18 digits of the second are less than those of the first, which came before it.
    first, second = "consumer-9999999999999999999", "consumer-10000000000000000001"
    text = f"{second}: {consumed('B', end='stopped')}; {first}: {consumed('A', end='stopped')}"
    assert rows_of(held, text) == [["A"], ["B"]]


def test_a_name_that_is_used_again_stands_in_no_row(held: Held) -> None:
    # consumer-1, then consumer-2, then consumer-1 again: by their numbers its second life would
    # come before consumer-2, and a correct log would be rejected.
    text = (
        f"consumer-1: started, {consumed('A', end='stopped')}, started, "
        f"{consumed('C', end='stopped')}; consumer-2: started, {consumed('B', end='stopped')}"
    )
    assert rows_of(held, text) == [["A", "C"], ["B"]]
