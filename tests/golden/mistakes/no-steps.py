"""A model in which nothing can happen."""

from checker import Model, invariant


class Shop(Model):
    paid: bool = False

    @invariant
    def unpaid(self) -> bool:
        return not self.paid
