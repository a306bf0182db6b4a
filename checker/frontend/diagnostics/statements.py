"""Mistakes in the statements of a step."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Diagnostic

__all__ = [
    "ChoiceAfterWrite",
    "ChoiceInLoop",
    "ChoiceNotAssigned",
    "ChooseFromValues",
    "ConstantWritten",
    "EitherInside",
    "EitherOfOthers",
    "EitherTooFew",
    "GuardAfterWrite",
    "GuardInLoop",
    "LoopChangesDomain",
    "LoopDependsOnOrder",
    "LoopReadsWritten",
    "MapEntryDeleted",
    "MutatesCopy",
    "ParameterWritten",
    "PatternOutside",
    "PopOutside",
    "RecordFieldWritten",
    "SharedCollection",
    "StatementOutside",
    "UnluckyBudget",
    "UnluckyTwice",
]


@dataclass(frozen=True)
class StatementOutside(Diagnostic):
    slug = "statement-outside"
    title = "{what} is not part of the language"
    label = "a step is made of guards and writes"
    help = "{instead}"

    what: str
    instead: str


@dataclass(frozen=True)
class GuardAfterWrite(Diagnostic):
    slug = "guard-after-write"
    title = "`when` reads the state after the step has begun"
    label = "`{field}` was already changed on line {line}"
    help = "move every `when` to the top of `{owner}`"

    field: str
    line: int
    owner: str


@dataclass(frozen=True)
class GuardInLoop(Diagnostic):
    slug = "guard-in-loop"
    title = "`when` in a loop"
    label = "a step happens as a whole or not at all"
    help = "write `when(all(... for ...))` before the loop"


@dataclass(frozen=True)
class ChoiceAfterWrite(Diagnostic):
    slug = "choice-after-write"
    title = "`choose` may block after the step has begun"
    label = "`{field}` was already changed on line {line}"
    help = "move the `choose` to the top of `{owner}`"

    field: str
    line: int
    owner: str


@dataclass(frozen=True)
class ChoiceInLoop(Diagnostic):
    slug = "choice-in-loop"
    title = "`{name}` in a loop"
    label = "its turns have no names, so the choices would have none"
    help = "make each turn a step of its own"

    name: str


@dataclass(frozen=True)
class ChoiceNotAssigned(Diagnostic):
    slug = "choice-not-assigned"
    title = "the result of `{name}` is not assigned"
    label = "nobody would know what was chosen"
    help = "write `x = {name}(...)`"

    name: str


@dataclass(frozen=True)
class ChooseFromValues(Diagnostic):
    slug = "choose-from-values"
    title = "`choose` from the values of a dict"
    label = "two keys with one value would be one choice, or two"
    help = "choose a key, and read its value"


@dataclass(frozen=True)
class EitherInside(Diagnostic):
    slug = "either-inside"
    title = "`either` may be skipped here"
    label = "a choice is made or not, never half"
    help = "assign it first: `x = either(...)`"


@dataclass(frozen=True)
class EitherTooFew(Diagnostic):
    slug = "either-too-few"
    title = "`either` needs two different alternatives, one of them without `unlucky`"
    label = "nothing to choose between"
    help = 'write `either("ok", "timeout")`'


@dataclass(frozen=True)
class EitherOfOthers(Diagnostic):
    slug = "either-of-others"
    title = "`either` between {actual}"
    label = "an answer is a word, an enum member or a bool"
    help = "use words, enum members or bools; `choose` picks from a collection"

    actual: str


@dataclass(frozen=True)
class UnluckyBudget(Diagnostic):
    slug = "unlucky-budget"
    title = "`unlucky` without a budget"
    label = "how often may it happen?"
    help = 'write `unlucky("timeout", at_most=1)`'


@dataclass(frozen=True)
class UnluckyTwice(Diagnostic):
    slug = "unlucky-twice"
    title = "a second `unlucky` called {name}"
    label = "two budgets of one name"
    help = "use another word"

    name: str


@dataclass(frozen=True)
class ConstantWritten(Diagnostic):
    slug = "constant-written"
    title = "the constant `{name}` is assigned"
    label = "a constant is the same in a whole run"
    help = "drop `Final`, if it is part of the state"

    name: str


@dataclass(frozen=True)
class ParameterWritten(Diagnostic):
    slug = "parameter-written"
    title = "the parameter `{name}` is assigned"
    label = "the step happens for one value of it"
    help = "use a local with another name"

    name: str


@dataclass(frozen=True)
class RecordFieldWritten(Diagnostic):
    slug = "record-field-written"
    title = "`{text}` is part of a frozen record"
    label = "a record is a value: it is replaced as a whole"
    help = "replace the record: `self.x = replace(self.x, field=...)`"

    text: str


@dataclass(frozen=True)
class SharedCollection(Diagnostic):
    slug = "shared-collection"
    title = "`{text}` would be shared with `{place}`"
    label = "Python would have two names for one collection"
    help = "write `{text}.copy()`"

    text: str
    place: str


@dataclass(frozen=True)
class MutatesCopy(Diagnostic):
    slug = "mutates-copy"
    title = "`{text}` may be another name for a part of the state"
    label = "Python would change both, or neither"
    help = "change `self.field` or `self.field[key]` directly, or a collection that was made here"

    text: str


@dataclass(frozen=True)
class MapEntryDeleted(Diagnostic):
    slug = "map-entry-deleted"
    title = "`{text}` would leave a key without a value"
    label = "a Map has a value for every key"
    help = "assign the entry its first value, or declare a dict"

    text: str


@dataclass(frozen=True)
class PopOutside(Diagnostic):
    slug = "pop-outside"
    title = "`pop` of this"
    label = "only the first or the last element can be taken"
    help = "write `pop(0)` for the first or `pop()` for the last element of a list"


@dataclass(frozen=True)
class LoopChangesDomain(Diagnostic):
    slug = "loop-changes-domain"
    title = "the loop changes `{name}`, which it ranges over"
    label = "Python would skip elements, or raise"
    help = "collect first: build a new value with a comprehension, and assign it after the loop"

    name: str


@dataclass(frozen=True)
class LoopDependsOnOrder(Diagnostic):
    slug = "loop-depends-on-order"
    title = "which turn writes `{name}` last depends on an order that does not exist"
    label = "for {target} in ..."
    help = "write `{name}[{target}]`, or use only `add`, only `discard` or only `+=`"

    name: str
    target: str


@dataclass(frozen=True)
class LoopReadsWritten(Diagnostic):
    slug = "loop-reads-written"
    title = "one turn reads `{name}`, which another writes"
    label = "the turns have no order"
    help = "read it before the loop, or read only the entry at `{target}`"

    name: str
    target: str


@dataclass(frozen=True)
class PatternOutside(Diagnostic):
    slug = "pattern-outside"
    title = "the pattern `{text}` is not part of the language"
    label = "cases are told apart by class or value"
    help = "use enum members, ints, None, records with names, `|` and `_`"

    text: str
