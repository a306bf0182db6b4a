"""What a mapping means for a model: which rule an event is, with which values, and what it claims.

Owns the checks of a mapping against a model, and the turning of a line's fields into values of the
model's types. An id of a log stays a name (`LogId`) here; which atom it stands for is decided per
slice. A mapping that leaves a rule unmentioned is refused: a rule that is silently hidden would
explain everything.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from checker import ir
from checker.errors import ModelRefused, UsageError
from checker.ir.walk import item_children, walk
from checker.passes.bind import bind
from checker.states import Value

from .event import Defect, Event, FieldValue, Place, printable
from .mapping import EventRule, Fact, Logged
from .mapping import Mapping as LogMapping

if TYPE_CHECKING:
    from checker.frontend import Loaded

__all__ = ["ANY", "LogId", "Observation", "Observed", "ObservedFact", "ObservedRule", "observe"]


@dataclass(frozen=True, slots=True, order=True)
class LogId:
    """An id as the log writes it."""

    sort: str
    name: str


ANY = "<any>"
"""A parameter that the log does not tell: it may have had any value. No value of a log is equal to
it, because strings of a log become enum members or `LogId`s, and no member is called so."""


@dataclass(frozen=True, slots=True)
class ObservedFact:
    """A claim of a line.

    One case without a value: the field must equal it; else the field names the case.
    """

    field: str
    before: bool
    cases: tuple[tuple[str | None, ir.Expr], ...]
    texts: tuple[str, ...]
    type: ir.Type
    place: Place


@dataclass(frozen=True, slots=True)
class ObservedRule:
    """An entry of the mapping with the rule that it names.

    `fields[i]` tells parameter i, if any does.
    """

    entry: EventRule
    rule: ir.Rule
    fields: tuple[str | None, ...]
    facts: tuple[ObservedFact, ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """A line as a step: values of the rule's parameters and of the facts, in their order."""

    event: Event
    what: ObservedRule
    args: tuple[Value, ...]
    facts: tuple[Value, ...]

    def ids(self) -> list[LogId]:
        return [value for value in (*self.args, *self.facts) if isinstance(value, LogId)]


@dataclass(frozen=True)
class Observation:
    """A mapping fitted to a model. `model` has its constants bound, and faults without budgets."""

    mapping: LogMapping
    model: ir.Model
    key: str | None
    scopes: Mapping[str, int]  # ids of other sorts, at least
    by_event: Mapping[str, ObservedRule]
    hidden: frozenset[str]
    after_rules: Mapping[
        str, tuple[str, ...]
    ]  # of each service, the rules logged after their effect

    def service_of(self, node: str) -> str | None:
        """The service that a node is an instance of, by the patterns of the mapping."""
        for service in self.mapping.services:
            if fnmatchcase(node, service.nodes):
                return service.name
        return None

    def typed_fields(self) -> Iterator[tuple[str, str, ir.Type]]:
        """Of each event, the fields that have to be of a type of the model."""
        for what in self.by_event.values():
            for name, param in zip(what.fields, what.rule.params, strict=True):
                if name is not None:
                    yield what.entry.event, name, param.type
            for fact in what.facts:
                if fact.cases[0][0] is None:
                    yield what.entry.event, fact.field, fact.type

    def observe(self, event: Event) -> Observed | Defect | None:
        """The line as a step; None if it is none; a defect if a field has no value of the model."""
        what = self.by_event.get(event.name)
        if what is None or not _matches(what.entry, event):
            return None
        try:
            args = tuple(
                ANY if field is None else _value(event.fields[field], param.type, field)
                for field, param in zip(what.fields, what.rule.params, strict=True)
            )
            facts = tuple(_claim(event.fields[fact.field], fact) for fact in what.facts)
        except _NoValue as why:
            return Defect(event.place, f"{printable(event.name)}: {why}", True, event.node)
        return Observed(event, what, args, facts)


def _matches(entry: EventRule, event: Event) -> bool:
    return all(
        isinstance(value := event.node if field == "node" else event.fields[field], str)
        and fnmatchcase(value, pattern)
        for field, pattern in entry.where
    )


# ── Values ───────────────────────────────────────────────────────────────────────────────────────


class _NoValue(Exception):
    """A field's value is none of the model's; the message says what it should be."""


