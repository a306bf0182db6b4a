"""What the front end knows while it reads one model: classes by name, parsed files, mistakes found.

Owns no grammar. Names are resolved to the objects that Python itself resolved them to, so an alias
or `import checker as c` means what it means to Python.
"""

from __future__ import annotations

import ast
import enum
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import ir
from ..errors import Diagnostic
from ..source import Span
from . import diagnostics as d

if TYPE_CHECKING:
    from .processes import Process

__all__ = ["Mistake", "World", "span_of"]


class Mistake(Exception):
    """Ends the reading of one statement; `None` when the cause has been reported before."""

    def __init__(self, diagnostic: Diagnostic | None) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def span_of(node: ast.AST, file: str) -> Span:
    """The span of a node of the syntax tree."""
    located: Any = node
    return Span(
        file,
        located.lineno,
        located.col_offset,
        located.end_lineno or located.lineno,
        located.end_col_offset or located.col_offset,
    )


@dataclass
class World:
    """One run of the front end over one model."""

    file: str
    name: str
    fields: dict[str, ir.Type] = field(default_factory=dict)
    constants: dict[str, ir.Type] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # fields whose mistake is known already
    classes: dict[str, type] = field(default_factory=dict)
    methods: dict[str, Callable[..., Any]] = field(default_factory=dict)
    defaults: dict[str, ir.Expr] = field(default_factory=dict)  # of fields
    volatile: dict[str, tuple[tuple[str, ...], Span]] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)  # processes that were refused
    taken: set[str] = field(default_factory=set)  # variables that no field declares
    mistakes: list[Diagnostic] = field(default_factory=list)
    _trees: dict[str, ast.Module] = field(default_factory=dict)

    def tree(self, file: str) -> ast.Module:
        if file not in self._trees:
            self._trees[file] = ast.parse(Path(file).read_text(encoding="utf-8"), filename=file)
        return self._trees[file]

    def register(self, cls: type, span: Span) -> None:
        """Remember the class behind a name that the IR will carry."""
        known = self.classes.setdefault(cls.__name__, cls)
        if known is not cls:
            shown = (f"`{c.__qualname__}` of {Path(inspect.getfile(c)).name}" for c in (known, cls))
            raise Mistake(d.TwoClassesOneName(span, cls.__name__, *shown))

    def report(self, mistake: Mistake) -> None:
        if mistake.diagnostic is not None:
            self.mistakes.append(mistake.diagnostic)

    @contextmanager
    def recovering(self) -> Iterator[None]:
        """Record a mistake and go on, so that one run shows as many as it can."""
        try:
            yield
        except Mistake as mistake:
            self.report(mistake)

    def sorts(self) -> list[str]:
        return [
            name
            for name, cls in self.classes.items()
            if not issubclass(cls, enum.Enum) and _is_id(cls)
        ]

    def function_node(
        self, function: Callable[..., Any], span: Span
    ) -> tuple[ast.FunctionDef, str]:
        """The syntax tree of a function, and its file."""
        inner = inspect.unwrap(function)
        code = getattr(inner, "__code__", None)
        if code is None:
            raise Mistake(d.NoSource(span, getattr(function, "__name__", str(function))))
        if not Path(code.co_filename).exists():
            raise Mistake(d.NoSource(span, inner.__name__))
        # A function's first line is that of its first decorator.
        for node in ast.walk(self.tree(code.co_filename)):
            if isinstance(node, ast.FunctionDef) and node.name == inner.__name__:
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                if first == code.co_firstlineno:
                    return node, code.co_filename
        raise Mistake(d.NoSource(span, inner.__name__))


def _is_id(cls: type) -> bool:
    from ..values import Id

    return issubclass(cls, Id)
