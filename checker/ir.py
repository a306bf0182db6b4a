"""The intermediate representation: a model as data, one screen of grammar.

    model   = (name, sorts, consts, vars, initial?, rules, props)
    rule    = (kind, name, params, body, updates, unit?, budget?, origin)
    item    = Guard | Choose | Let | Check | Each      in the order of the source, each under a path condition
    prop    = (kind, name, params, expr, consequent?)

Every engine reads this and nothing else. What a node means is the section "Semantics" of
docs/reference/language.md; `backends/python.py` is that meaning as code.

A body is evaluated from top to bottom. A `Guard` that is false: there is no step. A `Check` that is
false, or an undefined expression: the step is enabled and has no successor. `updates` then change
all their variables at once. An item whose `path` is false is skipped; a `Choose` that is skipped is
pinned to a single arbitrary value, so it never multiplies edges.

An expression is undefined if one of its partial nodes is: `At` without the key or outside the
sequence, `Narrow` of a value of another class, `Fold` of min and max over nothing, `Fresh` of an
exhausted sort (a cut). `And`, `Or` and `Ite` skip what Python skips; `All`, `Any`, `Build` and `Fold`
evaluate their body for every element that passes the filter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum as _Enum

from .source import NOWHERE, Span

__all__ = [
    "BOOL",
    "INT",
    "All",
    "And",
    "Any",
    "Arg",
    "Arith",
    "At",
    "Bag",
    "Bool",
    "Bound",
    "Build",
    "Carried",
    "Check",
    "CheckKind",
    "Choose",
    "Cmp",
    "Const",
    "ConstDecl",
    "Count",
    "Each",
    "Enum",
    "Erase",
    "Expr",
    "Field",
    "Fold",
    "Fresh",
    "Guard",
    "Has",
    "Insert",
    "Int",
    "Is",
    "Ite",
    "Item",
    "Join",
    "Keys",
    "Kind",
    "Let",
    "LetIn",
    "Lit",
    "Make",
    "Map",
    "Model",
    "Narrow",
    "Not",
    "Option",
    "Or",
    "Origin",
    "Param",
    "Partial",
    "Prop",
    "PropKind",
    "Put",
    "Range",
    "Read",
    "Record",
    "Rule",
    "Seq",
    "Set",
    "Size",
    "Sort",
    "SortDecl",
    "Type",
    "Union",
    "Unit",
    "Universe",
    "Update",
    "Var",
    "Widen",
    "Without",
]  # fmt: skip


# ── Types ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Bool:
    pass


@dataclass(frozen=True, slots=True)
class Int:
    """Unbounded inside an expression; stored only between `lo` and `hi`. Leaving a `limit` is a cut."""

    lo: int | None = None
    hi: int | None = None
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """Interchangeable atoms; how many is written in `Model.sorts`."""

    name: str


@dataclass(frozen=True, slots=True)
class Enum:
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Option:
    item: Type


@dataclass(frozen=True, slots=True)
class Record:
    name: str
    fields: tuple[tuple[str, Type], ...]

    def field(self, name: str) -> Type | None:
        return dict(self.fields).get(name)


@dataclass(frozen=True, slots=True)
class Union:
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Set:
    item: Type


@dataclass(frozen=True, slots=True)
class Bag:
    item: Type
    capacity: int = 8


@dataclass(frozen=True, slots=True)
class Seq:
    item: Type
    capacity: int = 8


@dataclass(frozen=True, slots=True)
class Map:
    """Total: every key of a finite type has a value."""

    key: Type
    value: Type


@dataclass(frozen=True, slots=True)
class Partial:
    """A dict: some keys have a value."""

    key: Type
    value: Type


Type = Bool | Int | Sort | Enum | Option | Record | Union | Set | Bag | Seq | Map | Partial

BOOL = Bool()
INT = Int()


# ── Expressions ──────────────────────────────────────────────────────────────────────────────────
# The last two fields of every node are its type and its span; the span takes no part in equality.


def _span() -> Span:
    return field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lit:
    """A value, in the form that `states.py` gives to values."""

    value: object
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Const:
    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Read:
    """The variable's value in the state before the step."""

    var: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Arg:
    """A parameter of the rule or property."""

    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Bound:
    """A name bound by Let, Choose, Each, LetIn or a quantifier around it."""

    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LetIn:
    name: str
    value: Expr
    body: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Not:
    body: Expr
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expr, ...]
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expr, ...]
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Ite:
    test: Expr
    then: Expr
    orelse: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Cmp:
    """`==` and `!=` on equal types, `<` and `<=` on ints."""

    op: str
    left: Expr
    right: Expr
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Arith:
    """`+`, `-`, `*`; `//` and `%` by a positive literal, rounding down; `neg` has its operand twice."""

    op: str
    left: Expr
    right: Expr
    type: Type = INT
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Has:
    """Is the item in a set, bag or sequence, or the key in a partial map?"""

    collection: Expr
    item: Expr
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Count:
    """How many copies of the item a bag or sequence holds."""

    collection: Expr
    item: Expr
    type: Type = INT
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Size:
    """The number of elements (copies included) or of keys."""

    collection: Expr
    type: Type = INT
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class At:
    """The value at a key or index; undefined without it. Negative indices count from the end."""

    collection: Expr
    key: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Field:
    record: Expr
    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Is:
    """Is a member of a union of this class?"""

    body: Expr
    record: Record
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Narrow:
    """From an option to its item, or from a union to one record; undefined for None or another class."""

    body: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Widen:
    """From an item to its option, or from a record to its union; changes no value."""

    body: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Make:
    """A record with all its fields, in declared order."""

    record: Record
    values: tuple[Expr, ...]
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Insert:
    """Into a set, one more copy into a bag, at the end of a sequence."""

    collection: Expr
    item: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Erase:
    """From a set, one copy from a bag, the first equal one from a sequence; nothing if absent."""

    collection: Expr
    item: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Put:
    """A map with one more or one other entry; a sequence with another element (undefined outside it)."""

    collection: Expr
    key: Expr
    value: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Without:
    """A partial map without the key, if it is there; a sequence without the element at an index."""

    collection: Expr
    key: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Join:
    """Union of sets, sum of bags, concatenation of sequences, partial map updated by another."""

    left: Expr
    right: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Keys:
    """The set of a partial map's keys, or of a bag's distinct elements."""

    collection: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Universe:
    """All values of a finite type, as a set."""

    type: Set
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Range:
    """The ints from `lo` up to and without `hi`, as a sequence."""

    lo: Expr
    hi: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Fresh:
    """The first atom of a sort that is not in the set `used`; a cut if there is none."""

    sort: Sort
    used: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class All:
    """Is the body true for all elements of the domain that pass the filter?"""

    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Any:
    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = BOOL
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Build:
    """A comprehension. For a partial map the key is the bound name itself; for a Map too, over its universe."""

    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Fold:
    """`sum`, `min` or `max` of the body."""

    op: str
    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = INT
    span: Span = _span()