def _value(raw: FieldValue, type_: ir.Type, field: str) -> Value:
    match type_:
        case ir.Option(item):
            return None if raw is None else _value(raw, item, field)
        case ir.Sort(name):
            if isinstance(raw, str):
                return LogId(name, raw)
            wanted = "an id, written as a string"
        case ir.Enum(_, members):
            if isinstance(raw, str) and raw in members:
                return raw
            wanted = "one of " + ", ".join(members)
        case ir.Bool():
            if isinstance(raw, bool):
                return raw
            wanted = "true or false"
        case ir.Int(lo, hi):
            fits = isinstance(raw, int) and not isinstance(raw, bool)
            if fits and (lo is None or lo <= int(raw or 0)) and (hi is None or int(raw or 0) <= hi):
                return raw
            wanted = "a whole number" + ("" if lo is None else f" from {lo} to {hi}")
        case _:
            wanted = "of a type that a log can hold"
    shown = printable(repr(raw))
    raise _NoValue(f"the field {printable(field)!r} is {shown}, and must be {wanted}")


def _claim(raw: FieldValue, fact: ObservedFact) -> Value:
    if fact.cases[0][0] is None:
        # A state's number may leave the bounds that an expression's type has, so any number will
        # do.
        type_ = ir.INT if isinstance(fact.type, ir.Int) else fact.type
        return _value(raw, type_, fact.field)
    for name, _ in fact.cases:
        if raw == name:
            return name
    names = ", ".join(str(name) for name, _ in fact.cases)
    shown = printable(repr(raw))
    raise _NoValue(f"the field {printable(fact.field)!r} is {shown}, and must be one of {names}")


# ── Fitting a mapping to a model ─────────────────────────────────────────────────────────────────


def observe(
    loaded: Loaded,
    mapping: LogMapping,
    *,
    constants: Mapping[str, Value] | None = None,
    scopes: Mapping[str, int] | None = None,
) -> Observation:
    """Fit the mapping to the model with these constants.

    Raises: UsageError, pointing at the line of the mapping that does not fit.
    """
    model = loaded.model
    if mapping.model != model.name:
        raise UsageError(
            f"{mapping.places['model']}: the mapping is for the model {mapping.model}, "
            f"and the model is {model.name}"
        )
    sorts = [sort.name for sort in model.sorts]
    if mapping.slice is not None and mapping.slice not in sorts:
        raise _unknown(mapping.places["slice"], "sort", mapping.slice, sorts)
    if mapping.slice is not None and mapping.slice in (scopes or {}):
        raise UsageError(
            f"--scope {mapping.slice}: how many ids a slice needs is read from the log",
            help="--background M adds ids that no line names",
        )
    found = [_observed_rule(loaded, entry) for entry in mapping.events]
    _check_all_mentioned(model, mapping)
    bound, facts = _bound(model, found, constants, scopes)
    found = [
        replace(what, rule=bound.rule(what.rule.name), facts=own)
        for what, own in zip(found, facts, strict=True)
    ]
    return Observation(
        mapping=mapping,
        model=bound,
        key=mapping.slice,
        scopes=dict(scopes or {}),
        by_event={what.entry.event: what for what in found},
        hidden=frozenset(mapping.hidden),
        after_rules=_after_rules(mapping),
    )


def _unknown(place: Place, kind: str, name: str, names: Iterable[str]) -> UsageError:
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known) or 'none'}"
    return UsageError(f"{place}: the model has no {kind} {printable(name)!r}", help=hint)


def _check_all_mentioned(model: ir.Model, mapping: LogMapping) -> None:
    names = [rule.name for rule in model.rules]
    mapped = {entry.rule for entry in mapping.events}
    place = mapping.places["hidden"]
    for name in mapping.hidden:
        if name not in names:
            raise _unknown(place, "rule", name, names)
        if name in mapped:
            raise UsageError(f"{place}: {name!r} is both mapped and hidden")
    for name in names:
        if name not in mapped and name not in mapping.hidden:
            raise UsageError(
                f"{mapping.places['events']}: the rule {name!r} is neither mapped nor hidden",
                help=f"write [events.{name}], or list it under `hidden` if no line tells of it",
            )


