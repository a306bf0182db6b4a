"""Properties of every kind, with parameters, locals, branches and undefined ones."""

from checker import AlwaysEventually, Eventually, EventuallyAlways, Id, LeadsTo, Model, action, at_rest, invariant, liveness, when, witness


class W(Id, scope=2):
    """A worker."""



class Properties(Model):
    sent: set[W] = set()
    done: set[W] = set()
    owner: dict[W, W] = {}

    @action(fair="weak")
    def send(self, w: W) -> None:
        when(w not in self.sent)
        self.sent.add(w)
        self.owner[w] = w

    @action(fair="weak")
    def finish(self, w: W) -> None:
        when(w in self.sent and w not in self.done)
        self.done.add(w)

    @invariant
    def in_order(self, w: W) -> bool:
        """What is done was sent."""
        return w not in self.done or w in self.sent

    @invariant
    def undefined_at_first(self) -> bool:
        return all(self.owner[w] == w for w in W)

    @invariant
    def with_branches(self) -> bool:
        count = len(self.done)
        if count == 0:
            return True
        if count > 2:
            return False
        return count <= len(self.sent)

    @witness
    def half_way(self, a: W, b: W) -> bool:
        return a in self.done and b not in self.done

    @at_rest
    def all_done(self) -> bool:
        return all(w in self.done for w in W)

    @liveness
    def sent_is_done(self, w: W) -> LeadsTo:
        return LeadsTo(w in self.sent, w in self.done)

    @liveness
    def some_is_sent(self) -> Eventually:
        some = len(self.sent) > 0
        return Eventually(some)

    @liveness
    def again(self, w: W) -> AlwaysEventually:
        return AlwaysEventually(w in self.done)

    @liveness
    def at_last(self) -> EventuallyAlways:
        return EventuallyAlways(self.done == self.sent)
