"""What a system shows, read as values of the model.

Owns how generous the reading is: an id may be `OrderId(0)` or its name "order0", a bag any iterable
or a `Counter`, a set any iterable, a record its dataclass or a dict of its fields. What cannot be
read is an error of the adapter and never a difference between system and model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from .. import ir
from ..backends.python import Args, Undefined
from ..errors import UsageError
from ..explore.blame import blame
from ..explore.outcome import Blame
from ..ir.walk import walk
from ..model import Model
from ..states import State, Value, atom_name, show, sort_sizes, universe
from ..values import Id, Map
from .subject import ModelSettings, Subject, subject_of

__all__ = [
    "Broken",
    "Misfit",
    "Observation",
    "Reader",
    "assert_property",
    "assert_shows",
    "id_name",
    "read_value",
]

# Places of variables with the values that the system shows, in the order of the variables.
Observation = tuple[tuple[int, Value], ...]


class Misfit(Exception):
    """The value is not of the type; `expected` says what would be."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def id_name(atom: Id) -> str:
    """The id as every output names it, for systems that need a text as their key.

    >>> class OrderId(Id, scope=2): ...
    >>> id_name(OrderId(0))
    'order0'
    """
    return atom_name(type(atom).__name__, atom._index)


def read_value(value: object, type_: ir.Type, subject: Subject) -> Value:
    """Raises: Misfit."""
    return _Reading(subject).value(value, type_)


class _Reading:
    def __init__(self, subject: Subject) -> None:
        self.sizes = sort_sizes(subject.model)
        self.classes = subject.classes.by_name

    def value(self, value: object, type_: ir.Type) -> Value:
        match type_:
            case ir.Bool() if isinstance(value, bool):
                return value
            case ir.Int() if isinstance(value, int) and not isinstance(value, bool):
                return value
            case ir.Sort(name):
                return self._atom(value, name)
            case ir.Enum(name, members):
                word = value if isinstance(value, str) else getattr(value, "name", None)
                if word in members:
                    return word
                raise Misfit(f"one of {', '.join(members)}")
            case ir.Option(item):
                return None if value is None else self.value(value, item)
            case ir.Record() | ir.Union():
                return self._record(value, type_)
            case ir.Set(item):
                return frozenset(self.value(v, item) for v in _items(value, "a set"))
            case ir.Bag(item):
                return self._bag(value, item)
            case ir.Seq(item):
                return tuple(self.value(v, item) for v in _items(value, "a list"))
            case ir.Partial(key, item):
                pairs = _pairs(value)
                return frozenset((self.value(k, key), self.value(v, item)) for k, v in pairs)
            case ir.Map(key, item):
                return self._map(value, key, item)
        raise Misfit(f"a value of {type_}")

    def _atom(self, value: object, name: str) -> Value:
        size = dict(self.sizes)[name]
        if isinstance(value, Id) and type(value).__name__ == name and value._index < size:
            return value._index
        for index in range(size):
            if value == atom_name(name, index):
                return index
        last = atom_name(name, size - 1)
        raise Misfit(f"a {name} ({name}(0) or {atom_name(name, 0)!r}, up to {last!r})")

    def _record(self, value: object, type_: ir.Record | ir.Union) -> Value:
        records = type_.records if isinstance(type_, ir.Union) else (type_,)
        for record in records:
            names = [name for name, _ in record.fields]
            if type(value).__name__ == record.name:
                given = {name: getattr(value, name) for name in names}
            elif isinstance(value, Mapping) and len(records) == 1 and set(value) == set(names):
                given = dict(value)
            else:
                continue
            return (record.name, *(self.value(given[name], t) for name, t in record.fields))
        raise Misfit(f"a {' or '.join(record.name for record in records)}")

    def _bag(self, value: object, item: ir.Type) -> Value:
        counts: Counter[Value] = Counter()
        if isinstance(value, Mapping):
            for each, count in value.items():
                if not isinstance(count, int) or count < 0:
                    raise Misfit("a bag: an iterable of its copies, or a dict of their numbers")
                counts[self.value(each, item)] += count
        else:
            counts.update(self.value(v, item) for v in _items(value, "a bag"))
        return frozenset((each, count) for each, count in counts.items() if count)

    def _map(self, value: object, key: ir.Type, item: ir.Type) -> Value:
        keys = universe(key, self.sizes)
        if isinstance(value, Map):
            given = {self.value(k, key): v for k, v in value._entries.items()}
            return tuple(self.value(given.get(k, value._default), item) for k in keys)
        given = {self.value(k, key): v for k, v in _pairs(value)}
        missing = [show(k, key) for k in keys if k not in given]
        if missing:
            raise Misfit(f"a map with a value for {', '.join(missing)}")
        return tuple(self.value(given[k], item) for k in keys)


def _items(value: object, what: str) -> Iterable[object]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise Misfit(what)
    return value


def _pairs(value: object) -> Iterable[tuple[object, object]]:
    if not isinstance(value, Mapping):
        raise Misfit("a dict")
    return value.items()


# ── Observations ─────────────────────────────────────────────────────────────────────────────────


class Broken(Exception):
    """An invariant is false of what the system shows; `blamed` says for which values and why."""

    def __init__(self, prop: ir.Prop, args: Args, blamed: tuple[Blame, ...]) -> None:
        super().__init__(prop.name)
        self.prop = prop
        self.args = args
        self.blamed = blamed


