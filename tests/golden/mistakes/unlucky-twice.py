"""Two budgets of one name."""

from checker import Model, action, either, unlucky


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        if either("ok", unlucky("timeout", at_most=1)) == "ok":
            self.paid = True
        if either("ok", unlucky("timeout", at_most=1)) == "ok":
            self.paid = False
