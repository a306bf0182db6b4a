"""The rules and properties of the IR, and the model that they make."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as _Enum

from ..source import Span
from .expressions import Expr, span_field
from .types import Type

__all__ = [
    "Carried",
    "Check",
    "CheckKind",
    "Choose",
    "ConstDecl",
    "Each",
    "Guard",
    "Item",
    "Kind",
    "Let",
    "Model",
    "Origin",
    "Param",
    "Prop",
    "PropKind",
    "Rule",
    "SortDecl",
    "Unit",
    "Update",
    "Var",
]


class CheckKind(_Enum):
    """Why a false check ends the step. The last two are cuts (UNKNOWN), the others step errors
    (FAILS).
    """

    ASSERT = "assert"
    BOUNDS = "bounds"
    ABSENT = "absent"
    CAPACITY = "capacity"
    LIMIT = "limit"

    @property
    def is_cut(self) -> bool:
        return self in (CheckKind.CAPACITY, CheckKind.LIMIT)


@dataclass(frozen=True, slots=True)
class Guard:
    cond: Expr
    path: Expr | None = None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Choose:
    """The environment's choice: existential, never a fairness index. `show` is the user's name for
    it.

    `unlucky` lists the values that are faults, each with the variable that counts it.
    """

    name: str
    domain: Expr
    type: Type
    path: Expr | None = None
    show: str = ""
    unlucky: tuple[tuple[object, str], ...] = ()
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expr
    path: Expr | None = None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Check:
    """`subject` names what was left: the field with the bounds or the capacity, the text of the
    assert.
    """

    cond: Expr
    kind: CheckKind
    subject: str
    path: Expr | None = None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Carried:
    """A value that a loop carries: bound to `init` before, to `next` after each turn, kept
    afterwards.
    """

    name: str
    type: Type
    init: Expr
    next: Expr


@dataclass(frozen=True, slots=True)
class Each:
    """A `for` in a body: its items run for every element; what it carries stays bound after it."""

    name: str
    domain: Expr
    items: tuple[Item, ...]
    carried: tuple[Carried, ...]
    path: Expr | None = None
    span: Span = span_field()


Item = Guard | Choose | Let | Check | Each


@dataclass(frozen=True, slots=True)
class Update:
    var: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Unit:
    """The rule with values of these parameters is taken again and again while it can be."""

    name: str
    params: tuple[str, ...]
    strong: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """The method, and for a process the label, that a rule was made from."""

    method: str
    label: str | None = None


class Kind(_Enum):
    ACTION = "action"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Rule:
    """`counter` names the variable that counts a fault with a budget; `at_most` is that budget."""

    kind: Kind
    name: str
    params: tuple[Param, ...]
    body: tuple[Item, ...]
    updates: tuple[Update, ...]
    unit: Unit | None
    counter: str | None
    at_most: int | None
    origin: Origin
    doc: str = ""
    span: Span = span_field()


class PropKind(_Enum):
    INVARIANT = "invariant"
    WITNESS = "witness"
    AT_REST = "at-rest"
    LEADS_TO = "leads-to"
    EVENTUALLY = "eventually"
    ALWAYS_EVENTUALLY = "always-eventually"
    EVENTUALLY_ALWAYS = "eventually-always"

    @property
    def is_liveness(self) -> bool:
        return self not in (PropKind.INVARIANT, PropKind.WITNESS, PropKind.AT_REST)

    @property
    def shown(self) -> str:
        """The kind as every output names it."""
        return "liveness" if self.is_liveness else self.value


@dataclass(frozen=True, slots=True)
class Prop:
    """`consequent` is the right side of a LEADS_TO, `expr` its left side."""

    kind: PropKind
    name: str
    params: tuple[Param, ...]
    expr: Expr
    consequent: Expr | None = None
    doc: str = ""
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class SortDecl:
    name: str
    size: int
    doc: str = ""
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class ConstDecl:
    """`value` is the default until `passes.bind` has put the value of this run there."""

    name: str
    type: Type
    value: object
    doc: str = ""
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Var:
    """`is_counter` marks a fault's counter: part of the state, but read by no model."""

    name: str
    type: Type
    init: Expr
    is_counter: bool = False
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    sorts: tuple[SortDecl, ...]
    consts: tuple[ConstDecl, ...]
    vars: tuple[Var, ...]
    initial: Rule | None
    rules: tuple[Rule, ...]
    props: tuple[Prop, ...]
    doc: str = ""
    file: str = ""

    def var(self, name: str) -> Var:
        return next(v for v in self.vars if v.name == name)

    def rule(self, name: str) -> Rule:
        return next(r for r in self.rules if r.name == name)

    def prop(self, name: str) -> Prop:
        return next(p for p in self.props if p.name == name)
