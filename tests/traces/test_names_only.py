"""Logs that tell names of events and nothing else: ids are told apart only as far as it matters."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace

import pytest

from checker import ir
from checker.passes.renaming import renamed_value
from checker.states import State
from checker.traces.replay import Replay, SliceVerdict, Verdict
from checker.traces.unnamed_ids import alike, one_of_many

from .conftest import Held

MODEL = """
from checker import Bag, Id, Model, action, invariant, when


class Item(Id, scope=2):
    '''One thing.'''


class Box(Id, scope=2):
    '''One place.'''


class Store(Model):
    '''Things come, are put into boxes one at a time, and leave.'''

    came: set[Item] = set()
    inside: dict[Box, Item] = {}
    left: Bag[Item] = Bag()

    @action
    def come(self, item: Item) -> None:
        when(item not in self.came)
        self.came.add(item)

    @action
    def put(self, box: Box, item: Item) -> None:
        when(item in self.came and item not in self.left and box not in self.inside)
        when(all(self.inside[b] != item for b in self.inside))
        self.inside[box] = item

    @action
    def leave(self, box: Box) -> None:
        when(box in self.inside)
        self.left.add(self.inside[box])
        del self.inside[box]

    @invariant
    def nothing_leaves_twice(self, item: Item) -> bool:
        return self.left.count(item) <= 1
