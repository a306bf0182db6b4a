"""An unlucky answer without a budget."""

from checker import Model, action, either, unlucky


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        if either("ok", unlucky("timeout")) == "ok":
            self.paid = True
