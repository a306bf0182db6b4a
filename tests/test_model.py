"""The surface of the language as ordinary Python: what a test or a debugger sees of a model."""

from __future__ import annotations

from typing import Annotated, Final

import pytest

from checker import (
    Bag,
    Bounds,
    Id,
    LeadsTo,
    Map,
    Model,
    action,
    choose,
    either,
    fault,
    fresh,
    invariant,
    liveness,
    unlucky,
    when,
)
from checker.model import Exhausted, NotEnabled, choosing, role_of
from checker.values import scopes


class OrderId(Id, scope=2):
    """An order."""


class Shop(Model):
    strict: Final[bool] = True
    orders: set[OrderId] = set()
    inbox: Map[OrderId, set[OrderId]] = Map(set())
    queue: Bag[OrderId] = Bag()
    total: Annotated[int, Bounds(0, 3)] = 0
    picked: OrderId | None = None

    @action(fair="weak")
    def place(self, order: OrderId) -> None:
        when(order not in self.orders)
        self.orders.add(order)

    @action
    def pick(self) -> None:
        order = choose(self.orders)
        self.picked = order

    @action
    def ask(self) -> None:
        if either("ok", unlucky("late", at_most=1)) == "ok":
            self.total = 1

    @action
    def make(self) -> None:
        self.orders.add(fresh(OrderId, self.orders))

    @fault(at_most=1)
    def lose(self) -> None:
        self.orders.clear()

    @fault(at_most=1, per="order")
    def drop(self, order: OrderId) -> None:
        self.orders.discard(order)

    @invariant
    def few(self) -> bool:
        return len(self.orders) <= 2

    @liveness
    def placed(self, order: OrderId) -> LeadsTo:
        return LeadsTo(True, order in self.orders)


A, B = OrderId(0), OrderId(1)


def test_an_action_changes_the_instance_and_a_false_guard_changes_nothing() -> None:
    shop = Shop()
    shop.place(A)
    assert shop.orders == {A}
    with pytest.raises(NotEnabled):
        shop.place(A)
    assert shop.orders == {A}


def test_instances_share_no_default() -> None:
    first, second = Shop(), Shop()
    first.orders.add(A)
    first.inbox[A].add(B)
    assert second == Shop()
    assert second.inbox[A] == set()


def test_an_assigned_collection_is_copied() -> None:
    shop, mine = Shop(), {A}
    shop.orders = mine
    mine.add(B)
    assert shop.orders == {A}


def test_constants_are_given_once() -> None:
    shop = Shop(strict=False)
    assert not shop.strict
    with pytest.raises(AttributeError, match="strict is a constant"):
        shop.strict = True  # type: ignore[misc]


def test_a_misspelt_field_is_an_error_and_no_new_attribute() -> None:
    with pytest.raises(TypeError, match="no field 'speed'"):
        Shop(speed=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="no field 'ordres'"):
        Shop().ordres = set()


def test_a_fault_happens_as_often_as_its_budget_says() -> None:
    shop = Shop()
    shop.lose()
    with pytest.raises(NotEnabled):
        shop.lose()
    shop.drop(A)
    shop.drop(B)
    with pytest.raises(NotEnabled):
        shop.drop(A)


def test_the_counters_of_faults_belong_to_the_state() -> None:
    shop = Shop()
    shop.lose()
    shop.drop(A)
    assert "lose_used=1" in repr(shop) and "drop_used[OrderId(0)]=1" in repr(shop)
    assert shop != Shop()


def test_the_environment_chooses_where_it_is_asked_to() -> None:
    shop = Shop()
    with pytest.raises(NotEnabled), choosing(lambda options: options[0]):
        shop.pick()
    shop.place(B)
    with choosing(lambda options: options[-1]):
        shop.pick()
        shop.ask()
    assert shop.picked == B and shop.total == 0


def test_fresh_ids_run_out() -> None:
    shop = Shop()
    shop.make()
    shop.make()
    with pytest.raises(Exhausted, match="OrderId"):
        shop.make()


def test_other_scopes_hold_inside_a_block_only() -> None:
    with scopes({OrderId: 3}):
        assert len(OrderId) == 3 == len(list(OrderId))
    assert len(OrderId) == 2


def test_ids_are_equal_to_nothing_but_themselves() -> None:
    class Other(Id, scope=2):
        pass

    ids: list[object] = [A, B, Other(0), 0]
    assert [ids.index(x) for x in ids] == [0, 1, 2, 3]
    with pytest.raises(AttributeError):
        A.name = "first"


@pytest.mark.parametrize("scope", [0, -1, "two", True])
def test_a_scope_is_a_whole_number_of_at_least_one(scope: object) -> None:
    with pytest.raises(TypeError, match="must be a whole number of at least 1"):
        type("Bad", (Id,), {}, scope=scope)


def test_a_map_has_a_value_for_every_key_and_cannot_be_iterated() -> None:
    ages: Map[OrderId, int] = Map(0)
    ages[A] += 1
    assert (ages[A], ages[B]) == (1, 0)
    for wrong in (lambda: list(ages), lambda: len(ages), lambda: ages.pop(A)):
        with pytest.raises(TypeError):
            wrong()


def test_roles_say_what_a_method_is() -> None:
    place, lose = role_of(Shop.place), role_of(Shop.lose)
    assert place is not None and (place.kind, place.fair) == ("action", "weak")
    assert lose is not None and (lose.kind, lose.at_most) == ("fault", 1)
    assert role_of(print) is None


def test_properties_are_values_of_a_state() -> None:
    shop = Shop()
    assert shop.few()
    assert shop.placed(A) == LeadsTo(True, False)
