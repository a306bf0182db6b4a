"""Alternatives: `either` between words, members and bools, some of them unlucky."""

from enum import Enum
from typing import Annotated

from checker import Bounds, Id, Model, action, either, invariant, unlucky, when, witness


class W(Id, scope=2):
    """A worker."""



class Answer(Enum):
    OK = "yes"
    TIMEOUT = "nothing heard"


class Alternatives(Model):
    sent: set[W] = set()
    answer: Answer | None = None
    tries: Annotated[int, Bounds(0, 2)] = 0
    up: bool = True

    @action
    def call(self, w: W) -> None:
        when(w not in self.sent)
        if either("ok", unlucky("timeout", at_most=1)) == "ok":
            self.sent.add(w)

    @action
    def ask(self) -> None:
        when(self.tries < 2)
        self.tries += 1
        got = either(Answer.OK, Answer.TIMEOUT)
        self.answer = got

    @action
    def flip(self) -> None:
        self.up = either(True, False)
        word = either("a", "b", "c")
        match word:
            case "a":
                self.tries = 0
            case "b" | "c":
                pass
            case _:
                self.tries = 2

    @action
    def lose(self, w: W) -> None:
        when(w in self.sent)
        if self.up:
            result = either(Answer.OK, unlucky(Answer.TIMEOUT, at_most=2))
            if result is Answer.TIMEOUT:
                self.sent.remove(w)

    @invariant
    def few_tries(self) -> bool:
        return self.tries <= 2

    @witness
    def timed_out(self) -> bool:
        return self.answer is Answer.TIMEOUT and not self.up
