"""The model drives the tests of real code: Hypothesis machines, paths, emitted tests.

Owns nothing but the public names, each imported when it is first asked for: pytest loads this
package's plugin in every run, and most runs test no model.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .covering import Path, Paths, paths
    from .drive import Disagreement
    from .machine import ModelMachine, run, state_machine
    from .observed import assert_property, assert_shows, id_name
    from .visits import NeverTaken, Visits

_HOMES = {
    "Disagreement": ".drive",
    "ModelMachine": ".machine",
    "NeverTaken": ".visits",
    "Path": ".covering",
    "Paths": ".covering",
    "Visits": ".visits",
    "assert_property": ".observed",
    "assert_shows": ".observed",
    "id_name": ".observed",
    "paths": ".covering",
    "run": ".machine",
    "state_machine": ".machine",
}

__all__ = [
    "Disagreement",
    "ModelMachine",
    "NeverTaken",
    "Path",
    "Paths",
    "Visits",
    "assert_property",
    "assert_shows",
    "id_name",
    "paths",
    "run",
    "state_machine",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
