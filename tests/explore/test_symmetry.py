"""One state of each orbit stands for all: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from rooms import FIRST_FREE, MATCHED, NESTED, ONE_OF_THEM, hotel

from checker import ir, manifest
from checker.backends.failure import Failure
from checker.backends.python import Program
from checker.explore.outcome import Outcome, Verdict
from checker.explore.replay import replay
from checker.explore.search import explore
from checker.explore.symmetry import Symmetry, symmetry_of
from checker.explore.unfolding import real_trace
from checker.run import Request, prepare
from checker.states import State

# Their variants are searched with symmetry too, by the test of the manifest.
MODELS = list(manifest.built_in().models)


def safety(model: ir.Model) -> ir.Model:
    return replace(model, props=tuple(p for p in model.props if not p.kind.is_liveness))


def reachable(program: Program, states_max: int) -> list[State]:
    found = dict.fromkeys(program.initial_states())
    for state in (queue := list(found)):
        if len(found) >= states_max:
            break
        for rule in program.rules:
            for args in rule.args:
                for _, end in rule.step(state, args):
                    if not isinstance(end, Failure) and end not in found:
                        found[end] = None
                        queue.append(end)
    return list(found)


def said(outcome: Outcome) -> list[tuple[str, str, int | None]]:
    return [(p.name, p.verdict.value, p.steps) for p in outcome.properties]


def both(model: ir.Model) -> tuple[Outcome, Outcome]:
    """The full search and the one with symmetry, which have to agree."""
    full, reduced = explore(Program(model)), explore(Program(model), symmetry=True)
    assert said(reduced) == said(full)
    assert reduced.depth == full.depth
    assert reduced.initial == full.initial
    assert [v.name for v in reduced.vacuity] == [v.name for v in full.vacuity]
    assert {limit.name for limit in reduced.limits} == {limit.name for limit in full.limits}
    assert reduced.reduction is not None
    if full.complete:
        counted = reduced.reduction.states, reduced.reduction.generated
        assert counted == (full.distinct, full.generated)
    return full, reduced


# ── Every model ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", MODELS)
def test_permuted_states_have_permuted_successors_and_one_representative(name: str) -> None:
    declared = prepare(Request(name)).model
    scopes = {sort.name: max(2, sort.size) for sort in declared.sorts}
    model = prepare(Request(name, scopes=scopes)).model
    symmetry, _ = symmetry_of(safety(model))
    if symmetry is None:
        pytest.skip("no sort has interchangeable ids")
    assert_even(Program(model), symmetry, reachable(Program(model), 150)[::10])


def assert_even(program: Program, symmetry: Symmetry, states: list[State]) -> None:
    for state in states:
        orbit = symmetry.orbit(state)
        images = set()
        for names in symmetry.all_names():
            other = symmetry.renamed(state, names)
            images.add(other)
            assert symmetry.orbit(other) == orbit
            renamed = {
                rule: Counter(
                    symmetry.renamed(e, names) if isinstance(e, tuple) else e
                    for e in after.elements()
                )
                for rule, after in ends(program, state).items()
            }
            assert ends(program, other) == renamed
        assert orbit.representative in images
        assert orbit.size == len(images)


def ends(program: Program, state: State) -> dict[str, Counter[object]]:
    """For each rule where its steps lead; of a failure, its kind."""
    return {
        rule.rule.name: Counter(
            end.kind if isinstance(end, Failure) else end
            for args in rule.args
            for _, end in rule.step(state, args)
        )
        for rule in program.rules
    }


def test_ids_are_renamed_in_every_kind_of_place(tmp_path: Path) -> None:
    model = hotel(tmp_path, NESTED)
    symmetry, _ = symmetry_of(model)
    assert symmetry is not None
    assert (symmetry.sorts, symmetry.order) == (("Guest", "Room"), 12)
    assert_even(Program(model), symmetry, reachable(Program(model), 3000)[::60])
    full, reduced = both(model)
    assert full.complete
    assert reduced.distinct < full.distinct / 6


@pytest.mark.parametrize(("participants", "orbits"), [(2, 34), (3, 80), (4, 166), (5, 314)])
def test_two_phase_commit_has_as_many_orbits_as_renaming_in_all_ways_gives(
    participants: int, orbits: int
) -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": participants})).model
    full, reduced = both(model)
    assert reduced.distinct == orbits
    if participants <= 4:
        symmetry = Symmetry(model, ("Participant",))
        classes = {
            frozenset(symmetry.renamed(state, names) for names in symmetry.all_names())
            for state in reachable(Program(model), full.distinct + 1)
        }
        assert len(classes) == orbits


# ── Properties (pitfall 13) ──────────────────────────────────────────────────────────────────────


def test_a_property_is_asked_for_all_values_on_the_representative(tmp_path: Path) -> None:
    full, reduced = both(hotel(tmp_path, ONE_OF_THEM))
    failed = {p.name: p for p in reduced.properties}
    assert failed["nobody_is_second"].verdict is Verdict.FAILS
    assert (reduced.distinct, full.distinct) == (3, 10)


def test_a_witness_has_an_orbit_for_equal_and_one_for_different_ids(tmp_path: Path) -> None:
    _, reduced = both(hotel(tmp_path, ONE_OF_THEM))
    seen = {p.name: p for p in reduced.properties}["they_stand"]
    assert (seen.verdict, seen.steps) == (Verdict.HOLDS, 2)  # the later of both orbits


def test_traces_keep_one_name_for_each_id_and_fail_where_they_say(tmp_path: Path) -> None:
    model = hotel(tmp_path, ONE_OF_THEM)
    _, reduced = both(model)
    for result in reduced.properties:
        assert result.trace is not None
        assert replay(Program(model), result.trace) == []
    error = {p.name: p for p in reduced.properties}["no_step_error"]
    assert error.trace is not None
    taken, followed, broken = error.trace.steps
    assert taken.args != followed.args
    assert followed.args == broken.args
    second = {p.name: p for p in reduced.properties}["nobody_is_second"]
    assert second.trace is not None
    (follower,) = second.trace.steps[1].args
    assert dict(second.args) == {"guest": f"guest{follower}"}


def test_representatives_alone_are_no_path_but_a_real_one_is_found() -> None:
    model = prepare(Request("two_phase_commit")).model
    program, symmetry = Program(model), Symmetry(model, ("Participant",))
    path, names = [program.initial_states()[0]], list(symmetry.all_names())
    for turn in range(1, 7):
        after = [
            end
            for rule in program.rules
            for args in rule.args
            for _, end in rule.step(path[-1], args)
            if isinstance(end, tuple) and end != path[-1]
        ]
        # Each time another member of the orbit, so the ids change their names on the way.
        path.append(symmetry.renamed(after[0], names[turn % len(names)]))
    trace = real_trace(program, symmetry, path)
    assert replay(program, trace) == []
    assert len(trace.steps) == 6
    assert symmetry.is_same_orbit(trace.states()[-1], path[-1])


# ── Where it is not used ─────────────────────────────────────────────────────────────────────────


def test_a_model_with_liveness_is_searched_in_full() -> None:
    outcome = explore(Program(prepare(Request("outbox")).model), symmetry=True)
    assert outcome.distinct == 321
    assert outcome.reduction is not None
    assert outcome.reduction.sorts == ()
    assert outcome.reduction.off == "every_order_ships (liveness) needs every state"


def test_a_sort_with_fresh_ids_is_left_as_it_is(tmp_path: Path) -> None:
    model = hotel(tmp_path, FIRST_FREE)
    full, reduced = both(model)
    assert reduced.reduction is not None
    assert reduced.reduction.sorts == ("Room",)
    assert dict(reduced.reduction.uneven) == {"Guest": "`fresh` takes the first free one"}
    failed = {p.name: p.verdict for p in full.properties}
    assert failed["the_new_one_is_not_the_favourite"] is Verdict.FAILS
    # Renaming guests all the same would keep guest2 as the favourite of all, and miss the failure.
    wrong = Symmetry(model, ("Guest",))
    states = reachable(Program(model), 100)
    assert len({wrong.orbit(s).representative for s in states if s[1] is not None}) > 1
    first, second = (s for s in states if s[:2] in ((0, None), (1, None)))
    assert wrong.is_same_orbit(first, second)
    assert len({wrong.orbit(end(model, s)).representative for s in (first, second)}) == 2


def end(model: ir.Model, state: State) -> State:
    (_, after), *_ = Program(model).rule("register").step(state, (0,))
    assert isinstance(after, tuple)
    return after


def test_one_id_of_each_sort_leaves_nothing_to_rename() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 1})).model
    assert symmetry_of(model) == (None, None)


# ── Ties and limits ──────────────────────────────────────────────────────────────────────────────


def test_tied_ids_that_are_not_alike_are_tried_in_all_orders(tmp_path: Path) -> None:
    model = hotel(tmp_path, MATCHED, Guest=5)
    symmetry, _ = symmetry_of(model)
    assert symmetry is not None
    assert_even(Program(model), symmetry, reachable(Program(model), 200)[::40])
    full, reduced = both(model)
    # Permutations of five up to renaming: as many as there are ways to write 5 as a sum.
    assert (full.distinct, reduced.distinct) == (120, 7)


def test_beyond_the_limit_a_representative_is_sound_but_its_orbit_has_no_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import checker.explore.symmetry as module

    model = hotel(tmp_path, MATCHED, Guest=5)
    few = Symmetry(model, ("Guest",), tried_max=2)
    exact = Symmetry(model, ("Guest",))
    for state in reachable(Program(model), 200):
        found = few.orbit(state)
        assert exact.is_same_orbit(found.representative, state)
        assert found.size in (None, exact.orbit(state).size)
    reduction = symmetry_of(model)[1]
    monkeypatch.setattr(module, "symmetry_of", lambda _: (few, reduction))
    monkeypatch.setattr("checker.explore.search.symmetry_of", lambda _: (few, reduction))
    full, reduced = explore(Program(model)), explore(Program(model), symmetry=True)
    assert said(reduced) == said(full)
    assert 7 <= reduced.distinct <= 120
    assert reduced.reduction is not None
    assert reduced.reduction.states is None
    assert reduced.reduction.generated is None


def test_a_search_that_was_cut_counts_no_full_graph() -> None:
    from checker.explore.limits import Limits

    model = prepare(Request("two_phase_commit")).model
    cut = explore(Program(model), limits=Limits(states_max=20), symmetry=True)
    assert cut.distinct == 20
    assert cut.reduction is not None
    assert cut.reduction.states is None
    assert cut.verdict is Verdict.UNKNOWN
