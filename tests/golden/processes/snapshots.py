"""Copies of collections as memory, changed in place over labels."""

from checker import Bag, Id, Model, Steps, choose, process


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Snapshots(Model):
    queue: Bag[MessageId] = Bag()
    owners: dict[MessageId, Worker] = {}
    order: list[MessageId] = []

    @process
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "load"
            left = set(MessageId)
            owners = self.owners.copy()
            seen: list[MessageId] = []
            while len(left) > 0:
                yield "next_one"
                message = choose(left)
                left.remove(message)
                owners[message] = me
                seen.append(message)
                if message in self.owners:
                    break
            yield "store"
            self.owners = owners
            self.order = seen
            yield "clear"
            self.owners.clear()
            self.order.clear()