class Reader:
    """Reads observations of one model, and asks its invariants of what they show."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._reading = _Reading(subject)
        self._places = {v.name: n for n, v in enumerate(subject.model.vars)}
        self._asked: dict[Observation, Broken | None] = {}
        self._invariants = [
            (prop, _reads(prop))
            for prop in subject.model.props
            if prop.kind is ir.PropKind.INVARIANT
        ]

    def read(self, shown: object) -> Observation:
        """Raises: UsageError, naming the field that cannot be read."""
        if not isinstance(shown, Mapping):
            raise UsageError(
                f"observe() returned {shown!r}, which is no dict",
                help="return the fields of the model that can be seen, by name; or pass project=, "
                "which makes of a state of the model what observe() returns",
            )
        found: list[tuple[int, Value]] = []
        for name, value in shown.items():
            if name not in self._places:
                known = ", ".join(self._places)
                raise UsageError(
                    f"observe() shows {name!r}, which is no field of {self.subject.model.name}",
                    help=f"it has {known}",
                )
            type_ = self.subject.model.var(name).type
            try:
                found.append((self._places[name], self._reading.value(value, type_)))
            except Misfit as misfit:
                raise UsageError(
                    f"observe() shows {name} = {value!r}, which is not {misfit.expected}"
                ) from None
        return tuple(sorted(found, key=lambda pair: pair[0]))

    def broken(self, observation: Observation, state: State) -> Broken | None:
        """The first invariant that speaks of nothing else than what is shown, and is false.

        `state` lends the variables that are not shown; no such invariant reads them.
        """
        if observation not in self._asked:
            values = list(state)
            for place, value in observation:
                values[place] = value
            known = {self.subject.model.vars[place].name for place, _ in observation}
            self._asked[observation] = self._first_broken(tuple(values), known)
        return self._asked[observation]

    def _first_broken(self, state: State, known: set[str]) -> Broken | None:
        program = self.subject.program
        for prop, reads in self._invariants:
            if not reads <= known:
                continue
            holds = program.holds(prop.name)
            for args in program.prop_args(prop):
                try:
                    if holds(state, args):
                        continue
                except Undefined:
                    pass
                return Broken(prop, args, blame(program, prop, state, args))
        return None

    def shown(self, observation: Observation) -> dict[str, str]:
        """The observation as texts."""
        variables = self.subject.model.vars
        return {variables[p].name: show(v, variables[p].type) for p, v in observation}

    def part(self, state: State, observation: Observation) -> Observation:
        """What the state has in the places of an observation."""
        return tuple((place, state[place]) for place, _ in observation)


def _reads(prop: ir.Prop) -> frozenset[str]:
    return frozenset(node.var for node in walk(prop.expr) if isinstance(node, ir.Read))


# ── For emitted tests ────────────────────────────────────────────────────────────────────────────


def assert_shows(
    model: str | type[Model],
    shown: object,
    *allowed: Mapping[str, object],
    **settings: Unpack[ModelSettings],
) -> None:
    """What the system shows is one of the things that the model allows.

    Raises: AssertionError, naming the fields that differ.
    """
    __tracebackhide__ = True
    reader = Reader(subject_of(model, settings))
    seen = reader.read(shown)
    wanted = [reader.read(each) for each in allowed]
    if seen not in wanted:
        either = "\n            or ".join(_text(reader.shown(each)) for each in wanted)
        raise AssertionError(
            f"the model allows {either}\nthe system shows {_text(reader.shown(seen))}"
        )


def assert_property(
    model: str | type[Model],
    name: str,
    shown: object,
    arguments: tuple[object, ...] | None = None,
    **settings: Unpack[ModelSettings],
) -> None:
    """The property (of a `LeadsTo`, its right side) is true of what the system shows.

    Without arguments it is asked for all values of its parameters.

    Raises: AssertionError; UsageError, if the property speaks of fields that are not shown.
    """
    __tracebackhide__ = True
    subject = subject_of(model, settings)
    prop = next((p for p in subject.model.props if p.name == name), None)
    if prop is None:
        listed = ", ".join(p.name for p in subject.model.props)
        raise UsageError(f"{subject.model.name} has no property {name!r}", help=f"it has {listed}")
    reader = Reader(subject)
    state = list(subject.program.default_state())
    observation = reader.read(shown)
    for place, value in observation:
        state[place] = value
    expr = prop.consequent if prop.consequent is not None else prop.expr
    reads = {node.var for node in walk(expr) if isinstance(node, ir.Read)}
    unseen = sorted(reads - set(reader.shown(observation)))
    if unseen:
        raise UsageError(f"{name} speaks of {', '.join(unseen)}, which observe() does not show")
    holds = subject.program.compile_expr(expr, prop.params)
    given = subject.program.prop_args(prop)
    if arguments is not None:
        pairs = zip(arguments, prop.params, strict=True)
        given = (tuple(read_value(value, p.type, subject) for value, p in pairs),)
    for args in given:
        try:
            if holds(tuple(state), args):
                continue
        except Undefined:
            pass
        told: Any = [
            f"{text} = {value}"
            for each in blame(subject.program, prop, tuple(state), args)
            for text, value in (*each.bindings, *each.because)
        ]
        because = f"\n  because  {', '.join(told)}" if told else ""
        seen = _text(reader.shown(observation))
        raise AssertionError(f"{name} is false of what the system shows: {seen}{because}")


def _text(shown: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in shown.items())
