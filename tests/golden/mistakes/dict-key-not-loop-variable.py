"""A dict whose keys are computed."""

from checker import Model, action


class Shop(Model):
    sizes: dict[bool, bool] = {}

    @action
    def step(self) -> None:
        self.sizes = {not flag: flag for flag in self.sizes}
