"""Quantifiers: nested, filtered, over everything that can be iterated."""

from checker import Bag, Id, Map, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Quantifiers(Model):
    sent: set[W] = set()
    queue: Bag[W] = Bag()
    log: list[W] = []
    owner: dict[W, W] = {}
    told: Map[W, Map[W, bool]] = Map(Map(False))

    @action
    def send(self, w: W) -> None:
        when(not any(x == w for x in self.sent) and all(x != w for x in self.log))
        self.sent.add(w)
        self.queue.add(w)
        self.log.append(w)

    @action
    def own(self, w: W, v: W) -> None:
        when(all(k != w for k in self.owner) and any(x == v for x in self.queue.values()))
        self.owner[w] = v
        self.told[w][v] = True

    @invariant
    def pairs(self) -> bool:
        return all(self.told[a][b] == (self.owner.get(a) == b) for a in W for b in W)

    @invariant
    def nested(self) -> bool:
        return all(any(y == x for y in self.log) for x in self.sent if x in self.queue)

    @invariant
    def ranges(self) -> bool:
        return all(self.log[i] in self.sent for i in range(len(self.log)) if i >= 0 if i < 2)

    @invariant
    def entries(self) -> bool:
        return all(self.told[k][v] for k, v in self.owner.items() if v in self.sent)

    @witness
    def everybody(self) -> bool:
        return all(w in self.owner.keys() for w in W) and any(v == w for w in W for v in self.owner.values())
