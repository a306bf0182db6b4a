"""What `checker explore` writes for others: tests, JUnit files, GitHub's annotations."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
from ledgers import Ledger, ShipsTwice

from checker.testing import assert_property, assert_shows


def checker(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from checker.cli import main; main()", *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def functions_of(file: Path) -> dict[str, Any]:
    scope: dict[str, Any] = {}
    exec(file.read_text(), scope)
    return {name: value for name, value in scope.items() if name.startswith("test_")}


def test_a_counterexample_becomes_a_test_that_finds_the_bug_in_real_code(tmp_path: Path) -> None:
    done = checker(
        tmp_path, "explore", "outbox", "--variant", "no_deduplication", "--emit-test", "test_it.py"
    )
    assert done.returncode == 1 and "wrote test_it.py" in done.stderr
    (test,) = functions_of(tmp_path / "test_it.py").values()
    test(Ledger())
    with pytest.raises(AssertionError, match="no_order_ships_twice is false"):
        test(ShipsTwice())


def test_a_lasso_becomes_a_test_for_the_values_that_it_is_about(tmp_path: Path) -> None:
    checker(tmp_path, "explore", "dedup", "--variant", "key_first", "--emit-test", "test_it.py")
    text = (tmp_path / "test_it.py").read_text()
    assert "adapter.crash(worker0)  # a fault" in text
    assert "# in the model nothing more happens from here on" in text
    assert "arguments=(message0,), variant='key_first'" in text


def test_a_sweep_gives_each_of_its_tests_a_name(tmp_path: Path) -> None:
    checker(
        tmp_path, "explore", "outbox", "--set", "deduplicate=false", "--sweep", "OrderId=1..2",
        "--emit-test", "test_it.py", "--quiet",
    )  # fmt: skip
    assert sorted(functions_of(tmp_path / "test_it.py")) == [
        "test_no_order_ships_twice_orderid1",
        "test_no_order_ships_twice_orderid2",
    ]


def test_nothing_is_written_where_nothing_fails_and_nothing_is_replaced(tmp_path: Path) -> None:
    done = checker(tmp_path, "explore", "outbox", "--emit-test", "test_it.py")
    assert done.returncode == 0 and "was not written" in done.stderr
    (tmp_path / "there.py").write_text("")
    done = checker(tmp_path, "explore", "outbox", "--emit-test", "there.py")
    assert done.returncode == 2 and "exists already" in done.stderr
    done = checker(tmp_path, "explore", "outbox", "--emit-test", "it.txt")
    assert done.returncode == 2 and "does not end in .py" in done.stderr


def test_junit_has_a_case_for_each_property_and_the_trace_of_a_failure(tmp_path: Path) -> None:
    done = checker(
        tmp_path, "explore", "dedup", "--variant", "key_first", "--junit", "r.xml", "--quiet"
    )
    assert done.returncode == 1
    (suite,) = ElementTree.parse(tmp_path / "r.xml").iter("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "2", "0")
    failures = {c.get("name"): c.find("failure") for c in suite.iter("testcase")}
    lasso = failures["every_message_takes_effect (liveness)"]
    assert lasso is not None and "4  crash(worker0)" in str(lasso.text)
    never = failures["a_duplicate_can_arrive (witness)"]
    assert never is not None and never.get("message") == "a_duplicate_can_arrive was never seen"


def test_junit_calls_the_undecided_an_error(tmp_path: Path) -> None:
    done = checker(tmp_path, "explore", "outbox", "--max-states", "9", "--junit", "r.xml")
    assert done.returncode == 3
    (suite,) = ElementTree.parse(tmp_path / "r.xml").iter("testsuite")
    assert (suite.get("failures"), suite.get("errors")) == ("0", "6")


def test_github_gets_annotations_and_a_summary_with_table_and_diagram(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    done = checker(
        tmp_path, "explore", "outbox", "--variant", "no_deduplication", "--github", "--quiet",
        GITHUB_STEP_SUMMARY=str(summary),
    )  # fmt: skip
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("::error")]
    assert "outbox.py,line=86," in line
    assert line.endswith("no_order_ships_twice fails after 5 steps: self.shipped.count(o) = 2")
    text = summary.read_text()
    assert "| 3 | `redeliver(order0)` ⚡ | queue: +order0 (now 2) |" in text
    assert "    environment--xorder0: 3 redeliver(order0)" in text
    assert "HOLDS means exhausted for OrderId=2" in text


def test_what_is_shown_is_asked_by_name_and_value() -> None:
    assert_shows("outbox", {"shipped": ["order1"]}, {"shipped": []}, {"shipped": ["order1"]})
    with pytest.raises(AssertionError, match=r"allows shipped = \[\]\nthe system shows"):
        assert_shows("outbox", {"shipped": ["order1"]}, {"shipped": []})
    assert_property("outbox", "no_order_ships_twice", {"shipped": ["order0", "order1"]})
    with pytest.raises(AssertionError, match="o = order0"):
        assert_property("outbox", "no_order_ships_twice", {"shipped": ["order0", "order0"]})
