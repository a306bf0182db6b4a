"""What a wrong call says: what is wrong, what there is, what was perhaps meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Checker

CASES = [
    (("exlore", "outbox"), "there is no command 'exlore'", "did you mean `checker explore`"),
    (("explore",), "Missing argument 'MODEL'", "checker explore --help"),
    (("explore", "outbx"), "there is no model `outbx`", "did you mean `outbox`"),
    (("explore", "nothing.py"), "there is no file nothing.py", "path of a Python file"),
    (("explore", "outbox", "--variant", "no_dedup"), "no variant 'no_dedup'", "no_deduplication"),
    (("explore", "outbox", "--set", "dedup=1"), "no constant 'dedup'", "deduplicate"),
    (("explore", "outbox", "--set", "deduplicate=7"), "`deduplicate` cannot be 7", "true or false"),
    (("explore", "outbox", "--set", "deduplicate"), "NAME=VALUE", "explore --help"),
    (("explore", "outbox", "--set", "a=1", "--set", "a=2"), "--set a is given twice", ""),
    (("explore", "outbox", "--scope", "Order=3"), "no sort `Order`", "OrderId"),
    (("explore", "outbox", "--scope", "OrderId=0"), "--scope OrderId", "at least 1"),
    (("explore", "outbox", "--scope", "OrderId=two"), "--scope OrderId", "not 'two'"),
    (("explore", "outbox", "--no-fault", "redelivr"), "no fault `redelivr`", "redeliver"),
    (("explore", "outbox", "--no-fault", "publish"), "`publish` is an action", "only faults"),
    (("explore", "outbox", "--max-states", "0"), "--max-states has to be more than 0", ""),
    (("explore", "outbox", "--max-seconds", "nan"), "--max-seconds has to be more than 0", ""),
    (("explore", "outbox", "--max-memory", "lots"), "--max-memory cannot be 'lots'", "75%"),
    (("explore", "outbox", "--sweep", "OrderId=3..1"), "OrderId=3..1 is empty", "OrderId=1..3"),
    (("explore", "outbox", "--sweep", "Order=1..2"), "no sort `Order`", "OrderId"),
    (
        ("explore", "outbox", "--scope", "OrderId=1", "--sweep", "OrderId=1..2"),
        "OrderId is given by --scope and by --sweep",
        "",
    ),
    (("explore", "outbox", "--engine", "quick"), "quick", "reference"),
    (("explore", "outbox", "--out", "no/such/folder.itf.json"), "there is no folder", ""),
    (("simulate", "outbox", "--walks", "0"), "--walks has to be at least 1", ""),
    (("show", "nothing.itf.json"), "cannot read nothing.itf.json", ""),
    (("verify", "outbx"), "'outbx' is not in manifest.toml", "did you mean outbox"),
    (("verify", "--manifest", "nothing.toml"), "cannot read nothing.toml", ""),
    (("graph", "outbox"), "--out is missing", "outbox.dot"),
    (("graph", "outbox", "--out", "x.png"), "x.png is of no known form", ".graphml"),
    (("new", "Not A Name"), "cannot be the name", "lower-case"),
    (("emit", "irr", "outbox"), "irr", "emit"),
]


@pytest.mark.parametrize(("call", "wrong", "hint"), CASES, ids=lambda c: " ".join(c)[:40])
def test_a_wrong_call_says_what_is_wrong_and_what_there_is(
    checker: Checker, call: tuple[str, ...], wrong: str, hint: str
) -> None:
    ran = checker(*call)
    assert ran.code == 2
    assert ran.out == ""
    assert "error" in ran.err and wrong in ran.err and hint in ran.err
    assert "Traceback" not in ran.err


def test_a_variant_of_a_model_of_ones_own_is_refused(checker: Checker, tmp_path: Path) -> None:
    checker("new", "inbox")
    ran = checker("explore", "inbox.py", "--variant", "slow")
    assert ran.code == 2
    assert "only built-in models have variants" in ran.err


BROKEN = {
    "syntax.py": ("def f(:\n", "syntax.py:1: "),
    "imports.py": ("x = 1\nimport nothing_of_that_name\n", "imports.py:2: ModuleNotFoundError"),
    "raises.py": ("\n\n1 / 0\n", "raises.py:3: ZeroDivisionError"),
    "exits.py": ("import sys\nsys.exit(0)\n", "exits.py:2: SystemExit"),
    "empty.py": ("", "empty.py has no model"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_python_cannot_import_is_shown_with_its_line(
    checker: Checker, tmp_path: Path, name: str
) -> None:
    text, said = BROKEN[name]
    (tmp_path / name).write_text(text)
    for command in ("explore", "check"):
        ran = checker(command, name)
        assert ran.code == 2
        assert said in ran.err
        assert "Traceback" not in ran.err


TWO = """
from checker import Model, action

class Lamp(Model):
    on: bool = False

    @action
    def switch(self) -> None:
        self.on = not self.on

class Door(Model):
    shut: bool = False

    @action
    def move(self) -> None:
        self.shut = not self.shut
"""


def test_of_several_models_in_a_file_one_has_to_be_named(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    ran = checker("explore", "two.py")
    assert ran.code == 2
    assert "two.py:Lamp" in ran.err and "two.py:Door" in ran.err
    assert checker("explore", "two.py:Door").code == 0
    assert "no model `Dor`" in checker("explore", "two.py:Dor").err


REFUSED = """
from checker import Model, action, when

class Lamp(Model):
    on: bool = False

    @action
    def switch(self) -> None:
        self.on = True
        when(self.on)
"""


def test_check_reports_the_mistakes_of_all_files(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "refused.py").write_text(REFUSED)
    ran = checker("check", "outbox", "refused.py", "missing.py")
    assert ran.code == 2
    assert ran.out == "outbox: Outbox is a model\n"
    assert "refused.py:10: error[" in ran.err
    assert "missing.py" in ran.err
    assert checker("check", "outbox", "dedup", "--quiet").out == ""


def test_nothing_is_searched_when_a_file_is_in_the_way(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "t.itf.json").write_text("mine")
    slow = ("explore", "two_phase_commit", "--scope", "Participant=9", "--out", "t.itf.json")
    ran = checker(*slow)
    assert ran.code == 2
    assert "t.itf.json exists already" in ran.err and "--force" in ran.err
    assert (tmp_path / "t.itf.json").read_text() == "mine"


def test_force_replaces_a_file(checker: Checker, tmp_path: Path) -> None:
    (tmp_path / "t.itf.json").write_text("mine")
    call = ("explore", "outbox", "--variant", "no_deduplication", "--out", "t.itf.json", "--force")
    assert checker(*call).code == 1
    assert (tmp_path / "t.itf.json").read_text().startswith("{")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions bind others")
def test_a_folder_without_permission_is_found_before_the_search(
    checker: Checker, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    ran = checker("explore", "outbox", "--out", "locked/t.itf.json")
    assert ran.code == 2
    assert "no permission" in ran.err


def test_a_file_that_cannot_be_written_is_named(checker: Checker) -> None:
    call = ("explore", "outbox", "--variant", "no_deduplication", "--out", "/proc/t.itf.json")
    ran = checker(*call)
    assert ran.code == 2
    assert "cannot write /proc/t" in ran.err
