"""Compiled code finds the same orbits as the reference, and as many states behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from both import by_reference, natively, said, uncompiled
from random_ir import random_models
from rooms import MATCHED, NESTED, ONE_OF_THEM, hotel

from checker import ir, manifest
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.backends.native.shapes import Unsupported
from checker.backends.python import Program
from checker.errors import InternalError, UsageError
from checker.explore import limits
from checker.explore.limits import Limits
from checker.explore.native import checkpoint
from checker.explore.native.auto import explore_with
from checker.explore.native.orbits import Orbits
from checker.explore.native.search import explore_native
from checker.explore.outcome import Outcome, Verdict
from checker.explore.replay import replay
from checker.explore.symmetry import symmetry_of
from checker.run import Request, prepare

# Uncompiled code takes a millisecond and more for a step of a large model.
_STEPS_MAX = 700

RUNS = [
    (name, run)
    for name, entry in manifest.built_in().models.items()
    for run in entry.runs
    if (run.generated or 0) <= _STEPS_MAX and not run.variant
]


def safety(model: ir.Model) -> ir.Model:
    return replace(model, props=tuple(p for p in model.props if not p.kind.is_liveness))


def told(outcome: Outcome) -> dict[str, object]:
    """What both engines have to agree on; the values in the messages of cuts depend on the order
    inside a level.
    """
    names = sorted({limit.name for limit in outcome.limits})
    return said(outcome) | {"reduction": outcome.reduction, "limits": names}


@pytest.mark.parametrize(("name", "run"), RUNS, ids=lambda x: str(getattr(x, "variant", x)))
def test_both_engines_find_the_same_orbits_of_every_small_run(name: str, run: manifest.Run) -> None:
    request = Request(
        name, run.variant or "", run.constants, run.scopes, keep_dead_locals=not run.reductions
    )
    model = safety(prepare(request).model)
    assert told(natively(model, symmetry=True)) == told(by_reference(model, symmetry=True))


def test_both_engines_find_the_same_orbits_of_random_models(tmp_path: Path) -> None:
    done = 0
    for seed, found in random_models(7000, 40, tmp_path):
        model = safety(found)
        try:
            full = by_reference(model, limits=Limits(1001))
            if full.distinct > 1000 or symmetry_of(model)[0] is None:
                continue
            reduced = natively(model, symmetry=True, cross_check_every=5)
        except (Unsupported, UsageError):
            continue
        done += 1
        assert told(reduced) == told(by_reference(model, symmetry=True)), f"seed {seed}"
        assert said(reduced)["properties"] == said(full)["properties"], f"seed {seed}"
        assert reduced.reduction is not None
        if full.complete:
            assert reduced.reduction.states == full.distinct, f"seed {seed}"
            assert reduced.reduction.generated == full.generated, f"seed {seed}"
    assert done > 12


@pytest.mark.parametrize("body", [NESTED, ONE_OF_THEM, MATCHED])
def test_ids_are_renamed_and_marked_in_every_kind_of_place(tmp_path: Path, body: str) -> None:
    scopes = {"Guest": 4} if body is MATCHED else {}
    model = hotel(tmp_path, body, **scopes)
    if body is NESTED:
        model = replace(model, rules=tuple(r for r in model.rules if r.name != "lose_key"))
    one_thread = natively(model, symmetry=True)
    assert told(one_thread) == told(by_reference(model, symmetry=True))
    assert told(natively(model, symmetry=True, threads=2)) == told(one_thread)
    for result in one_thread.properties:
        if result.trace is not None:
            assert replay(Program(model), result.trace) == []


def test_every_member_of_an_orbit_has_one_packed_representative(tmp_path: Path) -> None:
    model = hotel(tmp_path, NESTED)
    symmetry, _ = symmetry_of(model)
    assert symmetry is not None
    code = uncompiled(model, symmetry.sorts)
    orbits, layout = Orbits(code, sum(symmetry.sizes)), code.generated.layout
    state, program = Program(model).initial_states()[0], Program(model)
    for turn in range(12):
        ends = [e for r in program.rules for a in r.args for _, e in r.step(state, a)]
        states = [e for e in ends if isinstance(e, tuple)]
        state = states[turn * 5 % len(states)]
        images = {symmetry.renamed(state, names) for names in symmetry.all_names()}
        found = {orbits.representative(layout.pack(image)) for image in images}
        assert len(found) == 1
        assert layout.unpack(found.pop()) in images
        assert orbits._sizes[0] == len(images)


def test_compiled_code_finds_the_orbits_of_two_phase_commit() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 7})).model
    code = compiled(generate(model, sorts=("Participant",)))
    outcome = explore_native(Program(model), code, threads=2, symmetry=True)
    assert outcome.verdict is Verdict.HOLDS
    assert (outcome.distinct, outcome.depth) == (920, 22)
    assert outcome.reduction is not None
    # The published counts of the full graph.
    counted = outcome.reduction.states, outcome.reduction.generated
    assert counted == (296_448, 2_744_706)


def test_the_marks_of_compiled_and_of_plain_code_are_the_same() -> None:
    """Products that lose their highest bits do so in both."""
    model = prepare(Request("two_phase_commit")).model
    sorts = ("Participant",)
    plain = Orbits(uncompiled(model, sorts), 3)
    machine = Orbits(compiled(generate(model, sorts=sorts)), 3)
    layout = plain.code.generated.layout
    words = [layout.pack(s) for s in _some_states(model)]
    assert [plain.representative(w) for w in words] == [machine.representative(w) for w in words]


def _some_states(model: ir.Model) -> list[tuple[object, ...]]:
    program = Program(model)
    found = dict.fromkeys(program.initial_states())
    for state in (queue := list(found)):
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if isinstance(end, tuple) and end not in found:
                        found[end] = None
                        queue.append(end)
    return list(found)


# ── Limits, ties, and what the engines owe each other ────────────────────────────────────────────


def test_beyond_the_limit_of_ties_the_full_count_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import checker.backends.native.orbits as packed

    model = hotel(tmp_path, MATCHED, Guest=4)
    monkeypatch.setattr(packed, "TRIED_MAX", 2)
    found = natively(model, symmetry=True)
    assert said(found)["properties"] == said(by_reference(model))["properties"]
    assert 5 <= found.distinct <= 24
    assert found.reduction is not None
    assert found.reduction.states is None
    for result in found.properties:
        if result.trace is not None:
            assert replay(Program(model), result.trace) == []


def test_more_renamings_than_an_int_holds_leave_the_full_count_untold() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 21})).model
    code = uncompiled(model, ("Participant",))
    orbits = Orbits(code, 21)
    rows = np.array([code.generated.layout.pack(Program(model).initial_states()[0])])
    orbits.count(rows, np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int64))
    assert orbits.states is None


def test_a_cross_check_finds_a_state_of_another_orbit() -> None:
    model = safety(prepare(Request("dedup")).model)
    code = uncompiled(model, ("MessageId", "Worker"))

    def wrong(rows: np.ndarray, among: np.ndarray, count: int, *rest: object) -> object:
        found = code.canonical(rows, among, count, *rest)
        if count > 1:
            rows[among[1]] = rows[among[0]]
        return found

    with pytest.raises(InternalError, match="disagree about"):
        explore_native(
            Program(model), replace(code, canonical=wrong), symmetry=True, cross_check_every=1
        )


def test_a_search_that_was_killed_goes_on_with_its_orbits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = prepare(Request("two_phase_commit", "commit_without_all_votes")).model
    code, program = uncompiled(model, ("Participant",)), Program(model)
    whole = explore_native(program, code, symmetry=True)
    monkeypatch.setattr(checkpoint, "_PAUSE", 0)
    monkeypatch.setattr(limits, "_REPORT_S", 0)
    for number in (1, 4, 9):
        rounds = iter(range(number))

        def kill(_: object, rounds: Iterator[int] = rounds) -> None:
            if next(rounds, None) is None:
                raise _Killed

        file = tmp_path / str(number)
        made = checkpoint.Checkpoint.create(file, {})
        with pytest.raises(_Killed):
            explore_native(program, code, symmetry=True, checkpoint=made, on_progress=kill)
        made.close()
        again = checkpoint.Checkpoint.open(file)
        ended = explore_native(program, code, symmetry=True, checkpoint=again)
        again.close()
        assert told(ended) == told(whole)
        assert [p.trace for p in ended.properties] == [p.trace for p in whole.properties]
        # It is not mixed up with a search of every state.
        again = checkpoint.Checkpoint.open(file)
        with pytest.raises(UsageError, match="of another model"):
            explore_native(program, uncompiled(model), checkpoint=again)
        again.close()


class _Killed(Exception):
    """Stands for the end of the process: nothing catches it."""


def test_code_without_the_sorts_is_a_bug_and_says_so() -> None:
    model = prepare(Request("two_phase_commit")).model
    with pytest.raises(InternalError, match="generated without sorts"):
        explore_native(Program(model), uncompiled(model), symmetry=True)


@pytest.mark.parametrize("engine", ["reference", "native", "auto"])
def test_every_engine_takes_symmetry_and_goes_without(engine: str) -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 3})).model
    with_it = explore_with(engine, Program(model), symmetry=True)
    assert (with_it.distinct, with_it.reduction and with_it.reduction.states) == (80, 288)
    if engine != "native":  # it would be compiled once more
        without = explore_with(engine, Program(model))
        assert (without.distinct, without.reduction) == (288, None)
