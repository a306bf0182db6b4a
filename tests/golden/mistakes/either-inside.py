"""A choice that may be skipped."""

from checker import Model, action, either


class Shop(Model):
    paid: bool = False

    @action
    def step(self) -> None:
        if self.paid and either("ok", "timeout") == "ok":
            self.paid = False
