"""A mapping as data: which line of a log is which step of a model, and what else the line says.

Owns the TOML form and its checks that need no model; every mistake points at its line. What a
mapping means for a given model is `observe.py`. docs/reference/log-format.md explains the keys.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import cast

from checker.errors import UsageError
from checker.source import shown_path

from .event import Extra, Place, printable
from .order import By, Order

__all__ = [
    "End", "EventRule", "Fact", "Logged", "Mapping", "Service", "load_mapping", "shipped",
    "with_format",
]  # fmt: skip

FORMAT = "crashproof/mapping/1"
HIDDEN_MAX = 2  # faults that no line tells of, per slice, where the mapping names no number


class Logged(Enum):
    """When the line is written: after the effect, before it, or in the same transaction."""

    AFTER = "after"
    BEFORE = "before"
    WITH = "with"


@dataclass(frozen=True, slots=True)
class Fact:
    """A field compared with the state before or after the step.

    Either one expression (`value is None`) that must equal the field, or one condition for each
    value that the field may have.
    """

    field: str
    before: bool
    cases: tuple[tuple[str | None, str], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class EventRule:
    """A line with this name is a step of `rule`; a line that does not match `where` is none.

    In `where`, `node` is the writer of the line, as in every line.
    """

    event: str
    rules: tuple[str, ...]  # more than one: it is all of these steps, one behind the other
    service: str | None
    logged: Logged
    params: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    where: tuple[tuple[str, str], ...]
    if_enabled: bool
    place: Place
    label: str = ""  # the event's name, and a number if it has several entries


@dataclass(frozen=True, slots=True)
class Service:
    """`successive`: an instance begins only after the one before it has ended.

    `params`: what all steps of an instance have in common, and the fields of its lines that tell
    it. They matter for the steps that nobody logged.
    """

    name: str
    nodes: str
    successive: bool
    params: tuple[tuple[str, str], ...]
    place: Place


@dataclass(frozen=True, slots=True)
class End:
    """The last line of an instance: of its own, or of the one that the field `instance` names."""

    event: str
    clean: bool
    instance: str | None


@dataclass(frozen=True, slots=True)
class Mapping:
    file: str
    model: str
    slice: str | None
    hidden: tuple[str, ...]
    hidden_max: int
    ignore: tuple[str, ...]
    starts: tuple[str, ...]
    ends: tuple[End, ...]
    services: tuple[Service, ...]
    events: tuple[EventRule, ...]
    places: Table[str, Place]
    order: Order = field(default_factory=Order)
    log_format: str = "jsonl"
    log_options: Table[str, str] = field(default_factory=dict)  # of the adapter
    each: str | None = None  # the field by which the log is many runs of the model
    watched: Table[str, tuple[str, ...]] = field(default_factory=dict)  # fields for monitors alone

    @property
    def in_file_order(self) -> bool:
        """Did the lines happen in the order in which they stand?"""
        return self.order.by is By.FILE

    def is_of_all(self, event: str) -> bool:
        """With `each`: does a line of this name belong to every run, as a node's start does?"""
        return event in self.starts or any(end.event == event for end in self.ends)

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """The fields to keep of each event, for a reader."""
        found = {name: dict[str, None]() for name in (*self.ignore, *self.starts)}
        for end in self.ends:
            found.setdefault(end.event, {}).update({end.instance: None} if end.instance else {})
        for event in self.events:
            keep = found.setdefault(event.event, {})
            keep.update(dict.fromkeys(name for name, _ in event.where if name != "node"))
            keep.update(dict.fromkeys(name for _, name in event.params))
            keep.update(dict.fromkeys(fact.field for fact in event.facts))
            if self.each is not None and not self.is_of_all(event.event):
                keep[self.each] = None
        for event_name, names in self.watched.items():
            keep = found[event_name]
            keep.update({Extra(name): None for name in names if name not in keep})
        return {name: tuple(fields) for name, fields in found.items()}


def with_format(mapping: Mapping, log_format: str | None) -> Mapping:
    """The mapping for logs of another format; options of the mapping's own format go with it."""
    if log_format is None or log_format == mapping.log_format:
        return mapping
    order = mapping.order
    if order == _usual_order(mapping.log_format):
        order = _usual_order(log_format)
    elif order.fields == OWN_MARKS.get(order.by):
        order = replace(order, fields=MARKS[order.by])
    return replace(mapping, log_format=log_format, log_options={}, order=order)


