"""A profile counts what is there, the same by both engines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checker.backends.python import Program
from checker.commands.profile import run
from checker.errors import ExitCode, UsageError
from checker.explore.limits import NO_LIMITS, Limits
from checker.explore.native.profile import profile_native
from checker.explore.profile import estimate, profile
from checker.explore.search import explore
from checker.run import Request, prepare

SETTINGS = {
    "variant": None, "set": (), "scope": (), "no_fault": (), "keep_dead_locals": False,
    "max_states": None, "max_seconds": None, "max_memory": None, "engine": "auto", "sweep": (),
    "json": False, "quiet": True,
}  # fmt: skip


def program(name: str, **scopes: int) -> Program:
    return Program(prepare(Request(name, scopes=scopes)).model)


def test_its_counts_are_those_of_a_search() -> None:
    model = program("dedup")
    found, searched = profile(model, limits=NO_LIMITS), explore(model)
    assert (found.distinct, found.generated) == (searched.distinct, searched.generated)
    assert found.depth == searched.depth
    assert [(r.name, r.fired, r.new) for r in found.rules] == [
        (r.name, r.fired, r.new) for r in searched.rules
    ]


def test_a_variable_that_follows_from_the_others_costs_no_state() -> None:
    shares = {v.name: v for v in profile(program("outbox"), limits=NO_LIMITS).variables}
    assert shares["applied"].without == 321
    assert shares["queue"].without == 146
    assert shares["orders"].values == 4 and shares["orders"].bits == 2.0


def test_both_engines_measure_the_same() -> None:
    model = program("outbox_handler")
    one = profile(model, limits=NO_LIMITS)
    other = profile_native(model, threads=1, limits=NO_LIMITS)
    assert other is not None and other.engine == "native"
    assert other.variables == one.variables
    assert (other.distinct, other.generated, other.depth) == (5400, one.generated, one.depth)
    assert [(r.name, r.fired) for r in other.rules] == [(r.name, r.fired) for r in one.rules]


def test_many_states_are_left_to_another_engine_if_there_is_one() -> None:
    model = program("two_phase_commit", Participant=6)
    asked = []

    def larger() -> None:
        asked.append(1)

    assert profile(model, limits=NO_LIMITS, larger=larger).distinct == 50_816
    assert asked == [1]
    small = profile(program("dedup"), limits=NO_LIMITS)
    found = profile(model, limits=NO_LIMITS, larger=lambda: replace(small, engine="other"))
    assert found.engine == "other"


def test_a_limit_is_named() -> None:
    found = profile(program("outbox"), limits=Limits(100))
    assert found.distinct == 100
    assert [limit.name for limit in found.limits] == ["states"]


def test_an_estimate_goes_on_with_the_last_factor_and_with_its_change() -> None:
    assert estimate([(2, 10)]) is None
    two = estimate([(2, 10), (3, 40)])
    assert two is not None and (two.size, two.low, two.high) == (4, 160, 160)
    three = estimate([(1, 31), (2, 321), (3, 2497)])
    assert three is not None and three.low < 2497 * 2497 / 321 <= three.high + 1


def test_the_command_prints_growth_and_says_what_the_estimate_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(model="outbox", **{**SETTINGS, "sweep": (("OrderId", "1..3"),)})  # type: ignore[arg-type]
    text = capsys.readouterr().out
    assert code is ExitCode.OK
    assert "OrderId=3            2,497 states   x 7.8" in text
    assert "estimated" in text and "It is no bound" in text


def test_the_command_prints_json_and_ends_with_3_at_a_limit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = run(model="outbox", **{**SETTINGS, "json": True, "max_states": 50})  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert code is ExitCode.UNKNOWN
    assert found["schema"] == "crashproof/profile/1" and found["complete"] is False
    code = run(model="outbox", **{**SETTINGS, "json": True, "sweep": (("OrderId", "1..2"),)})  # type: ignore[arg-type]
    found = json.loads(capsys.readouterr().out)
    assert [one["distinct"] for one in found["runs"]] == [31, 321]
    assert found["estimate"] == {"size": 3, "low": 3324, "high": 3324}


def test_growth_with_two_sorts_at_once_is_refused() -> None:
    sweep = (("OrderId", "1..2"), ("Worker", "1..2"))
    with pytest.raises(UsageError, match="takes one sort"):
        run(model="outbox", **{**SETTINGS, "sweep": sweep})  # type: ignore[arg-type]
