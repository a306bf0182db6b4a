"""Several initial states: `@initial` runs on the defaults and may choose."""

from checker import Id, Map, Model, action, choose, either, initial, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Beginnings(Model):
    leader: W | None = None
    alive: Map[W, bool] = Map(False)
    warm: bool = False

    @initial
    def elect(self) -> None:
        """Everybody is alive, and anybody leads."""
        leader = choose(W)
        when(not self.warm)
        self.leader = leader
        for w in W:
            self.alive[w] = True
        self.warm = either(True, False)

    @action
    def stop(self, w: W) -> None:
        when(self.alive[w] and self.leader != w)
        self.alive[w] = False

    @invariant
    def the_leader_lives(self) -> bool:
        return any(self.alive[w] for w in W if w == self.leader)

    @witness
    def alone(self, w: W) -> bool:
        return not self.alive[w] and self.warm
