"""Assertions, and steps that are undefined: body order decides what is seen first."""

from checker import Id, Model, action, when, witness


class W(Id, scope=2):
    """A worker."""



class Asserts(Model):
    held: set[W] = set()
    owner: dict[W, W] = {}
    log: list[W] = []

    @action
    def take(self, w: W) -> None:
        when(w not in self.held)
        self.held.add(w)

    @action
    def checked(self, w: W) -> None:
        """The assertion comes before the guard, and fails where the guard is false."""
        assert w in self.held, "nobody holds it"
        when(w in self.held)
        self.held.remove(w)

    @action
    def guarded(self, w: W) -> None:
        """The guard comes first."""
        when(w in self.held)
        assert w in self.held
        self.owner[w] = w

    @action
    def unowned(self, w: W) -> None:
        """The guard itself is undefined without an owner."""
        when(self.owner[w] == w)
        del self.owner[w]
        self.log.append(w)

    @action
    def absent(self, w: W) -> None:
        when(len(self.log) > 0)
        self.log.remove(w)

    @witness
    def an_owner(self) -> bool:
        return len(self.owner) > 0
