"""Create once: two submissions of one cart become one order, without remembering any message.

Claim   If the order takes its id from the cart and the database refuses a second one of that id,
        or if the flag in the cart is written under the version that was read, every cart becomes
        one order, however often it is submitted and by whomever that is handled.
Faults  A customer submits twice, a worker crashes before it acknowledges, an order is cancelled
        while a submission of it is still under way.
Source  T. Masternak, S. Pobiega, Exactly-once workshop, NewExercises 1 to 3 and 10, 2024.
"""

from enum import Enum
from typing import Annotated, Final

from checker import (
    Bag,
    Eventually,
    Id,
    Limit,
    Map,
    Model,
    Steps,
    at_rest,
    choose,
    fault,
    initial,
    invariant,
    liveness,
    process,
    pure,
    restart,
    volatile,
    when,
    witness,
)


class CartId(Id, scope=1):
    """One cart, and the submission that carries its id."""


class Worker(Id, scope=2):
    """One of the servers that handle submissions."""


class Guard(Enum):
    """What keeps a second submission from creating a second order."""

    KEY = "the order has the cart's id, and the database refuses another one of it"
    FLAG_AND_VERSION = "a flag in the cart, written under the version that was read"
    FLAG = "a flag in the cart"
    NOTHING = "every order has an id of its own"


class CreateOnce(Model):
    """One queue of submissions, a database of carts and orders, and servers that compete."""

    guard: Final[Guard] = Guard.KEY
    keep_cancelled: Final[bool] = True  # does the row of a cancelled order stay?

    queue: Bag[CartId] = Bag()
    taken: Annotated[dict[Worker, CartId], volatile("worker")] = {}
    flagged: set[CartId] = set()
    versions: Map[CartId, Annotated[int, Limit(0, 4)]] = Map(0)  # of the carts
    orders: set[CartId] = set()  # the carts that have an order now
    created: Bag[CartId] = Bag()  # each order that there has ever been

    @initial
    def every_cart_is_submitted_twice(self) -> None:
        for cart in CartId:
            self.queue.add(cart)
        for cart in CartId:
            self.queue.add(cart)

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "receive"
            cart = choose(self.queue)
            self.queue.remove(cart)
            self.taken[me] = cart
            is_new = True
            version: Annotated[int, Limit(0, 4)] = 0
            if self.has_flag():
                yield "load"
                is_new = cart not in self.flagged
                version = self.versions[cart]
            if is_new:
                yield "create"
                if self.guard is Guard.FLAG_AND_VERSION and self.versions[cart] != version:
                    self.queue.add(cart)
                    del self.taken[me]
                    continue
                if self.has_flag():
                    self.flagged.add(cart)
                    self.versions[cart] += 1
                if self.guard is not Guard.KEY or cart not in self.orders:
                    self.orders.add(cart)
                    self.created.add(cart)
            yield "acknowledge"
            del self.taken[me]

    @fault(at_most=1)
    def crash(self, me: Worker) -> None:
        """The server restarts; the broker delivers its submission again."""
        when(me in self.taken)
        self.queue.add(self.taken[me])
        restart(self.worker, me)

    @fault(at_most=1)
    def cancel(self, cart: CartId) -> None:
        """The customer cancels an order, and the row may be deleted."""
        when(cart in self.orders)
        if not self.keep_cancelled:
            self.orders.remove(cart)

    @pure
    def has_flag(self) -> bool:
        return self.guard in (Guard.FLAG, Guard.FLAG_AND_VERSION)

    @invariant
    def no_cart_becomes_two_orders(self, cart: CartId) -> bool:
        return self.created.count(cart) <= 1

    @at_rest
    def every_cart_becomes_an_order(self, cart: CartId) -> bool:
        return cart in self.created

    @witness
    def a_submission_follows_its_order(self, cart: CartId) -> bool:
        return cart in self.created and cart in self.queue

    @liveness
    def every_submission_is_handled(self, cart: CartId) -> Eventually:
        return Eventually(cart not in self.queue and all(w not in self.taken for w in Worker))
