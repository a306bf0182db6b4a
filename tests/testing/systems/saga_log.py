"""A saga orchestrator with a durable log, and its planted bugs.

The orchestrator is a process of its own: it writes its log to a file, and a crash is SIGKILL. The
participants keep what they have done in SQLite; the network between them is the test's. Each class
below the first differs from it in one place.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from databases import SqliteDatabase

from checker.models.saga import Kind, Message, OrderId, Phase, Saga, Step

STEPS = [Step.RESERVE.name, Step.CHARGE.name, Step.SHIP.name]
ENDS = ("COMPLETED", "COMPENSATED", "STUCK")


# ── The orchestrator's process ───────────────────────────────────────────────────────────────────


class Orchestrator:
    """What runs in the process: a log, and decisions made from it."""

    undo_in_doubt = True
    undo_backwards = True
    alert = True
    record_first = True
    checks_state = True

    def __init__(self, file: Path) -> None:
        self.file = file
        lines = file.read_text().splitlines() if file.exists() else []
        self.phase, self.step = json.loads(lines[-1]) if lines else ("", "")

    def record(self, phase: str, step: str) -> None:
        self.phase, self.step = phase, step
        with self.file.open("a") as log:
            log.write(json.dumps([phase, step]) + "\n")
            log.flush()

    def start(self) -> None:
        self.record("FORWARD", "RESERVE")

    def send(self) -> list[str]:
        return ["DO" if self.phase == "FORWARD" else "UNDO", self.step]

    def answer(self, kind: str, step: str) -> None:
        wanted = "FORWARD" if kind in ("DONE", "REJECTED") else "BACKWARD"
        if self.checks_state and (self.phase, self.step) != (wanted, step):
            return
        self.record(*self.decided(kind, step))

    def decided(self, kind: str, step: str) -> tuple[str, str]:
        if kind == "DONE":
            following = STEPS.index(step) + 1
            if following == len(STEPS):
                return "COMPLETED", "SHIP"
            return "FORWARD", STEPS[following]
        if kind == "FAILED" and self.alert:
            return "STUCK", step
        if kind != "REJECTED" and not self.undo_backwards:
            if step == "RESERVE":
                return "BACKWARD", "CHARGE"
            return "COMPENSATED", "RESERVE"
        return self.undo_before(step)

    def undo_before(self, step: str) -> tuple[str, str]:
        if step == "RESERVE":
            return "COMPENSATED", "RESERVE"
        last = step == "SHIP" and self.undo_backwards
        return "BACKWARD", "CHARGE" if last else "RESERVE"

    def time_out(self, step: str) -> None:
        if not self.undo_in_doubt:
            self.record(*self.undo_before(step))
        elif self.undo_backwards:
            self.record("BACKWARD", step)
        else:
            self.record("BACKWARD", "RESERVE")


class ForwardOrder(Orchestrator):
    """The first step is undone first."""

    undo_backwards = False


class OnlyAcknowledgedUndone(Orchestrator):
    """The step that did not answer is not undone, although it may be done."""

    undo_in_doubt = False


class FailureSwallowed(Orchestrator):
    """A step that can never be undone is taken for undone."""

    alert = False


class LateAnswers(Orchestrator):
    """An answer is taken whenever it comes."""

    checks_state = False


class LogsLater(Orchestrator):
    """A decision is kept in memory, and written when its command is sent."""

    pending: tuple[str, str] | None = None

    def answer(self, kind: str, step: str) -> None:
        before = self.phase, self.step
        wanted = "FORWARD" if kind in ("DONE", "REJECTED") else "BACKWARD"
        if before == (wanted, step):
            self.pending = self.phase, self.step = self.decided(kind, step)

    def send(self) -> list[str]:
        if self.pending is not None:
            self.record(*self.pending)
            self.pending = None
        return super().send()


def serve(make: type[Orchestrator], file: Path, read: int, write: int) -> None:
    """The process's whole life: a line in, a line out."""
    orchestrator = make(file)
    with os.fdopen(read) as commands, os.fdopen(write, "w") as replies:
        for line in commands:
            name, *arguments = json.loads(line)
            if name == "state":
                reply: Any = [orchestrator.phase, orchestrator.step]
            else:
                reply = getattr(orchestrator, name)(*arguments)
            replies.write(json.dumps(reply) + "\n")
            replies.flush()


class Process:
    """The orchestrator's process, from the outside."""

    def __init__(self, make: type[Orchestrator], file: Path) -> None:
        command_read, command_write = os.pipe()
        reply_read, reply_write = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            try:
                os.close(command_write)
                os.close(reply_read)
                serve(make, file, command_read, reply_write)
            finally:
                os._exit(0)
        os.close(command_read)
        os.close(reply_write)
        self.commands = os.fdopen(command_write, "w")
        self.replies = os.fdopen(reply_read)

    def ask(self, name: str, *arguments: str) -> Any:
        self.commands.write(json.dumps([name, *arguments]) + "\n")
        self.commands.flush()
        return json.loads(self.replies.readline())

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.commands.close()
        self.replies.close()


