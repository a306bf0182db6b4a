"""Reading a log once, in bounded memory, and knowing of each slice all that a verdict needs.

`stream_replay` is what `checker replay` calls. It says the same as `replay` of a log read as a
whole, which stays the slow reference, and is what is used where a mapping does not allow to read
slice by slice.
"""

from .run import Progress, StreamSettings, stream_replay

__all__ = ["Progress", "StreamSettings", "stream_replay"]
