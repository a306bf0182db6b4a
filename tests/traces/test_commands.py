"""`checker replay` and `checker lab run` as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import write

WHOLE = (
    "producer-1: place_order A, stopped; relay-1: publish A, mark_sent A, stopped;"
    "consumer-1: consume A shipped=1 outcome=shipped, stopped"
)
TWICE = WHOLE.replace(
    "outcome=shipped, stopped", "outcome=shipped, consume A shipped=2 outcome=shipped, stopped"
)


def checker(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from checker.cli import main; main()", *arguments],
        cwd=cwd, input=stdin, capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip


def test_an_accepted_log_exits_with_0(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", WHOLE)
    done = checker("replay", "outbox", "log.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("SLICES ACCEPTED  Outbox   deduplicate=True\n")


def test_a_rejected_log_exits_with_1_and_names_the_line(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", TWICE)
    done = checker("replay", "outbox", "log.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    wanted = "order A: consume at log.jsonl:7: the log says shipped = 2, every explanation says 1"
    assert wanted in done.stdout


def test_the_variant_accepts_what_the_model_rejects(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", TWICE)
    told = ("replay", "outbox", "log.jsonl", "--quiet")
    for variant in (("--variant", "no_deduplication"), ("--set", "deduplicate=false")):
        done = checker(*told[:-1], *variant, cwd=tmp_path)
        assert "SLICES ACCEPTED" in done.stdout
        # It is a behaviour of the variant, and one in which an order ships twice (L6).
        assert "no_order_ships_twice is false in every explanation" in done.stdout
        assert done.returncode == 1


def test_json_has_a_schema_and_the_diagnosis(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", TWICE)
    found = json.loads(checker("replay", "outbox", "log.jsonl", "--json", cwd=tmp_path).stdout)
    assert found["schema"] == "crashproof/replay/1"
    assert found["counts"] == {"ACCEPTED": 0, "REJECTED": 1, "UNKNOWN": 0}
    (part,) = found["slices"]
    first = part["diagnosis"]["candidates"][0]
    assert (first["event"], first["line"]) == ("consume", 7)
    assert first["facts"][0]["log"] == "2"
    assert first["facts"][0]["model"] == ["1"]


def test_a_log_is_read_from_standard_input(tmp_path: Path) -> None:
    text = write(tmp_path / "log.jsonl", WHOLE).read_text()
    assert checker("replay", "outbox", "-", cwd=tmp_path, stdin=text).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("outbox", "none.jsonl"), "cannot read the log none.jsonl"),
        (("outbox", "log.jsonl", "log.jsonl"), "a log is named twice"),
        (("outbox", "log.jsonl", "--scope", "OrderId=4"), "--background M"),
        (("outbox", "log.jsonl", "--max-hidden", "-1"), "must be at least 0"),
        (("outbox", "log.jsonl", "--mapping", "none.toml"), "cannot read the mapping"),
        (("alternating_bit", "log.jsonl"), "there is no mapping for alternating_bit"),
        (("outbox", "log.jsonl", "--set", "dedup=no"), "no constant"),
    ],
)
def test_a_wrong_call_exits_with_2_and_says_what_to_do(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    write(tmp_path / "log.jsonl", WHOLE)
    done = checker("replay", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_strict_stops_at_a_line_that_cannot_be_used(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", WHOLE)
    path.write_text(path.read_text() + "garbage\n")
    done = checker("replay", "outbox", "log.jsonl", "--strict", cwd=tmp_path)
    assert done.returncode == 2
    assert "log.jsonl:8: not JSON" in done.stderr


def test_the_lab_is_listed_and_refuses_a_wrong_call(tmp_path: Path) -> None:
    assert "replay" in checker("--help", cwd=tmp_path).stdout
    assert checker("lab", "run", "nothing", "--out", "x", cwd=tmp_path).returncode == 2
    assert checker("lab", "run", "outbox", cwd=tmp_path).returncode == 2
    taken = write(tmp_path / "log.jsonl", WHOLE)
    done = checker("lab", "run", "outbox", "--out", "log.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert taken.exists()


def test_the_table_of_commands_loads_nothing_heavy() -> None:
    code = (
        "import sys; import checker.traces.commands; "
        "print([m for m in sys.modules if m.startswith('checker.') and 'traces' not in m], "
        "'json' in sys.modules, 'tomllib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert "checker.frontend" not in done.stdout
    assert done.stdout.rstrip().endswith("False False")
