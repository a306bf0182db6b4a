"""A clause as an `@invariant` method that can be pasted into the model.

Owns the spelling: the language's own forms (`is` for None and members, `not in`), a name made from
what the clause says, and a docstring with its reason.
"""

from __future__ import annotations

import re
import textwrap

from .. import ir
from ..ir.walk import walk
from ..passes.labels import is_label, slot_of
from ..passes.wording import in_python
from .candidates import Clause

__all__ = ["can_be_pasted", "method", "name_of"]

_NAME_MAX = 56
_LINE_MAX = 92  # the method is pasted into a class, four columns further in


def method(clause: Clause, name: str, reason: str) -> str:
    """The method's source, without indentation."""
    params = [f"{p.name}: {_type(p.type)}" for p in clause.params if p.name in clause.read]
    head = f"def {name}({', '.join(['self', *params])}) -> bool:"
    if len(head) > _LINE_MAX:
        head = "\n    ".join([f"def {name}(", ", ".join(["self", *params])]) + "\n) -> bool:"
    literals = [_literal(atom, wanted) for atom, wanted in _ordered(clause)]
    body = f"    return {' or '.join(literals)}"
    if len(body) > _LINE_MAX:
        inner = "\n        or ".join(literals)
        body = f"    return (\n        {inner}\n    )"
    told = textwrap.fill(reason, _LINE_MAX, initial_indent='    """', subsequent_indent="    ")
    told += '"""' if "\n" not in told else '\n    """'
    return f"@invariant\n{head}\n{told}\n{body}"


def name_of(clause: Clause, taken: set[str]) -> str:
    """A name that says the clause: `a_and_b_implies_c`."""
    # Of a single parameter the name says nothing that the others do not.
    only = clause.params[0].name if len(clause.params) == 1 else ""
    before = [_words(atom, only) for atom, wanted in clause.literals if not wanted]
    after = [_words(atom, only) for atom, wanted in clause.literals if wanted]
    if before and after:
        said = f"{'_and_'.join(before)}_implies_{'_or_'.join(after)}"
    elif before:
        said = "never_" + "_and_".join(before)
    else:
        said = "always_" + "_or_".join(after)
    while len(said) > _NAME_MAX and "_" in said:
        said = said.rpartition("_")[0]
    name, number = said, 1
    while name in taken:
        number += 1
        name = f"{said}_{number}"
    return name


def _ordered(clause: Clause) -> list[tuple[ir.Expr, bool]]:
    """What is denied first, as in "not this, or that"."""
    return sorted(clause.literals, key=lambda literal: literal[1])


def _type(type_: ir.Type) -> str:
    return type_.name if isinstance(type_, ir.Sort | ir.Enum) else str(type_)


def _literal(atom: ir.Expr, wanted: bool) -> str:
    match atom:
        case ir.Has(collection, item):
            return f"{_text(item)} {'in' if wanted else 'not in'} {_text(collection)}"
        case ir.Cmp("==" | "!=" as op, left, right):
            equal = wanted is (op == "==")
            if is_label(right.type) and isinstance(right, ir.Lit):
                return ("" if equal else "not ") + _at(left, right)
            by_identity = isinstance(right, ir.Lit) and (
                right.value is None or isinstance(right.type, ir.Enum)
            )
            words = ("is", "is not") if by_identity else ("==", "!=")
            return f"{_text(left)} {words[0] if equal else words[1]} {_text(right)}"
        case ir.Cmp("<=", left, right):
            return f"{_text(left)} {'<=' if wanted else '>'} {_text(right)}"
        case ir.Cmp("<", left, right):
            return f"{_text(left)} {'<' if wanted else '>='} {_text(right)}"
        case ir.And(parts):
            joined = " and ".join(_literal(part, True) for part in parts)
            return f"({joined})" if wanted else f"not ({joined})"
    text = _text(atom)
    return text if wanted else f"not {text}"


def _at(place: ir.Expr, label: ir.Lit) -> str:
    """`at(self.worker, me, "send")`, which is how a property asks where a process is."""
    assert isinstance(label.type, ir.Enum)
    process = f"self.{label.type.name.removesuffix(' label')}"
    _, keys = slot_of(place)
    return f'at({", ".join([process, *map(_text, keys)])}, "{label.value}")'


def can_be_pasted(model: ir.Model, expr: ir.Expr) -> bool:
    """Does it read fields and labels only, and neither counters of faults nor locals?"""
    processes = {r.origin.method for r in model.rules if r.origin.label is not None}
    for node in walk(expr):
        if isinstance(node, ir.Read):
            var = model.var(node.var)
            owner = next((p for p in processes if node.var.startswith(f"{p}_")), None)
            if var.is_counter or (owner is not None and node.var != f"{owner}_at"):
                return False
    return True


def _text(expr: ir.Expr) -> str:
    match expr:
        case ir.Widen(body):
            return _text(body)
        case ir.Make(record, values):
            return f"{record.name}({', '.join(map(_text, values))})"
        case ir.At(collection, key):
            return f"{_text(collection)}[{_text(key)}]"
    return in_python(expr)


def _words(atom: ir.Expr, param: str) -> str:
    text = re.sub(rf"\b{param}\b", "", _literal(atom, True)) if param else _literal(atom, True)
    text = text.replace("self.", "").replace("==", "is").replace("<=", "at most")
    text = re.sub(r"\b[A-Z]\w*\.(?=[A-Z])", "", text)  # the enum's name before its member
    return re.sub(r"\W+", "_", text).strip("_").lower()
