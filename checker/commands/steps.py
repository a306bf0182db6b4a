"""`checker emit steps`: what each label of a process waits for, reads, writes, and where it leads.

Owns the table. All of it is read from the rules, so it says what the engines do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence

from .. import ir
from ..errors import ExitCode
from ..ir.walk import item_children, walk
from ..passes.wording import wording
from ..run import prepare
from .settings import Pairs, request_of

__all__ = ["run", "steps_text"]

_HEAD = ("label", "guard", "reads", "writes", "next")


def run(
    *, model: str, variant: str | None, set: Pairs, scope: Pairs, no_fault: Sequence[str]
) -> ExitCode:
    prepared = prepare(request_of(model, variant, set, scope, no_fault))
    sys.stdout.write(steps_text(prepared.model))
    return ExitCode.OK


def steps_text(model: ir.Model) -> str:
    """One table for each process of a bound model."""
    tables = []
    processes = dict.fromkeys(r.origin.method for r in model.rules if r.origin.label is not None)
    for process in processes:
        rules = [r for r in model.rules if r.origin.method == process]
        params = ", ".join(f"{p.name}: {_type_name(p.type)}" for p in rules[0].params)
        rows = [_HEAD, *(_row(rule, process, model) for rule in rules)]
        tables.append(f"{process}({params})\n" + "\n".join(_aligned(rows)))
    return "\n\n".join(tables or ["the model has no processes"]) + "\n"


def _type_name(type_: ir.Type) -> str:
    from ..ir_text import type_text

    return type_.name if isinstance(type_, ir.Enum) else type_text(type_)


def _row(rule: ir.Rule, process: str, model: ir.Model) -> tuple[str, ...]:
    here = f"{process}_at"
    guards = [
        wording(item.cond)
        for item in rule.body
        if isinstance(item, ir.Guard) and here not in _variables([item.cond])
    ]
    guards += [
        f"{item.show} in {wording(_chosen_from(item.domain))}"
        for item in rule.body
        if isinstance(item, ir.Choose) and not isinstance(item.type, ir.Enum | ir.Bool)
    ]
    names = _names(model, here)
    reads = [names[var] for var in _variables(_evaluated(rule)) if var in names]
    writes = [names[update.var] for update in rule.updates if update.var in names]
    return (
        str(rule.origin.label),
        "; ".join(guards),
        ", ".join(reads),
        ", ".join(writes),
        ", ".join(_next_labels(rule, here)),
    )


def _names(model: ir.Model, here: str) -> dict[str, str]:
    """What the table calls each variable: as the model does; labels and counters have no name."""
    place = model.var(here).span
    prefix = here.removesuffix("at")
    own = [v.name for v in model.vars if v.span == place and v.name.startswith(prefix)]
    names = {v.name: f"self.{v.name}" for v in model.vars if not v.is_counter}
    names |= {var: var.removeprefix(prefix) for var in own}
    del names[here]
    return names


def _chosen_from(domain: ir.Expr) -> ir.Expr:
    # Copies of one element are one choice, which makes a set of what the user wrote.
    return domain.domain if isinstance(domain, ir.Build) else domain


def _evaluated(rule: ir.Rule) -> Iterator[ir.Expr]:
    for item in rule.body:
        yield from item_children(item)
    for update in rule.updates:
        yield from _without_own_variable(update.value, update.var)


def _without_own_variable(value: ir.Expr, var: str) -> Iterator[ir.Expr]:
    # Writing one entry keeps the others, which is no reading.
    match value:
        case ir.Put(ir.Read(name), key, entry) if name == var:
            yield key
            yield entry
        case _:
            yield value


def _variables(exprs: Iterable[ir.Expr]) -> list[str]:
    found = (node.var for expr in exprs for node in walk(expr) if isinstance(node, ir.Read))
    return list(dict.fromkeys(found))


def _next_labels(rule: ir.Rule, here: str) -> list[str]:
    update = next((u.value for u in rule.updates if u.var == here), None)
    lets = {item.name: item.value for item in rule.body if isinstance(item, ir.Let)}
    found: dict[str, None] = {}

    def ends(value: ir.Expr) -> None:
        match value:
            case ir.Lit(str(label)):
                found[label] = None
            case ir.Ite(_, then, orelse):
                ends(then)
                ends(orelse)
            case ir.Put(_, _, inner):
                ends(inner)
            case ir.Bound(name) if name in lets:
                ends(lets[name])

    if update is not None:
        ends(update)
    return list(found)


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
