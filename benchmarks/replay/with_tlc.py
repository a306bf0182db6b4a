"""The same log held against the same algorithm by `checker replay` and by TLC, in turn.

    python benchmarks/replay/with_tlc.py [--events N] [--names-events N] [--seconds S] [--only FORM]

The log is that of the deduplicating consumer with six workers, each line written with its effect,
in one order. TLC's way of trace validation: the twin in specs/dedup, and a module that lets its
actions only follow the log, which TLC 2.15 takes as a literal of TLA+. Three logs: every field;
without the ids of workers, so that each line has up to six hypotheses; names of events only.

The two do not ask quite the same: TLC holds the log as a whole, `checker replay` each message's
lines with one other message beside them. Names alone cannot be cut by message, so there both hold
the whole.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

from checker.errors import UsageError
from checker.twin.tlc import find_tools, run_tlc

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
Fits(i, what) == IF i \\in DOMAIN Log[line] THEN Log[line][i] = what ELSE TRUE
Follows ==
    \\/ Log[line].event = "send" /\\ \\E m \\in MessageId : Fits("msg", m) /\\ send(m)
    \\/ \\E w \\in Worker : Fits("worker", w) /\\ \\E m \\in MessageId : Fits("msg", m) /\\
        \\/ Log[line].event = "begin" /\\ begin(w, m)
        \\/ Log[line].event = "finish" /\\ finish(w, m)
        \\/ Log[line].event = "drop" /\\ drop(w, m)
Start == Init /\\ line = 1
Step == line <= Len(Log) /\\ Follows /\\ line' = line + 1
NotDone == line <= Len(Log)
====
"""

CFG = """INIT Start
NEXT Step
INVARIANT NotDone
CONSTANTS
    MessageId = {{{messages}}}
    Worker = {{{workers}}}
    commit = "ATOMIC"
    short_window = FALSE
    Capacity <- Big
"""


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


def ours(folder: Path, lines: list[dict[str, str]], fields: tuple[str, ...]) -> str:
    log, mapping = folder / "log.jsonl", folder / "mapping.toml"
    with log.open("w") as out:
        for seq, line in enumerate(lines, 1):
            out.write(json.dumps({"ts": seq, "node": "n", "seq": seq, **line}) + "\n")
    text = MAPPING.format(slice='slice = "MessageId"' if "msg" in fields else "")
    for event in ("send", "begin", "finish", "drop", "crash", "expire"):
        params = [f for f in fields if f == "msg" or event not in ("send", "expire")]
        params = [f for f in params if f == "worker" or event != "crash"]
        text += f"[events.{event}]\nparams = {{ {', '.join(f'{f} = {f!r}' for f in params)} }}\n"
    mapping.write_text(text)
    sent = sum(line["event"] == "send" for line in lines)
    # Where no line names a message or a worker, it has to be said how many there may be.
    scopes = [] if "worker" in fields else ["--scope", f"Worker={WORKERS}"]
    scopes += [] if "msg" in fields else ["--scope", f"MessageId={sent}"]
    done = subprocess.run(
        [*CHECKER, "replay", "dedup", str(log), "--mapping", str(mapping), "--json", *scopes],
        stdout=subprocess.PIPE, check=False, timeout=SECONDS_MAX,
    )  # fmt: skip
    return str(json.loads(done.stdout)["slices_verdict"])


def tlc(lines: list[dict[str, str]]) -> str:
    def record(line: dict[str, str]) -> str:
        return "[" + ", ".join(f'{name} |-> "{value}"' for name, value in line.items()) + "]"

    messages = sorted({f'"m{n}"' for n in range(1, 1 + sum(e["event"] == "send" for e in lines))})
    cfg = CFG.format(
        messages=", ".join(messages),
        workers=", ".join(f'"w{n}"' for n in range(1, WORKERS + 1)),
    )
    twin = files("checker.specs").joinpath("dedup", "Dedup.tla").read_text()
    held = TRACE.format(log="<<" + ",\n    ".join(map(record, lines)) + ">>")
    run = run_tlc(
        find_tools(), {"Dedup.tla": twin, "Held.tla": held}, "Held", cfg, seconds_max=SECONDS_MAX
    )
    return "ACCEPTED" if run.violated else "REJECTED"


SECONDS_MAX = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--names-events", type=int, default=10_000)
    parser.add_argument("--tlc-names-events", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=SECONDS_MAX)
    parser.add_argument("--only", choices=FORMS, help="one of the three logs")
    given = parser.parse_args()
    globals()["SECONDS_MAX"] = given.seconds
    for name, fields in FORMS.items():
        if given.only not in (None, name):
            continue
        print(name)
        for side in ("checker replay", "TLC"):
            of_names = given.tlc_names_events if side == "TLC" else given.names_events
            count = given.events if fields else of_names
            lines = told(walk(count), fields)
            with tempfile.TemporaryDirectory() as folder:
                began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
                try:
                    said = ours(Path(folder), lines, fields) if side != "TLC" else tlc(lines)
                except (subprocess.TimeoutExpired, UsageError) as why:
                    said = (
                        "not finished" if "stopped" in str(why) or "timed" in str(why) else str(why)
                    )
                seconds = time.monotonic() - began
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                is_less = "less than " if said == "not finished" else ""
                print(
                    f"  {side:15} {count:7,} events {said:12} {seconds:8.2f} s "
                    f"({busy:.2f} s of processor), "
                    f"{is_less}{count / seconds:,.0f} events/s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
