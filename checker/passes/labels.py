"""Which locals of a process are set at which label.

Owns one question about rules that were made from processes: where an instance stands at a label,
which of its locals have a value for certain? A local has none before it is assigned and after it is
reset, so its type allows for none, and every use would have to ask. The answer is the greatest set
of facts that every step keeps: assumed of the state before the step, shown of the state after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .. import ir
from .forks import Body, Fork, forked
from .known import Known

__all__ = [
    "Process",
    "SetLocals",
    "asked_label",
    "is_label",
    "known_behind_guard",
    "processes",
    "set_locals",
    "slot_of",
]

Key = tuple[ir.Expr, ...]

# For a process's label variable and one of its labels, the variables of the locals that are set.
SetLocals = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True)
class Process:
    """A process as variables: where its instances stand, and their locals."""

    name: str
    label: ir.Var
    labels: tuple[str, ...]
    locals: tuple[ir.Var, ...]


def set_locals(model: ir.Model) -> SetLocals:
    """For each label, the locals that have a value in every reachable state.

    >>> set_locals(ir.Model("M", (), (), (), None, (), ()))
    {}
    """
    all_processes = list(processes(model))
    found = {
        (p.label.name, label): frozenset(v.name for v in p.locals)
        for p in all_processes
        for label in p.labels
    }
    for process in all_processes:
        first = process.label.init
        while isinstance(first, ir.Build):
            first = first.body
        if not isinstance(first, ir.Lit) or _writes(model, process):
            found.update(dict.fromkeys(((process.label.name, x) for x in process.labels), _NONE))
        else:
            found[process.label.name, str(first.value)] = _NONE
    bodies = [(rule, forked(rule)) for rule in model.rules]
    changed = True
    while changed:
        changed = False
        for process in all_processes:
            for rule, body in bodies:
                for lost in _lost(body, known_behind_guard(rule, model, found), process, found):
                    found[lost[:2]] -= {lost[2]}
                    changed = True
    return found


_NONE: frozenset[str] = frozenset()


def known_behind_guard(rule: ir.Rule, model: ir.Model, found: SetLocals) -> Known:
    """The locals that are set at the label which the rule's first guard asks for."""
    asked = asked_label(rule.body[0]) if rule.body else None
    if asked is None:
        return Known()
    variable, key, label = asked
    mine = sorted(found.get((variable, label), ()))
    return Known().learning(*(_is_set(model.var(local), key) for local in mine))


def asked_label(item: ir.Item) -> tuple[str, Key, str] | None:
    """The label at which this guard asks an instance to be: the variable of its labels, the keys
    under which the instance stands in it, the label. None for anything else.
    """
    match item:
        case ir.Guard(ir.Cmp("==", place, ir.Lit(str(label))), None) if is_label(place.type):
            variable, key = slot_of(place)
            return (variable, key, label) if variable else None
    return None


def _is_set(var: ir.Var, key: Key) -> ir.Expr:
    place: ir.Expr = ir.Read(var.name, var.type)
    for part in key:
        assert isinstance(place.type, ir.Map)
        place = ir.At(place, part, place.type.value)
    return ir.Cmp("!=", place, ir.Lit(None, place.type))


def slot_of(place: ir.Expr) -> tuple[str, Key]:
    """The variable that is read, and the keys under which it is; "" for anything else."""
    key: list[ir.Expr] = []
    while isinstance(place, ir.At):
        key.insert(0, place.key)
        place = place.collection
    return (place.var if isinstance(place, ir.Read) else ""), tuple(key)


def processes(model: ir.Model) -> Iterator[Process]:
    """The model's processes, as `frontend.processes` names their variables."""
    for var in model.vars:
        slot = var.type
        while isinstance(slot, ir.Map):
            slot = slot.value
        if is_label(slot):
            assert isinstance(slot, ir.Enum)
            name = slot.name.removesuffix(" label")
            mine = [v for v in model.vars if v.name.startswith(f"{name}_") and _fits(v, var)]
            yield Process(name, var, slot.members, tuple(mine))


def is_label(type_: ir.Type) -> bool:
    """Is a value of the type a label of a process?"""
    return isinstance(type_, ir.Enum) and type_.name.endswith(" label")


