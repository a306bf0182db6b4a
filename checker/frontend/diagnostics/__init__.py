"""Every message about a model: one dataclass each, with slug, title, label and help.

The fields of a class fill the braces of its texts. tests/golden/mistakes holds a file for each.
They are loaded when the first of them is asked for: a model without mistakes never needs them, and
to make the classes takes a tenth of a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .declarations import *  # noqa: F403
    from .expressions import *  # noqa: F403
    from .processes import *  # noqa: F403
    from .records import *  # noqa: F403
    from .statements import *  # noqa: F403

_PARTS = ("declarations", "expressions", "processes", "records", "statements")


def __getattr__(name: str) -> object:
    if not name.startswith("__"):
        for part in _PARTS:
            module = import_module(f".{part}", __name__)
            for each in module.__all__:
                globals()[each] = getattr(module, each)
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
