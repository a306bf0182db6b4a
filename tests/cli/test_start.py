"""The command answers before a person notices that it is Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .conftest import Checker

HEAVY = ("networkx", "rich", "hypothesis", "llvmlite", "z3", "numpy", "pytest")


def _best_of(count: int, checker: Checker, *call: str) -> float:
    """Seconds of processor time, which a busy machine does not stretch as it does the clock's."""
    times = []
    for _ in range(count):
        before = os.times()
        checker(*call)
        after = os.times()
        user = after.children_user - before.children_user
        times.append(user + after.children_system - before.children_system)
    return min(times)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from checker.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
        "print('checker.frontend' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-2:] == ["[]", "False"]


def test_exploring_a_small_model_imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from checker.cli import main\n"
        "try:\n    main(['explore', 'outbox', '--quiet'])\n"
        "except SystemExit:\n    pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_is_there_in_a_fraction_of_a_second(checker: Checker) -> None:
    # 0.2 s on an idle machine.
    assert _best_of(3, checker, "--help") < 0.6


def test_a_small_model_is_explored_in_a_second(checker: Checker) -> None:
    assert _best_of(3, checker, "explore", "outbox") < 1.0


def test_help_names_every_command(checker: Checker) -> None:
    ran = checker("--help")
    assert ran.code == 0
    for name in ("list", "explore", "simulate", "check", "verify", "show", "graph", "emit", "new"):
        assert f"  {name} " in ran.out
    assert checker().code == 2  # nothing was asked for
    assert checker("--version").out.startswith("checker (crashproof) ")


BROKEN_ENTRY = """
import importlib.metadata as metadata

class Entry:
    name, value = "broken", "nothing:COMMANDS"
    def load(self):
        raise ImportError("no module named nothing")

metadata.entry_points = lambda group: [Entry()]
from checker.cli import main
main()
"""


def test_commands_of_a_broken_package_do_not_stop_the_others(tmp_path: Path) -> None:
    def run(*call: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", BROKEN_ENTRY, *call],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    explored = run("explore", "outbox", "--quiet")
    assert (explored.returncode, explored.stderr) == (0, "")
    shown = run("--help")
    assert shown.returncode == 0
    assert shown.stderr.count("the commands of 'broken'") == 1
    assert run("lab", "run").returncode == 2


OTHERS = """
import sys, types
from checker.command import Argument, Command, Option
module = types.ModuleType("others")
def say(**options):
    print(options)
    return 3
module.say = say
sys.modules["others"] = module
COMMANDS = (
    Command("lab run", "Run it.", "others:say", (Argument("what", many=True, required=False),), (
        Option("--kind", "Which.", kind="choice", choices=("a", "b"), default="a"),
        Option("--pair", "Pairs.", kind="pair"),
        Option("--many", "Many.", many=True),
        Option("--on", "Flag.", kind="flag"),
        Option("--size", "Size.", kind="float"),
    )),
    Command("lab stop", "Stop it.", "others:say"),
)
import importlib.metadata as metadata
class Entry:
    name, value = "others", "others:COMMANDS"
    def load(self):
        return COMMANDS
metadata.entry_points = lambda group: [Entry()]
from checker.cli import main
main()
"""


def test_other_packages_add_commands_as_data(tmp_path: Path) -> None:
    def run(*call: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", OTHERS, *call],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    ran = run("lab", "run", "x", "--pair", "a=b=c", "--many", "1", "--many", "2", "--size", "1.5")
    assert ran.returncode == 3
    assert eval(ran.stdout) == {
        "what": ("x",),
        "kind": "a",
        "pair": (("a", "b=c"),),
        "many": ("1", "2"),
        "on": False,
        "size": 1.5,
    }
    assert "run" in run("lab", "--help").stdout and "stop" in run("lab", "--help").stdout
    assert run("lab", "run", "--kind", "c").returncode == 2
