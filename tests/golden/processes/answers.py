"""What the environment answers, in conditions, loops and assignments."""

from typing import Annotated

from checker import Id, Limit, Model, Steps, either, process, unlucky


class MessageId(Id, scope=2):
    """A message."""


class Worker(Id, scope=2):
    """A worker."""


class Answers(Model):
    sent: Annotated[int, Limit(0, 2)] = 0
    alarms: set[Worker] = set()

    @process(fair="weak")
    def worker(self, me: Worker) -> Steps:
        while True:
            yield "call"
            answer = either("ok", "busy", unlucky("timeout", at_most=1))
            if answer == "busy":
                continue
            while either("more", "enough") == "more":
                yield "repeat"
                if either(True, unlucky(False, at_most=1)):
                    break
            yield "judge"
            if answer == "timeout":
                self.alarms.add(me)
                return
            if self.sent < 2:
                self.sent += 1
