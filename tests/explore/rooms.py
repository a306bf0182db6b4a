"""Models whose ids stand in every kind of place, as sources, for the tests of symmetry.

Each is small enough to rename all states in all ways.
"""

from __future__ import annotations

from pathlib import Path

from checker import ir
from checker.run import Request, prepare

_HEAD = '''"""A model of the tests."""

from dataclasses import dataclass
from typing import Annotated

from checker import (
    Bag, Bounds, Capacity, Id, LeadsTo, Map, Model, action, at_rest, choose, fault, fresh, initial,
    invariant, liveness, when, witness,
)


class Guest(Id, scope=3):
    pass


class Room(Id, scope=2):
    pass


@dataclass(frozen=True)
class Key:
    guest: Guest
    room: Room | None


@dataclass(frozen=True)
class Complaint:
    guest: Guest


'''

# Ids nested in each other, in bags and lists, and in a counter for each of them.
NESTED = """class Hotel(Model):
    waiting: Annotated[list[Guest], Capacity(2)] = []
    inside: Map[Room, set[Guest]] = Map(set())
    keys: dict[Guest, Key] = {}
    desk: Annotated[Bag[Key | Complaint], Capacity(2)] = Bag()

    @action
    def arrive(self, guest: Guest) -> None:
        when(guest not in self.waiting and guest not in self.keys and len(self.waiting) < 2)
        self.waiting.append(guest)

    @action
    def give_key(self) -> None:
        when(len(self.waiting) > 0 and len(self.desk) < 2)
        room = choose(Room)
        guest = self.waiting.pop(0)
        self.keys[guest] = Key(guest, room)
        self.desk.add(Key(guest, room))

    @action
    def enter(self, guest: Guest, room: Room) -> None:
        when(guest in self.keys and self.keys[guest].room == room and len(self.inside[room]) < 2)
        self.inside[room].add(guest)

    @fault(at_most=1, per="guest")
    def complain(self, guest: Guest) -> None:
        when(guest in self.keys and len(self.desk) < 2)
        self.desk.add(Complaint(guest))

    @fault(at_most=1)
    def lose_key(self, guest: Guest) -> None:
        when(guest in self.keys)
        self.keys[guest] = Key(guest, None)

    @invariant
    def no_room_is_crowded(self, room: Room) -> bool:
        return len(self.inside[room]) <= 1

    @at_rest
    def nobody_waits(self) -> bool:
        return len(self.waiting) == 0

    @witness
    def two_meet(self, one: Guest, other: Guest, room: Room) -> bool:
        return one in self.inside[room] and other in self.inside[room]
"""

# Only one guest at a time has it, whoever that is: asked of guest0 alone it would look safe.
ONE_OF_THEM = """class Hotel(Model):
    first: Guest | None = None
    second: Guest | None = None

    @action
    def take(self, guest: Guest) -> None:
        when(self.first is None)
        self.first = guest

    @action
    def follow(self, guest: Guest) -> None:
        when(self.first is not None and self.second is None and self.first != guest)
        self.second = guest

    @invariant
    def nobody_is_second(self, guest: Guest) -> bool:
        return self.second != guest

    @witness
    def they_stand(self, one: Guest, other: Guest) -> bool:
        return self.first == one and (self.second == other or one == other)

    @action
    def break_down(self, guest: Guest) -> None:
        when(self.second == guest)
        assert self.first == guest
"""

# `fresh` takes guest0 first, whoever the favourite is: renaming leads to other steps.
FIRST_FREE = """class Hotel(Model):
    favourite: Guest | None = None
    new: Guest | None = None

    @action
    def choose_favourite(self, guest: Guest) -> None:
        when(self.favourite is None)
        self.favourite = guest

    @action
    def register(self, room: Room) -> None:
        when(self.favourite is not None and self.new is None)
        nobody: set[Guest] = set()
        self.new = fresh(Guest, nobody)

    @invariant
    def the_new_one_is_not_the_favourite(self) -> bool:
        return self.new is None or self.new != self.favourite
"""

# Everybody is matched with somebody: ids are tied, and none of them are alike.
MATCHED = """class Hotel(Model):
    room_of: dict[Guest, Guest] = {}

    @initial
    def everybody_is_matched(self) -> None:
        for guest in Guest:
            self.room_of[guest] = guest

    @action
    def swap(self, one: Guest, other: Guest) -> None:
        here = self.room_of[one]
        self.room_of[one] = self.room_of[other]
        self.room_of[other] = here

    @witness
    def a_cycle(self, guest: Guest) -> bool:
        return self.room_of[guest] != guest and self.room_of[self.room_of[guest]] != guest
"""


def hotel(folder: Path, body: str, **scopes: int) -> ir.Model:
    """One of the models above."""
    file = folder / "hotel.py"
    file.write_text(_HEAD + body)
    return prepare(Request(f"{file}:Hotel", scopes=scopes)).model
