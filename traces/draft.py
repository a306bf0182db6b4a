"""Drafts a mapping from a model and a log: a beginning to be read and corrected by a person.

Owns the guesses and the words beside them. The draft is a mapping that fits the model: each rule is
mapped or hidden, each event of the log mapped or ignored. What would reject if it were guessed
wrong, the facts, is written as comments only.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from checker import ir

from .event import printable
from .likeness import EventSeen, FieldSeen, Seen, alike, service_of

__all__ = ["draft"]

EVENT_LEAST = 0.6  # how alike an event and a rule must be, and a field and a parameter
FIELD_LEAST = 0.5
UNCLEAR_MAX = 4  # fields of one event that may say something of the state, told as a question
VALUES_FEW = 20
EVERYWHERE = frozenset({
    "timestamp", "time", "level", "logger", "thread", "msg", "message", "event", "node", "seq",
    "lamport", "id", "after", "span.kind", "span.status", "trace.id", "xid", "lsn", "nextlsn",
    "schema", "table", "transactional", "topic", "partition", "offset", "body",
})  # fmt: skip
STARTS = ("started", "start", "boot", "booted", "starting", "up")
CLEAN_ENDS = ("stopped", "stop", "shutdown", "exited", "finished")
KILLS = ("killed", "kill", "crashed", "died", "terminated")


@dataclass(frozen=True)
class _Guess:
    """An event taken for a rule, and of each parameter the field."""

    event: str
    rule: ir.Rule
    score: float
    params: Mapping[str, str]


def draft(model: ir.Model, seen: Seen, *, log: str, log_format: str) -> str:
    """The text of the mapping."""
    guesses = _guessed(model, seen)
    parts = [
        _head(model, seen, log, log_format),
        *_slicing(guesses, seen),
        *_unmapped(model, guesses),
        *_others(guesses, seen),
        *_order(seen, log_format),
        *_log(seen, log_format),
        *_ends(guesses, seen),
        *_services(guesses, seen),
        *(_event(guess, seen, model) for guess in guesses),
    ]
    return "\n".join(part for part in parts if part) + "\n"


# ── Which event is which rule ────────────────────────────────────────────────────────────────────


def _guessed(model: ir.Model, seen: Seen) -> list[_Guess]:
    pairs = sorted(
        (
            (alike(event, rule.name), event, rule)
            for event in seen.events
            for rule in model.rules
        ),
        key=lambda each: (-each[0], each[1], each[2].name),
    )  # fmt: skip
    found: dict[str, _Guess] = {}
    taken: set[str] = set()
    for score, event, rule in pairs:
        if score >= EVENT_LEAST and event not in found and rule.name not in taken:
            taken.add(rule.name)
            found[event] = _Guess(event, rule, score, _params(rule, seen.events[event]))
    order = [rule.name for rule in model.rules]
    return sorted(found.values(), key=lambda guess: order.index(guess.rule.name))


def _params(rule: ir.Rule, event: EventSeen) -> dict[str, str]:
    found: dict[str, str] = {}
    for param in rule.params:
        fitting = [
            name
            for name, told in event.fields.items()
            if told.count == event.count and _fits(told, param.type) and name not in found.values()
        ]
        of_sort = param.type.name.removesuffix("Id") if isinstance(param.type, ir.Sort) else ""
        scored = [
            (max(alike(_last(name), each) for each in (param.name, of_sort)), n)
            for n, name in enumerate(fitting)
        ]
        best, at = max(scored, default=(0.0, 0), key=lambda each: (each[0], -each[1]))
        if best >= FIELD_LEAST:
            found[param.name] = fitting[at]
    return found


def _last(name: str) -> str:
    """The last part of a name such as `new.order_id`, without what says that it is an id."""
    return re.sub(r"[_-]?id$", "", name.rpartition(".")[2], flags=re.I) or name


def _fits(told: FieldSeen, type_: ir.Type) -> bool:
    match type_:
        case ir.Option(item):
            rest = FieldSeen(told.count, told.types - {type(None)}, told.values)
            return _fits(rest, item)
        case ir.Sort():
            return told.types <= {str, int}
        case ir.Enum(_, members):
            return told.types == {str} and {*told.values} <= {*members}
        case ir.Bool():
            return told.types == {bool}
        case ir.Int():
            return told.types == {int}
    return False


# ── The text ─────────────────────────────────────────────────────────────────────────────────────


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(text: str) -> str:
    """A TOML string of anything that a log may hold."""
    return "".join(
        c if c.isprintable() else f"\\U{ord(c):08x}" if not 0xD800 <= ord(c) < 0xE000 else "?"
        for c in json.dumps(text, ensure_ascii=False)
    )


def _texts(names: list[str]) -> str:
    return "[" + ", ".join(map(_text, names)) + "]"


def _head(model: ir.Model, seen: Seen, log: str, log_format: str) -> str:
    missed = f", {seen.unreadable} could not be read" if seen.unreadable else ""
    return (
        f"# A draft for the model {model.name}, made by looking at {seen.records} lines of "
        f"{printable(log)}{missed}.\n"
        "# Every line is a guess: read it, correct it, and take the guess away.\n"
        "# docs/reference/log-format.md explains the keys.\n\n"
        'format = "crashproof/mapping/1"\n'
        f"model = {_text(model.name)}"
    )


def _slicing(guesses: list[_Guess], seen: Seen) -> Iterator[str]:
    """The sort that the most lines name."""
    counts: Counter[str] = Counter()
    values: dict[str, set[object]] = {}
    for guess in guesses:
        event = seen.events[guess.event]
        for param in guess.rule.params:
            if isinstance(param.type, ir.Sort) and param.name in guess.params:
                counts[param.type.name] += event.count
                own = event.fields[guess.params[param.name]].values
                values.setdefault(param.type.name, set()).update(own)
    if not counts:
        yield "# No field looks like an id of the model, so the log is held as one slice.\n"
        return
    sort, lines = max(counts.items(), key=lambda each: (each[1], len(values[each[0]])))
    yield f"slice = {_text(sort)}  # guess: {lines} lines name {_many(len(values[sort]))} of it"


def _many(count: int) -> str:
    return f"{count} ids" if count < 200 else "200 ids or more"


def _unmapped(model: ir.Model, guesses: list[_Guess]) -> Iterator[str]:
    """The rules that no event looks like."""
    mapped = {guess.rule.name for guess in guesses}
    hidden = [rule for rule in model.rules if rule.name not in mapped]
    yield "# Rules that no event of the log looks like. Hidden ones may happen at any time: map"
    yield "# those that your service logs, or a wrong log is explained too easily."
    yield f"hidden = {_texts([rule.name for rule in hidden])}"
    if any(rule.kind is ir.Kind.FAULT for rule in hidden):
        faults = ", ".join(rule.name for rule in hidden if rule.kind is ir.Kind.FAULT)
        yield f"max_hidden = 3  # guess: at most so many of {faults} in one slice"


def _others(guesses: list[_Guess], seen: Seen) -> Iterator[str]:
    """The events that look like no rule."""
    mapped = {guess.event for guess in guesses}
    special = {name for name, _ in _starts(seen)} | {name for name, _ in _endings(seen)}
    ignored = [name for name in seen.events if name not in mapped | special]
    if ignored:
        yield "# Events that look like no rule."
    yield f"ignore = {_texts(ignored)}"
    starts = [name for name, _ in _starts(seen) if name not in mapped]
    if starts:
        yield f"starts = {_texts(starts)}  # guess: the first line of an instance"


def _starts(seen: Seen) -> list[tuple[str, EventSeen]]:
    return [each for each in seen.events.items() if each[0].lower() in STARTS]


def _endings(seen: Seen) -> list[tuple[str, EventSeen]]:
    return [each for each in seen.events.items() if each[0].lower() in (*CLEAN_ENDS, *KILLS)]


def _order(seen: Seen, log_format: str) -> Iterator[str]:
    names = {name for event in seen.events.values() for name in event.fields}
    if log_format == "otlp":
        yield '# order = "causes"  # as it is for spans: parents and links come first'
    elif len(seen.nodes) == 1:
        yield "# One node wrote all lines, so they have one order."
    elif {"after", "id"} & names:
        yield 'order = "causes"  # guess: `after` names the lines whose steps came before'
    else:
        yield '# order = "node"  # lines of different nodes have no order'


def _log(seen: Seen, log_format: str) -> Iterator[str]:
    if log_format == "jsonl":
        return
    yield f"\n[log]\nformat = {_text(log_format)}"
    if log_format == "logfmt" and all("seq" in event.fields for event in seen.events.values()):
        yield 'seq = "seq"  # guess: it counts the lines of a node'


def _ends(guesses: list[_Guess], seen: Seen) -> Iterator[str]:
    mapped = {guess.event for guess in guesses}
    found = []
    for name, event in _endings(seen):
        if name in mapped:
            continue
        target = next(
            (
                each
                for each, told in event.fields.items()
                if told.values and {*told.values} <= {*seen.nodes}
            ),
            None,
        )
        if target is not None:
            found.append(
                f"{_key(name)} = {{ clean = false, instance = {_text(target)} }}"
                f"  # guess: written of the instance in {printable(target)}"
            )
        else:
            clean = "true" if name.lower() in CLEAN_ENDS else "false"
            found.append(f"{_key(name)} = {{ clean = {clean} }}  # guess: nothing was under way")
    if found:
        yield "\n[ends]\n" + "\n".join(found)


def _writers(guess: _Guess, seen: Seen) -> str | None:
    """The one service that writes the event, if there is one and it is one of several nodes."""
    services = {service_of(node) for node in seen.events[guess.event].nodes}
    if len(seen.nodes) == 1:
        return None
    # Instances of several places, `worker-a-1` and `worker-b-1`, are of one service.
    name = services.pop() if len(services) == 1 else _shared(services)
    return name or None


def _shared(names: Collection[str]) -> str:
    """The words that all names begin with."""
    least, most = min(names), max(names)  # what these two share all share
    pairs = enumerate(zip(least, most, strict=False))
    size = next((number for number, pair in pairs if len({*pair}) > 1), len(least))
    return re.sub(r"(^|[-_./#:])[^-_./#:]*$", "", least[:size])


def _services(guesses: list[_Guess], seen: Seen) -> Iterator[str]:
    names = dict.fromkeys(_writers(guess, seen) for guess in guesses)
    for name in names:
        if name is None:
            continue
        places = tuple(name + separator for separator in "-_./#:")
        nodes = [n for n in seen.nodes if service_of(n) == name or n.startswith(places)]
        rest = {node[len(name) : len(name) + 1] for node in nodes}
        many = "*" if len(rest) > 1 else f"{rest.pop()}*"
        count = f"{len(nodes)} node{'s' * (len(nodes) != 1)}"
        plain = "".join(f"[{c}]" if c in "[?*" else c for c in name)
        pattern = plain if nodes == [name] else plain + many
        yield (f"\n[services.{_key(name)}]  # guess: {count}\nnodes = {_text(pattern)}")


def _event(guess: _Guess, seen: Seen, model: ir.Model) -> str:
    event = seen.events[guess.event]
    sure = "" if guess.event == guess.rule.name else f"; alike by {guess.score:.0%}"
    lines = [f"\n[events.{_key(guess.event)}]  # guess: the rule {guess.rule.name}{sure}"]
    if guess.event != guess.rule.name:
        lines.append(f"rule = {_text(guess.rule.name)}")
    service = _writers(guess, seen)
    if service is not None:
        lines.append(f"service = {_text(service)}")
        lines.append('logged = "after"  # guess: the line is written after the effect')
    if guess.params:
        pairs = ", ".join(f"{name} = {_text(field)}" for name, field in guess.params.items())
        lines.append(f"params = {{ {pairs} }}  # guess: by name")
    for param in guess.rule.params:
        if param.name not in guess.params:
            lines.append(f"# {param.name}: no field looks like it, so it may have any value")
    lines += _facts(guess, event, model)
    return "\n".join(lines)


def _facts(guess: _Guess, event: EventSeen, model: ir.Model) -> Iterator[str]:
    """Fields that may say something of the state; as comments, because a wrong fact rejects."""
    ids = {p.type.name: p.name for p in guess.rule.params if isinstance(p.type, ir.Sort)}
    unclear = 0
    for name, told in event.fields.items():
        known = name in guess.params.values() or name in EVERYWHERE or name.startswith("resource.")
        if known or not told.types <= {str, int, bool, type(None)}:
            continue
        shown = ", ".join(printable(str(value)) for value in list(told.values)[:3])
        texts = (
            _expression(var, ids)
            for var in model.vars
            if alike(_last(name), var.name) >= EVENT_LEAST
        )
        text = next(filter(None, texts), None)
        if text is None:
            unclear += 1
        if text is not None or (unclear <= UNCLEAR_MAX and len(told.values) < VALUES_FEW):
            said = _text(text) if text is not None else '"…"'
            yield f"# facts.{_key(name)} = {said}  # does it say this of the state? seen: {shown}"


def _expression(var: ir.Var, ids: Mapping[str, str]) -> str | None:
    match var.type:
        case ir.Bag(ir.Sort(sort)) | ir.Seq(ir.Sort(sort)) if sort in ids:
            return f"self.{var.name}.count({ids[sort]})"
        case ir.Set(ir.Sort(sort)) if sort in ids:
            return f"{ids[sort]} in self.{var.name}"
        case ir.Map(ir.Sort(sort), ir.Int() | ir.Bool() | ir.Enum()) if sort in ids:
            return f"self.{var.name}[{ids[sort]}]"
        case ir.Int() | ir.Bool() | ir.Enum():
            return f"self.{var.name}"
    return None
