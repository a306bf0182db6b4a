"""The outbox against logs written by hand: which are behaviours of it, and which are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.report.terminal import Page
from checker.traces.jsonl import read_logs
from checker.traces.replay import Replay, Verdict
from checker.traces.report import replay_text

from .conftest import Held, outbox_observation

STOPPED = "producer-1: stopped; relay-1: stopped; consumer-1: stopped"
WHOLE = (
    "producer-1: place_order A; relay-1: publish A, mark_sent A;"
    "consumer-1: consume A shipped=1 outcome=shipped;" + STOPPED
)
RECORDED = Path(__file__).parent / "lab" / "recorded"


def verdicts(found: Replay) -> dict[str, str]:
    return {each.keys[0]: each.verdict.value for each in found.slices}


def test_a_whole_order_is_accepted_and_nothing_is_owed(held: Held) -> None:
    found = held.text(WHOLE)
    assert verdicts(found) == {"A": "ACCEPTED"}
    assert found.exit_code() == 0
    assert found.slices[0].budget[:3] == (1, 0, 0)


def test_two_orders_interleaved_on_one_relay_are_both_accepted_with_one_background_id(
    held: Held,
) -> None:
    # Pitfall 8: the relay has one slot, so this is no behaviour of the model; the slices cannot
    # know.
    found = held.text(
        "producer-1: place_order A, place_order B; relay-1: publish A, publish B, mark_sent A,"
        "mark_sent B; consumer-1: consume A shipped=1 outcome=shipped,"
        "consume B shipped=1 outcome=shipped;" + STOPPED
    )
    assert verdicts(found) == {"A": "ACCEPTED", "B": "ACCEPTED"}
    assert {each.budget.background for each in found.slices} == {1}
    assert not found.exact
    assert not found.log_accepted
    assert "That is not the log ACCEPTED" in replay_text(found, Page())


def test_a_relay_crash_concerns_the_slices_of_all_orders(held: Held) -> None:
    # Pitfall 8: the crash is a step of B's slice too, where only a background id can have been
    # published; and A's slice needs it to publish again.
    found = held.text(
        "producer-1: place_order A, place_order B; relay-1: publish A;"
        "driver: killed target=relay-1;"
        "relay-2: started, publish A, mark_sent A, publish B, mark_sent B;"
        "consumer-1: consume A shipped=1 outcome=shipped, consume A shipped=1 outcome=duplicate,"
        "consume B shipped=1 outcome=shipped; producer-1: stopped; relay-2: stopped;"
        "consumer-1: stopped"
    )
    assert verdicts(found) == {"A": "ACCEPTED", "B": "ACCEPTED"}
    assert found.exit_code() == 0


def test_a_killed_producer_may_have_placed_an_order_that_it_did_not_log(held: Held) -> None:
    # Pitfall 14: logged after the commit, so the line can be lost and the step cannot.
    rest = "; relay-1: publish A, mark_sent A; consumer-1: consume A shipped=1 outcome=shipped"
    killed = "producer-1: started; driver: killed target=producer-1" + rest
    assert verdicts(held.text(killed)) == {"A": "ACCEPTED"}
    stopped = "producer-1: started, stopped" + rest
    assert verdicts(held.text(stopped)) == {"A": "REJECTED"}


def test_a_node_that_just_falls_silent_may_also_have_lost_one_line(held: Held) -> None:
    rest = "; relay-1: publish A, mark_sent A; consumer-1: consume A shipped=1 outcome=shipped"
    assert verdicts(held.text("producer-1: started" + rest)) == {"A": "ACCEPTED"}


def test_a_killed_instance_has_lost_one_step_and_not_two(held: Held) -> None:
    # Neither `publish` nor `mark_sent` is logged; the instance can have lost only the first.
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: started; driver: killed target=relay-1;"
        "relay-2: started, mark_sent A, stopped; consumer-1: stopped"
    )
    assert verdicts(found) == {"A": "REJECTED"}


def test_two_relay_crashes_are_explained_though_the_model_has_a_budget_of_one(held: Held) -> None:
    # Pitfall 16: a logged fault is free.
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: publish A; driver: killed target=relay-1;"
        "relay-2: started, publish A; driver: killed target=relay-2;"
        "relay-3: started, publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped, consume A shipped=1 outcome=duplicate,"
        "consume A shipped=1 outcome=duplicate, stopped"
    )
    assert verdicts(found) == {"A": "ACCEPTED"}
    assert found.slices[0].faults == 0


def test_a_relay_that_crashed_without_anybody_writing_it_is_known_by_its_next_start(
    held: Held,
) -> None:
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: started, publish A, started, publish A,"
        "mark_sent A, stopped; consumer-1: consume A shipped=1 outcome=shipped,"
        "consume A shipped=1 outcome=duplicate, stopped"
    )
    assert verdicts(found) == {"A": "ACCEPTED"}
    assert found.slices[0].faults == 0


def test_a_relay_does_not_forget_without_a_start(held: Held) -> None:
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: started, publish A, publish A,"
        "mark_sent A, stopped; consumer-1: consume A shipped=1 outcome=shipped,"
        "consume A shipped=1 outcome=duplicate, stopped"
    )
    assert verdicts(found) == {"A": "REJECTED"}


def test_hidden_faults_are_counted_and_the_least_number_is_reported(held: Held) -> None:
    # Pitfall 16: `redeliver` writes no line; each duplicate here needs one.
    again = ", consume A shipped=1 outcome=duplicate"
    start = (
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped"
    )
    found = held.text(start + 2 * again + ", stopped")
    assert found.slices[0].verdict is Verdict.ACCEPTED
    assert found.slices[0].faults == 2
    assert verdicts(held.text(start + 4 * again + ", stopped")) == {"A": "REJECTED"}
    assert verdicts(held.text(start + 4 * again + ", stopped", hidden_max=4)) == {"A": "ACCEPTED"}


def test_a_publish_without_an_order_is_rejected_and_says_what_it_needed(held: Held) -> None:
    found = held.text("producer-1: stopped; relay-1: publish A, mark_sent A, stopped")
    assert verdicts(found) == {"A": "REJECTED"}
    assert found.exit_code() == 1
    text = replay_text(found, Page())
    assert "publish at " in text
    assert "the model needs `order in self.outbox`, which is false in every explanation" in text
    assert "self.outbox is {" in text


def test_an_order_that_ships_twice_is_rejected_by_what_the_consumer_saw(held: Held) -> None:
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped,"
        "consume A shipped=2 outcome=shipped, stopped"
    )
    assert verdicts(found) == {"A": "REJECTED"}
    text = replay_text(found, Page())
    assert "order A: consume at " in text
    assert ":7: the log says shipped = 2, every explanation says 1" in text


def test_the_same_log_is_a_behaviour_of_the_variant_without_deduplication(held: Held) -> None:
    text = (
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped,"
        "consume A shipped=2 outcome=shipped, stopped"
    )
    found = held.text(text, outbox_observation(deduplicate=False))
    assert verdicts(found) == {"A": "ACCEPTED"}


def test_a_lost_order_is_pending_and_fails_once_the_log_has_ended(held: Held) -> None:
    # Pitfall 15: without a horizon the order may still ship.
    lost = (
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: stopped"
    )
    found = held.text(lost)
    assert found.slices[0].verdict is Verdict.ACCEPTED
    (pending,) = found.slices[0].pending
    assert (pending.prop, pending.args, pending.in_all) == ("every_order_ships", ("A",), True)
    assert found.exit_code() == 3
    ended = held.text(lost, ended=True)
    assert ended.exit_code() == 1
    assert "every_order_ships(A) is open in every explanation" in replay_text(ended, Page())


def test_an_order_that_a_killed_consumer_may_have_shipped_does_not_fail(held: Held) -> None:
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: started; driver: killed target=consumer-1",
        ended=True,
    )
    (pending,) = found.slices[0].pending
    assert not pending.in_all
    assert found.exit_code() == 3


def test_the_lines_of_two_nodes_have_no_order(held: Held) -> None:
    found = held.text(
        "consumer-1: consume A shipped=1 outcome=shipped, stopped;"
        "relay-1: publish A, mark_sent A, stopped; producer-1: place_order A, stopped"
    )
    assert verdicts(found) == {"A": "ACCEPTED"}


def test_the_lines_of_one_node_have_the_order_of_seq(held: Held) -> None:
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: mark_sent A, publish A, stopped"
    )
    assert verdicts(found) == {"A": "REJECTED"}


def test_two_instances_side_by_side_are_not_put_in_a_row(held: Held) -> None:
    # consumer-1 has not ended when consumer-2 works: its line may come after those of consumer-2.
    found = held.text(
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=duplicate;"
        "consumer-2: consume A shipped=1 outcome=shipped"
    )
    assert verdicts(found) == {"A": "ACCEPTED"}


def test_more_explanations_than_allowed_are_unknown_and_never_rejected(held: Held) -> None:
    found = held.text("producer-1: stopped; relay-1: publish A, stopped", width_max=1)
    assert found.slices[0].verdict is Verdict.UNKNOWN
    assert found.slices[0].reason.startswith("width")
    assert found.exit_code() == 3


def test_no_time_is_unknown_and_never_rejected(held: Held) -> None:
    broken = outbox_observation()
    text = "producer-1: stopped; relay-1: publish A, stopped"
    found = held.text(text, broken, seconds_max=0.0)
    assert found.exit_code() in (1, 3)
    assert all(each.verdict is not Verdict.ACCEPTED for each in found.slices)


@pytest.mark.parametrize("name", ["outbox_correct", "outbox_no_deduplication"])
def test_the_cache_of_verdicts_changes_none(held: Held, name: str, tmp_path: Path) -> None:
    log = RECORDED / f"{name}.jsonl"
    part = tmp_path / "part.jsonl"
    part.write_text("".join(log.read_text().splitlines(keepends=True)[:240]))
    with_cache, without = held.file(part), held.file(part, cache=False)
    assert with_cache.slices == without.slices
    assert with_cache.searches < without.searches


def test_the_recorded_log_of_the_correct_services_is_accepted(held: Held) -> None:
    found = held.file(RECORDED / "outbox_correct.jsonl", ended=True)
    assert found.exit_code() == 0
    assert found.count(Verdict.ACCEPTED) == 400


def test_the_recorded_log_without_deduplication_is_rejected(held: Held) -> None:
    found = held.file(RECORDED / "outbox_no_deduplication.jsonl")
    assert found.exit_code() == 1
    rejected = [each for each in found.slices if each.verdict is Verdict.REJECTED]
    for each in rejected:
        assert each.diagnosis is not None
        first = each.diagnosis.candidates[0]
        assert first.event.name == "consume"
        assert first.facts[0].field == "shipped"
        assert first.facts[0].model == ("1",)
    log = read_logs(
        [str(RECORDED / "outbox_no_deduplication.jsonl")], outbox_observation().mapping.wanted()
    )
    twice = {
        event.fields["order"]
        for events in log.by_node.values()
        for event in events
        if event.name == "consume" and event.fields["shipped"] != 1
    }
    assert {each.keys[0] for each in rejected} == twice
