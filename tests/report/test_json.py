"""Real outcomes fit the schema, and the reference page names every key of it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from checker.api import Settings, explore
from checker.backends.python import Program
from checker.cli import main
from checker.explore.simulate import simulate
from checker.report.itf import Origin
from checker.report.json_report import outcome_object
from checker.run import Request, prepare

SCHEMA = json.loads(files("checker.report").joinpath("outcome.schema.json").read_text())
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "json.md"

RUNS: dict[str, tuple[str, Settings]] = {
    "holds": ("outbox", {}),
    "fails": ("outbox", {"variant": "no_deduplication"}),
    "lasso": ("dedup", {"variant": "key_first"}),
    "cut": ("two_phase_commit", {"max_states": 50}),
    "no faults": ("dedup", {"no_faults": ("crash", "expire")}),
}


def _check(shown: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(shown)))


@pytest.mark.parametrize("name", RUNS)
def test_an_outcome_fits_the_schema(name: str) -> None:
    target, settings = RUNS[name]
    _check(outcome_object(explore(target, **settings), Origin(target)))


def test_a_simulation_fits_the_schema() -> None:
    program = Program(prepare(Request("outbox")).model)
    _check(outcome_object(simulate(program, seed=1, walks_max=20), Origin("outbox")))


def _printed(capsys: pytest.CaptureFixture[str], *call: str) -> tuple[int, Any]:
    with pytest.raises(SystemExit) as ended:
        main(call)
    assert isinstance(ended.value.code, int)
    return ended.value.code, json.loads(capsys.readouterr().out)


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = _printed(capsys, "explore", "outbox", "--variant", "no_deduplication", "--json")
    _check(shown)
    assert code == shown["exit_code"] == 1
    assert (shown["distinct"], shown["transitions"]) == (343, 828)
    assert shown["constants"] == {"deduplicate": "False"}
    failed = next(p for p in shown["properties"] if p["verdict"] == "FAILS")
    assert (failed["name"], failed["steps"]) == ("no_order_ships_twice", 5)
    assert failed["blame"][0]["because"] == [{"reading": "self.shipped.count(o)", "value": "2"}]
    actions = [state["#meta"].get("action") for state in failed["trace"]["states"]]
    assert actions == [None, "place_order", "publish", "redeliver", "consume", "consume"]


def test_a_sweep_prints_its_runs_and_the_worst_code(capsys: pytest.CaptureFixture[str]) -> None:
    call = ("explore", "dedup", "--set", "commit=EFFECT_FIRST", "--json")
    code, shown = _printed(capsys, *call, "--sweep", "Worker=1..2", "--sweep", "MessageId=1..1")
    assert [run["scopes"] for run in shown["runs"]] == [
        {"MessageId": 1, "Worker": 1},
        {"MessageId": 1, "Worker": 2},
    ]
    for run in shown["runs"]:
        _check(run)
    assert code == shown["exit_code"] == max(run["exit_code"] for run in shown["runs"])


def test_the_catalogue_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, shown = _printed(capsys, "list", "--json")
    assert code == 0
    variants = {m["name"]: [v["name"] for v in m["variants"]] for m in shown["models"]}
    assert variants["dedup"] == ["key_first", "effect_first", "short_window"]
    assert all(m["claim"] and m["faults"] and m["source"] for m in shown["models"])


def test_every_key_of_the_schema_is_documented() -> None:
    page = PAGE.read_text(encoding="utf-8")
    keys = [*SCHEMA["properties"], *SCHEMA["$defs"]["property"]["properties"]]
    keys += SCHEMA["$defs"]["blame"]["properties"]
    assert [key for key in keys if f"`{key}`" not in page] == []
