"""--out, show, graph, emit and new: files that are written, and files that are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import itf_py
import pytest

from checker.api import explore
from checker.frontend import load
from checker.report import itf

from .conftest import Checker

BROKEN = ("explore", "outbox", "--variant", "no_deduplication", "--out", "t.itf.json")


def test_show_prints_the_table_that_explore_printed(checker: Checker) -> None:
    explored = checker(*BROKEN)
    assert "checker show t.itf.json" in explored.out
    shown = checker("show", "t.itf.json")
    assert shown.code == 0
    table = explored.out[explored.out.index("   #  ") : explored.out.index("  replay")]
    assert table in shown.out
    assert "is false  self.shipped.count(o) <= 1" in shown.out


def test_a_lasso_is_replayed_and_its_fairness_checked(checker: Checker, tmp_path: Path) -> None:
    checker("explore", "dedup", "--variant", "key_first", "--out", "t.itf.json")
    shown = checker("show", "t.itf.json")
    assert shown.code == 0
    assert "the system stands still for ever" in shown.out
    document = json.loads((tmp_path / "t.itf.json").read_text())
    document["states"] = document["states"][:3]
    document["loop"] = 2
    (tmp_path / "short.itf.json").write_text(json.dumps(document))
    rejected = checker("show", "short.itf.json")
    assert rejected.code == 1
    assert "REJECTED" in rejected.out and "the loop is not fair to" in rejected.out


def test_a_trace_that_the_model_does_not_have_is_rejected(checker: Checker, tmp_path: Path) -> None:
    checker(*BROKEN)
    document = json.loads((tmp_path / "t.itf.json").read_text())
    document["states"][4]["#meta"]["action"] = "publish"
    (tmp_path / "other.itf.json").write_text(json.dumps(document))
    ran = checker("show", "other.itf.json")
    assert ran.code == 1
    assert "step 4: publish is not possible here" in ran.out
    told = json.loads(checker("show", "other.itf.json", "--json").out)
    assert told["exit_code"] == 1 and len(told["problems"]) == 1


def test_a_trace_of_a_model_in_a_file_with_constants_and_faults(
    checker: Checker, tmp_path: Path
) -> None:
    checker("new", "inbox")
    call = ("--set", "remember=false", "--scope", "RequestId=1", "--out", "x.json")
    assert checker("explore", "inbox.py", *call).code == 1
    shown = checker("show", "x.json")
    assert shown.code == 0
    assert "remember=False  RequestId=1" in shown.out
    # Another model with the same fields, named by hand.
    (tmp_path / "again.py").write_text((tmp_path / "inbox.py").read_text())
    assert checker("show", "x.json", "again.py").code == 0
    assert checker("show", "x.json", "outbox").code == 2


def test_several_failures_are_written_to_a_file_each(checker: Checker, tmp_path: Path) -> None:
    checker("new", "inbox")
    text = (tmp_path / "inbox.py").read_text()
    text = text.replace(
        "    @witness\n",
        "    @invariant\n    def nothing_is_handled(self) -> bool:\n"
        "        return len(self.handled) == 0\n\n    @witness\n",
    )
    (tmp_path / "inbox.py").write_text(text)
    ran = checker("explore", "inbox.py", "--set", "remember=false", "--out", "t.itf.json")
    assert ran.code == 1
    written = sorted(p.name for p in tmp_path.glob("*.itf.json"))
    assert written == ["t.no_request_is_handled_twice.itf.json", "t.nothing_is_handled.itf.json"]
    for name in written:
        assert checker("show", name).code == 0
    again = checker("explore", "inbox.py", "--out", "t.itf.json")
    assert again.code == 2 and "exists already" in again.err


def test_a_run_without_failures_says_that_it_wrote_nothing(
    checker: Checker, tmp_path: Path
) -> None:
    ran = checker("explore", "outbox", "--out", "t.itf.json")
    assert ran.code == 0
    assert "t.itf.json was not written" in ran.err
    assert not (tmp_path / "t.itf.json").exists()


def test_itf_py_reads_what_we_write(checker: Checker, tmp_path: Path) -> None:
    checker(*BROKEN)
    trace = itf_py.trace_from_json(json.loads((tmp_path / "t.itf.json").read_text()))
    assert len(trace.states) == 6
    assert repr(trace.states[2].values["unmarked"]) == "Some(value='order0')"
    assert trace.states[5].values["shipped"] == {"order0": 2}
    assert trace.states[3].meta["action"] == "redeliver"
    assert trace.states[3].meta["kind"] == "fault"


@pytest.fixture(scope="module")
def broken() -> str:
    """The text of a trace's file."""
    outcome = explore("outbox", variant="no_deduplication")
    result = next(p for p in outcome.properties if p.name == "no_order_ships_twice")
    assert result.trace is not None
    origin = itf.Origin(
        "outbox", "no_deduplication", {"deduplicate": "False"}, {"OrderId": 2},
        property=result.name, kind=result.kind,
    )  # fmt: skip
    return itf.dumps(itf.document(result.trace, origin, result))


