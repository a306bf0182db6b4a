"""A choice without a choice."""

from checker import Model, action, either


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        if either("ok") == "ok":
            self.paid = True
