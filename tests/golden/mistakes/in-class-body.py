"""A statement between the fields."""

from checker import Model, action


class Shop(Model):
    paid: bool = False
    assert True

    @action
    def step(self) -> None:
        pass
