"""The saga lab: what its stores show, its log tells, and nothing else."""

from __future__ import annotations

import itertools
from pathlib import Path

from checker.frontend import load
from checker.traces.jsonl import read_logs
from checker.traces.lab.saga_decision import FIRST, Record, Rules
from checker.traces.lab.saga_message import STEPS, Message, fate
from checker.traces.locality import is_product
from checker.traces.mapping import load_mapping, shipped
from checker.traces.observe import observe
from checker.traces.replay import Settings, replay

from .runs import found, held_against, run


def test_a_correct_run_is_accepted_and_every_saga_ends(tmp_path: Path) -> None:
    done = run(
        "saga",
        tmp_path / "log.jsonl",
        "correct",
        orders=8,
        faults="kills=1,points=2,duplicates=2,delays=2",
    )
    assert not done.struck
    assert sum(done.tally.values()) == 8
    assert done.kills >= 2
    held = held_against("saga", done.out)
    assert not found(held), done.out.read_text()
    assert held.exact


def test_a_double_refund_is_found_and_its_variant_explains_it(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    done = run("saga", log, "undo_not_deduplicated", orders=4, faults="duplicates=4")
    assert done.struck
    assert set(done.struck) <= found(held_against("saga", log))
    mapping = load_mapping(shipped("saga") or Path())
    read = read_logs([str(log)], mapping.wanted())
    truth = observe(load("saga"), mapping, constants={"undo_once": False})
    assert not found(replay(read, truth, Settings(ended=True)))


def test_slices_of_the_saga_are_exact_although_its_rules_choose() -> None:
    path = shipped("saga")
    assert path is not None
    model = observe(load("saga"), load_mapping(path)).model
    assert is_product(model, "OrderId")
    # The budgets of the model are for exploring it: a log with many refusals is no other model.
    assert not [var.name for var in model.vars if var.name.endswith("_used")]


def test_the_budget_of_a_choice_stays_in_a_rule_that_no_line_tells_of(tmp_path: Path) -> None:
    path = shipped("saga")
    assert path is not None
    text = path.read_text().replace('hidden = ["disturb"]', 'hidden = ["disturb", "compensate"]')
    entries = text.split("[[events.")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("[[events.".join(e for e in entries if not e.startswith("compensate")))
    model = observe(load("saga"), load_mapping(mapping)).model
    left = [var.name for var in model.vars if var.name.endswith("_used")]
    assert left == ["compensate_failed_used"]


def rules(**off: bool) -> Rules:
    names = ("undo_backwards", "undo_in_doubt", "alert", "retry_pivot")
    return Rules(**{name: off.get(name, True) for name in names})


def test_every_way_of_answers_ends_within_six_commands() -> None:
    own = rules()
    for kinds in itertools.product(("first", "second"), repeat=6):
        record = FIRST
        for kind in kinds:
            if record.has_ended:
                break
            forward = ("DONE", "REJECTED") if record.phase == "FORWARD" else ("UNDONE", "FAILED")
            answer = Message(forward[kind == "second"], record.step, "order-1")
            assert record.awaits(answer)
            record = own.after(answer)
        assert record.has_ended, kinds


def test_a_step_in_doubt_is_undone_first_and_the_pivot_is_told_again() -> None:
    own = rules()
    assert own.timed_out("CHARGE") == Record("BACKWARD", "CHARGE")
    assert rules(undo_in_doubt=False).timed_out("CHARGE") == Record("BACKWARD", "RESERVE")
    assert not own.gives_up(Record("FORWARD", "SHIP"))
    assert rules(retry_pivot=False).gives_up(Record("FORWARD", "SHIP"))
    assert rules(alert=False).after(Message("FAILED", "CHARGE", "order-1")) == Record(
        "BACKWARD", "RESERVE"
    )


def test_the_seed_has_every_fate_in_store() -> None:
    fates = [fate(1, f"order-{number}") for number in range(60)]
    assert {each.rejected for each in fates} == {"", *STEPS}
    assert {each.lasting for each in fates} == {"", "RESERVE", "CHARGE"}
    assert {each.late for each in fates} == set(itertools.product(("DO", "DONE"), STEPS))
    assert all(each.twice[0] == "DO" or each.rejected for each in fates)
