"""Two members with one value are one member."""

from enum import Enum

from checker import Model, action


class Answer(Enum):
    OK = "the service answers"
    LATE = "the service answers"


class Shop(Model):
    answer: Answer = Answer.OK

    @action
    def step(self) -> None:
        pass
