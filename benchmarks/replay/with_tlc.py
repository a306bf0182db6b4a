"""The same log held against the same algorithm by `checker replay` and by TLC, in turn.

    python benchmarks/replay/with_tlc.py [--seconds S] [--only FORM] [--events N ...]

Needs Java and tla2tools.jar: `pip install 'crashproof[tla]'` brings both, or JAVA_HOME and
TLA2TOOLS_JAR name yours. Prints three tables: a log with every field, one without the ids of
workers, so that each line has up to six hypotheses, and one of names of events alone. With what
it asks by default TLC does not end with names alone, so a run takes --seconds and five minutes
more; nothing else should run meanwhile.

The log is that of the deduplicating consumer with six workers, each line written with its effect,
in one order. TLC's way of trace validation: the twin in specs/dedup, and a module that lets its
actions only follow the log, which TLC 2.15 takes as a literal of TLA+. What a line tells is not
searched for, no trace is printed at the end (the depth of the search says how far the log was
followed), the JVM compiles as it does by default, and TLC has as many workers as are asked for.
TLC 2.15 has no depth-first queue; the search is one state wide where every field is told.

Timed is the command, from its start to its end, on files that are there. The start of a side is the
same command on a log of two lines.

`checker replay` is asked twice: each message's lines with one other message beside them, as a user
would, and, where a line names a message at all, the log as a whole, which is what TLC is asked.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from checker.twin.tlc import find_tools

CHECKER = [sys.executable, "-c", "from checker.cli import main; main()"]
WORKERS = 6
FORMS = {
    "every field": ("msg", "worker"),
    "without workers": ("msg",),
    "names only": (),
}

MAPPING = """
format = "crashproof/mapping/1"
model = "Dedup"
order = "file"
{slice}
hidden = []
max_hidden = 0
"""

TRACE = """---- MODULE Held ----
EXTENDS Dedup, Sequences
VARIABLE line
Log == {log}
Big == 1000000
Messages == IF "msg" \\in DOMAIN Log[line] THEN {{Log[line].msg}} ELSE MessageId
Workers == IF "worker" \\in DOMAIN Log[line] THEN {{Log[line].worker}} ELSE Worker
Follows ==
    \\/ Log[line].event = "send" /\\ \\E m \\in Messages : send(m)
    \\/ Log[line].event = "begin" /\\ \\E w \\in Workers, m \\in Messages : begin(w, m)
    \\/ Log[line].event = "finish" /\\ \\E w \\in Workers, m \\in Messages : finish(w, m)
    \\/ Log[line].event = "drop" /\\ \\E w \\in Workers, m \\in Messages : drop(w, m)
Start == Init /\\ line = 1
Step == line <= Len(Log) /\\ Follows /\\ line' = line + 1
====
"""

CFG = """INIT Start
NEXT Step
CONSTANTS
    MessageId = {{{messages}}}
    Worker = {{{workers}}}
    commit = "ATOMIC"
    short_window = FALSE
    Capacity <- Big
