"""The log that all processes of a lab share: one JSON object per line.

Rules a reader may rely on: `seq` counts the lines of one node from 1 without a gap, and a line
is whole or absent. The order of lines of *different* nodes is the order of writing, which is not
the order of the steps: a process writes its line a little after the step, and may be killed in
between.
"""

import json
import os
import time
from collections import Counter
from pathlib import Path

STARTS = ("started", "ready")  # the first line of a node


class LogWriter:
    """Appends the events of one node; every node has its own writer on the same file."""

    def __init__(self, path: Path, node: str) -> None:
        self.node = node
        self.seq = 0
        # O_APPEND and one write per line: the kernel puts each line at the end as a whole, so
        # several processes need no lock, and a SIGKILL cannot leave half a line.
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def event(self, event: str, **fields: str | int | None) -> None:
        """Write one line; it is visible to every reader of the file when this returns."""
        self.seq += 1
        line = {"ts": time.time(), "node": self.node, "seq": self.seq, "event": event, **fields}
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)


class LogReader:
    """Follows the growing file and keeps the few counts that the driver acts on."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._rest = b""
        self.lines = 0
        self.steps: Counter[str] = Counter()  # event -> lines
        self.started: set[str] = set()
        self.stopped: set[str] = set()

    def read(self) -> None:
        """Take in what was written since the last call."""
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            self._count(json.loads(line))

    def summary(self) -> str:
        """How far everybody is, for a message about a run that does not get on."""
        steps = ", ".join(f"{count} {event}" for event, count in sorted(self.steps.items()))
        return f"lines so far: {steps or 'none'}"

    def _count(self, line: dict[str, str | int]) -> None:
        node, event = str(line["node"]), str(line["event"])
        self.lines += 1
        self.steps[event] += 1
        if event in STARTS:
            self.started.add(node)
        elif event == "stopped":
            self.stopped.add(node)

    def close(self) -> None:
        self._file.close()
