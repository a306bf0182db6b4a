"""A model with a second base."""

from checker import Model, action


class Named:
    name = "shop"


class Shop(Named, Model):
    sent: bool = False

    @action
    def send(self) -> None:
        self.sent = True
