"""The comparison of a model with its twin, for a person and as JSON.

Owns the page of `checker twin`: the counts and verdicts of both sides next to each other, and for a
difference the way to it, the action, and what each side has there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .. import ir
from ..backends.python import Program
from ..errors import InternalError
from ..explore.outcome import Step
from ..explore.replay import edge
from ..states import State, show
from ..twin.compare import Difference
from ..twin.twin import Twin

__all__ = ["twin_object", "twin_text"]

_SHOWN_MAX = 6  # differences on the page; all of them are in the JSON


def twin_text(twin: Twin, name: str) -> str:
    """The whole page."""
    model = twin.model
    lines = [f"{model.name} and {name}, under TLC", ""]
    lines += _table(["", "model", "twin"], list(_counts(twin)))
    rows = [[p, kind, mine.value, other] for p, kind, mine, other in twin.verdicts]
    lines += ["", *_table(["property", "kind", "model", "twin"], rows)]
    if twin.flip:
        lines += ["", "Counts are without the twin's flip bit, which every step changes."]
    if twin.mode == "counts":
        lines += ["", "Too many states to dump: counts, depth and verdicts were compared."]
    for difference in twin.differences[:_SHOWN_MAX]:
        lines += ["", *_difference(model, difference)]
    more = len(twin.differences) - _SHOWN_MAX
    if more > 0:
        lines += ["", f"and {more} more differences"]
    word = "equal" if twin.equal else "DIFFERENT"
    lines += ["", f"{word}: {_what(twin)} ({twin.seconds:.1f} s in TLC)"]
    return "\n".join(lines) + "\n"


def _what(twin: Twin) -> str:
    if twin.mode == "counts":
        return "counts, depth and verdicts"
    return "states, labelled edges, and every property in every state"


def _counts(twin: Twin) -> Iterator[list[str]]:
    ours, theirs, tlc = twin.ours, twin.theirs, twin.tlc
    if theirs is None:
        assert tlc is not None
        yield ["states", f"{twin.outcome.distinct:,}", f"{tlc.distinct:,}"]
        yield ["generated", f"{twin.outcome.generated:,}", f"{tlc.generated:,}"]
        yield ["depth", f"{twin.outcome.depth}", f"{tlc.depth - 1}"]
        return
    yield ["states", f"{len(ours.edges):,}", f"{len(theirs.edges):,}"]
    yield ["edges", f"{ours.edge_count:,}", f"{theirs.edge_count:,}"]
    yield ["depth", f"{ours.depth()}", f"{theirs.depth()}"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = []
    for row in [head, *rows]:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines


# ── Differences ──────────────────────────────────────────────────────────────────────────────────


def _difference(model: ir.Model, found: Difference) -> list[str]:
    match found.kind:
        case "initial":
            lines = ["the initial states differ"]
            lines += _only(model, "model", found.model, None) + _only(
                model, "twin", found.spec, None
            )
            return lines
        case "count":
            return [f"{found.action}: {found.words[0]} in the model, {found.words[1]} in the twin"]
        case "verdict":
            return [
                f"{found.action}: {found.words[0]} for the model, {found.words[1]} for the twin"
            ]
        case "property":
            where = _way(model, found)
            says = f"{found.action} is {found.words[0]} in the model, {found.words[1]} in the twin"
            return [*where, f"here {says}"]
    return [*_way(model, found), *_parted(model, found)]


def _way(model: ir.Model, found: Difference) -> list[str]:
    """The steps to the state, which both sides can take, and the state."""
    if found.state is None:
        return []
    steps = len(found.path) - 1
    lines = [f"after {steps} {'step' if steps == 1 else 'steps'} that both can take:"]
    program = Program(model)
    for (_, before), (rule, after) in zip(found.path, found.path[1:], strict=False):
        lines.append(f"    {_step(program, before, rule, after)}")
    lines.append("  in the state")
    for var, value in zip(model.vars, found.state, strict=True):
        lines.append(f"    {var.name} = {show(value, var.type)}")
    return lines


def _step(program: Program, before: State, rule: str, after: State) -> str:
    for compiled in program.rules:
        if compiled.rule.name != rule:
            continue
        for args in compiled.args:
            if any(end == after for _, end in compiled.step(before, args)):
                shown = zip(args, compiled.rule.params, strict=True)
                return f"{rule}({', '.join(show(v, p.type) for v, p in shown)})"
    try:
        return _named(edge(program, before, after))
    except InternalError:
        return rule


def _named(step: Step) -> str:
    return step.rule


def _parted(model: ir.Model, found: Difference) -> list[str]:
    """The successors of the action that only one side has, side by side where there is one each."""
    lines = [f"  the action {found.action} leads to different states:"]
    if len(found.model) == 1 and len(found.spec) == 1:
        rows = []
        triples = zip(model.vars, found.model[0], found.spec[0], strict=True)
        for var, mine, other in triples:
            if mine != other:
                rows.append([f"{var.name}'", show(mine, var.type), show(other, var.type)])
        return [*lines, *(f"  {line}" for line in _table(["", "model", "twin"], rows))]
    lines += _only(model, "model", found.model, found.state)
    lines += _only(model, "twin", found.spec, found.state)
    return lines


def _only(model: ir.Model, side: str, states: Sequence[State], before: State | None) -> list[str]:
    if not states:
        return []
    lines = [f"    only the {side} has"]
    for state in states[:3]:
        changed = []
        for place, var in enumerate(model.vars):
            if before is None or state[place] != before[place]:
                prime = "'" if before is not None else ""
                changed.append(f"{var.name}{prime} = {show(state[place], var.type)}")
        lines.append(f"      {', '.join(changed) or 'a step that changes nothing'}")
    if len(states) > 3:
        lines.append(f"      and {len(states) - 3} more")
    return lines


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def twin_object(twin: Twin, name: str, code: int) -> Any:
    """The object that `--json` prints."""
    rows = list(_counts(twin))
    return {
        "schema": "crashproof/twin/1",
        "model": twin.model.name,
        "twin": name,
        "equal": twin.equal,
        "mode": twin.mode,
        "flip": twin.flip,
        "counts": {row[0]: {"model": _number(row[1]), "twin": _number(row[2])} for row in rows},
        "properties": [
            {"name": p, "kind": kind, "model": mine.value, "twin": other}
            for p, kind, mine, other in twin.verdicts
        ],
        "differences": [_difference_object(twin.model, d) for d in twin.differences],
        "seconds": round(twin.seconds, 3),
        "exit_code": code,
    }


def _number(text: str) -> int:
    return int(text.replace(",", ""))


def _difference_object(model: ir.Model, found: Difference) -> Any:
    return {
        "kind": found.kind,
        "name": found.action,
        "path": [rule for rule, _ in found.path[1:]],
        "state": None if found.state is None else _state_object(model, found.state),
        "model": [_state_object(model, s) for s in found.model] or found.words[0] or [],
        "twin": [_state_object(model, s) for s in found.spec] or found.words[1] or [],
    }


def _state_object(model: ir.Model, state: State) -> dict[str, str]:
    return {v.name: show(x, v.type) for v, x in zip(model.vars, state, strict=True)}
