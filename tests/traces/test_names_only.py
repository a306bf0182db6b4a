"""Logs that tell names of events and nothing else: ids are told apart only as far as it matters."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from checker import ir
from checker.traces.replay import Replay, Verdict
from checker.traces.unnamed import alike

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