"""

MAPPING = """
format = "crashproof/mapping/1"
model = "Store"
order = "file"
hidden = []
[events.come]
[events.put]
[events.leave]
"""


def hold(held: Held, names: list[str], items: int) -> Replay:
    observation = held.model(MODEL, MAPPING)
    path = held.folder / "names.jsonl"
    lines = [{"ts": n, "node": "n", "seq": n, "event": name} for n, name in enumerate(names, 1)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    return held.file(path, replace(observation, scopes={"Item": items, "Box": 3}))


def test_a_long_log_of_names_is_held_whatever_the_capacities(held: Held) -> None:
    choice = random.Random(3)
    names: list[str] = []
    came = inside = waiting = 0
    while len(names) < 300:
        can = ["come"] + ["put"] * (waiting > 0 and inside < 3) + ["leave"] * (inside > 0)
        name = choice.choice(can)
        came += name == "come"
        waiting += {"come": 1, "put": -1}.get(name, 0)
        inside += {"put": 1, "leave": -1}.get(name, 0)
        names.append(name)
    assert names.count("leave") > 70  # the model's bag holds 8, and eight times that is 64
    (whole,) = hold(held, names, came).slices
    assert whole.verdict is Verdict.ACCEPTED
    (whole,) = hold(held, [*names, *["put"] * 5], came).slices  # there are three boxes
    assert whole.verdict is Verdict.REJECTED


def test_ids_are_alike_only_if_the_state_stays_when_they_change_places() -> None:
    item, box = ir.Sort("Item"), ir.Sort("Box")
    types = (ir.Set(item), ir.Partial(box, item))
    state = (frozenset({0, 1, 2}), frozenset({(0, 1)}))
    assert alike(state, types, "Item", 6, 1) == (0, 1, 3)  # 1 is in a box; 0 like 2, 3 like 4, 5
    assert alike(state, types, "Item", 6, 2) == (0, 1, 2, 3, 4)
    assert alike(state, types, "Box", 3, 1) == (0, 1)
    # A type that is not looked into: no two are taken as one.
    assert alike(((0, 1),), (ir.Seq(item, 8),), "Item", 3, 1) == (0, 1, 2)


# ── Against every state for itself ───────────────────────────────────────────────────────────────


def random_names(draw: random.Random, length: int) -> tuple[list[str], int]:
    """Events of a behaviour, or nearly, and how many items there are."""
    names: list[str] = []
    came = inside = waiting = 0
    while len(names) < length:
        can = ["come"] * (came < 3) + ["put"] * (waiting > 0) + ["leave"] * (inside > 0)
        if not can:
            break
        name = draw.choice(can)
        came += name == "come"
        waiting += {"come": 1, "put": -1}.get(name, 0)
        inside += {"put": 1, "leave": -1}.get(name, 0)
        names.append(name)
    for _ in range(draw.choice([0, 0, 1, 2])):
        match draw.randrange(3):
            case 1 if names:
                names.pop(draw.randrange(len(names)))
            case 2:
                draw.shuffle(names)
            case _:
                names.insert(draw.randrange(len(names) + 1), draw.choice(["come", "put", "leave"]))
    return names or ["come"], max(came, 1)


def said_alike(held: Held, monkeypatch: pytest.MonkeyPatch, seeds: range) -> set[Verdict]:
    verdicts = set()
    for seed in seeds:
        draw = random.Random(seed)
        names, items = random_names(draw, draw.randint(1, 8))
        (found,) = hold(held, names, items).slices
        with monkeypatch.context() as patch:
            patch.setattr("checker.traces.worlds.unnamed_sorts", lambda _: ())
            (alone,) = hold(held, names, items).slices
        assert plain(found) == plain(alone), seed
        verdicts.add(found.verdict)
    return verdicts


def plain(each: SliceVerdict) -> SliceVerdict:
    return each._replace(diagnosis=None)


def test_random_logs_of_names_are_judged_as_with_every_state_for_itself(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said_alike(held, monkeypatch, range(40))
    assert {Verdict.ACCEPTED, Verdict.REJECTED} <= found


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thousands_of_random_logs_of_names_are_judged_alike(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = said_alike(held, monkeypatch, range(1_000, 4_000))
    assert {Verdict.ACCEPTED, Verdict.REJECTED} <= found


ITEM, BOX = ir.Sort("Item"), ir.Sort("Box")
SIZES = (("Box", 3), ("Item", 4))
TYPES = (
    ir.Set(ITEM), ir.Bag(ITEM), ir.Partial(BOX, ITEM), ir.Partial(ITEM, ir.Bool()),
    ir.Map(ITEM, ir.BOOL), ir.Option(ITEM), ir.Set(BOX), ir.Partial(ITEM, BOX),
)  # fmt: skip


def random_state(draw: random.Random) -> State:
    items, boxes = range(4), range(3)

    def some(of: range) -> list[int]:
        return [each for each in of if draw.random() < 0.5]

    return (
        frozenset(some(items)),
        frozenset((item, draw.randint(1, 2)) for item in some(items)),
        frozenset((box, draw.choice(items)) for box in some(boxes)),
        frozenset((item, draw.random() < 0.5) for item in some(items)),
        tuple(draw.random() < 0.5 for _ in items),
        draw.choice([None, *items]),
        frozenset(some(boxes)),
        frozenset((item, draw.choice(boxes)) for item in some(items)),
    )


def renamed(state: State, sort: str, names: tuple[int, ...]) -> State:
    return tuple(
        renamed_value(value, type_, {sort: names}, SIZES)
        for value, type_ in zip(state, TYPES, strict=True)
    )


def test_one_of_many_differs_in_names_alone_and_is_mostly_the_same_for_all_of_them() -> None:
    draw = random.Random(2)
    equal = compared = 0
    orders = {sort: list(itertools.permutations(range(size))) for sort, size in SIZES}
    for _ in range(60):
        state = random_state(draw)
        found = one_of_many(state, TYPES, ("Item",), SIZES)
        assert any(renamed(state, "Item", names) == found for names in orders["Item"])
        other = renamed(state, "Item", draw.choice(orders["Item"]))
        equal += one_of_many(other, TYPES, ("Item",), SIZES) == found
        both = one_of_many(state, TYPES, ("Item", "Box"), SIZES)
        assert any(
            renamed(renamed(state, "Item", items), "Box", boxes) == both
            for items in orders["Item"]
            for boxes in orders["Box"]
        )
        compared += 1
    assert equal == compared, "all that is said of an item is looked at, if boxes have names"


def test_an_id_that_is_left_out_could_change_places_with_one_that_is_kept() -> None:
    draw = random.Random(4)
    left_out = 0
    for number in range(800):
        state = random_state(draw)
        if number % 2:  # so that more are alike
            state = (*state[:3], frozenset(), (True,) * 4, None, state[6], frozenset())
        most = draw.randint(1, 2)
        kept = alike(state, TYPES, "Item", 4, most)
        assert list(kept) == sorted({*kept})
        for item in {*range(4)} - {*kept}:
            left_out += 1
            same = [each for each in kept if renamed(state, "Item", swap(item, each)) == state]
            assert len(same) >= most
    assert left_out > 50


def swap(one: int, other: int) -> tuple[int, ...]:
    names = [0, 1, 2, 3]
    names[one], names[other] = other, one
    return tuple(names)
