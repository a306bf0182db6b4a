"""The orchestrator: carries each saga from step to step, and back if a step fails.

It records a decision before it sends the command for it. Killed in between, its successor finds the
record and sends the command, perhaps for the second time: the participants have to know what they
have done. A step that does not answer in time is in doubt, so it is undone before those before it.
The pivot and the steps to be undone are told again instead.

Log: `start` and `time_out` after the commit, `receive_answer` after the commit and before the
acknowledgement, with the record as it stands then; `send_command` when the broker has it, or the
network; `resume` for each saga that a new incarnation takes up. An answer to a saga that has ended
is `too_late`.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from .broker import Channel, Delivery
from .saga_decision import ENDS, FIRST, Record, Rules
from .saga_message import RETRY_SECONDS, STEP_SECONDS, Message, Network, fate, parse
from .service import Service, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

INSERT: LiteralString = "insert into sagas (order_id, phase, step) values (%s, %s, %s)"
UPDATE: LiteralString = "update sagas set phase = %s, step = %s where order_id = %s"
SELECT: LiteralString = "select phase, step from sagas where order_id = %s"


@dataclass(frozen=True)
class Timer:
    """Rings at `due`, for what the saga had recorded when its command was sent."""

    due: float
    order: str
    record: Record


class Orchestrator:
    """One incarnation; all that it knows of a saga beyond its timers stands in the table."""

    def __init__(
        self, service: Service, database: "AsyncConnection[TupleRow]", channel: Channel
    ) -> None:
        self.service = service
        self.database = database
        self.network = Network(service, channel)
        self.rules = Rules.of(service.settings.switches)
        self.record_first = bool(service.settings.switches["record_first"])
        self.check_state = bool(service.settings.switches["check_state"])
        self.timers: list[Timer] = []

    async def record_of(self, order: str) -> Record:
        row = await (await self.database.execute(SELECT, [order])).fetchone()
        assert row is not None
        return Record(*row)

    async def write(self, order: str, record: Record) -> None:
        await self.database.execute(UPDATE, [record.phase, record.step, order])

    def log(self, event: str, order: str, record: Record, **more: str) -> None:
        facts = {"phase": record.phase, "now": record.step}
        self.service.log.event(event, order=order, **more, **facts)

    async def start(self, order: str) -> None:
        await self.database.execute(INSERT, [order, FIRST.phase, FIRST.step])
        await self.service.pause()
        self.log("start", order, FIRST)
        await self.send(order, FIRST)

    async def resume(self) -> None:
        """Send for each saga the command that its record asks for."""
        rows = await self.database.execute("select order_id, phase, step from sagas")
        for order, phase, step in await rows.fetchall():
            if phase not in ENDS:
                # What comes after a crash at the named point is the harder case if it comes late.
                hold = self.service.has_met("at decided", number_of(order))
                self.service.log.event("resume", order=order)
                await self.send(order, Record(phase, step), hold=hold)

    async def send(self, order: str, record: Record, *, hold: bool = False) -> None:
        await self.network.send(record.step.lower(), record.command(order), hold=hold)
        await self.service.pause()
        self.service.log.event("send_command", order=order)
        self.wait(order, record)

    def wait(self, order: str, record: Record) -> None:
        seconds = STEP_SECONDS if self.rules.gives_up(record) else RETRY_SECONDS
        self.timers.append(Timer(time.monotonic() + seconds, order, record))

    async def receive(self, delivery: Delivery) -> None:
        answer = parse(delivery.text)
        order, told = answer.order, f"{answer.kind} {answer.step}"
        record = await self.record_of(order)
        if record.has_ended:
            self.service.log.event("too_late", order=order, answer=told)
            await delivery.ack()
        elif not record.awaits(answer):
            self.log("receive_answer", order, record, kind=answer.kind, answer=told)
            await delivery.ack()
        elif self.record_first:
            decision = self.rules.after(answer)
            await self.write(order, decision)
            await self.decided(answer)
            self.log("receive_answer", order, decision, kind=answer.kind, answer=told)
            await delivery.ack()
            if not decision.has_ended:
                await self.send(order, decision)
        else:
            decision = self.rules.after(answer)
            if not decision.has_ended:
                await self.network.send(decision.step.lower(), decision.command(order))
            self.log("receive_answer", order, record, kind=answer.kind, answer=told)
            await delivery.ack()
            await self.decided(answer)
            await self.write(order, decision)
            await self.service.pause()
            self.log("record", order, decision)
            if not decision.has_ended:
                self.wait(order, decision)

    async def decided(self, answer: Message) -> None:
        """Between the two writes of a decision, to the table and to the network."""
        if answer.step == fate(self.service.settings.seed, answer.order).weak:
            await self.service.at("decided", number_of(answer.order))
        else:
            await self.service.pause()

    async def ring(self) -> None:
        """Deal with the timers that are due."""
        now = time.monotonic()
        due = [timer for timer in self.timers if timer.due <= now]
        self.timers = [timer for timer in self.timers if timer.due > now]
        for timer in due:
            record = await self.record_of(timer.order)
            if self.rules.gives_up(timer.record):
                # Without the check any timer of a saga on its way forward fires.
                late = not self.check_state and record.phase == "FORWARD"
                if record == timer.record or late:
                    await self.time_out(timer.order, timer.record.step)
            elif record == timer.record:
                self.service.log.event("retry", order=timer.order)
                await self.send(timer.order, record)

    async def time_out(self, order: str, step: str) -> None:
        record = self.rules.timed_out(step)
        await self.write(order, record)
        await self.service.pause()
        self.log("time_out", order, record, step=step)
        if not record.has_ended:
            await self.send(order, record)


async def orchestrate(service: Service) -> None:
    async with await service.database() as database:
        channel = await service.broker()
        orchestrator = Orchestrator(service, database, channel)
        service.log.event("started")
        await orchestrator.resume()
        row = await (await database.execute("select count(*) from sagas")).fetchone()
        number = row[0] if row else 0
        while not service.stop.asked:
            if number < service.settings.orders:
                await orchestrator.start(f"order-{number}")
                number += 1
            delivery = await channel.fetch("answers")
            if delivery is not None:
                await orchestrator.receive(delivery)
            await orchestrator.ring()
        await orchestrator.network.settle()
        await channel.close()
        service.log.event("stopped")


if __name__ == "__main__":
    main(orchestrate)
