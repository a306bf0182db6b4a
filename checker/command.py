"""What a subcommand is, as data: a name, words for its help, its flags, where its function is.

Owns the shapes that `cli.py` turns into a command line; other packages add theirs through the
entry-point group `checker.commands`, each entry point being a tuple of `Command`. Imports nothing,
so that a table of commands costs nothing to load. `run` is imported when the command is called and
gets one keyword argument for each argument and option; it returns the exit code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Argument", "Command", "Kind", "Option"]

# "pair" is KEY=VALUE and may be repeated; it arrives as a tuple of (key, value) strings.
Kind = Literal["str", "int", "float", "path", "flag", "choice", "pair"]


@dataclass(frozen=True)
class Argument:
    """A positional argument; with `many`, it arrives as a tuple."""

    name: str
    help: str = ""
    kind: Literal["str", "path"] = "str"
    many: bool = False
    required: bool = True


@dataclass(frozen=True)
class Option:
    """`--max-states N` is given to `run` as `max_states`, and as None if it was not given.

    A "flag" arrives as bool, a "pair" or a `many` option as a tuple.
    """

    name: str
    help: str
    kind: Kind = "str"
    metavar: str = ""
    default: str | int | float | None = None
    choices: tuple[str, ...] = ()
    many: bool = False

    @property
    def keyword(self) -> str:
        """The name of the keyword argument.

        >>> Option("--max-states", "", "int").keyword
        'max_states'
        """
        return self.name.lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Command:
    """`name` may be two words, a group and the command in it. `run` is "module:function"."""

    name: str
    help: str
    run: str
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    epilog: str = ""
