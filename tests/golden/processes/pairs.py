"""A process for each pair of a worker and a message; one can be stopped for good."""

from checker import Id, Model, Steps, action, at, fault, invariant, process, restart, stop, when


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Pairs(Model):
    done: dict[Worker, MessageId] = {}

    @process
    def handle(self, me: Worker, message: MessageId) -> Steps:
        yield "begin"
        before = self.done.get(me)
        yield "end"
        if before is None:
            self.done[me] = message

    @action
    def give_up(self, who: Worker, what: MessageId) -> None:
        when(at(self.handle, who, what, "end"))
        stop(self.handle, who, what)

    @fault(at_most=1)
    def crash(self, me: Worker, message: MessageId) -> None:
        if at(self.handle, me, message, "done"):
            restart(self.handle, me, message)
        else:
            restart(self.handle, message=message, me=me)

    @invariant
    def whatever(self, me: Worker, message: MessageId) -> bool:
        return at(self.handle, me, message, "done") or not at(self.handle, me, message, "done")
