# pyright: strict
"""Mistakes that type checkers find: mypy --strict and pyright flag exactly the marked lines."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Bounds,
    Eventually,
    Id,
    LeadsTo,
    Map,
    Model,
    Steps,
    action,
    at,
    at_rest,
    choose,
    either,
    fault,
    fresh,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    stop,
    unlucky,
    volatile,
    when,
    witness,
)


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Phase(Enum):
    OPEN = "open"
    PAID = "paid"


@dataclass(frozen=True)
class Message:
    order: OrderId
    urgent: bool = False


class Shop(Model):
    strict: Final[bool] = True
    orders: set[OrderId] = set()
    queue: Bag[OrderId] = Bag()
    owner: dict[OrderId, Worker] = {}
    phase: Map[OrderId, Phase] = Map(Phase.OPEN)
    last: Message | None = None
    total: Annotated[int, Bounds(0, 3)] = 0
    wrong_default: bool = "no"  # error
    wrong_map: Map[OrderId, Phase] = Map(False)  # error

    @initial
    def begin(self) -> None:
        self.orders = set()

    @initial  # error
    def begin_badly(self) -> bool:
        return True

    @action
    def wrong_sort(self, worker: Worker) -> None:
        self.orders.add(worker)  # error
        self.queue.remove(worker)  # error
        self.owner[worker] = worker  # error
        self.phase[worker] = Phase.PAID  # error

    @action
    def misspelt(self, order: OrderId) -> None:
        self.order.add(order)  # error
        self.orders.append(order)  # error
        when(self.last is not None and self.last.urgnt)  # error

    @action
    def across_sorts(self, order: OrderId, worker: Worker) -> None:
        when(order == worker)  # error
        when(worker != order)  # error
        when(order in self.owner and self.owner[order] == order)  # error
        when(self.last is not None and self.last == order)  # error
        when(order in self.owner and self.owner[order] == worker)
        when(self.phase[order] is Phase.PAID)

    @action
    def no_numbers(self, order: OrderId) -> None:
        self.total = order  # error
        when(order < order)  # error
        self.total = order + 1  # error

    @action
    def unguarded(self) -> None:
        self.last = replace(self.last, urgent=True)  # error

    @action
    def not_bool(self, order: OrderId) -> None:
        when(self.orders)  # error
        when(self.total)  # error
        when()  # error

    @action
    def constants(self) -> None:
        self.strict = False  # error

    @action  # error
    def returns(self) -> bool:
        return True

    @action(fair="week")  # error
    def misspelt_fairness(self) -> None: ...

    @action(at_most=1)  # error
    def action_with_budget(self) -> None: ...

    @fault(fair="weak", at_most=1)  # error
    def fair_fault(self) -> None: ...

    @fault()  # error
    def fault_without_budget(self) -> None: ...

    @action
    def choices(self, order: OrderId) -> None:
        worker: Worker = choose(self.orders)  # error
        self.last = fresh(Phase, self.orders)  # error
        self.orders.add(fresh(OrderId, self.owner.values()))  # error
        flag: bool = either("yes", "no")  # error
        if either("ok", unlucky("late")) == "ok":  # error
            self.orders.discard(order)
        self.owner[order] = worker
        self.strict = flag  # error

    @pure
    def is_new(self, order: OrderId) -> bool:
        return order not in self.orders

    @action
    def calls(self, worker: Worker) -> None:
        when(self.is_new(worker))  # error
        when(self.is_new())  # error

    @invariant  # error
    def counts(self) -> int:
        return len(self.orders)

    @witness  # error
    def nothing(self) -> None: ...

    @at_rest
    def wrong_body(self) -> bool:
        return self.total  # error

    @liveness  # error
    def just_true(self) -> bool:
        return True

    @liveness
    def sides(self, order: OrderId) -> LeadsTo:
        return LeadsTo(order in self.orders)  # error

    @liveness
    def numbers(self) -> Eventually:
        return Eventually(len(self.orders))  # error


class Consumer(Model):
    queue: Bag[OrderId] = Bag()
    memory: Annotated[dict[Worker, OrderId], volatile("worker")] = {}

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            order = choose(self.queue)
            self.memory[me] = order
            yield "acknowledge"
            self.queue.remove(order)
            self.queue.remove(me)  # error

    @process
    def relay(self) -> Steps:
        yield 3  # error

    @process(fair="sometimes")  # error
    def misspelt_fairness(self) -> Steps:
        yield "wait"

    @process  # error
    def no_steps(self) -> None: ...

    @fault(at_most=1)
    def crash(self, me: Worker, order: OrderId) -> None:
        restart(self.worker, me)
        restart(self.worker, order)  # error
        restart(self.worker)  # error
        stop(self.relay)
        stop(self.relay, me)  # error
        stop(self.crash, me, order)  # error

    @invariant
    def labels(self, me: Worker, order: OrderId) -> bool:
        known = at(self.worker, me, "receive") and at(self.relay, "publish")
        other = at(self.worker, order, "receive")  # error
        return known and other and at(self.relay, 3)  # error


def by_hand() -> None:
    shop = Shop(strict=False, total=1)
    shop.wrong_sort(OrderId(0))  # error
    Shop(strict="no")  # error
    Shop(speed=1)  # error
    Shop(False)  # error