def shipped(model: str) -> Path | None:
    """The mapping that comes with the package for a model of the catalogue, if there is one."""
    if not re.fullmatch(r"\w+", model):
        return None
    path = Path(str(files(__package__))) / "mappings" / f"{model}.toml"
    return path if path.is_file() else None


def load_mapping(path: Path) -> Mapping:
    """Read a mapping.

    Raises: UsageError, naming the line, for a file that is missing, is not TOML or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"cannot read the mapping {printable(str(path))}: {error.strerror}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{printable(str(path))} is not TOML: {printable(str(error))}") from None
    return _mapping(_Toml(shown_path(str(path)), table, _lines(text), ()))


# ── TOML with line numbers ───────────────────────────────────────────────────────────────────────


class _Paths:
    """The paths of headers, in which `#1`, `#2`, … stand for the tables under one name."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, ...], int] = {}

    def of(self, parts: tuple[str, ...], is_array: bool) -> tuple[str, ...]:
        path: tuple[str, ...] = ()
        for part in parts[:-1] if is_array else parts:
            path = (*path, part)
            if path in self.counts:
                path = (*path, f"#{self.counts[path]}")
        if is_array:
            path = (*path, parts[-1])
            self.counts[path] = self.counts.get(path, 0) + 1
            path = (*path, f"#{self.counts[path]}")
        return path


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each table and key; of a key inside an inline table, the line of that table.

    tomllib keeps no positions. A key that this reading of the text misses gets the line of the
    table around it, so that a message is never without a place.
    """
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    paths = _Paths()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]\]?\s*(#.*)?$", line):
            table = paths.of(_parts(header[1]), line.lstrip().startswith("[["))
            found.setdefault(table, number)
            if table[-1].startswith("#"):
                found.setdefault(table[:-1], number)
        elif key := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""", line):
            path = (*table, *_parts(key[1]))
            for length in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:length], number)
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.split(r"\.(?=[\w\s\"'-])", dotted))


