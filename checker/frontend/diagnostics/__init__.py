"""Every message about a model: one dataclass each, with slug, title, label and help.

The fields of a class fill the braces of its texts. tests/golden/mistakes holds a file for each.
"""

from .declarations import *  # noqa: F403
from .expressions import *  # noqa: F403
from .processes import *  # noqa: F403
from .records import *  # noqa: F403
from .statements import *  # noqa: F403
