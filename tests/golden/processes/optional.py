"""A local that may be None is not the same as one without a value."""

from checker import Id, Model, Steps, choose, process


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Optional(Model):
    waiting: set[MessageId] = set()
    last: MessageId | None = None
    nothing: bool = False

    @process
    def worker(self) -> Steps:
        while True:
            yield "look"
            found: MessageId | None = None
            if len(self.waiting) > 0:
                found = choose(self.waiting)
            yield "decide"
            match found:
                case None:
                    self.nothing = True
                    yield "fill"
                    one = choose(MessageId)
                    self.waiting.add(one)
                case message:
                    self.last = message
            yield "rest"
            self.nothing = found is None
