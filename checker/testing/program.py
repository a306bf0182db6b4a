"""Python text: values as expressions, and a run as a test that can be pasted into a file.

Owns how values of the model are written in Python, and which imports they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from .. import ir
from ..states import Value, atom_name, copies, in_order, universe
from .subject import Call, Subject

__all__ = ["Script", "adapter_name"]


@dataclass
class Script:
    """The lines of one test, with the imports that they turn out to need."""

    subject: Subject
    system: str = "system"
    imports: dict[str, set[str]] = field(default_factory=dict)
    atoms: dict[str, str] = field(default_factory=dict)  # `order0`: `OrderId(0)`
    lines: list[str] = field(default_factory=list)

    # ── Values ──

    def text(self, value: Value, type_: ir.Type) -> str:
        """The value as a Python expression; ids by the names that the test gives them."""
        match type_:
            case ir.Sort(name):
                self.need(name)
                short = atom_name(name, cast(int, value))
                self.atoms[short] = f"{name}({value})"
                return short
            case ir.Enum(name):
                if name not in self.subject.classes.by_name:
                    return repr(value)  # a label, or an answer of `either`: a word
                self.need(name)
                return f"{name}.{value}"
            case ir.Option(item):
                return "None" if value is None else self.text(value, item)
            case ir.Record(name, fields):
                self.need(name)
                parts = cast("tuple[Value, ...]", value)[1:]
                pairs = zip(fields, parts, strict=True)
                given = ", ".join(f"{f}={self.text(v, t)}" for (f, t), v in pairs)
                return f"{name}({given})"
            case ir.Union(records):
                tag = cast("tuple[Value, ...]", value)[0]
                return self.text(value, next(r for r in records if r.name == tag))
        return self._collection(value, type_)

    def _collection(self, value: Value, type_: ir.Type) -> str:
        match type_:
            case ir.Set(item):
                texts = self._all(in_order(cast("Iterable[Value]", value)), item)
                return "{" + ", ".join(texts) + "}" if texts else "set()"
            case ir.Bag(item):
                return "[" + ", ".join(self._all(copies(value), item)) + "]"
            case ir.Seq(item):
                return "[" + ", ".join(self._all(cast("Sequence[Value]", value), item)) + "]"
            case ir.Partial(key, item):
                pairs = cast("list[tuple[Value, Value]]", in_order(cast("Iterable[Value]", value)))
                return self._dict(dict(pairs), key, item)
            case ir.Map(key, item):
                keys = universe(key, self.subject.classes.sizes)
                values = zip(keys, cast("Sequence[Value]", value), strict=True)
                return self._dict(dict(values), key, item)
        return repr(value)

    def _all(self, values: Iterable[Value], item: ir.Type) -> list[str]:
        return [self.text(v, item) for v in values]

    def _dict(self, values: Mapping[Value, Value], key: ir.Type, item: ir.Type) -> str:
        pairs = (f"{self.text(k, key)}: {self.text(v, item)}" for k, v in values.items())
        return "{" + ", ".join(pairs) + "}"

    def need(self, name: str) -> None:
        """Import a class of the model's file."""
        self.import_from(module_of(self.subject.classes.by_name[name]), name)

    def import_from(self, module: str, name: str) -> None:
        self.imports.setdefault(module, set()).add(name)

    # ── Lines ──

    def call(self, call: Call, *, is_async: bool = False) -> None:
        """The adapter's method, as the run called it."""
        params = zip(call.rule.rule.params, call.args, strict=True)
        given = [self.text(value, param.type) for param, value in params]
        choices = [item for item in call.rule.rule.body if isinstance(item, ir.Choose)]
        for place, value in call.driven:
            choice = choices[place]
            text = "None" if value is None else self.text(value, choice.type)
            given.append(f"{choice.show or choice.name}={text}")
        wait = "await " if is_async else ""
        remark = "  # a fault" if call.is_fault else ""
        self.lines.append(f"{wait}{self.system}.{call.name}({', '.join(given)}){remark}")

    def arguments(self) -> list[str]:
        """The settings of the model that are not its own, as keyword arguments."""
        request = self.subject.prepared.request
        given = []
        if request.variant:
            given.append(f"variant={request.variant!r}")
        if request.constants:
            given.append(f"constants={dict(request.constants)!r}")
        if request.scopes:
            given.append(f"scopes={dict(request.scopes)!r}")
        if request.no_faults:
            given.append(f"no_faults={request.no_faults!r}")
        return given

    def model_text(self) -> str:
        """The model as the first argument of our functions."""
        target = self.subject.prepared.request.target
        if isinstance(target, str):
            return repr(target)
        self.import_from(module_of(target), target.__name__)
        return target.__name__

    def function(self, name: str, doc: str, parameters: str = "", *, is_async: bool = False) -> str:
        """The lines so far as one test; the next begins with none."""
        head = f"{'async ' if is_async else ''}def {name}({parameters}):"
        body = [f'"""{doc}"""'] if doc else []
        if self.atoms:
            short, atoms = ", ".join(self.atoms), ", ".join(self.atoms.values())
            body.append(f"{short} = {atoms}")
        body += self.lines
        self.lines, self.atoms = [], {}
        return "\n".join([head, *(f"    {line}" if line else "" for line in body), ""])

    def imports_text(self) -> str:
        """The imports of all tests that were made."""
        return "\n".join(
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self.imports.items())
        )


def module_of(cls: type) -> str:
    """The module that a test imports the class from."""
    name = cls.__module__
    if not name.startswith("_crashproof_"):
        return name
    # A model that was given as a file: its own name is what Python knows beside it.
    import inspect

    return Path(inspect.getfile(cls)).stem


def adapter_name(adapter: object, script: Script) -> str:
    """The expression that makes such an adapter, imported if it can be."""
    cls = adapter if isinstance(adapter, type) else type(adapter)
    if "<locals>" in cls.__qualname__:
        return f"{cls.__name__}()"
    script.import_from(module_of(cls), cls.__qualname__.partition(".")[0])
    return f"{cls.__qualname__}()"
