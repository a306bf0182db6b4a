"""The pytest plugin, as a user's run of pytest shows it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TESTS = """
from hypothesis import settings
from checker.models.outbox import Outbox
from checker.testing import state_machine
from ledgers import Ledger


def test_holds(explore):
    assert explore("outbox", scope={"OrderId": 1}).distinct == 31


def test_fails(explore):
    explore(Outbox, variant="")
    explore("outbox", variant="no_deduplication")


def test_known_to_fail(explore):
    explore("outbox", set={"deduplicate": False}, fails="no_order_ships_twice")


def test_fails_not_as_expected(explore):
    explore("outbox", fails="no_order_ships_twice")


def test_limited(explore):
    explore("outbox", max_states=10)


TestLedger = state_machine(Outbox, Ledger).TestCase
TestLedger.settings = settings(max_examples=20, database=None, deadline=None)
"""


def pytest_run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).parent
    environment = {
        **os.environ,
        "PYTHONPATH": str(here),
        "PYTEST_ADDOPTS": "-p no:cacheprovider",
        "COLUMNS": "100",
    }
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_models_are_tests_with_all_that_pytest_offers(tmp_path: Path) -> None:
    """One run with xdist, JUnit, traces and statistics: each has to reach the controller."""
    (tmp_path / "test_models.py").write_text(TESTS)
    done = pytest_run(
        tmp_path, "-n", "2", "--junit-xml=report.xml", "--model-traces=traces",
        "--model-statistics", "--model-seconds=60", "--model-engine=reference",
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "3 failed, 3 passed" in done.stdout
    # The counterexample, and how to see it again.
    assert "5  consume(order0)" in done.stdout
    trace = "traces/test_models_py_test_fails.no_order_ships_twice.itf.json"
    assert f"checker show {trace}" in done.stdout
    assert (tmp_path / trace).exists()
    # What is not decided fails.
    assert "Outbox was not decided" in done.stdout
    assert "no_order_ships_twice was expected to fail, and does not" in done.stdout
    assert re.search(r"OutboxMachine: [1-9]\d* runs", done.stdout)
    _junit(ElementTree.parse(tmp_path / "report.xml"))


def _junit(report: ElementTree.ElementTree) -> None:  # type: ignore[type-arg]
    found = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in report.iter("testcase")
    }
    assert found["test_holds"]["model"] == "outbox"
    assert found["test_holds"]["model scope"] == "OrderId=1"
    assert found["test_holds"]["model states"] == "31"
    assert found["test_fails"]["property no_order_ships_twice"] == "FAILS"
    assert "place_order" in str(found["runTest"]["model visits"])


def test_the_plugin_costs_a_run_without_models_nothing() -> None:
    """It is loaded in every run of pytest: nothing slow may come with it."""
    slow = (
        "hypothesis",
        "networkx",
        "llvmlite",
        "z3",
        "rich",
        "click",
        "numpy",
        "checker.frontend",
    )
    code = (
        "import sys, checker.testing.plugin; "
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_failing_machine_leaves_a_trace_that_show_displays(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text(
        "from checker.models.outbox import Outbox\n"
        "from checker.testing import state_machine\n"
        "from ledgers import LosesOnCrash\n"
        "TestBroken = state_machine(Outbox, LosesOnCrash).TestCase\n"
    )
    done = pytest_run(tmp_path, "--model-traces=traces")
    assert done.returncode == 1, done.stdout + done.stderr
    trace = "traces/Outbox.publish.itf.json"
    assert f"checker show {trace}" in done.stdout
    shown = subprocess.run(
        [sys.executable, "-c", "from checker.cli import main; main()", "show", trace],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "2  publish(order0)" in shown.stdout
    assert "after publish(order0) the system shows what the model does not allow" in shown.stdout
