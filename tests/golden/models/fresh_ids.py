"""Fresh ids: the first that is not used, a cut when there is none."""

from checker import Bag, Id, Model, action, fresh, invariant, when, witness


class Attempt(Id, scope=3):
    """One try; a new id for each."""


class FreshIds(Model):
    running: set[Attempt] = set()
    ended: list[Attempt] = []
    lost: Bag[Attempt] = Bag()

    @action
    def start(self) -> None:
        attempt = fresh(Attempt, self.running)
        self.running.add(attempt)

    @action
    def end(self, attempt: Attempt) -> None:
        when(attempt in self.running and len(self.ended) < 2)
        self.running.remove(attempt)
        self.ended.append(attempt)

    @action
    def replay(self) -> None:
        when(len(self.lost) == 0)
        self.lost.add(fresh(Attempt, self.ended))
        self.lost.add(fresh(Attempt, self.lost))

    @invariant
    def few(self) -> bool:
        return len(self.running) <= 3

    @witness
    def two_run(self) -> bool:
        return len(self.running) == 2
