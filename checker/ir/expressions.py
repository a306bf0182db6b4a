"""The expressions of the IR. The last two fields of every node are its type and its span.

The span takes no part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..source import NOWHERE, Span
from .types import BOOL, INT, Record, Set, Sort, Type

__all__ = [
    "All",
    "And",
    "Any",
    "Arg",
    "Arith",
    "At",
    "Bound",
    "Build",
    "Cmp",
    "Const",
    "Count",
    "Erase",
    "Expr",
    "Field",
    "Fold",
    "Fresh",
    "Has",
    "Insert",
    "Is",
    "Ite",
    "Join",
    "Keys",
    "LetIn",
    "Lit",
    "Make",
    "Narrow",
    "Not",
    "Or",
    "Put",
    "Range",
    "Read",
    "Size",
    "Universe",
    "Widen",
    "Without",
]


# The last two fields of every node are its type and its span; the span takes no part in equality.


def span_field() -> Span:
    return field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Lit:
    """A value, in the form that `states.py` gives to values."""

    value: object
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Const:
    name: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Read:
    """The variable's value in the state before the step."""

    var: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Arg:
    """A parameter of the rule or property."""

    name: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Bound:
    """A name bound by Let, Choose, Each, LetIn or a quantifier around it."""

    name: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class LetIn:
    name: str
    value: Expr
    body: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Not:
    body: Expr
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expr, ...]
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expr, ...]
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Ite:
    test: Expr
    then: Expr
    orelse: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Cmp:
    """`==` and `!=` on equal types, `<` and `<=` on ints."""

    op: str
    left: Expr
    right: Expr
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Arith:
    """`+`, `-`, `*`; `//` and `%` by a positive literal, rounding down; `neg` has its operand
    twice.
    """

    op: str
    left: Expr
    right: Expr
    type: Type = INT
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Has:
    """Is the item in a set, bag or sequence, or the key in a partial map?"""

    collection: Expr
    item: Expr
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Count:
    """How many copies of the item a bag or sequence holds."""

    collection: Expr
    item: Expr
    type: Type = INT
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Size:
    """The number of elements (copies included) or of keys."""

    collection: Expr
    type: Type = INT
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class At:
    """The value at a key or index; undefined without it. Negative indices count from the end."""

    collection: Expr
    key: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Field:
    record: Expr
    name: str
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Is:
    """Is a member of a union of this class?"""

    body: Expr
    record: Record
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Narrow:
    """From an option to its item, or from a union to one record; undefined for None or another
    class.
    """

    body: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Widen:
    """From an item to its option, or from a record to its union; changes no value."""

    body: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Make:
    """A record with all its fields, in declared order."""

    record: Record
    values: tuple[Expr, ...]
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Insert:
    """Into a set, one more copy into a bag, at the end of a sequence."""

    collection: Expr
    item: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Erase:
    """From a set, one copy from a bag, the first equal one from a sequence; nothing if absent."""

    collection: Expr
    item: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Put:
    """A map with one more or one other entry; a sequence with another element (undefined outside
    it).
    """

    collection: Expr
    key: Expr
    value: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Without:
    """A partial map without the key, if it is there; a sequence without the element at an index."""

    collection: Expr
    key: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Join:
    """Union of sets, sum of bags, concatenation of sequences, partial map updated by another."""

    left: Expr
    right: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Keys:
    """The set of a partial map's keys, or of a bag's distinct elements."""

    collection: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Universe:
    """All values of a finite type, as a set."""

    type: Set
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Range:
    """The ints from `lo` up to and without `hi`, as a sequence."""

    lo: Expr
    hi: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Fresh:
    """The first atom of a sort that is not in the set `used`; a cut if there is none."""

    sort: Sort
    used: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class All:
    """Is the body true for all elements of the domain that pass the filter?"""

    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Any:
    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = BOOL
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Build:
    """A comprehension. For a partial map the key is the bound name itself; for a Map too, over its
    universe.
    """

    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Fold:
    """`sum`, `min` or `max` of the body."""

    op: str
    name: str
    domain: Expr
    filter: Expr | None
    body: Expr
    type: Type = INT
    span: Span = span_field()


Expr = (
    Lit
    | Const
    | Read
    | Arg
    | Bound
    | LetIn
    | Not
    | And
    | Or
    | Ite
    | Cmp
    | Arith
    | Has
    | Count
    | Size
    | At
    | Field
    | Is
    | Narrow
    | Widen
    | Make
    | Insert
    | Erase
    | Put
    | Without
    | Join
    | Keys
    | Universe
    | Range
    | Fresh
    | All
    | Any
    | Build
    | Fold
)
