"""A set of what?"""

from checker import Model, action


class Shop(Model):
    orders: set = set()

    @action
    def step(self) -> None:
        pass