@dataclass(frozen=True)
class _Toml:
    """A table, where it stands in the file, and typed access to its keys."""

    file: str
    table: dict[str, object]
    lines: dict[tuple[str, ...], int]
    path: tuple[str, ...]

    def place(self, *keys: str) -> Place:
        path = (*self.path, *keys)
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path, 1))

    def fail(self, message: str, *keys: str, help: str = "") -> UsageError:
        return UsageError(f"{self.place(*keys)}: {message}", help=help)

    def only(self, *known: str) -> None:
        for key in self.table:
            if key not in known:
                raise self.fail(
                    f"there is no key {printable(key)!r} here",
                    key,
                    help=f"keys: {', '.join(known)}",
                )

    def inner(self, key: str) -> _Toml:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{printable(key)!r} must be a table", key)
        return _Toml(self.file, value, self.lines, (*self.path, key))

    def entries(self, key: str) -> Iterator[tuple[_Toml, str]]:
        """The table, or each of several under one name, with a name of its own."""
        value = self.table.get(key)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            yield self.inner(key), key
            return
        for number, each in enumerate(value, 1):
            path = (*self.path, key, f"#{number}")
            yield _Toml(self.file, each, self.lines, path), f"{key} #{number}"

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.table.get(key, default)
        if value is not None and not isinstance(value, str):
            raise self.fail(f"{printable(key)!r} must be a string", key)
        return value

    def truth(self, key: str, default: bool) -> bool:
        value = self.table.get(key, default)
        if not isinstance(value, bool):
            raise self.fail(f"{printable(key)!r} must be true or false", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.fail(f"{printable(key)!r} must be a list of strings", key)
        return tuple(cast("list[str]", value))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        inner = self.inner(key)
        for name, value in inner.table.items():
            if not isinstance(value, str):
                raise inner.fail(f"{printable(name)!r} must be a string", name)
        return tuple(cast("dict[str, str]", inner.table).items())


# ── The mapping's own keys ───────────────────────────────────────────────────────────────────────


def _mapping(toml: _Toml) -> Mapping:
    toml.only(
        "format", "model", "log", "slice", "each", "order", "hidden", "max_hidden", "ignore",
        "starts", "ends", "services", "events",
    )  # fmt: skip
    if toml.text("format") != FORMAT:
        raise toml.fail("this is no mapping", "format", help=f'write: format = "{FORMAT}"')
    model = toml.text("model")
    if model is None:
        raise toml.fail("`model` is missing", help="name the class of the model")
    services = tuple(
        _service(toml.inner("services").inner(n)) for n in toml.inner("services").table
    )
    known = [service.name for service in services]
    entries = toml.inner("events")
    events = tuple(
        _event(entry, name, known, label)
        for name in entries.table
        for entry, label in entries.entries(name)
    )
    _check_alternatives(toml, events)
    ends = tuple(_end(toml.inner("ends").inner(n)) for n in toml.inner("ends").table)
    hidden_max = toml.table.get("max_hidden", HIDDEN_MAX)
    if isinstance(hidden_max, bool) or not isinstance(hidden_max, int) or hidden_max < 0:
        raise toml.fail("'max_hidden' must be a whole number of faults", "max_hidden")
    log_format, log_options = _log(toml.inner("log"))
    mapping = Mapping(
        toml.file, model, toml.text("slice"), toml.texts("hidden"), hidden_max,
        toml.texts("ignore"), toml.texts("starts"), ends, services, events,
        {key: toml.place(key) for key in ("model", "log", "slice", "hidden", "events")},
        _order(toml, events, log_format), log_format, log_options, toml.text("each"),
    )  # fmt: skip
    if mapping.each is not None and mapping.slice is not None:
        raise toml.fail(
            "a log has slices or is many runs, not both",
            "each",
            help="`slice` where ids of a sort tell lines apart, `each` where each value of a field "
            "is a run of the model of its own",
        )
    for name in mapping.ignore:
        if any(event.event == name for event in events):
            raise toml.fail(f"{printable(name)!r} is both mapped and under `ignore`", "ignore")
    return mapping


def _log(toml: _Toml) -> tuple[str, dict[str, str]]:
    """The format of the log, and the options of its adapter, as texts."""
    options = {}
    for name, value in toml.table.items():
        if isinstance(value, bool):
            options[name] = "true" if value else "false"
        elif isinstance(value, str):
            options[name] = value
        else:
            raise toml.fail(f"{printable(name)!r} must be a string, true or false", name)
    return options.pop("format", "jsonl"), options


def _order(toml: _Toml, events: tuple[EventRule, ...], log_format: str) -> Order:
    """`order = "…"`, or a table with `by`. Spans are not in order, so there it has to be said."""
    if "order" not in toml.table:
        return _usual_order(log_format)
    if isinstance(toml.table["order"], str):
        toml = _Toml(toml.file, {"by": toml.table["order"]}, {(): toml.place("order").line}, ())
    else:
        toml = toml.inner("order")
    toml.only("by", "field", "id", "after", "within", "start", "end", "skew", "nodes")
    name = toml.text("by", "node")
    if name not in [by.value for by in By]:
        known = ", ".join(by.value for by in By)
        raise toml.fail("there is no such order", "by", help=f"one of {known}")
    by = By(name)
    keys = KEYS.get(by, ())
    more = ("skew", "nodes") if by is By.TIME else ("nodes",) if keys else ()
    for key in toml.table:
        if key not in ("by", *keys, *more):
            raise toml.fail(f"{key!r} has no meaning with by = {name!r}", key)
    if by is By.FILE:
        _check_written_with(toml, events)
    is_ours = log_format == "jsonl"
    names = OWN_MARKS.get(by, ()) if is_ours else MARKS.get(by, ())
    fields = tuple(toml.text(key, default) or "" for key, default in zip(keys, names, strict=True))
    skew = toml.table.get("skew", 0)
    if isinstance(skew, bool) or not isinstance(skew, int | float) or not 0 <= skew < 1e9:
        raise toml.fail("'skew' must be a number of seconds", "skew")
    nodes = toml.truth("nodes", not keys or (by is not By.TIME and log_format != "otlp"))
    return Order(by, fields, float(skew), nodes)


def _usual_order(log_format: str) -> Order:
    return Order(By.CAUSES, MARKS[By.CAUSES], nodes=False) if log_format == "otlp" else Order()


KEYS = {By.CLOCK: ("field",), By.CAUSES: ("id", "after", "within"), By.TIME: ("start", "end")}
OWN_MARKS = {
    By.CLOCK: ("clock",), By.CAUSES: ("id", "after", "within"), By.TIME: ("start", "end"),
}  # fmt: skip
MARKS = {
    By.CLOCK: ("@clock",), By.CAUSES: ("@id", "@after", "@within"), By.TIME: ("@start", "@end"),
}  # fmt: skip
"""Where adapters put what a record says of its order."""


def _check_written_with(toml: _Toml, events: tuple[EventRule, ...]) -> None:
    early_or_late = [event for event in events if event.logged is not Logged.WITH]
    if early_or_late:
        # A line beside its effect may stand on the wrong side of another's line.
        raise toml.fail(
            'order = "file" needs every line to be written with its effect, and '
            f"{printable(early_or_late[0].event)} is not",
            "by",
            help='write logged = "with" for each event, or leave `order` out',
        )


def _service(toml: _Toml) -> Service:
    toml.only("nodes", "successive", "params")
    name = toml.path[-1]
    nodes = toml.text("nodes", f"{name}-*") or ""
    successive = toml.truth("successive", False)
    return Service(name, nodes, successive, toml.pairs("params"), toml.place("params"))


def _end(toml: _Toml) -> End:
    toml.only("clean", "instance")
    return End(toml.path[-1], toml.truth("clean", False), toml.text("instance"))


def _check_alternatives(toml: _Toml, events: tuple[EventRule, ...]) -> None:
    numbers = Counter(event.event for event in events)
    for event in events:
        if numbers[event.event] > 1 and len(event.rules) > 1:
            raise UsageError(
                f"{event.place}: of several entries for {printable(event.event)} each is one step",
                help="give the line one entry with a list of rules, or entries with one rule each",
            )


def _event(toml: _Toml, name: str, services: list[str], label: str) -> EventRule:
    toml.only("rule", "service", "logged", "params", "facts", "where", "if_enabled")
    if isinstance(toml.table.get("rule"), list):
        rules = toml.texts("rule")
    else:
        rules = (toml.text("rule", name) or "",)
    if not rules:
        raise toml.fail("'rule' names no rule", "rule", help="list the event under `ignore`")
    if len(rules) > 1 and "if_enabled" in toml.table:
        raise toml.fail("`if_enabled` is for a line that is one step", "if_enabled")
    service = toml.text("service")
    if service is not None and service not in services:
        known = ", ".join(services) or "none yet; write [services.NAME]"
        raise toml.fail(f"there is no service {printable(service)!r}", "service", help=known)
    if service is None and "where" not in toml.table and "logged" in toml.table:
        raise toml.fail("`logged` needs the `service` that writes the line", "logged")
    try:
        logged = Logged(toml.text("logged", "with" if service is None else "after"))
    except ValueError:
        raise toml.fail("`logged` is one of after, before, with", "logged") from None
    facts = toml.inner("facts")
    return EventRule(
        event=name,
        rules=rules,
        service=service,
        logged=logged,
        params=toml.pairs("params"),
        facts=tuple(_fact(facts, field) for field in facts.table),
        where=toml.pairs("where"),
        if_enabled=toml.truth("if_enabled", False),
        place=toml.place(),
        label=label,
    )


def _fact(facts: _Toml, field: str) -> Fact:
    place = facts.place(field)
    if isinstance(facts.table[field], str):
        return Fact(field, False, ((None, cast("str", facts.table[field])),), place)
    toml = facts.inner(field)
    toml.only("when", "expr", "values")
    when = toml.text("when", "after")
    if when not in ("after", "before"):
        raise toml.fail("`when` is before or after: the state around the step", "when")
    expr, values = toml.text("expr"), toml.pairs("values")
    if (expr is None) == (not values):
        raise toml.fail(
            "a fact is either one expression or a condition for each value",
            help='expr = "…", or values.NAME = "…" for each value that the field may have',
        )
    cases: tuple[tuple[str | None, str], ...] = ((None, expr),) if expr is not None else values
    return Fact(field, when == "before", cases, place)