"""


@dataclass(frozen=True)
class Asked:
    """What lines tell, whether the log is cut by message, and how long a side may take."""

    fields: tuple[str, ...]
    is_sliced: bool
    seconds_max: float
    workers: int


def walk(events: int) -> list[dict[str, str]]:
    """A behaviour of the model, with all that a line could tell."""
    choice = random.Random(1)
    lines: list[dict[str, str]] = []
    busy: dict[int, int] = {}
    waiting: list[int] = []
    sent = 0
    while len(lines) < events:
        can = ["send"] if len(waiting) < WORKERS else []
        can += ["begin"] if waiting and len(busy) < WORKERS else []
        can += ["finish"] if busy else []
        event = choice.choice(can)
        if event == "send":
            sent += 1
            message, worker = sent, 0
            waiting.append(message)
        elif event == "begin":
            message = waiting.pop(choice.randrange(len(waiting)))
            worker = choice.choice([w for w in range(1, WORKERS + 1) if w not in busy])
            busy[worker] = message
        else:
            worker = choice.choice(sorted(busy))
            message = busy.pop(worker)
        line = {"event": event, "msg": f"m{message}"}
        lines.append(line | ({"worker": f"w{worker}"} if worker else {}))
    return lines


def told(lines: list[dict[str, str]], fields: tuple[str, ...]) -> list[dict[str, str]]:
    return [{k: v for k, v in line.items() if k == "event" or k in fields} for line in lines]


@dataclass(frozen=True)
class Call:
    """A command on files in a folder, and what its output says."""

    arguments: list[str]
    said: Callable[[str], str]


def ours(folder: Path, lines: list[dict[str, str]], asked: Asked) -> Call:
    log, mapping = folder / "log.jsonl", folder / "mapping.toml"
    with log.open("w") as out:
        for seq, line in enumerate(lines, 1):
            out.write(json.dumps({"ts": seq, "node": "n", "seq": seq, **line}) + "\n")
    text = MAPPING.format(slice='slice = "MessageId"' if asked.is_sliced else "")
    for event in ("send", "begin", "finish", "drop", "crash", "expire"):
        params = [f for f in asked.fields if f == "msg" or event not in ("send", "expire")]
        params = [f for f in params if f == "worker" or event != "crash"]
        text += f"[events.{event}]\nparams = {{ {', '.join(f'{f} = {f!r}' for f in params)} }}\n"
    mapping.write_text(text)
    sent = sum(line["event"] == "send" for line in lines)
    # Where no line names a message or a worker, it has to be said how many there may be.
    scopes = [] if "worker" in asked.fields else ["--scope", f"Worker={WORKERS}"]
    scopes += [] if "msg" in asked.fields else ["--scope", f"MessageId={sent}"]
    call = [*CHECKER, "replay", "dedup", str(log), "--mapping", str(mapping), "--json", *scopes]
    return Call(call, lambda out: str(json.loads(out)["slices_verdict"]))


def tlc(folder: Path, lines: list[dict[str, str]], asked: Asked) -> Call:
    def record(line: dict[str, str]) -> str:
        return "[" + ", ".join(f'{name} |-> "{value}"' for name, value in line.items()) + "]"

    messages = sorted({f'"m{n}"' for n in range(1, 1 + sum(e["event"] == "send" for e in lines))})
    cfg = CFG.format(
        messages=", ".join(messages),
        workers=", ".join(f'"w{n}"' for n in range(1, WORKERS + 1)),
    )
    twin = files("checker.specs").joinpath("dedup", "Dedup.tla").read_text()
    held = TRACE.format(log="<<" + ",\n    ".join(map(record, lines)) + ">>")
    for name, text in {"Dedup.tla": twin, "Held.tla": held, "Held.cfg": cfg}.items():
        (folder / name).write_text(text)
    tools = find_tools()
    call = [
        tools.java, "-XX:+UseParallelGC", "-cp", tools.jar, "tlc2.TLC", "-nowarning", "-deadlock",
        "-workers", str(asked.workers), "-metadir", str(folder / "states"), "-config", "Held.cfg",
        "Held.tla",
    ]  # fmt: skip

    def said(out: str) -> str:
        depth = re.search(r"depth of the complete state graph search is (\d+)", out)
        if depth is None:
            raise SystemExit(f"TLC could not do it:\n{out[-2000:]}")
        return "ACCEPTED" if int(depth[1]) == len(lines) + 1 else "REJECTED"

    return Call(call, said)


def timed(
    how: Callable[[Path, list[dict[str, str]], Asked], Call], count: int, asked: Asked
) -> tuple[str, float, float]:
    """What is said ("" if it was stopped), and the seconds of the clock and of the processors."""
    lines = told(walk(count), asked.fields)
    with tempfile.TemporaryDirectory() as folder:
        call = how(Path(folder), lines, asked)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            done = subprocess.run(
                call.arguments, cwd=folder, capture_output=True, text=True, check=False,
                timeout=asked.seconds_max,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            done = None
        seconds = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = "" if done is None else call.said(done.stdout)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return said, seconds, busy


@dataclass(frozen=True)
class Run:
    """One side on one log. `start`: the seconds of the same command on a log of two lines."""

    side: str
    count: int
    said: str  # "" if it was stopped
    seconds: float
    busy: float
    start: float

    @property
    def speed(self) -> float:
        """Events a second; of a run that was stopped it is at most this."""
        return self.count / self.seconds

    @property
    def speed_of_search(self) -> float:
        return self.count / max(self.seconds - self.start, 1e-3)

    def row(self) -> str:
        """A line of a table; nothing is said of the speed of a run that was stopped but a bound."""
        stopped = f"stopped after {self.seconds:5.0f} s, unfinished"
        end = f"{self.said:9} in {self.seconds:8.2f} s" if self.said else stopped
        bound = "" if self.said else "less than "
        speed = f"{self.speed:,.{0 if self.speed >= 10 else 2}f}"
        return (
            f"  {self.side:24} {self.count:7,} events  {end} ({self.busy:.2f} s of processor, "
            f"start {self.start:.2f} s), {bound}{speed} events/s"
        )

    def against(self, peer: Run) -> str:
        times = self.speed / peer.speed
        if not peer.said:
            return f"at least {times:,.1f} times TLC, which was stopped"
        beyond = self.speed_of_search / peer.speed_of_search
        return f"{times:,.1f} times TLC, {beyond:,.1f} times without the start of both"


def compare(name: str, count: int, given: argparse.Namespace) -> None:
    """One log of `count` lines, held by both sides in turn."""
    fields = FORMS[name]
    sliced, whole = (
        Asked(fields, is_sliced, given.seconds, given.tlc_workers) for is_sliced in (True, False)
    )
    sides = [("checker replay, slices", ours, sliced)] if fields else []
    sides += [("checker replay, whole", ours, whole), ("TLC", tlc, whole)]
    runs = []
    for side, how, asked in sides:
        length = count if fields or how is not tlc else given.tlc_names_events
        _, start, _ = timed(how, 2, asked)
        runs.append(Run(side, length, *timed(how, length, asked), start))
        print(runs[-1].row(), flush=True)
    *mine, peer = runs
    for run in mine:
        if run.said:
            print(f"    {run.side}: {run.against(peer)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, nargs="+", default=[10_000], help="of a log")
    parser.add_argument("--tlc-names-events", type=int, default=100, help="of names, for TLC")
    parser.add_argument("--seconds", type=float, default=600.0, help="then a side is stopped")
    parser.add_argument("--tlc-workers", type=int, default=2)
    parser.add_argument("--only", choices=FORMS, help="one of the three logs")
    given = parser.parse_args()
    for name in FORMS:
        if given.only in (None, name):
            print(name, flush=True)
            for count in given.events:
                compare(name, count, given)


if __name__ == "__main__":
    main()
