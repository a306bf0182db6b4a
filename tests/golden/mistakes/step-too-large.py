"""Ten branches that each may end the step."""

from checker import Id, Model, Steps, process


class OrderId(Id, scope=2):
    """An order."""


class Worker(Id, scope=2):
    """A worker."""


class Shop(Model):
    ready_0: bool = False
    stop_0: bool = False
    ready_1: bool = False
    stop_1: bool = False
    ready_2: bool = False
    stop_2: bool = False
    ready_3: bool = False
    stop_3: bool = False
    ready_4: bool = False
    stop_4: bool = False
    ready_5: bool = False
    stop_5: bool = False
    ready_6: bool = False
    stop_6: bool = False
    ready_7: bool = False
    stop_7: bool = False
    ready_8: bool = False
    stop_8: bool = False
    ready_9: bool = False
    stop_9: bool = False

    @process
    def worker(self, me: Worker) -> Steps:
        yield "begin"
        if self.ready_0:
            if self.stop_0:
                return
            self.ready_0 = False
        if self.ready_1:
            if self.stop_1:
                return
            self.ready_1 = False
        if self.ready_2:
            if self.stop_2:
                return
            self.ready_2 = False
        if self.ready_3:
            if self.stop_3:
                return
            self.ready_3 = False
        if self.ready_4:
            if self.stop_4:
                return
            self.ready_4 = False
        if self.ready_5:
            if self.stop_5:
                return
            self.ready_5 = False
        if self.ready_6:
            if self.stop_6:
                return
            self.ready_6 = False
        if self.ready_7:
            if self.stop_7:
                return
            self.ready_7 = False
        if self.ready_8:
            if self.stop_8:
                return
            self.ready_8 = False
        if self.ready_9:
            if self.stop_9:
                return
            self.ready_9 = False