def _fits(local: ir.Var, label: ir.Var) -> bool:
    """Has it a slot, empty at first, for each instance?"""
    mine, other = local.type, label.type
    while isinstance(mine, ir.Map) and isinstance(other, ir.Map) and mine.key == other.key:
        mine, other = mine.value, other.value
    return isinstance(mine, ir.Option) and isinstance(other, ir.Enum)


def _writes(model: ir.Model, process: Process) -> bool:
    names = {process.label.name, *(v.name for v in process.locals)}
    return model.initial is not None and any(u.var in names for u in model.initial.updates)


# ── Steps ────────────────────────────────────────────────────────────────────────────────────────


def _lost(
    body: Body, known: Known, process: Process, found: SetLocals
) -> Iterator[tuple[str, str, str]]:
    """The facts about the process that do not hold behind the step."""
    for item in body.items:
        match item:
            case ir.Guard(cond, None) | ir.Check(cond, path=None):
                known = known.learning(cond)
            case ir.Let(name, value, None):
                known = known.naming(name, value)
            case ir.Choose(name, domain, path=None):
                known = known.drawing(name, domain)
            case ir.Let(name) | ir.Choose(name):
                known = known.without(name)
            case ir.Each():
                for carried in item.carried:
                    known = known.without(carried.name)
    match body.end:
        case Fork(test, then, orelse):
            yield from _lost(then, known.learning(test), process, found)
            yield from _lost(orelse, known.learning(ir.Not(test)), process, found)
        case _:
            updates = {u.var: u.value for u in body.end.updates}
            yield from _lost_by(updates, known, process, found)


def _lost_by(
    updates: Mapping[str, ir.Expr], known: Known, process: Process, found: SetLocals
) -> Iterator[tuple[str, str, str]]:
    at = process.label.name
    moves = _puts(updates.get(at), process.label)
    for local in process.locals:
        changes = _puts(updates.get(local.name), local)
        if moves is None or changes is None:
            yield from ((at, x, local.name) for x in process.labels if local.name in found[at, x])
            continue
        keys = list({**moves, **changes})
        if all(_ends_set(local, key, changes, known) for key in keys):
            continue
        for key in keys:  # two keys may be one instance, so a value lost at one counts for both
            for label in _labels(key, moves, known, process):
                if local.name in found[at, label]:
                    yield at, label, local.name


def _ends_set(local: ir.Var, key: Key, changes: Mapping[Key, ir.Expr], known: Known) -> bool:
    if key not in changes:
        return known.decides(_is_set(local, key)) is True
    value = changes[key]
    return known.decides(ir.Cmp("!=", value, ir.Lit(None, value.type))) is True


def _labels(
    key: Key, moves: Mapping[Key, ir.Expr], known: Known, process: Process
) -> tuple[str, ...]:
    """Where the instance may stand after the step."""
    if key in moves:
        place = known.reduced(moves[key])
        if isinstance(place, ir.Lit):
            return (str(place.value),)
        return process.labels
    place = _is_set(process.label, key)
    assert isinstance(place, ir.Cmp)
    here = [
        label
        for label in process.labels
        if known.decides(ir.Cmp("==", place.left, ir.Lit(label, place.left.type))) is not False
    ]
    return tuple(here)


def _puts(value: ir.Expr | None, var: ir.Var) -> dict[Key, ir.Expr] | None:
    """The slots that an update writes; None, if it does more than that."""
    if value is None or value == ir.Read(var.name, var.type):
        return {}
    if not isinstance(var.type, ir.Map):
        return {(): value}
    return _puts_into(value, ir.Read(var.name, var.type))


def _puts_into(value: ir.Expr, old: ir.Expr) -> dict[Key, ir.Expr] | None:
    if value == old:
        return {}
    if not isinstance(value, ir.Put) or not isinstance(value.collection.type, ir.Map):
        return None
    before = _puts_into(value.collection, old)
    if before is None:
        return None
    if not isinstance(value.value.type, ir.Map):
        return {**before, (value.key,): value.value}
    inner = _puts_into(value.value, ir.At(old, value.key, value.value.type))
    if inner is None:
        return None
    return {**before, **{(value.key, *key): held for key, held in inner.items()}}
