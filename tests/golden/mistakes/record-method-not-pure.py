"""A method of a record that says nothing about itself."""

from dataclasses import dataclass

from checker import Id, Model, action, when


class OrderId(Id, scope=2):
    """An order."""


@dataclass(frozen=True)
class Line:
    first: OrderId | None = None

    def is_free(self) -> bool:
        return self.first is None


class Shop(Model):
    line: Line = Line()

    @action
    def place(self, order: OrderId) -> None:
        when(self.line.is_free())
        self.line = Line(order)
