"""What of a model logs have shown: certain, possible, never; and adding up over runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.traces.coverage import Coverage, Shown, Site
from checker.traces.jsonl import read_logs
from checker.traces.replay import Settings, replay
from checker.traces.stream import stream_replay

from .conftest import Held, outbox_observation, write
from .outbox_walks import walk
from .test_commands import TWICE, WHOLE, checker

AGAIN = WHOLE.replace(
    "outcome=shipped, stopped",
    "outcome=shipped, consume A shipped=1 outcome=duplicate, stopped",
)


def covered(held: Held, text: str) -> Coverage:
    found = held.text(text, covers=True).coverage
    assert found is not None
    return found


def shown(
    found: Coverage, rule: str, *, kind: str = "rule", has: str = "", is_true: bool = True
) -> Shown:
    (only,) = [
        each
        for site, each in found.shown.items()
        if (site.kind, site.rule) == (kind, rule) and has in site.text
        if kind == "rule" or site.outcome is is_true
    ]
    return only


def test_a_logged_step_is_shown_for_certain_and_one_that_did_not_happen_never(held: Held) -> None:
    found = covered(held, WHOLE)
    assert found.slices == 1
    for rule in ("place_order", "publish", "mark_sent", "consume"):
        assert shown(found, rule) == Shown(1, 1)
    assert shown(found, "redeliver") == Shown(0, 0)
    assert shown(found, "crash_relay") == Shown(0, 0)


def test_a_hidden_fault_that_every_explanation_needs_is_certain(held: Held) -> None:
    assert shown(covered(held, AGAIN), "redeliver") == Shown(1, 1)


def test_a_step_that_only_some_explanations_have_is_possible(held: Held) -> None:
    # Nothing orders the two relays: the second may have started before the first published, and
    # then there was nothing to forget.
    text = "relay-1: publish A; relay-2: started; producer-1: place_order A, stopped"
    assert shown(covered(held, text), "crash_relay") == Shown(0, 1)


def test_the_branch_of_a_duplicate_is_shown_only_by_a_duplicate(held: Held) -> None:
    branch = {"kind": "branch", "has": "applied"}
    texts = {
        (site.text, site.outcome)
        for site in covered(held, WHOLE).shown
        if site.kind == "branch" and site.rule == "consume"
    }
    assert len(texts) == 2
    once, again = covered(held, WHOLE), covered(held, AGAIN)
    outcomes = [
        (
            shown(once, "consume", is_true=o, **branch),  # type: ignore[arg-type]
            shown(again, "consume", is_true=o, **branch),  # type: ignore[arg-type]
        )
        for o in (True, False)
    ]
    assert sorted((a.certain, b.certain) for a, b in outcomes) == [(0, 1), (1, 1)]


def test_a_guard_that_was_never_false_is_told(held: Held) -> None:
    found = covered(held, WHOLE)
    free = [
        each
        for site, each in found.shown.items()
        if site.kind == "guard" and site.rule == "publish" and "unmarked" in site.text
    ]
    assert [each.certain for each in free] == [1, 1]


def test_rejected_slices_show_nothing(held: Held) -> None:
    found = covered(held, TWICE)
    assert (found.slices, found.others) == (0, 1)
    assert all(each == Shown(0, 0) for each in found.shown.values())


def test_certain_is_never_more_than_possible_and_reading_once_shows_the_same(
    tmp_path: Path,
) -> None:
    observation = outbox_observation()
    settings = Settings(covers=True)
    for seed in range(15):
        path = write(tmp_path / f"{seed}.jsonl", walk(observation, seed, steps=14))
        once = stream_replay([str(path)], observation, settings).coverage
        log = read_logs([str(path)], observation.mapping.wanted())
        whole = replay(log, observation, settings).coverage
        assert once is not None
        assert whole is not None
        assert (once.shown, once.slices, once.others) == (whole.shown, whole.slices, whole.others)
        assert all(each.certain <= each.possible <= once.slices for each in once.shown.values())


def run(tmp_path: Path, log: str, *more: str) -> dict[str, object]:
    done = checker("replay", "outbox", log, "--coverage", "cover.json", *more, cwd=tmp_path)
    assert done.stderr == ""
    found = json.loads((tmp_path / "cover.json").read_text())
    assert isinstance(found, dict)
    return found


def test_coverage_adds_up_over_runs(tmp_path: Path) -> None:
    write(tmp_path / "one.jsonl", WHOLE)
    write(tmp_path / "two.jsonl", AGAIN)
    run(tmp_path, "one.jsonl")
    found = run(tmp_path, "two.jsonl")
    assert (found["slices"], found["logs"]) == (2, ["one.jsonl", "two.jsonl"])
    items = found["items"]
    assert isinstance(items, list)
    counts = {i["rule"]: (i["certain"], i["possible"]) for i in items if i["kind"] == "rule"}
    assert counts["consume"] == (2, 2)
    assert counts["redeliver"] == (1, 1)
    assert counts["crash_relay"] == (0, 0)
    done = checker("replay", "outbox", "one.jsonl", "--coverage", "cover.json", cwd=tmp_path)
    assert "crash_relay: never shown by these logs" in done.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as coverage"),
        ("{}", "is no coverage"),
        ('{"schema": "crashproof/coverage/1", "digest": "x"}', "is of another model"),
    ],
)
def test_a_file_that_is_no_coverage_of_this_model_is_left_alone(
    text: str, message: str, tmp_path: Path
) -> None:
    write(tmp_path / "log.jsonl", WHOLE)
    (tmp_path / "cover.json").write_text(text)
    done = checker("replay", "outbox", "log.jsonl", "--coverage", "cover.json", cwd=tmp_path)
    assert (done.returncode, message in done.stderr) == (2, True)
    assert (tmp_path / "cover.json").read_text() == text


def test_a_site_is_told_apart_by_its_outcome() -> None:
    assert Site("guard", "r", "t", "s", True) != Site("guard", "r", "t", "s", False)
