"""A list of the file as a value."""

from checker import Model, action


KNOWN = [True, False]


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        self.paid = KNOWN
