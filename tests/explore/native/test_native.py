"""The native engine's search gives what the reference gives."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from both import by_reference, natively, said, uncompiled
from grid import Grid
from random_ir import random_models

from checker import api, manifest
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.backends.native.shapes import Unsupported
from checker.backends.python import Program
from checker.errors import InternalError, UsageError
from checker.explore.limits import Limits, Progress
from checker.explore.native import auto, store
from checker.explore.native.search import explore_native
from checker.explore.outcome import Outcome, Verdict
from checker.run import Request, prepare

# Uncompiled code takes a millisecond and more for a step of a large model.
_STEPS_MAX = 2500


def is_large(run: manifest.Run) -> bool:
    return run.slow or (run.generated or 0) > _STEPS_MAX


RUNS = [
    pytest.param(name, run, marks=[pytest.mark.slow] if is_large(run) else [])
    for name, entry in manifest.built_in().models.items()
    for run in entry.runs
]


@pytest.mark.parametrize(("name", "run"), RUNS, ids=lambda x: str(getattr(x, "variant", x)))
def test_both_engines_agree_on_every_run_of_the_manifest(name: str, run: manifest.Run) -> None:
    request = Request(
        name,
        run.variant or "",
        run.constants,
        run.scopes,
        keep_dead_locals=not run.reductions,
    )
    model = prepare(request).model
    assert said(natively(model)) == said(by_reference(model))


def test_both_engines_agree_on_random_models(tmp_path: Path) -> None:
    done = 0
    for seed, model in random_models(3000, 40, tmp_path):
        want = by_reference_or_none(model)
        if want is None or want.distinct > 1500:
            continue
        try:
            found = natively(model)
        except Unsupported:
            continue
        done += 1
        assert comparable(found) == comparable(want), f"seed {seed}"
    assert done > 20


def by_reference_or_none(model: object) -> Outcome | None:
    try:
        return by_reference(model, limits=Limits(1501))  # type: ignore[arg-type]
    except UsageError:
        return None  # no initial state


def comparable(outcome: Outcome) -> dict[str, object]:
    """Without the values in the messages of cuts, which depend on the order inside a level."""
    found = said(outcome)
    found["limits"] = sorted({limit.name for limit in outcome.limits})
    return found


@pytest.mark.parametrize("threads", [2, 3])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    for name, variant in (("outbox", "no_deduplication"), ("dedup", "key_first")):
        model = prepare(Request(name, variant)).model
        assert said(natively(model, threads=threads)) == said(natively(model))


@pytest.mark.parametrize("kept_bytes", [0, 500, 4000])
def test_levels_that_go_to_a_file_change_nothing(
    monkeypatch: pytest.MonkeyPatch, kept_bytes: int
) -> None:
    for name, variant in (("outbox", "no_deduplication"), ("dedup", "key_first")):
        model = prepare(Request(name, variant)).model
        in_memory = natively(model)
        with monkeypatch.context() as patched:
            patched.setattr(store, "_IN_MEMORY_BYTES", kept_bytes)
            in_file = natively(model)
        assert said(in_file) == said(in_memory)
        traces = [[str(p.trace) for p in o.properties] for o in (in_file, in_memory)]
        assert traces[0] == traces[1]


def test_compiled_code_gives_the_published_counts_of_two_phase_commit() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 7})).model
    outcome = explore_native(Program(model), compiled(generate(model)), threads=2)
    assert (outcome.distinct, outcome.generated) == (296_448, 2_744_706)
    assert outcome.verdict is Verdict.HOLDS


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────


def test_a_limit_on_states_is_exact_and_names_itself() -> None:
    model = prepare(Request("outbox")).model
    outcome = natively(model, limits=Limits(100))
    assert outcome.distinct == 100
    assert [limit.detail for limit in outcome.limits] == ["stopped after 100 states"]
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_limit_on_memory_ends_as_unknown_with_what_was_found() -> None:
    model = prepare(Request("outbox")).model
    outcome = natively(model, limits=Limits(memory_max_bytes=1))
    assert [limit.name for limit in outcome.limits] == ["memory"]
    assert outcome.verdict is Verdict.UNKNOWN


def test_a_table_that_cannot_grow_is_a_limit_on_memory() -> None:
    model = prepare(Request("two_phase_commit", scopes={"Participant": 5})).model
    code = uncompiled(model)
    calls = iter(range(100))

    def insert(*given: object) -> object:
        if next(calls) < 3:
            return code.insert(*given)
        *_, found, _, _, _, _ = given
        found[:] = 0  # type: ignore[index]
        return -1, 0

    outcome = explore_native(Program(model), replace(code, insert=insert))
    assert [limit.name for limit in outcome.limits] == ["memory"]


def test_ctrl_c_ends_with_what_was_found() -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    model = prepare(Request("two_phase_commit", scopes={"Participant": 5})).model
    outcome = natively(model, on_progress=interrupt)
    assert [limit.name for limit in outcome.limits] == ["interrupt"]
    assert int(outcome.exit_code()) == 130


def test_stop_at_first_ends_at_the_first_violation() -> None:
    told: list[str] = []
    model = prepare(Request("outbox", "no_deduplication")).model
    outcome = natively(model, stop_at_first=True, on_violation=lambda r: told.append(r.name))
    assert told == ["no_order_ships_twice"]
    assert [limit.name for limit in outcome.limits] == ["stop-at-first"]


# ── What the two engines owe each other ──────────────────────────────────────────────────────────


def test_a_hit_that_the_reference_does_not_confirm_is_a_bug_and_says_so() -> None:
    model = prepare(Request("outbox")).model
    code = uncompiled(model)
    wrong = replace(code, look=lambda rows, row, end, wanted: row)
    with pytest.raises(InternalError, match="disagree about a check"):
        explore_native(Program(model), wrong)


def test_a_cross_check_passes_where_the_engines_agree() -> None:
    model = prepare(Request("outbox")).model
    assert said(natively(model, cross_check_every=1, threads=2)) == said(by_reference(model))


def test_a_cross_check_finds_a_wrong_step() -> None:
    model = prepare(Request("dedup")).model
    code = uncompiled(model)

    def wrong(*given: object) -> object:
        found = code.expand(*given)
        out, tags = given[3], given[4]
        out[0, 0] ^= int(tags[0] >= 0)  # type: ignore[index]
        return found

    with pytest.raises(InternalError, match="disagree about"):
        explore_native(Program(model), replace(code, expand=wrong), cross_check_every=1)


# ── auto ─────────────────────────────────────────────────────────────────────────────────────────


def test_auto_leaves_a_small_model_to_the_reference() -> None:
    outcome = auto.explore_with("auto", Program(prepare(Request("outbox")).model))
    assert outcome.engine == "reference"


def test_auto_hands_a_large_model_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "_ALONE_S", 0.0)
    model = prepare(Request("two_phase_commit", scopes={"Participant": 7})).model
    outcome = auto.explore_with("auto", Program(model), threads=2)
    assert outcome.distinct == 296_448


def test_auto_says_why_a_large_model_stays_with_the_reference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import checker.backends.native.emit as emit

    def refuse(model: object, **settings: object) -> None:
        raise Unsupported("`orders` is or holds a set over 9,999 possible items")

    monkeypatch.setattr(emit, "generate", refuse)
    monkeypatch.setattr(auto, "_ALONE_S", 0.0)
    program = Program(prepare(Request("two_phase_commit", scopes={"Participant": 6})).model)
    outcome = auto.explore_with("auto", program)
    assert outcome.engine.startswith("reference (not native: `orders`")
    with pytest.raises(UsageError, match="9,999 possible items"):
        auto.explore_with("native", program)


def test_python_can_name_the_engine_and_the_threads() -> None:
    outcome = api.explore("dedup", engine="native", threads=2)
    assert outcome.engine == "native"
    assert outcome.distinct == api.explore("dedup", engine="reference").distinct


@pytest.mark.slow
def test_liveness_is_decided_on_a_million_states() -> None:
    model = prepare(Request(Grid)).model
    outcome = explore_native(Program(model), compiled(generate(model)), threads=2)
    assert outcome.distinct == 1_000_000
    found = {p.name: p.verdict for p in outcome.properties}
    assert found["the_corner_is_reached"] is Verdict.HOLDS
    assert found["the_middle_is_reached"] is Verdict.FAILS


# ── The cache ────────────────────────────────────────────────────────────────────────────────────


def test_compiled_code_is_found_again_and_a_damaged_entry_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRASHPROOF_CACHE", str(tmp_path))
    model = prepare(Request("two_phase_commit", scopes={"Participant": 2})).model
    generated = generate(model)
    assert not compiled(generated).from_cache
    assert compiled(generated).from_cache
    for file in tmp_path.rglob("*.o"):
        data = bytearray(file.read_bytes())
        data[random.Random(0).randrange(len(data))] ^= 0xFF
        file.write_bytes(bytes(data))
    again = compiled(generated)
    assert not again.from_cache
    outcome = explore_native(Program(model), again)
    assert said(outcome) == said(by_reference(model))
    assert compiled(generated).from_cache
