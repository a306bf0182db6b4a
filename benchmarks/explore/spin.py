"""Two-phase commit for Spin: our own text, one process, one loop of guarded commands.

Owns the Promela text and what is read from Spin's output. Variables are as narrow as Spin can hold
them, and no property is checked, which is in Spin's favour. A state of Spin is a state of
`models/two_phase_commit.py`: the process never leaves its loop.

    python benchmarks/explore/spin.py 3        prints the text for three participants
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

Numbers = dict[str, float]

# How the verifier is compiled and run. Partial-order reduction is off, as everywhere here; it has
# nothing to reduce in one process.
SEARCHES = {
    "Spin, depth first": ("-DSAFETY -DNOREDUCE -DMEMLIM=16000", "-m1000000 -w26"),
    "Spin, breadth first, 2 cores": ("-DSAFETY -DNOREDUCE -DBFS_PAR -DMEMLIM=16000", "-u2 -w26"),
}


def text(count: int) -> str:
    """The Promela text for so many participants."""
    numbers = range(count)
    lines = [
        "/* Two-phase commit. Phases: 0 working, 1 prepared, 2 committed, 3 aborted. */",
        *(f"unsigned phase{n} : 2;" for n in numbers),
        *(f"bit vote{n};" for n in numbers),
        *(f"bit sent{n};" for n in numbers),
        "bit decided; bit commit; bit abort;",
        "",
        "active proctype all() {",
        "  do",
    ]
    for n in numbers:
        lines += [
            f"  :: d_step {{ phase{n} == 0 -> phase{n} = 1; sent{n} = 1 }}",
            f"  :: d_step {{ phase{n} == 0 -> phase{n} = 3 }}",
            f"  :: d_step {{ !decided && sent{n} -> vote{n} = 1 }}",
            f"  :: d_step {{ commit -> phase{n} = 2 }}",
            f"  :: d_step {{ abort -> phase{n} = 3 }}",
        ]
    everybody = " && ".join(f"vote{n}" for n in numbers)
    lines += [
        f"  :: d_step {{ !decided && {everybody} -> decided = 1; commit = 1 }}",
        "  :: d_step { !decided -> decided = 1; abort = 1 }",
        "  od",
        "}",
    ]
    return "\n".join(lines) + "\n"


def spin(name: str) -> Callable[[int], Numbers]:
    """One way of searching. Raises: RuntimeError, if Spin or gcc is missing or fails."""
    if not shutil.which("spin") or not shutil.which("gcc"):
        raise RuntimeError("Spin or gcc is not installed (Debian: apt-get install spin gcc)")
    options, arguments = SEARCHES[name]

    def run(count: int) -> Numbers:
        with TemporaryDirectory() as folder:
            (Path(folder) / "tp.pml").write_text(text(count))
            began = time.monotonic()
            _called(["spin", "-a", "tp.pml"], folder)
            _called(["gcc", "-O2", *options.split(), "-o", "pan", "pan.c"], folder)
            ready = time.monotonic() - began
            began = time.monotonic()
            printed = _called(["./pan", *arguments.split()], folder)
            seconds = time.monotonic() - began
        stored = re.search(r"([\d.e+]+) states, stored", printed)
        matched = re.search(r"([\d.e+]+) states, matched", printed)
        if stored is None or "errors: 0" not in printed or "out of memory" in printed:
            raise RuntimeError(f"Spin did not finish: {printed[-400:]}")
        found = {"distinct": float(stored[1]), "seconds": seconds, "ready": ready}
        if matched is not None:
            found["generated"] = found["distinct"] + float(matched[1])
        said = re.search(r"elapsed time ([\d.]+) seconds", printed)
        if said is not None:  # Spin's own clock, which leaves out its start
            found["seconds"] = float(said[1])
        return {**found, "wall": ready + seconds}

    return run


def _called(command: list[str], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=3600)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout)[-300:]}")
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(text(int(sys.argv[1])))
