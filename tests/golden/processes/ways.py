"""Many ways from one label: nested branches, returns, a block that is left early."""

from checker import Id, Model, Steps, process, when


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Ways(Model):
    a: bool = False
    b: bool = False
    turns: set[Worker] = set()

    @process
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "begin"
            mine = me in self.turns
            if self.a:
                if self.b:
                    self.b = False
                    yield "middle"
                    self.a = not self.a
                elif mine:
                    self.turns.remove(me)
                    return
            else:
                self.b = True
            while True:
                if self.b and not mine:
                    break
                if mine:
                    self.turns.add(me)
                    break
                yield "wait"
                when(self.a or self.b)
                self.a = True
            self.turns.add(me)
            if mine:
                self.a = True
