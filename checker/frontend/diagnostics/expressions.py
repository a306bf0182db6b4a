"""Mistakes in expressions."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Diagnostic

__all__ = [
    "BagDifference",
    "BareGenerator",
    "BareSelf",
    "BranchesDiffer",
    "CallOfStep",
    "CallOutside",
    "ComparesOthers",
    "CounterRead",
    "DictKeyNotLoopVariable",
    "DivisorNotPositive",
    "EmptyOfUnknownType",
    "ExpressionOutside",
    "FieldOfTwoTypes",
    "FreshOfOther",
    "IdLiteral",
    "IsOnValues",
    "IsinstanceOutside",
    "LiteralOutside",
    "MapCompared",
    "MaybeUnassigned",
    "MemberOfType",
    "MethodAsValue",
    "MissingRecordField",
    "MissingReturn",
    "MutatorAsExpression",
    "NameOutside",
    "NeedsGenerator",
    "NestedComprehension",
    "NeverNone",
    "NoAttributes",
    "NoneOutside",
    "NotACollection",
    "NotBool",
    "NotIndexable",
    "NotInt",
    "NotIterable",
    "OperatorOutside",
    "OrderLeak",
    "OrderOnIds",
    "Recursion",
    "SharedChanged",
    "SliceOutside",
    "SortAsValue",
    "StatementAsExpression",
    "TargetOutside",
    "TypeMismatch",
    "UnknownField",
    "UnknownMethod",
    "UnknownName",
    "UnknownRecordField",
    "UnknownWord",
    "WrongArguments",
]


@dataclass(frozen=True)
class ExpressionOutside(Diagnostic):
    slug = "expression-outside"
    title = "{what} is not part of the language"
    label = "the checker has no meaning for it"
    help = "{instead}"

    what: str
    instead: str


@dataclass(frozen=True)
class UnknownName(Diagnostic):
    slug = "unknown-name"
    title = "`{name}` is not defined"
    label = "no parameter, local or name of the file"
    help = "check the spelling, or import it"

    name: str


@dataclass(frozen=True)
class UnknownField(Diagnostic):
    slug = "unknown-field"
    title = "the model has no `{name}`"
    label = "known: {known}"
    help = "declare it as a field with a type and a default"

    name: str
    known: str


@dataclass(frozen=True)
class UnknownRecordField(Diagnostic):
    slug = "unknown-record-field"
    title = "`{record}` has no field `{name}`"
    label = "known: {known}"
    help = "check the spelling"

    record: str
    name: str
    known: str


@dataclass(frozen=True)
class MissingRecordField(Diagnostic):
    slug = "missing-record-field"
    title = "`{record}` needs `{name}`"
    label = "it has no default"
    help = "write `{name}=...`"

    record: str
    name: str


@dataclass(frozen=True)
class FieldOfTwoTypes(Diagnostic):
    slug = "field-of-two-types"
    title = "`{name}` is {first} in one record and {second} in another"
    label = "which one is meant?"
    help = "tell the records apart first, with `match` or `isinstance`"

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class NoAttributes(Diagnostic):
    slug = "no-attributes"
    title = "{actual} has no attribute `{name}`"
    label = "only records have fields"
    help = "compare with `==`, or keep what belongs to it in a field: a Map or a dict"

    actual: str
    name: str


@dataclass(frozen=True)
class BareSelf(Diagnostic):
    slug = "bare-self"
    title = "`self` stands alone"
    label = "the whole state is no value"
    help = "name the field: `self.<field>`"


@dataclass(frozen=True)
class CounterRead(Diagnostic):
    slug = "counter-read"
    title = "`{name}` cannot be read"
    label = "a fault's counter is seen by no step and no property"
    help = "keep a count of your own in a field"

    name: str


@dataclass(frozen=True)
class MethodAsValue(Diagnostic):
    slug = "method-as-value"
    title = "`{name}` is a method, not a value"
    label = "its result is a value"
    help = "call it, if it is `@pure`"

    name: str


@dataclass(frozen=True)
class SortAsValue(Diagnostic):
    slug = "sort-as-value"
    title = "`{name}` is a type, not a value"
    label = "it stands for a type here"
    help = "iterate it: `for x in {name}`"

    name: str


@dataclass(frozen=True)
class IdLiteral(Diagnostic):
    slug = "id-literal"
    title = "`{text}` names one id"
    label = "ids are interchangeable: none can be written in a model"
    help = "take it as a parameter, or give the special role an Enum of its own"

    text: str


@dataclass(frozen=True)
class NameOutside(Diagnostic):
    slug = "name-outside"
    title = "`{name}` is a {kind}, which a model cannot use"
    label = "only bools, ints and enum members are values"
    help = "use bools, ints and enum members of the file"

    name: str
    kind: str


@dataclass(frozen=True)
class NoneOutside(Diagnostic):
    slug = "none-outside"
    title = "`None` where {wanted} is expected"
    label = "it may not be None here"
    help = "declare the type as `X | None`"

    wanted: str


@dataclass(frozen=True)
class LiteralOutside(Diagnostic):
    slug = "literal-outside"
    title = "a {kind} cannot be written in a model"
    label = "values are bools, ints, enum members, and what is made of them"
    help = "use bools, ints and enum members"

    kind: str


@dataclass(frozen=True)
class MaybeUnassigned(Diagnostic):
    slug = "maybe-unassigned"
    title = "`{name}` may have no value here"
    label = "some way here does not assign it"
    help = "give `{name}` a value before the `if` or the loop"

    name: str


@dataclass(frozen=True)
class SharedChanged(Diagnostic):
    slug = "shared-changed"
    title = "`{name}` may have changed together with `{root}`"
    label = "`{root}` was changed on line {line}; in Python both may be one collection"
    help = "copy where `{name}` is assigned: `.copy()`"

    name: str
    root: str
    line: int


@dataclass(frozen=True)
class TypeMismatch(Diagnostic):
    slug = "type-mismatch"
    title = "{actual} where {expected} is expected"
    label = "this is {actual}"
    help = "give a value of type {expected}"

    expected: str
    actual: str


@dataclass(frozen=True)
class NotBool(Diagnostic):
    slug = "not-bool"
    title = "{actual} used as a condition"
    label = "a condition is a bool"
    help = "write `{instead}`"

    actual: str
    instead: str


@dataclass(frozen=True)
class NotInt(Diagnostic):
    slug = "not-int"
    title = "{actual} used as a number"
    label = "only ints are added and ordered"
    help = "use an int; a bool counts as `1 if ... else 0`"

    actual: str


@dataclass(frozen=True)
class ComparesOthers(Diagnostic):
    slug = "compares-others"
    title = "{left} is compared with {right}"
    label = "never equal"
    help = "compare values of one type"

    left: str
    right: str


@dataclass(frozen=True)
class NeverNone(Diagnostic):
    slug = "never-none"
    title = "`{text}` is never None"
    label = "it is {actual}"
    help = "drop the test, or declare `{actual} | None`"

    text: str
    actual: str


@dataclass(frozen=True)
class MapCompared(Diagnostic):
    slug = "map-compared"
    title = "two Maps are compared"
    label = "Python would compare their defaults, too"
    help = "compare the entries: `all(a[k] == b[k] for k in Sort)`"


@dataclass(frozen=True)
class UnknownWord(Diagnostic):
    slug = "unknown-word"
    title = '"{word}" is none of the alternatives'
    label = "they are: {known}"
    help = "compare with one of the words of the `either`"

    word: str
    known: str


@dataclass(frozen=True)
class IsOnValues(Diagnostic):
    slug = "is-on-values"
    title = "`is` compares identity"
    label = "a value has no identity"
    help = "use `==`; `is` is for None and enum members"


@dataclass(frozen=True)
class OrderOnIds(Diagnostic):
    slug = "order-on-ids"
    title = "`<` on {sort}"
    label = "ids have no order: they are interchangeable"
    help = "compare with `==`, or use a bounded int"

    sort: str


@dataclass(frozen=True)
class OperatorOutside(Diagnostic):
    slug = "operator-outside"
    title = "`{text}` is not part of the language"
    label = "not defined for these types"
    help = "use + - * // % on ints, | & - on sets, + on lists"

    text: str


@dataclass(frozen=True)
class DivisorNotPositive(Diagnostic):
    slug = "divisor-not-positive"
    title = "the divisor is not a positive number"
    label = "its sign decides how Python rounds"
    help = "divide by a positive int that is written in the file"


@dataclass(frozen=True)
class BranchesDiffer(Diagnostic):
    slug = "branches-differ"
    title = "the branches give {first} and {second}"
    label = "one of two types, and nobody knows which"
    help = "give both the same type"

    first: str
    second: str


@dataclass(frozen=True)
class NotACollection(Diagnostic):
    slug = "not-a-collection"
    title = "{actual} has no elements"
    label = "nothing can be in it"
    help = "use a set, Bag, list or dict"

    actual: str


@dataclass(frozen=True)
class NotIterable(Diagnostic):
    slug = "not-iterable"
    title = "{actual} cannot be iterated"
    label = "no elements to go through"
    help = (
        "iterate a sort, an Enum, a set, Bag, list, dict or range; for a Map the type of its keys"
    )

    actual: str


@dataclass(frozen=True)
class NotIndexable(Diagnostic):
    slug = "not-indexable"
    title = "{actual} has no entries"
    label = "entries have a key or a position"
    help = "only dict, Map and list are indexed"

    actual: str


@dataclass(frozen=True)
class MemberOfType(Diagnostic):
    slug = "member-of-type"
    title = "every value is `in {name}`"
    label = "always true"
    help = "test membership in a collection of the state"

    name: str


@dataclass(frozen=True)
class BagDifference(Diagnostic):
    slug = "bag-difference"
    title = "only named elements can be taken out of a bag by `-`"
    label = "how many elements are these?"
    help = "write `- Bag([x])`, or `remove` and `discard` in a step"


@dataclass(frozen=True)
class SliceOutside(Diagnostic):
    slug = "slice-outside"
    title = "this slice is not part of the language"
    label = "there are `xs[1:]` and `xs[:-1]`"
    help = "build the list with a comprehension: `[xs[i] for i in range(a, b)]`"


@dataclass(frozen=True)
class EmptyOfUnknownType(Diagnostic):
    slug = "empty-of-unknown-type"
    title = "the type of `{text}` is not known here"
    label = "empty of what?"
    help = "annotate the local: `x: set[OrderId] = set()`"

    text: str


@dataclass(frozen=True)
class BareGenerator(Diagnostic):
    slug = "bare-generator"
    title = "a generator stands alone"
    label = "a generator can be gone through once: it is no value"
    help = "put it into all, any, sum, min, max, set or Bag"


@dataclass(frozen=True)
class NeedsGenerator(Diagnostic):
    slug = "needs-generator"
    title = "`{name}` takes a generator"
    label = "the condition on each element is missing"
    help = "write `{name}(... for x in ...)`"

    name: str


@dataclass(frozen=True)
class NestedComprehension(Diagnostic):
    slug = "nested-comprehension"
    title = "two `for` in {what}"
    label = "each element must come from one `for`"
    help = "use one `for`; nest `all`, `any` and `sum` freely"

    what: str


@dataclass(frozen=True)
class DictKeyNotLoopVariable(Diagnostic):
    slug = "dict-key-not-loop-variable"
    title = "the key is not the loop's variable"
    label = "two turns could give one key different values"
    help = "write `{{x: ... for x in ...}}`"


@dataclass(frozen=True)
class TargetOutside(Diagnostic):
    slug = "target-outside"
    title = "this cannot be bound or assigned"
    label = "a single name is expected"
    help = "use one name; `for key, value in d.items()` may have two"


@dataclass(frozen=True)
class OrderLeak(Diagnostic):
    slug = "order-leak"
    title = "`{name}` depends on the order of what has none"
    label = "sets, dicts, bags and sorts have no order"
    help = "choose an element with `choose`, or keep a list in the state"

    name: str


@dataclass(frozen=True)
class WrongArguments(Diagnostic):
    slug = "wrong-arguments"
    title = "`{name}` is called with other arguments"
    label = "it takes {count}"
    help = "give them by position, in the order of the definition"

    name: str
    count: int


@dataclass(frozen=True)
class CallOutside(Diagnostic):
    slug = "call-outside"
    title = "`{name}` cannot be called in a model"
    label = "the checker does not read its source"
    help = "write a `@pure` function, whose source the checker reads"

    name: str


@dataclass(frozen=True)
class CallOfStep(Diagnostic):
    slug = "call-of-step"
    title = "`self.{name}` is a step of its own ({kind})"
    label = "steps do not call each other"
    help = "share the computation as a `@pure` function"

    name: str
    kind: str


@dataclass(frozen=True)
class Recursion(Diagnostic):
    slug = "recursion"
    title = "`{name}` calls itself"
    label = "it may not end"
    help = "use all, any, sum or a comprehension"

    name: str


@dataclass(frozen=True)
class MissingReturn(Diagnostic):
    slug = "missing-return"
    title = "`{name}` may end without a value"
    label = "some way through it has no `return`"
    help = "end every way with `return`"

    name: str


@dataclass(frozen=True)
class IsinstanceOutside(Diagnostic):
    slug = "isinstance-outside"
    title = "`isinstance` is for the records of a union"
    label = "nothing to tell apart here"
    help = "test a union of frozen dataclasses against one of them"


@dataclass(frozen=True)
class FreshOfOther(Diagnostic):
    slug = "fresh-of-other"
    title = "`fresh` makes ids only"
    label = "no class of ids"
    help = "write `fresh(Sort, used)` with a class of ids"


@dataclass(frozen=True)
class UnknownMethod(Diagnostic):
    slug = "unknown-method"
    title = "{actual} has no method `{name}` in the language"
    label = "it has: {known}"
    help = "use one of these; a whole new value is assigned to the field"

    actual: str
    name: str
    known: str


@dataclass(frozen=True)
class MutatorAsExpression(Diagnostic):
    slug = "mutator-as-expression"
    title = "`{name}` changes its collection"
    label = "an expression changes nothing"
    help = "make it a statement of a step"

    name: str


@dataclass(frozen=True)
class StatementAsExpression(Diagnostic):
    slug = "statement-as-expression"
    title = "`{name}` in {place}"
    label = "it is a statement of a step"
    help = "write `x = {name}(...)` on a line of its own, in an action; `when` without `x =`"

    name: str
    place: str