MODELS = [
    ("outbox", "no_deduplication"),
    ("dedup", "key_first"),
    ("dedup", "short_window"),
    ("two_phase_commit", "commit_without_all_votes"),
]


@pytest.mark.parametrize(("model", "variant"), MODELS)
def test_every_trace_comes_back_from_its_file_as_it_was(model: str, variant: str) -> None:
    outcome = explore(model, variant=variant)
    traces = [p.trace for p in outcome.properties if p.trace is not None]
    assert traces
    for trace in traces:
        document = itf.document(trace, itf.Origin(model))
        again = itf.trace_from(json.loads(itf.dumps(document)), trace.model)
        assert again == trace
        itf_py.trace_from_json(document)


STEP_ERROR = '''
from enum import Enum
from checker import Id, Map, Model, action, choose, either, when

class WorkerId(Id, scope=2):
    """One."""

class Color(Enum):
    RED = "r"
    BLUE = "b"

class Odd(Model):
    lock: dict[WorkerId, Color] = {}
    free: set[WorkerId] = set()

    @action
    def from_(self, worker: WorkerId) -> None:
        self.free.add(worker)

    @action
    def take(self) -> None:
        worker = choose(self.free)
        color = choose(list(Color)) if False else Color.RED
        self.lock[worker] = color
        self.free.remove(worker)

    @action
    def fail(self, worker: WorkerId) -> None:
        when(len(self.lock) == 2)
        other = choose(self.lock)
        del self.lock[other]
        self.free.remove(worker)
'''.replace("        color = choose(list(Color)) if False else Color.RED\n", "").replace(
    "= color", "= Color.RED"
)


