"""`checker prove` and `checker why` as a user runs them: what is printed, written and returned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def checker(*arguments: str, folder: Path) -> tuple[int, str, str]:
    settled = {k: v for k, v in os.environ.items() if not k.startswith("CRASHPROOF")}
    done = subprocess.run(
        [sys.executable, "-c", "from checker.cli import main; main()", *arguments],
        cwd=folder,
        env=settled | {"COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("code", "call"),
    [
        (0, ("prove", "dedup")),
        (1, ("prove", "dedup", "--variant", "effect_first", "--depth", "4", "--k", "1")),
        (3, ("prove", "two_phase_commit", "--depth", "2", "--k", "1")),
        (4, ("prove", "dedup", "--variant", "key_first")),
        (2, ("prove", "dedup", "--depth", "0")),
        (2, ("prove", "dedup", "--capacity", "queue=3")),
        (0, ("why", "outbox", "orders={order1}")),
        (4, ("why", "dedup", "effects=[message0, message0]")),
        (2, ("why", "outbox", "order={order1}")),
    ],
)
def test_the_exit_code_says_what_came_out(code: int, call: tuple[str, ...], tmp_path: Path) -> None:
    got, out, err = checker(*call, folder=tmp_path)
    assert got == code, out + err
    if code != 2:
        assert out.splitlines()[-1].startswith(f"exit {code}: ")


def test_the_report_says_what_is_proved_with_what(tmp_path: Path) -> None:
    _, out, _ = checker("prove", "dedup", folder=tmp_path)
    lines = out.splitlines()
    assert lines[0] == ("PROVED  Dedup   commit=ATOMIC  short_window=False  MessageId=2  Worker=2")
    assert "Z3 " in lines[1] and "seed 0, at most 60 s a query" in lines[1]
    assert (
        "PROVED means of all runs, however long, for MessageId=2, Worker=2; "
        "at most 1 crash, 1 expire" in lines
    )
    assert lines[-1] == "exit 0: every safety property is proved; liveness was not attempted"


def test_a_gap_is_shown_as_no_run(tmp_path: Path) -> None:
    _, out, _ = checker("prove", "outbox", "--depth", "1", "--k", "1", folder=tmp_path)
    assert "only_committed_orders_ship is not inductive: consume does not preserve it" in out
    assert "   0  in some state " in out
    assert "like the first, but" in out
    assert "nothing says that this state can be reached" in out


def test_the_json_object_holds_gap_and_trace(tmp_path: Path) -> None:
    call = ("prove", "outbox", "--variant", "no_deduplication", "--depth", "5", "--k", "1")
    code, out, _ = checker(*call, "--json", folder=tmp_path)
    shown = json.loads(out)
    assert (code, shown["schema"], shown["exit_code"]) == (1, "crashproof/proof/1", 1)
    properties = {p["name"]: p for p in shown["properties"]}
    failed = properties["no_order_ships_twice"]
    assert (failed["said"], failed["steps"]) == ("FAILS", 5)
    assert len(failed["trace"]["states"]) == 6
    gap = properties["only_committed_orders_ship"]["cti"]
    assert gap["step"] == "consume(order0)"
    assert "order0" in gap["states"][0]["queue"]
    assert properties["every_order_ships"]["said"] == "not attempted"


def test_a_trace_that_is_written_can_be_shown(tmp_path: Path) -> None:
    call = ("prove", "outbox", "--variant", "no_deduplication", "--depth", "5", "--k", "1")
    code, _, err = checker(*call, "--out", "twice.itf.json", "--quiet", folder=tmp_path)
    assert code == 1, err
    code, out, err = checker("show", "twice.itf.json", folder=tmp_path)
    assert code == 0, err
    assert "no_order_ships_twice fails after 5 steps" in out


def test_strengthening_prints_methods(tmp_path: Path) -> None:
    code, out, err = checker(
        "prove", "dedup", "--scope", "MessageId=9", "--capacity", "effects=9", "--strengthen",
        "--depth", "1", "--k", "1", folder=tmp_path,
    )  # fmt: skip
    assert code == 0, out + err
    assert "    @invariant\n    def " in out
    assert "capacity of effects=9" in out.splitlines()[0]
