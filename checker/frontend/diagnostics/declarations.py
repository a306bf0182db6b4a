"""Mistakes in what a model declares: classes, fields, types, methods."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Diagnostic

__all__ = [
    "AsyncMethod",
    "BadAnnotation",
    "BareCollection",
    "ConstantType",
    "DefaultOfOtherType",
    "DefaultOutsideBounds",
    "EmptyBounds",
    "EmptyEnum",
    "EnumAlias",
    "FairForWithoutFair",
    "FairValue",
    "FaultBudget",
    "FieldName",
    "FieldUntyped",
    "FieldWithoutDefault",
    "InClassBody",
    "InfiniteKey",
    "InitialWithParameters",
    "LivenessReturn",
    "MethodWithoutRole",
    "MisplacedBounds",
    "ModelInherits",
    "NoSource",
    "NoSteps",
    "NonEmptyDefault",
    "NotHashable",
    "ParameterInfinite",
    "ParameterUntyped",
    "ParametersOutside",
    "RecordNotFrozen",
    "RecordWithOwnEquality",
    "ReservedName",
    "SpecialMethod",
    "TwoClassesOneName",
    "TwoInitials",
    "TwoMethodsOneName",
    "TypeOutside",
    "UnboundedInt",
    "UnionOfOthers",
    "UnknownParameter",
]


@dataclass(frozen=True)
class NoSource(Diagnostic):
    slug = "no-source"
    title = "the source of `{name}` cannot be read"
    label = "only a `def` in a file can be read"
    help = "write it as a `def` of its own, in a file"

    name: str


@dataclass(frozen=True)
class TwoClassesOneName(Diagnostic):
    slug = "two-classes-one-name"
    title = "two classes are called `{name}`"
    label = "one is {first}, the other {second}"
    help = "rename one: traces and TLA+ know a class by its name alone"

    name: str
    first: str
    second: str


@dataclass(frozen=True)
class ModelInherits(Diagnostic):
    slug = "model-inherits"
    title = "`{name}` inherits from another class"
    label = "a model stands alone"
    help = "write `class {name}(Model)` and share helpers as `@pure` functions"

    name: str


@dataclass(frozen=True)
class InClassBody(Diagnostic):
    slug = "in-class-body"
    title = "`{text}` in a model's body"
    label = "not a field, a constant or a method"
    help = "a model holds annotated fields and decorated methods only"

    text: str


@dataclass(frozen=True)
class AsyncMethod(Diagnostic):
    slug = "async-method"
    title = "`{name}` is `async`"
    label = "a step is atomic"
    help = "write a plain method; what waits is a `when`"

    name: str


@dataclass(frozen=True)
class NoSteps(Diagnostic):
    slug = "no-steps"
    title = "`{name}` has no step"
    label = "nothing can happen in this model"
    help = "write at least one method with `@action`"

    name: str


@dataclass(frozen=True)
class FieldUntyped(Diagnostic):
    slug = "field-untyped"
    title = "the field `{name}` has no type"
    label = "every field needs one"
    help = "write `{name}: <type> = ...`, or `{name}: Final[...] = ...` for a constant"

    name: str


@dataclass(frozen=True)
class FieldName(Diagnostic):
    slug = "field-name"
    title = "`{name}` cannot be the name of a field"
    label = "a leading `_` and the ending `_used` are taken"
    help = "`<fault>_used` counts a fault; choose another name"

    name: str


@dataclass(frozen=True)
class FieldWithoutDefault(Diagnostic):
    slug = "field-without-default"
    title = "`{name}` has no first value"
    label = "the initial state must be known"
    help = "write `{name}: ... = <value>`; several initial states are made by `@initial`"

    name: str


@dataclass(frozen=True)
class DefaultOfOtherType(Diagnostic):
    slug = "default-of-other-type"
    title = "the default of `{name}` is of another type"
    label = "this is {actual}, the field holds {expected}"
    help = "give a value of type {expected}"

    name: str
    expected: str
    actual: str


@dataclass(frozen=True)
class DefaultOutsideBounds(Diagnostic):
    slug = "default-outside-bounds"
    title = "the default of `{name}` is outside its bounds"
    label = "{value} is not within the bounds of the type"
    help = "widen the bounds or change the default"

    name: str
    value: str


@dataclass(frozen=True)
class NonEmptyDefault(Diagnostic):
    slug = "non-empty-default"
    title = "the default of `{name}` is not empty"
    label = "a collection starts empty"
    help = "fill it in an `@initial` method"

    name: str


@dataclass(frozen=True)
class ConstantType(Diagnostic):
    slug = "constant-type"
    title = "the constant `{name}` is of type {actual}"
    label = "a constant is a bool, an int or an enum member"
    help = "make it a field, or name the decision with an `Enum`"

    name: str
    actual: str


@dataclass(frozen=True)
class UnboundedInt(Diagnostic):
    slug = "unbounded-int"
    title = "`{name}` holds an int without bounds"
    label = "the state space would be infinite"
    help = "write `Annotated[int, Bounds(0, 3)]`, or `Limit(0, 3)` for a counter that grows"

    name: str


@dataclass(frozen=True)
class EmptyBounds(Diagnostic):
    slug = "empty-bounds"
    title = "no int is within {lo} to {hi}"
    label = "the lower bound is above the upper one"
    help = "write the smaller number first"

    lo: int
    hi: int


@dataclass(frozen=True)
class MisplacedBounds(Diagnostic):
    slug = "misplaced-bounds"
    title = "`{note}` says nothing about {actual}"
    label = "bounds are for ints, a capacity for Bag, list, and records that hold them"
    help = "move it to the part of the type that it is about"

    note: str
    actual: str


@dataclass(frozen=True)
class TypeOutside(Diagnostic):
    slug = "type-outside"
    title = "`{actual}` is not a type of the language"
    label = "not finite, or not a value"
    help = (
        "use bool, a bounded int, Enum, Id, a frozen dataclass, `X | None`, set, Bag, dict, "
        "Map or list"
    )

    actual: str


@dataclass(frozen=True)
class BareCollection(Diagnostic):
    slug = "bare-collection"
    title = "`{name}` does not say what it holds"
    label = "the elements have no type"
    help = "write `{name}[...]` with the type of its elements"

    name: str


@dataclass(frozen=True)
class UnionOfOthers(Diagnostic):
    slug = "union-of-others"
    title = "`{actual}` joins types that are not records"
    label = "only frozen dataclasses can be told apart"
    help = "make each alternative a frozen dataclass"

    actual: str


@dataclass(frozen=True)
class InfiniteKey(Diagnostic):
    slug = "infinite-key"
    title = "a Map cannot have a value for every `{actual}`"
    label = "there are infinitely many"
    help = "use a dict, or bound the key's type"

    actual: str


@dataclass(frozen=True)
class NotHashable(Diagnostic):
    slug = "not-hashable"
    title = "{actual} cannot be an element of a set or Bag, or a key"
    label = "Python cannot hash what can be changed in place"
    help = "use a list of them, or a Map from an Id"

    actual: str


@dataclass(frozen=True)
class EnumAlias(Diagnostic):
    slug = "enum-alias"
    title = "`{name}.{alias}` is another name of `{name}.{first}`"
    label = "members with equal values are one member in Python"
    help = "give each member a value of its own"

    name: str
    alias: str
    first: str


@dataclass(frozen=True)
class EmptyEnum(Diagnostic):
    slug = "empty-enum"
    title = "`{name}` has no members"
    label = "no value is of this type"
    help = "add members"

    name: str


@dataclass(frozen=True)
class RecordNotFrozen(Diagnostic):
    slug = "record-not-frozen"
    title = "`{name}` can be changed in place"
    label = "a record is a value"
    help = "write `@dataclass(frozen=True)`"

    name: str


@dataclass(frozen=True)
class RecordWithOwnEquality(Diagnostic):
    slug = "record-with-own-equality"
    title = "`{name}` decides for itself what is equal"
    label = "by `{what}`"
    help = "drop it: two records are equal if their fields are"

    name: str
    what: str


@dataclass(frozen=True)
class BadAnnotation(Diagnostic):
    slug = "bad-annotation"
    title = "an annotation of `{name}` cannot be read"
    label = "{reason}"
    help = "import the name at the top of the file"

    name: str
    reason: str


@dataclass(frozen=True)
class MethodWithoutRole(Diagnostic):
    slug = "method-without-role"
    title = "`{name}` has no decorator"
    label = "what is this method?"
    help = "add @action, @fault, @invariant, @witness, @at_rest, @liveness, @initial or @pure"

    name: str


@dataclass(frozen=True)
class SpecialMethod(Diagnostic):
    slug = "special-method"
    title = "a model cannot define `{name}`"
    label = "the language has its own"
    help = "remove it; `@initial` sets up the first state"

    name: str


@dataclass(frozen=True)
class TwoMethodsOneName(Diagnostic):
    slug = "two-methods-one-name"
    title = "`{name}` is defined twice"
    label = "Python keeps the last one only"
    help = "rename one of them"

    name: str


@dataclass(frozen=True)
class ReservedName(Diagnostic):
    slug = "reserved-name"
    title = "`{name}` is the name of a built-in property"
    label = "every model has it"
    help = "choose another name"

    name: str


@dataclass(frozen=True)
class TwoInitials(Diagnostic):
    slug = "two-initials"
    title = "a second `@initial` method"
    label = "`{name}`"
    help = "put both into one method"

    name: str


@dataclass(frozen=True)
class InitialWithParameters(Diagnostic):
    slug = "initial-with-parameters"
    title = "`{name}` is `@initial` and has parameters"
    label = "it happens once"
    help = "choose inside: `x = choose(...)`"

    name: str


@dataclass(frozen=True)
class ParametersOutside(Diagnostic):
    slug = "parameters-outside"
    title = "`{name}` has parameters of another kind"
    label = "defaults, `*` and keyword-only are not allowed, `self` comes first"
    help = "write plain parameters: each is a choice over all values of its type"

    name: str


@dataclass(frozen=True)
class ParameterUntyped(Diagnostic):
    slug = "parameter-untyped"
    title = "the parameter `{name}` has no type"
    label = "which values may it take?"
    help = "write `{name}: <type>`"

    name: str


@dataclass(frozen=True)
class ParameterInfinite(Diagnostic):
    slug = "parameter-infinite"
    title = "the parameter `{name}` has infinitely many values"
    label = "it is {actual}"
    help = "use an Id, an Enum, a bool or a bounded int, or `choose` from a collection"

    name: str
    actual: str


@dataclass(frozen=True)
class UnknownParameter(Diagnostic):
    slug = "unknown-parameter"
    title = "`{option}` names `{name}`, which is no parameter"
    label = "the parameters are: {known}"
    help = "name one of them"

    option: str
    name: str
    known: str


@dataclass(frozen=True)
class FairForWithoutFair(Diagnostic):
    slug = "fair-for-without-fair"
    title = "`fair_for` without `fair` in `{name}`"
    label = "the action is not fair at all"
    help = 'add `fair="weak"` or `fair="strong"`'

    name: str


@dataclass(frozen=True)
class FairValue(Diagnostic):
    slug = "fair-value"
    title = "`{value}` is no kind of fairness"
    label = "fairness is weak or strong"
    help = 'write "weak" or "strong"'

    value: str


@dataclass(frozen=True)
class FaultBudget(Diagnostic):
    slug = "fault-budget"
    title = "the budget of `{name}` is not a whole number of at least 0"
    label = "it counts how often the fault may happen"
    help = "write `at_most=1`, or `at_most=None` for a fault without budget"

    name: str


@dataclass(frozen=True)
class LivenessReturn(Diagnostic):
    slug = "liveness-return"
    title = "`{name}` does not return one property over time"
    label = "one property over time is expected here"
    help = (
        "end with one `return LeadsTo(p, q)`, `Eventually(p)`, `AlwaysEventually(p)` or "
        "`EventuallyAlways(p)`"
    )

    name: str
