"""Sets: every operator, method and comparison."""

from checker import Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Sets(Model):
    a: set[W] = set()
    b: set[W] = set()
    small: set[bool] = set()

    @action
    def add(self, w: W) -> None:
        when(w not in self.a)
        self.a.add(w)

    @action
    def remove(self, w: W) -> None:
        when(w in self.a)
        self.a.remove(w)
        self.a.discard(w)

    @action
    def join(self) -> None:
        self.b = self.a | self.b
        self.b |= self.a.union(self.b)

    @action
    def meet(self) -> None:
        self.b = self.a & self.b
        self.b &= self.a

    @action
    def drop(self, w: W) -> None:
        self.b -= self.a - {w}
        self.a.clear()

    @action
    def update(self, w: W) -> None:
        self.b.update(self.a)
        self.b.update({w})
        self.a.update(x for x in W if x == w)

    @action
    def fill(self, flag: bool) -> None:
        self.small = {flag, True}
        self.a = set()
        self.b = set(self.a.copy())

    @invariant
    def compared(self) -> bool:
        return (self.a <= self.b) == (self.b >= self.a) and self.a != {w for w in W if w not in self.a}

    @witness
    def full(self) -> bool:
        return len(self.a) == len(W) and self.b == set()
