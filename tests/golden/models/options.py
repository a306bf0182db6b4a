"""Options: None, narrowing, conditional values."""

from checker import Id, Model, action, invariant, when, witness


class W(Id, scope=2):
    """A worker."""



class Options(Model):
    leader: W | None = None
    votes: dict[W, W | None] = {}
    history: set[W | None] = set()
    members: set[W] | None = None

    @action
    def elect(self, w: W) -> None:
        when(self.leader is None)
        self.leader = w
        self.members = {w}

    @action
    def join(self, w: W) -> None:
        when(self.members is not None)
        if self.members is not None:
            self.members.add(w)

    @action
    def vote(self, w: W, choice: W | None) -> None:
        self.votes[w] = choice

    @action
    def resign(self) -> None:
        when(self.leader is not None)
        self.history.add(self.leader)
        self.leader = None

    @action
    def hand_over(self, w: W) -> None:
        when(self.leader is not None and self.leader in self.votes)
        self.leader = w if self.leader == w else self.votes.get(w)

    @action
    def tidy(self, w: W) -> None:
        when(self.leader not in self.history)
        self.leader = None if w in self.votes else w
        self.leader = w if w in self.votes else None

    @invariant
    def known(self) -> bool:
        return self.leader is None or self.leader == self.leader

    @witness
    def nobody_was(self) -> bool:
        return None in self.history or self.votes.get(self.leader) is None if self.leader is not None else False
