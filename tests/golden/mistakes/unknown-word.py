"""A word that the choice does not offer."""

from checker import Model, action, either


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        if either("ok", "timeout") == "timout":
            self.paid = True
