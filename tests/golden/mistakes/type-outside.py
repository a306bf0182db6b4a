"""Text is not a type of the language."""

from checker import Model, action


class Shop(Model):
    name: str = ""

    @action
    def step(self) -> None:
        pass
