"""The names that a user's own tests import."""

from __future__ import annotations

import pytest

from checker.api import assert_fails, assert_holds, explore
from checker.errors import UsageError
from checker.models.dedup import Commit, Dedup
from checker.models.outbox import Outbox


def test_a_model_is_a_class_or_a_text() -> None:
    assert explore(Outbox).distinct == explore("outbox").distinct == 321
    assert explore("checker.models.outbox:Outbox", scopes={"OrderId": 1}).distinct == 31


def test_constants_are_values_of_python() -> None:
    broken = explore(Dedup, constants={"commit": Commit.EFFECT_FIRST})
    assert broken.distinct == explore("dedup", variant="effect_first").distinct == 373
    with pytest.raises(UsageError, match="`commit` cannot be"):
        explore(Dedup, constants={"commit": "SIDEWAYS"})
    with pytest.raises(UsageError, match="commit"):
        explore(Dedup, constants={"commit": True})
    with pytest.raises(UsageError, match="no constant 'comit'"):
        explore(Dedup, constants={"comit": Commit.ATOMIC})


def test_what_holds_is_returned_and_what_does_not_is_shown() -> None:
    assert assert_holds(Outbox).complete
    with pytest.raises(AssertionError) as failed:
        assert_holds(Outbox, constants={"deduplicate": False})
    assert "no_order_ships_twice fails after 5 steps" in str(failed.value)
    assert "redeliver(order0)  ! fault" in str(failed.value)


def test_a_search_that_was_cut_and_a_witness_unseen_do_not_hold() -> None:
    with pytest.raises(AssertionError, match="stopped after 100 states"):
        assert_holds(Outbox, max_states=100)
    with pytest.raises(AssertionError, match="never seen"):
        assert_holds(Outbox, no_faults=("crash_relay", "redeliver"))


def test_a_property_that_should_fail_has_to() -> None:
    broken = {"deduplicate": False}
    assert_fails(Outbox, "no_order_ships_twice", constants=broken)
    assert_fails(Outbox, "no_order_ships_twice", constants=broken, stop_at_first=True)
    with pytest.raises(AssertionError, match="no_event_is_lost does not fail"):
        assert_fails(Outbox, "no_event_is_lost", constants=broken)
    with pytest.raises(AssertionError, match="is none of no_event_is_lost"):
        assert_fails(Outbox, "nothing_of_that_name")