# ── The adapter ──────────────────────────────────────────────────────────────────────────────────


class SagaSystem:
    """The system as it should be."""

    orchestrator_class: type[Orchestrator] = Orchestrator
    do_once = True
    undo_once = True
    tombstones = True

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="crashproof-test-")
        self.file = Path(self.folder.name) / "log.jsonl"
        self.process = Process(self.orchestrator_class, self.file)
        self.database = SqliteDatabase()
        self.participants = self.database.connect()
        for table in ("done", "undone", "refused"):
            self.participants.run(f"CREATE TABLE {table} (step TEXT)")
        self.network: list[Message] = []
        self.orders: list[OrderId] = []

    def start(self, order: OrderId) -> None:
        self.orders.append(order)
        self.process.ask("start")

    def send_command(self, order: OrderId) -> None:
        kind, step = self.process.ask("send")
        self.network.append(Message(Kind[kind], Step[step]))

    def receive_answer(self, order: OrderId, answer: Message) -> None:
        self.network.remove(answer)
        self.process.ask("answer", answer.kind.name, answer.step.name)

    def time_out(self, order: OrderId, step: Step) -> None:
        self.process.ask("time_out", step.name)

    def retry(self, order: OrderId) -> None:
        """The command is sent again, which is the next step."""

    def crash(self, order: OrderId) -> None:
        self.process.kill()
        self.process = Process(self.orchestrator_class, self.file)

    def disturb(self, order: OrderId, message: Message, answer: str) -> None:
        if answer == "lost":
            self.network.remove(message)
        else:
            self.network.append(message)

    # ── The participants ──

    def perform(self, order: OrderId, step: Step, answer: str | None) -> None:
        self.network.remove(Message(Kind.DO, step))
        self.network.append(Message(self._performed(step, answer), step))

    def _performed(self, step: Step, answer: str | None) -> Kind:
        if self._has("refused", step):
            return Kind.REJECTED
        if self.do_once and self._has("done", step):
            return Kind.DONE
        if answer == "rejected":
            self._note("refused", step)
            return Kind.REJECTED
        self._note("done", step)
        return Kind.DONE

    def compensate(self, order: OrderId, step: Step, answer: str | None) -> None:
        self.network.remove(Message(Kind.UNDO, step))
        self.network.append(Message(self._compensated(step, answer), step))

    def _compensated(self, step: Step, answer: str | None) -> Kind:
        if not self._has("done", step):
            if self.tombstones:
                self._note("refused", step)
            return Kind.UNDONE
        if self.undo_once and self._has("undone", step):
            return Kind.UNDONE
        if answer == "failed":
            return Kind.FAILED
        self._note("undone", step)
        return Kind.UNDONE

    def _has(self, table: str, step: Step) -> bool:
        return bool(self.participants.run(f"SELECT 1 FROM {table} WHERE step = ?", step.name))

    def _note(self, table: str, step: Step) -> None:
        self.participants.run(f"INSERT INTO {table} VALUES (?)", step.name)

    # ── The tests' view ──

    def observe(self) -> Mapping[str, object]:
        (order,) = OrderId
        log = {}
        if self.orders:
            lines = self.file.read_text().splitlines()
            phase, step = json.loads(lines[-1])
            log = {order: Saga(Phase[phase], Step[step])}
        return {
            "log": log,
            "network": {order: self.network},
            "done": {order: self._steps("done")},
            "undone": {order: self._steps("undone")},
        }

    def _steps(self, table: str) -> list[str]:
        return [row[0] for row in self.participants.run(f"SELECT step FROM {table}")]

    def close(self) -> None:
        self.process.kill()
        self.database.close()
        self.folder.cleanup()


class DoesTwice(SagaSystem):
    """A participant does its step each time it is told to."""

    do_once = False


class UndoesTwice(SagaSystem):
    """A participant undoes its step each time it is told to."""

    undo_once = False


class NoTombstone(SagaSystem):
    """An undo that finds nothing leaves no trace."""

    tombstones = False


def _with(orchestrator: type[Orchestrator]) -> type[SagaSystem]:
    return type(orchestrator.__name__, (SagaSystem,), {"orchestrator_class": orchestrator})


BUGS: dict[str, type[Any]] = {
    "do_not_deduplicated": DoesTwice,
    "undo_not_deduplicated": UndoesTwice,
    "no_tombstone": NoTombstone,
    "only_acknowledged_undone": _with(OnlyAcknowledgedUndone),
    "forward_order": _with(ForwardOrder),
    "failure_swallowed": _with(FailureSwallowed),
    "no_state_check": _with(LateAnswers),
    "recorded_after_the_command": _with(LogsLater),
}
