"""Unions: told apart with match and isinstance, also in sets and options."""

from dataclasses import dataclass

from checker import Id, Model, action, choose, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



@dataclass(frozen=True)
class Order:
    number: W


@dataclass(frozen=True)
class Refund:
    number: W
    full: bool


@dataclass(frozen=True)
class Stop:
    pass


class Unions(Model):
    inbox: set[Order | Refund | Stop] = set()
    last: Order | Refund | None = None
    open: set[W] = set()
    stopped: bool = False

    @action
    def order(self, w: W) -> None:
        self.inbox.add(Order(w))

    @action
    def refund(self, w: W, full: bool) -> None:
        self.inbox.add(Refund(w, full))

    @action
    def stop(self) -> None:
        self.inbox.add(Stop())

    @action
    def handle(self) -> None:
        message = choose(self.inbox)
        self.inbox.discard(message)
        match message:
            case Order(number):
                self.open.add(number)
                self.last = Order(number)
            case Refund(number=w, full=True):
                self.open.discard(w)
                self.last = Refund(w, True)
            case Refund():
                self.last = None
            case Stop():
                self.stopped = True

    @action
    def repeat(self) -> None:
        when(self.last is not None and not isinstance(self.last, Refund))
        assert isinstance(self.last, Order)
        self.open.add(self.last.number)

    @invariant
    def numbers(self) -> bool:
        return all(Order(m.number) in self.inbox for m in self.inbox if isinstance(m, Order))

    @witness
    def a_refund_is_last(self) -> bool:
        match self.last:
            case Refund(_, full):
                return full
            case Order() | None:
                return False
