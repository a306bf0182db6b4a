"""Which broken forms a log is consistent with (L7), and what it shows of their invariants (L6)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.cli import main
from checker.traces.replay import Verdict

from .conftest import Held, write
from .test_semantics import HEAD, mapping

RECORDED = Path(__file__).parent / "lab" / "recorded"

DEDUP = """
format = "crashproof/mapping/1"
model = "Dedup"
slice = "MessageId"
hidden = ["expire", "crash", "drop"]
[services.worker]
[services.producer]
[events.send]
service = "producer"
logged = "with"
params = { msg = "order" }
[events.begin]
service = "worker"
logged = "with"
params = { msg = "order", worker = "worker" }
[events.finish]
service = "worker"
logged = "with"
params = { msg = "order", worker = "worker" }
"""


def checker(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    return int(done.value.code or 0), capsys.readouterr().out


def test_several_variants_explain_a_log_and_it_is_said_what_would_tell_them_apart(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    # Pitfall 19: with `expire` unlogged, two workers that begin one message fit several variants.
    told = tmp_path / "dedup.toml"
    told.write_text(DEDUP)
    log = write(
        tmp_path / "log.jsonl",
        "producer-1: send A; worker-1: begin A worker=w-1; worker-2: begin A worker=w-2",
    )
    command = ("diagnose", str(log), "dedup", "--mapping", str(told))
    code, text = checker(capsys, *command)
    assert code == 1
    assert "1 message: consistent with Dedup(commit=EFFECT_FIRST)" in text
    assert "the log itself breaks at_most_one_effect: 1 message, in every explanation" in text
    assert "and with more assumed: Dedup(short_window=true)" in text
    assert (
        "Log `expire` to tell them apart: Dedup(short_window=true) needs it to have happened "
        "(1 message), Dedup(commit=EFFECT_FIRST) does not."
    ) in text
    assert " is one of" not in text
    code, text = checker(capsys, *command, "--json")
    (found,) = json.loads(text)
    assert found["schema"] == "crashproof/diagnosis/1"
    forms = {each["variant"]: each for each in found["candidates"]}
    assert [name for name, each in forms.items() if each["consistent"]] == [
        "effect_first",
        "short_window",
    ]
    assert [name for name, each in forms.items() if each["minimal"]] == ["effect_first"]
    assert forms["short_window"]["hidden_faults"] == 1


def test_slices_are_grouped_by_what_they_are_consistent_with(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    part = tmp_path / "part.jsonl"
    lines = (RECORDED / "outbox_no_deduplication.jsonl").read_text().splitlines(keepends=True)
    part.write_text("".join(lines[:300]))
    code, text = checker(capsys, "diagnose", str(part))
    assert code == 1
    assert " orders: correct" in text
    assert "2 orders: consistent with Outbox(deduplicate=false)" in text
    assert "All of the log is consistent with Outbox(deduplicate=false)" in text
    assert "part.jsonl:143: the log says shipped = 2, every explanation of the model" not in text
    assert "part.jsonl:143: the log says shipped = 2, every explanation says 1" in text


def test_a_correct_log_is_consistent_with_the_model_as_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = write(
        tmp_path / "log.jsonl",
        "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
        "consumer-1: consume A shipped=1 outcome=shipped, stopped",
    )
    code, text = checker(capsys, "diagnose", str(log), "outbox")
    assert code == 0
    assert "1 order: correct" in text
    assert "the log itself breaks" not in text


def test_a_log_that_no_variant_explains_is_consistent_with_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = write(tmp_path / "log.jsonl", "producer-1: stopped; relay-1: publish A, stopped")
    code, text = checker(capsys, "diagnose", str(log), "outbox")
    assert code == 1
    assert "1 order: consistent with none of the 2 forms" in text
    assert "None of the 2 forms is consistent with all of the log." in text


def test_a_log_with_gaps_is_never_said_to_be_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path / "log.jsonl", "producer-1: place_order A, stopped")
    assert checker(capsys, "diagnose", str(log), "outbox")[0] == 0
    log.write_text(log.read_text() + "no line of a log\n")
    code, text = checker(capsys, "diagnose", str(log), "outbox")
    assert code == 3
    assert "1 line of the log tells of a gap (checker replay names them)" in text
    assert "exit 3: not decided" in text
    _, told = checker(capsys, "diagnose", str(log), "outbox", "--json")
    assert [each["with_gap"] for each in json.loads(told)] == [True]


# ── Invariants along explanations ────────────────────────────────────────────────────────────────

PASSING = (
    HEAD
    + '''
class M(Model):
    """Something falls unseen and rises again unseen; `stand` needs that it rose."""
    height: Annotated[int, Bounds(0, 2)] = 1

    @action
    def fall(self) -> None:
        when(self.height == 1)
        self.height = 0

    @action
    def rise(self) -> None:
        when(self.height == 0)
        self.height = 2

    @action
    def stand(self) -> None:
        when(self.height == 2)

    @action
    def look(self) -> None:
        when(self.height > 0)

    @invariant
    def nothing_falls(self) -> bool:
        return self.height > 0
'''
).replace("Model, action", "Model, invariant, action")


@pytest.mark.parametrize(
    ("log", "violated", "possibly"),
    [
        ("stand", ("nothing_falls",), ()),
        ("look", (), ("nothing_falls",)),
        ("look, stand", ("nothing_falls",), ()),
    ],
)
def test_an_invariant_that_every_explanation_broke_on_the_way_is_violated(
    held: Held, log: str, violated: tuple[str, ...], possibly: tuple[str, ...]
) -> None:
    # Pitfall 17: at no line is every state bad, and yet all explanations were in a bad state.
    events = mapping("stand", "look", top='hidden = ["fall", "rise"]')
    observation = held.model(PASSING, events)
    found = held.text(f"node-1: {log}, stopped", observation)
    (each,) = found.slices
    assert each.verdict is Verdict.ACCEPTED
    assert (each.violated, each.possibly) == (violated, possibly)
    assert found.exit_code() == (1 if violated else 0)
