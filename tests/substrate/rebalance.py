"""A consumer group: records are handled at least once, and a former owner's commit is void."""

from typing import Annotated

from checker import (
    Bounds,
    Capacity,
    Eventually,
    Id,
    Map,
    Model,
    Steps,
    action,
    choose,
    fault,
    invariant,
    liveness,
    process,
    when,
    witness,
)
from checker.channels import Group, Log

RECORDS = 2


class Partition(Id, scope=1):
    """A partition of the log."""


class Consumer(Id, scope=2):
    """A member of the group."""


class Rebalance(Model):
    """A record is False or True: the first and the second of its partition."""

    log: Annotated[Log[Partition, bool], Capacity(RECORDS)] = Log()
    group: Group[Partition, Consumer] = Group()
    handled: Map[Partition, Annotated[list[bool], Capacity(5)]] = Map([])

    @action(fair="weak")
    def append(self, partition: Partition) -> None:
        when(self.log.end(partition) < RECORDS)
        self.log = self.log.append(partition, self.log.end(partition) > 0)

    @process(fair="weak")
    def consume(self, me: Consumer, partition: Partition) -> Steps:
        while True:
            yield "look"
            when(self.group.owns(partition, me))
            offset: Annotated[int, Bounds(0, RECORDS)] = self.group.offset(partition)
            when(offset < self.log.end(partition))
            yield "handle"
            self.handled[partition].append(self.log.read(partition, offset))
            yield "commit"
            self.group = self.group.commit(partition, me, offset + 1)

    @action(fair="weak")
    def assign(self, partition: Partition) -> None:
        when(partition not in self.group.owner)
        consumer = choose(Consumer)
        self.group = self.group.assign(partition, consumer)

    @fault(at_most=1)
    def revoke(self, partition: Partition) -> None:
        """A rebalance: the owner works on, and does not know."""
        when(partition in self.group.owner)
        self.group = self.group.revoke(partition)

    @invariant
    def nothing_is_committed_unhandled(self, partition: Partition) -> bool:
        done = self.group.offset(partition)
        return all(self.log.read(partition, i) in self.handled[partition] for i in range(done))

    @liveness
    def every_record_is_committed(self, partition: Partition) -> Eventually:
        return Eventually(self.group.offset(partition) == RECORDS)

    @witness
    def a_record_is_handled_twice(self, partition: Partition) -> bool:
        return self.handled[partition].count(False) == 2

    @witness
    def out_of_order(self, partition: Partition) -> bool:
        """The former owner handles the first record after the new owner has handled the second."""
        return len(self.handled[partition]) == 3 and not self.handled[partition][2]
