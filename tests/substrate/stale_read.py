"""A replica that lags: a seat that is free there is sold twice, unless versions are compared."""

from typing import Annotated, Final

from checker import Bounds, Id, Model, action, invariant, when, witness
from checker.stores import KeyStore


class Key(Id, scope=1):
    """The key."""


class StaleRead(Model):
    compare: Final[bool] = True

    primary: KeyStore[Key, bool] = KeyStore()
    replica: KeyStore[Key, bool] = KeyStore()
    reserved: Annotated[int, Bounds(0, 2)] = 0

    @action
    def replicate(self, key: Key) -> None:
        when(not self.replica.is_at(key, self.primary.version(key)))
        self.replica = self.replica.refreshed(key, self.primary)

    @action
    def reserve(self, key: Key) -> None:
        """The seat is free as far as the replica knows."""
        when(not self.replica.has(key))
        when(not self.compare or self.primary.is_at(key, self.replica.version(key)))
        self.primary = self.primary.write(key, True)
        self.reserved += 1

    @action
    def cancel(self, key: Key) -> None:
        when(self.primary.has(key) and self.primary.version(key) < 3)
        self.primary = self.primary.delete(key)
        self.reserved -= 1

    @invariant
    def reserved_once(self) -> bool:
        return self.reserved <= 1

    @invariant
    def a_version_never_comes_back(self, key: Key) -> bool:
        return self.replica.version(key) <= self.primary.version(key)

    @witness
    def the_replica_shows_what_is_gone(self, key: Key) -> bool:
        return self.replica.has(key) and not self.primary.has(key)
