"""Records with methods and type parameters: refusals, and where Python and the IR could part.

Each test is named after its claim.
"""

from __future__ import annotations

import pytest

from checker import ir

from .sources import Sources

BOX = """
from dataclasses import field
from typing import Generic, TypeVar

T = TypeVar("T")

@dataclass(frozen=True)
class Box(Generic[T]):
    inside: Bag[T] = field(default_factory=lambda: Bag())
    tries: Annotated[int, Limit(0, 2)] = 0

    @pure
    def put(self, thing: T, *, times: int = 1) -> "Box[T]":
        return replace(self, inside=self.inside + Bag([thing]), tries=self.tries + times)

    @pure
    def holding(self, things: Bag[T]) -> "Box[T]":
        return replace(self, inside=things)

    @pure
    def again(self) -> "Box[T]":
        return self.again()

@pure
def merged(box: Box[T], other: Box[T]) -> Box[T]:
    return Box(box.inside + other.inside)
"""

FIELDS = """
box: Box[W] = Box()
same: Box[W] = Box()
other: Box[E] = Box()
bag: Bag[W] = Bag()
boxes: dict[W, Box[W]] = {}
apart: Map[W, Box[W]] = Map(Box())
"""


def refused(sources: Sources, statements: str) -> list[str]:
    return sources.refused(statements, fields=FIELDS, before=BOX)


@pytest.mark.parametrize(
    ("statements", "slug"),
    [
        ("self.box = self.other", "type-mismatch"),
        ("when(self.box == self.other)", "compares-others"),
        ("self.box = self.box.put(E.A)", "type-mismatch"),
        ("self.box = self.other.put(E.A)", "type-mismatch"),
        ("self.box = merged(self.box, self.other)", "type-mismatch"),
        ("self.box = Box(self.other.inside)", "type-mismatch"),
        ("self.box = self.box.put()", "wrong-arguments"),
        ("self.box = self.box.put(w, 2)", "wrong-arguments"),
        ("self.box = self.box.put(w, often=2)", "wrong-arguments"),
        ("self.box = self.box.again()", "recursion"),
        ("self.box = self.box.throw(w)", "unknown-method"),
        ("self.box.put(w)", "result-unused"),
        ("self.box.inside.add(w)", "record-field-written"),
        ("self.box.tries = 1", "record-field-written"),
    ],
)
def test_records_of_one_class_and_other_parts_do_not_mix(
    sources: Sources, statements: str, slug: str
) -> None:
    assert refused(sources, statements) == [slug]


@pytest.mark.parametrize(
    ("statements", "slug"),
    [
        ("box = Box(self.bag)\nself.bag.add(w)\nself.box = box", "shared-changed"),
        ("box = self.box.holding(self.bag)\nself.bag.add(w)\nself.box = box", "shared-changed"),
        ("self.boxes[w] = Box(self.bag)", "shared-collection"),
    ],
)
def test_a_record_around_a_field_is_not_read_after_the_field_changes(
    sources: Sources, statements: str, slug: str
) -> None:
    assert refused(sources, statements) == [slug]


@pytest.mark.parametrize(
    "statements",
    [
        "self.box = self.box.put(w)",
        "self.box = self.box.put(w, times=2).put(w, times=0)",
        "self.box = self.box.holding(self.bag)\nself.bag.add(w)",
        "box = Box(self.bag.copy())\nself.bag.add(w)\nself.box = box",
        "before = self.box\nself.box = self.box.put(w)\nself.same = before",
        "self.apart[w] = self.apart[w].put(w)\nself.box = merged(self.apart[w], self.box)",
        "self.other = self.other.put(E.A if len(self.box.inside) > 0 else E.B)",
    ],
)
def test_python_and_the_engines_agree_about_records(sources: Sources, statements: str) -> None:
    sources.agreeing(sources.step(statements, fields=FIELDS, before=BOX))


def test_a_capacity_on_a_record_is_that_of_its_collections(sources: Sources) -> None:
    fields = "box: Annotated[Box[W], Capacity(1)] = Box()"
    loaded = sources.step("self.box = self.box.put(w)", fields=fields, before=BOX)
    assert loaded.model.var("box").type == ir.Record(
        "Box", (("inside", ir.Bag(ir.Sort("W"), 1)), ("tries", ir.Int(0, 2, limit=True)))
    )


def test_a_limit_inside_a_record_is_a_cut_that_names_the_field(sources: Sources) -> None:
    loaded = sources.step("self.box = self.box.put(w)", fields=FIELDS, before=BOX)
    checks = [item for item in loaded.model.rules[0].body if isinstance(item, ir.Check)]
    assert {(check.kind, check.subject) for check in checks} == {
        (ir.CheckKind.CAPACITY, "box"),
        (ir.CheckKind.LIMIT, "box"),
    }
