"""A participant: does and undoes its step, once each, and answers.

A command may come twice, and the command to undo may overtake the one to do. So the participant
keeps what it has done and undone, and a tombstone for what it was told to undo before it was done.
Each command is one transaction. It answers after the commit and acknowledges last: killed in
between, the broker delivers the command again, and it answers again.

Log: `perform` and `compensate` after the answer and before the acknowledgement, with how often the
step stands done and undone now.
"""

import asyncio
from typing import TYPE_CHECKING, LiteralString

from .broker import ACK_WAIT_SECONDS, Delivery
from .saga_message import Message, Network, fate, parse
from .service import Service, main, number_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import TupleRow

COUNTS: LiteralString = """
    select (select count(*) from done where order_id = %(order)s and step = %(step)s),
           (select count(*) from undone where order_id = %(order)s and step = %(step)s),
           (select count(*) from refused where order_id = %(order)s and step = %(step)s)
"""
DONE: LiteralString = "insert into done (order_id, step) values (%(order)s, %(step)s)"
UNDONE: LiteralString = "insert into undone (order_id, step) values (%(order)s, %(step)s)"
REFUSE: LiteralString = """
    insert into refused (order_id, step) values (%(order)s, %(step)s) on conflict do nothing
"""


class Participant:
    """Of one step."""

    def __init__(
        self, service: Service, database: "AsyncConnection[TupleRow]", network: Network
    ) -> None:
        self.service = service
        self.database = database
        self.network = network
        switches = service.settings.switches
        self.do_once = bool(switches["do_once"])
        self.undo_once = bool(switches["undo_once"])
        self.tombstones = bool(switches["tombstones"])

    async def counts(self, command: Message) -> tuple[int, int, int]:
        """How often the step is done, undone, and refused."""
        names = {"order": command.order, "step": command.step}
        row = await (await self.database.execute(COUNTS, names)).fetchone()
        done, undone, refused = row or (0, 0, 0)
        return done, undone, refused

    async def write(self, statement: LiteralString, command: Message) -> None:
        names = {"order": command.order, "step": command.step}
        await self.database.execute(statement, names)

    async def do(self, command: Message) -> str:
        done, _, refused = await self.counts(command)
        if refused:
            return "REJECTED"
        if done and self.do_once:
            return "DONE"
        if fate(self.service.settings.seed, command.order).rejected == command.step:
            await self.write(REFUSE, command)
            return "REJECTED"
        await self.write(DONE, command)
        return "DONE"

    async def undo(self, command: Message) -> str:
        done, undone, _ = await self.counts(command)
        if not done:
            if self.tombstones:
                await self.write(REFUSE, command)
            return "UNDONE"
        if undone and self.undo_once:
            return "UNDONE"
        if fate(self.service.settings.seed, command.order).lasting == command.step:
            return "FAILED"
        await self.write(UNDONE, command)
        return "UNDONE"

    async def at(self, point: str, command: Message) -> None:
        if command.step == fate(self.service.settings.seed, command.order).weak:
            await self.service.at(point, number_of(command.order))
        else:
            await self.service.pause()

    async def handle(self, delivery: Delivery) -> None:
        command = parse(delivery.text)
        async with self.database.transaction():
            kind = await (self.do(command) if command.kind == "DO" else self.undo(command))
            done, undone, refused = await self.counts(command)
        await self.at("written", command)
        await self.network.send("answers", Message(kind, command.step, command.order))
        await self.at("answered", command)
        self.service.log.event(
            "perform" if command.kind == "DO" else "compensate",
            order=command.order,
            step=command.step,
            answer=kind,
            done=done,
            undone=undone,
            refused=bool(refused),
        )
        await self.at("logged", command)
        if self.service.meets("late_ack", number_of(command.order)):
            await asyncio.sleep(1.5 * ACK_WAIT_SECONDS)
        await delivery.ack()


async def take_part(service: Service) -> None:
    async with await service.database() as database:
        channel = await service.broker()
        network = Network(service, channel)
        participant = Participant(service, database, network)
        service.log.event("started")
        while not service.stop.asked:
            delivery = await channel.fetch(service.settings.role)
            if delivery is not None:
                await participant.handle(delivery)
        await network.settle()
        await channel.close()
        service.log.event("stopped")


if __name__ == "__main__":
    main(take_part)
