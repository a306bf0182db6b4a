"""Records: made, read, replaced, with defaults and collections."""

from dataclasses import dataclass, replace
from typing import Annotated

from checker import Bag, Bounds, Id, Model, action, choose, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



@dataclass(frozen=True)
class Message:
    sender: W
    tries: Annotated[int, Bounds(0, 2)] = 0
    urgent: bool = False


@dataclass(frozen=True)
class Channel:
    sent: Bag[W]
    last: Message | None = None


class Records(Model):
    waiting: set[Message] = set()
    current: Message | None = None
    channel: Channel = Channel(Bag())

    @action
    def send(self, w: W, urgent: bool) -> None:
        when(len(self.waiting) < 2)
        self.waiting.add(Message(w, urgent=urgent))

    @action
    def begin(self) -> None:
        when(self.current is None)
        message = choose(self.waiting)
        self.waiting.remove(message)
        self.current = message

    @action
    def retry(self) -> None:
        when(self.current is not None and self.current.tries < 2)
        assert self.current is not None  # tells type checkers what the guard says
        self.current = replace(self.current, tries=self.current.tries + 1, urgent=True)

    @action
    def end(self) -> None:
        when(self.current is not None and len(self.channel.sent) < 2)
        assert self.current is not None
        sent = self.channel.sent.copy()
        sent.add(self.current.sender)
        self.channel = Channel(sent=sent, last=self.current)
        self.current = None

    @invariant
    def bounded(self) -> bool:
        return all(m.tries == 0 for m in self.waiting)

    @witness
    def tried_twice(self) -> bool:
        return self.channel.last is not None and self.channel.last == Message(self.channel.last.sender, 2, True)