def test_a_step_error_is_written_and_shown(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(STEP_ERROR)
    ran = checker("explore", "odd.py", "--out", "t.itf.json")
    assert ran.code == 1, ran.err
    assert "FAILS  no_step_error" in ran.out
    assert "stops here: " in ran.out
    assert "with other=worker0" in ran.out
    shown = checker("show", "t.itf.json")
    assert shown.code == 0, shown.err
    table = ran.out[ran.out.index("   #  ") : ran.out.index("  replay")]
    assert table in shown.out
    model = load(str(tmp_path / "odd.py")).model
    document = json.loads((tmp_path / "t.itf.json").read_text())
    trace = itf.trace_from(document, model)
    assert trace.steps[-1].state is None
    assert len(document["states"]) == len(trace.steps)


def _edit(document: Any, path: list[Any], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    if value is None:
        del document[path[-1]]
    else:
        document[path[-1]] = value


DAMAGES: dict[str, tuple[list[Any], Any, str]] = {
    "no states": (["states"], [], "`states` has to be a list of objects"),
    "states of another shape": (["states"], [1], "`states` has to be a list of objects"),
    "no vars": (["vars"], None, "`vars` has to be a list of names"),
    "a state without a field": (["states", 1, "queue"], None, "state 1 of the file is not a state"),
    "a field too many": (["states", 1, "extra"], True, "it has extra besides"),
    "a value of another type": (["states", 2, "orders"], 3, "state 2: orders of the file is not"),
    "an unknown id": (["states", 2, "orders"], {"#set": ["order9"]}, "one of order0, order1"),
    "no action": (["states", 2, "#meta", "action"], None, "which action led to state 2"),
    "an unknown action": (["states", 2, "#meta", "action"], "ship", "has no action 'ship'"),
    "other parameters": (["states", 2, "#meta", "parameters"], {}, "names other parameters"),
    "an unknown model": (["#meta", "model"], "outbx", "there is no model `outbx`"),
    "no model": (["#meta", "model"], None, "does not name its model"),
    "an unknown constant": (["#meta", "constants"], {"dup": "1"}, "has no constant 'dup'"),
    "constants of another shape": (["#meta", "constants"], [], "of another shape"),
    "an unknown property": (["#meta", "property"], "nope", "has no property 'nope'"),
    "a loop outside": (["loop"], 9, "`loop` that is not the number of a state"),
    "meta of another shape": (["#meta"], [], "`#meta` that is not an object"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_refused_with_the_place(
    checker: Checker, tmp_path: Path, broken: str, name: str
) -> None:
    path, value, said = DAMAGES[name]
    document = json.loads(broken)
    _edit(document, path, value)
    (tmp_path / "bad.itf.json").write_text(json.dumps(document))
    ran = checker("show", "bad.itf.json")
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\xff", "[" * 100_000])
def test_a_file_that_is_no_trace_at_all_is_refused(
    checker: Checker, tmp_path: Path, text: str
) -> None:
    (tmp_path / "bad.itf.json").write_bytes(text.encode("latin-1"))
    ran = checker("show", "bad.itf.json", "outbox")
    assert ran.code == 2
    assert "error: " in ran.err and "Traceback" not in ran.err


def test_plain_integers_are_accepted(checker: Checker, tmp_path: Path, broken: str) -> None:
    file = tmp_path / "t.itf.json"
    text = broken
    for n in range(3):
        text = text.replace(f'{{"#bigint": "{n}"}}', str(n))
    assert "#bigint" not in text
    file.write_text(text)
    assert checker("show", "t.itf.json").code == 0


def test_a_trace_that_ends_where_nothing_is_wrong_is_rejected(
    checker: Checker, tmp_path: Path, broken: str
) -> None:
    document = json.loads(broken)
    del document["states"][5]
    (tmp_path / "early.itf.json").write_text(json.dumps(document))
    ran = checker("show", "early.itf.json")
    assert ran.code == 1
    assert "no_order_ships_twice is true at the end of the trace" in ran.out


def test_the_way_to_a_witness_is_replayed(checker: Checker, tmp_path: Path) -> None:
    outcome = explore("outbox")
    result = next(p for p in outcome.properties if p.kind == "witness")
    assert result.trace is not None
    origin = itf.Origin("outbox", property=result.name, kind=result.kind)
    text = itf.dumps(itf.document(result.trace, origin, result))
    (tmp_path / "w.itf.json").write_text(text)
    ran = checker("show", "w.itf.json")
    assert ran.code == 0
    assert ran.out.startswith("seen  Outbox") and "a_duplicate_is_in_flight is true" in ran.out


def test_graph_writes_all_states_and_says_when_it_could_not(
    checker: Checker, tmp_path: Path
) -> None:
    ran = checker("graph", "outbox", "--out", "g.dot")
    assert (ran.code, ran.out) == (0, "wrote g.dot: 321 states, 804 steps\n")
    assert (tmp_path / "g.dot").read_text().startswith("digraph")
    assert checker("graph", "outbox", "--out", "g.dot").code == 2
    cut = checker("graph", "outbox", "--out", "g.graphml", "--max-states", "10")
    assert cut.code == 3
    assert "not complete" in cut.err


def test_emit_ir_has_the_constants_of_the_run_in_it(checker: Checker) -> None:
    ran = checker("emit", "ir", "outbox", "--variant", "no_deduplication", "--scope", "OrderId=3")
    assert ran.code == 0
    assert "const deduplicate: Bool = False" in ran.out and "sort OrderId = 3" in ran.out


def test_a_new_model_passes_check_explore_and_pytest(checker: Checker, tmp_path: Path) -> None:
    ran = checker("new", "payment-inbox", "--dir", "shop/models")
    assert ran.code == 0
    folder = tmp_path / "shop" / "models"
    assert checker("check", "shop/models/payment_inbox.py").code == 0
    assert checker("explore", "shop/models/payment_inbox.py", "--strict-vacuity").code == 0
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_ADDOPTS": ""},  # what this run was given is not for that one
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout
    again = checker("new", "payment_inbox", "--dir", "shop/models")
    assert again.code == 2 and "exists already" in again.err
