"""Fairness: weak, strong, and units of chosen parameters."""

from typing import Annotated

from checker import AlwaysEventually, Bounds, Id, Model, action, liveness, when


class W(Id, scope=2):
    """A worker."""



class Fairness(Model):
    turn: Annotated[int, Bounds(0, 2)] = 0
    served: set[W] = set()

    @action(fair="weak")
    def tick(self) -> None:
        self.turn = (self.turn + 1) % 3

    @action(fair="strong")
    def serve(self, w: W, twice: bool) -> None:
        when(self.turn == 0 and w not in self.served)
        self.served.add(w)

    @action(fair="weak", fair_for=("twice",))
    def leave(self, w: W, twice: bool) -> None:
        when(w in self.served and (twice or self.turn == 1))
        self.served.remove(w)

    @action()
    def idle(self) -> None:
        pass

    @liveness
    def everybody_is_served(self, w: W) -> AlwaysEventually:
        return AlwaysEventually(w in self.served)
