"""A Map with a value for every number."""

from checker import Map, Model, action


class Shop(Model):
    seen: Map[int, bool] = Map(False)

    @action
    def step(self) -> None:
        pass