Expr = (
    Lit | Const | Read | Arg | Bound | LetIn | Not | And | Or | Ite | Cmp | Arith | Has | Count | Size | At
    | Field | Is | Narrow | Widen | Make | Insert | Erase | Put | Without | Join | Keys | Universe | Range
    | Fresh | All | Any | Build | Fold
)  # fmt: skip


# ── Rules ────────────────────────────────────────────────────────────────────────────────────────


class CheckKind(_Enum):
    """Why a false check ends the step. The last two are cuts (UNKNOWN), the others step errors (FAILS)."""

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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Choose:
    """The environment's choice: existential, never a fairness index. `show` is the user's name for it.

    `unlucky` lists the values that are faults, each with the variable that counts it.
    """

    name: str
    domain: Expr
    type: Type
    path: Expr | None = None
    show: str = ""
    unlucky: tuple[tuple[object, str], ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expr
    path: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Check:
    """`subject` names what was left: the field with the bounds or the capacity, the text of the assert."""

    cond: Expr
    kind: CheckKind
    subject: str
    path: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Carried:
    """A value that a loop carries: bound to `init` before, to `next` after each turn, kept afterwards."""

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
    span: Span = _span()


Item = Guard | Choose | Let | Check | Each


@dataclass(frozen=True, slots=True)
class Update:
    var: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unit:
    """Fairness: the rule with values of these parameters is taken again and again while it can be."""

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
    span: Span = _span()


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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class SortDecl:
    name: str
    size: int
    doc: str = ""
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class ConstDecl:
    """`value` is the default until `passes.bind` has put the value of this run there."""

    name: str
    type: Type
    value: object
    doc: str = ""
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Var:
    """`is_counter` marks a fault's counter, which belongs to the state but which no model can read."""

    name: str
    type: Type
    init: Expr
    is_counter: bool = False
    span: Span = _span()


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