def _observed_rule(loaded: Loaded, entry: EventRule) -> ObservedRule:
    model = loaded.model
    names = [rule.name for rule in model.rules]
    if entry.rule not in names:
        raise _unknown(entry.place, "rule", entry.rule, names)
    rule = model.rule(entry.rule)
    given = dict(entry.params)
    for name in given:
        if name not in [param.name for param in rule.params]:
            raise _unknown(
                entry.place, f"parameter of {rule.name}", name, [p.name for p in rule.params]
            )
    for param in rule.params:
        if param.name in given and not _is_loggable(param.type):
            raise UsageError(
                f"{entry.place}: no field of a line can hold the parameter {param.name!r}",
                help="leave it out: a parameter that is not mapped may have any value",
            )
    facts = tuple(_observed_fact(loaded, rule, fact) for fact in entry.facts)
    return ObservedRule(entry, rule, tuple(given.get(p.name) for p in rule.params), facts)


def _is_loggable(type_: ir.Type) -> bool:
    return isinstance(type_, ir.Bool | ir.Int | ir.Sort | ir.Enum) or (
        isinstance(type_, ir.Option) and _is_loggable(type_.item)
    )


def _observed_fact(loaded: Loaded, rule: ir.Rule, fact: Fact) -> ObservedFact:
    params = {param.name: param.type for param in rule.params}
    cases = tuple((value, _parsed(loaded, text, params, fact.place)) for value, text in fact.cases)
    type_ = cases[0][1].type
    for value, expr in cases:
        if value is None and not _is_loggable(expr.type):
            raise UsageError(
                f"{fact.place}: the fact is no number, truth value, id or member of an enum",
                help="compare one part of it, such as `len(self.queue)` or `order in self.queue`",
            )
        if value is not None and not isinstance(expr.type, ir.Bool):
            raise UsageError(f"{fact.place}: the condition for {printable(value)!r} must be a bool")
    return ObservedFact(
        fact.field, fact.before, cases, tuple(t for _, t in fact.cases), type_, fact.place
    )


def _parsed(loaded: Loaded, text: str, params: Mapping[str, ir.Type], place: Place) -> ir.Expr:
    """The one place where a mapping's Python reaches the front end."""
    from checker.frontend import parse_expression

    try:
        return parse_expression(loaded, text, params, file=place.file, line=place.line)
    except ModelRefused as refused:
        raise UsageError(f"{place}: a fact is outside the language\n{refused}") from None


def _after_rules(mapping: LogMapping) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {service.name: () for service in mapping.services}
    for entry in mapping.events:
        if entry.service is not None and entry.logged is Logged.AFTER:
            found[entry.service] += (entry.rule,)
    return found


def _bound(
    model: ir.Model,
    found: list[ObservedRule],
    constants: Mapping[str, Value] | None,
    scopes: Mapping[str, int] | None,
) -> tuple[ir.Model, list[tuple[ObservedFact, ...]]]:
    """The model with its constants bound and its faults uncounted; and each entry's facts.

    The facts travel as properties, so that the pass that binds constants sees them.
    """
    props = tuple(
        ir.Prop(ir.PropKind.INVARIANT, f"{what.entry.event}.{fact.field}", what.rule.params, expr)
        for what in found
        for fact in what.facts
        for _, expr in fact.cases
    )
    whole = bind(replace(model, props=(*model.props, *props)), constants=constants, scopes=scopes)
    own, bound_props = whole.props[: len(model.props)], iter(whole.props[len(model.props) :])
    facts = [
        tuple(
            replace(fact, cases=tuple((value, next(bound_props).expr) for value, _ in fact.cases))
            for fact in what.facts
        )
        for what in found
    ]
    return _uncounted(replace(whole, props=own)), facts


def _uncounted(model: ir.Model) -> ir.Model:
    """Faults without budgets: a log's own are free, and the search counts the hidden ones."""
    counters = {rule.counter for rule in model.rules if rule.counter is not None}

    def counts(item: ir.Item) -> bool:
        parts = (part for expr in item_children(item) for part in walk(expr))
        return any(isinstance(part, ir.Read) and part.var in counters for part in parts)

    rules = tuple(
        replace(
            rule,
            body=tuple(item for item in rule.body if not counts(item)),
            updates=tuple(update for update in rule.updates if update.var not in counters),
            counter=None,
            at_most=None,
        )
        for rule in model.rules
    )
    return replace(model, rules=rules, vars=tuple(v for v in model.vars if v.name not in counters))
