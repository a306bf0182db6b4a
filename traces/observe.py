"""What a mapping means for a model: which rule an event is, with which values, and what it claims.

Owns the checks of a mapping against a model, and the turning of a line's fields into values of the
model's types. An id of a log stays a name (`LogId`) here; which atom it stands for is decided per
slice. A mapping that leaves a rule unmentioned is refused: a rule that is silently hidden would
explain everything.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from checker import ir
from checker.errors import ModelRefused, UsageError
from checker.ir.walk import children, item_children, map_item, rebuild, walk
from checker.passes.bind import bind
from checker.states import Value

from .event import Defect, Event, FieldValue, Place, printable
from .mapping import EventRule, Fact, Logged, Service
from .mapping import Mapping as LogMapping

if TYPE_CHECKING:
    from checker.frontend import Loaded

__all__ = [
    "ANY", "LogId", "Luck", "Observation", "Observed", "ObservedFact", "ObservedRule", "Tie",
    "observe",
]  # fmt: skip


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
    label: str = ""  # the event's name, and a number where it has several entries or steps
    then: tuple[ObservedRule, ...] = ()  # further steps of the same line


@dataclass(frozen=True, slots=True)
class Observed:
    """A line as a step: values of the rule's parameters and of the facts, in their order.

    `others`: what it may have been instead. `then`: the steps that it also was, after this one.
    """

    event: Event
    what: ObservedRule
    args: tuple[Value, ...]
    facts: tuple[Value, ...]
    others: tuple[Observed, ...] = ()
    then: tuple[Observed, ...] = ()

    def ids(self) -> list[LogId]:
        return [
            value
            for each in self.all()
            for value in (*each.args, *each.facts)
            if isinstance(value, LogId)
        ]

    def all(self) -> tuple[Observed, ...]:
        """This step, what it may have been instead, and what follows it."""
        return self, *self.others, *self.then

    def rules(self) -> set[str]:
        return {each.what.rule.name for each in self.all()}

    def services(self) -> set[str | None]:
        return {each.what.entry.service for each in self.all()}

    @property
    def is_before(self) -> bool:
        """Was the line written before its step, or may it have been?"""
        return any(each.what.entry.logged is Logged.BEFORE for each in self.all())


@dataclass(frozen=True, slots=True)
class Luck:
    """An `unlucky` answer of a rule, and how often the model allows it.

    `is_counted`: the search keeps to that, because no line tells of the rule's steps. Otherwise any
    line of the rule may be of that answer.
    """

    rule: str
    answer: str
    at_most: int
    is_counted: bool


class Tie(NamedTuple):
    """A parameter of a rule, by its position, that is one value for all steps of an instance.

    `field` tells it in the lines of the instance.
    """

    rule: str
    position: int
    type: ir.Type
    field: str


@dataclass(frozen=True)
class Observation:
    """A mapping fitted to a model. `model` has its constants bound, and faults without budgets."""

    mapping: LogMapping
    model: ir.Model
    key: str | None
    scopes: Mapping[str, int]  # ids of other sorts, at least
    by_event: Mapping[str, ObservedRule]  # by label: of every step that a line can be
    entries: Mapping[str, tuple[ObservedRule, ...]]  # by the name of the event
    hidden: frozenset[str]
    after_rules: Mapping[
        str, tuple[str, ...]
    ]  # of each service, the rules logged after their effect
    ties: Mapping[str, frozenset[Tie]]  # of each service, what its instances do under their own ids
    luck: tuple[Luck, ...] = ()

    def ties_of(self, services: Collection[str | None]) -> frozenset[Tie]:
        """Those of an instance of all these services: of a rule of two, what both say."""
        own = {name: rules for name, rules in self.after_rules.items() if name in services}
        return frozenset(
            tie
            for name in own
            for tie in self.ties[name]
            if all(tie in self.ties[other] for other, rules in own.items() if tie.rule in rules)
        )

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

    def claims(self) -> Iterator[tuple[tuple[ir.Param, ...], ir.Expr]]:
        """What lines claim: expressions over the parameters of their rules."""
        for what in self.by_event.values():
            for fact in what.facts:
                yield from ((what.rule.params, expr) for _, expr in fact.cases)

    def observe(self, event: Event) -> Observed | Defect | None:
        """The line as a step; None if it is none; a defect if a field has no value of the model."""
        whats = [what for what in self.entries.get(event.name, ()) if _matches(what.entry, event)]
        if not whats:
            return None
        try:
            first, *others = (_read(what, event) for what in whats)
        except _NoValue as why:
            return Defect(event.place, f"{printable(event.name)}: {why}", True, event.node)
        return replace(first, others=tuple(others)) if others else first


def _read(what: ObservedRule, event: Event) -> Observed:
    args = tuple(
        ANY if field is None else _value(event.fields[field], param.type, field)
        for field, param in zip(what.fields, what.rule.params, strict=True)
    )
    facts = tuple(_claim(event.fields[fact.field], fact) for fact in what.facts)
    return Observed(event, what, args, facts, then=tuple(_read(t, event) for t in what.then))


def _matches(entry: EventRule, event: Event) -> bool:
    for field, pattern in entry.where:
        value = event.node if field == "node" else event.fields[field]
        if isinstance(value, str):
            if not fnmatchcase(value, pattern):
                return False
        elif pattern != _WORDS.get(value, str(value)):  # null is no text, so no pattern but its own
            return False
    return True


_WORDS: Mapping[object, str] = {None: "null", True: "true", False: "false"}


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
    found = [what for entry in mapping.events for what in _observed_rules(loaded, entry)]
    _check_all_mentioned(model, mapping)
    bound, facts, luck = _bound(model, found, mapping.hidden, constants, scopes)
    found = [
        replace(what, rule=bound.rule(what.rule.name), facts=own)
        for what, own in zip(found, facts, strict=True)
    ]
    after_rules = _after_rules(mapping)
    return Observation(
        mapping=mapping,
        model=bound,
        key=mapping.slice,
        scopes=dict(scopes or {}),
        by_event={what.label: what for what in found},
        entries=_entries(found),
        hidden=frozenset(mapping.hidden),
        after_rules=after_rules,
        ties={
            service.name: frozenset(_ties(service, mapping, after_rules[service.name], bound))
            for service in mapping.services
        },
        luck=luck,
    )


def _unknown(place: Place, kind: str, name: str, names: Iterable[str]) -> UsageError:
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(known) or 'none'}"
    return UsageError(f"{place}: the model has no {kind} {printable(name)!r}", help=hint)


def _check_all_mentioned(model: ir.Model, mapping: LogMapping) -> None:
    names = [rule.name for rule in model.rules]
    mapped = {rule for entry in mapping.events for rule in entry.rules}
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


def _entries(found: list[ObservedRule]) -> dict[str, tuple[ObservedRule, ...]]:
    """The entries of each event; a sequence under its first step."""
    parts: dict[int, list[ObservedRule]] = {}
    for what in found:
        parts.setdefault(id(what.entry), []).append(what)
    entries: dict[str, tuple[ObservedRule, ...]] = {}
    for first, *then in parts.values():
        event = first.entry.event
        entries[event] = (*entries.get(event, ()), replace(first, then=tuple(then)))
    return entries


def _observed_rules(loaded: Loaded, entry: EventRule) -> list[ObservedRule]:
    """One for each step of the sequence.

    A parameter is that of each step that has one of its name. Facts of the state before belong to
    the first step, the others to the last.
    """
    steps: list[ir.Rule] = []
    for name in entry.rules:
        names = [rule.name for rule in loaded.model.rules]
        if name not in names:
            raise _unknown(entry.place, "rule", name, names)
        steps.append(loaded.model.rule(name))
    given = dict(entry.params)
    params = [param.name for rule in steps for param in rule.params]
    for name in given:
        if name not in params:
            of = " and ".join(rule.name for rule in steps)
            raise _unknown(entry.place, f"parameter of {of}", name, params)
    found = []
    for number, rule in enumerate(steps):
        own = [fact for fact in entry.facts if number == (0 if fact.before else len(steps) - 1)]
        label = entry.label if not number else f"{entry.label}, step {number + 1}"
        found.append(_observed_rule(loaded, entry, rule, own, label))
    return found


def _observed_rule(
    loaded: Loaded, entry: EventRule, rule: ir.Rule, own: list[Fact], label: str
) -> ObservedRule:
    given = dict(entry.params)
    for param in rule.params:
        if param.name in given and not _is_loggable(param.type):
            raise UsageError(
                f"{entry.place}: no field of a line can hold the parameter {param.name!r}",
                help="leave it out: a parameter that is not mapped may have any value",
            )
    facts = tuple(_observed_fact(loaded, rule, fact) for fact in own)
    return ObservedRule(entry, rule, tuple(given.get(p.name) for p in rule.params), facts, label)


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
            found[entry.service] += entry.rules
    return found


def _ties(
    service: Service, mapping: LogMapping, lost: Iterable[str], model: ir.Model
) -> Iterator[Tie]:
    """Of the rules that the service logs after their effect: only these can lose a line."""
    own = {name for e in mapping.events if e.service == service.name for name in e.rules}
    params = {param.name for name in own for param in model.rule(name).params}
    for name, field in service.params:
        if name not in params:
            kind = f"parameter in the rules of {service.name}"
            raise _unknown(service.place, kind, name, sorted(params))
        for rule in map(model.rule, lost):
            for position, param in enumerate(rule.params):
                if param.name == name:
                    yield Tie(rule.name, position, param.type, field)


def _bound(
    model: ir.Model,
    found: list[ObservedRule],
    hidden: Iterable[str],
    constants: Mapping[str, Value] | None,
    scopes: Mapping[str, int] | None,
) -> tuple[ir.Model, list[tuple[ObservedFact, ...]], tuple[Luck, ...]]:
    """The model with its constants bound and its faults uncounted; each entry's facts; the luck.

    The facts travel as properties, so that the pass that binds constants sees them.
    """
    props = tuple(
        ir.Prop(ir.PropKind.INVARIANT, f"{what.label}.{fact.field}", what.rule.params, expr)
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
    return _uncounted(replace(whole, props=own), hidden), facts, tuple(_luck(whole, hidden))


def _uncounted(model: ir.Model, hidden: Iterable[str]) -> ir.Model:
    """Faults without budgets: a log's own are free, and the search counts the hidden ones.

    A choice that is a fault (`unlucky`) keeps its budget in a hidden rule, whose steps no line
    tells of.
    """
    counters = {rule.counter for rule in model.rules if rule.counter is not None}
    kept = {c for rule in model.rules if rule.name in set(hidden) for c in _unlucky(rule)}
    chosen = {c for rule in model.rules for c in _unlucky(rule)} - kept

    def counts(item: ir.Item) -> bool:
        parts = (part for expr in item_children(item) for part in walk(expr))
        return any(isinstance(part, ir.Read) and part.var in counters for part in parts)

    def free(expr: ir.Expr) -> ir.Expr:
        """The expression, in which no counter of a choice is used up."""
        if isinstance(expr, ir.Cmp) and isinstance(expr.left, ir.Read) and expr.left.var in chosen:
            return ir.Lit(True, ir.BOOL)
        return rebuild(expr, [free(child) for child in children(expr)])

    def freed(item: ir.Item) -> ir.Item:
        if not isinstance(item, ir.Choose) or not item.unlucky:
            return item
        left = tuple((value, counter) for value, counter in item.unlucky if counter not in chosen)
        return map_item(replace(item, unlucky=left), free)

    gone = counters | chosen
    rules = tuple(
        replace(
            rule,
            body=tuple(freed(item) for item in rule.body if not counts(item)),
            updates=tuple(update for update in rule.updates if update.var not in gone),
            counter=None,
            at_most=None,
        )
        for rule in model.rules
    )
    return replace(model, rules=rules, vars=tuple(v for v in model.vars if v.name not in gone))


def _luck(model: ir.Model, hidden: Iterable[str]) -> Iterator[Luck]:
    """The `unlucky` answers, and which of them `_uncounted` counts."""
    kept = {c for rule in model.rules if rule.name in set(hidden) for c in _unlucky(rule)}
    for rule in model.rules:
        for counter in dict.fromkeys(_unlucky(rule)):
            type_ = model.var(counter).type
            most = type_.hi if isinstance(type_, ir.Int) and type_.hi is not None else 0
            yield Luck(rule.name, counter.removesuffix("_used"), most, counter in kept)


def _unlucky(rule: ir.Rule) -> list[str]:
    return [c for item in rule.body if isinstance(item, ir.Choose) for _, c in item.unlucky]
