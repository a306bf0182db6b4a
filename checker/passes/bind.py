"""Putting one run's constants, scopes and faults into a model, and folding what then is known.

Owns the values that a run gives to a model, and the messages when they do not fit it. Never drops
an expression that Python would evaluate and that may be undefined, and never a rule but a fault
that was switched off: enabledness, step errors and counts stay those of the model.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from .. import ir
from ..errors import UsageError
from ..ir.walk import bound_by, children, free_names, is_total, item_children, map_item, rebuild
from ..states import Value

__all__ = ["bind", "parse_constant", "simplify"]


def bind(
    model: ir.Model,
    *,
    constants: Mapping[str, Value] | None = None,
    scopes: Mapping[str, int] | None = None,
    no_faults: Collection[str] = (),
) -> ir.Model:
    """The model of one run: no `Const` is left in it, and its sorts have the sizes of the run.

    Raises: UsageError, for a name that the model does not have or a value that does not fit.
    """
    given, sizes = dict(constants or {}), dict(scopes or {})
    _known("constant", given, [c.name for c in model.consts])
    _known("sort", sizes, [s.name for s in model.sorts])
    for decl in model.consts:
        if decl.name in given and not _is_value(given[decl.name], decl.type):
            raise _misfit(decl, given[decl.name])
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise UsageError(
                f"the scope of {name} must be a whole number of at least 1, not {size!r}"
            )
    model = _without_faults(model, no_faults)
    consts = tuple(replace(c, value=given.get(c.name, c.value)) for c in model.consts)
    values = {c.name: ir.Lit(c.value, c.type) for c in consts}
    return replace(
        model,
        consts=consts,
        sorts=tuple(replace(s, size=sizes.get(s.name, s.size)) for s in model.sorts),
        vars=tuple(replace(v, init=_fold(v.init, values)) for v in model.vars),
        initial=_bind_rule(model.initial, values) if model.initial is not None else None,
        rules=tuple(_bind_rule(rule, values) for rule in model.rules),
        props=tuple(_bind_prop(prop, values) for prop in model.props),
    )


# ── What the user gives ──────────────────────────────────────────────────────────────────────────


def parse_constant(decl: ir.ConstDecl, text: str) -> Value:
    """The value that a command line's text means for the constant.

    >>> parse_constant(ir.ConstDecl("deduplicate", ir.BOOL, True), "False")
    False
    """
    word = text.strip()
    try:
        value = _parse(word, decl.type)
    except (ValueError, KeyError):
        raise _misfit(decl, word) from None
    if not _is_value(value, decl.type):
        raise _misfit(decl, word)
    return value


def _parse(word: str, type_: ir.Type) -> Value:
    match type_:
        case ir.Bool():
            return {"true": True, "false": False}[word.lower()]
        case ir.Int():
            return int(word)
        case ir.Enum(name):
            return word.removeprefix(f"{name}.")
        case ir.Option(item):
            return None if word == "None" else _parse(word, item)
    raise ValueError(word)


def _is_value(value: object, type_: ir.Type) -> bool:
    match type_:
        case ir.Bool():
            return isinstance(value, bool)
        case ir.Int(lo, hi):
            if isinstance(value, bool) or not isinstance(value, int):
                return False
            return (lo is None or lo <= value) and (hi is None or value <= hi)
        case ir.Enum(_, members):
            return value in members
        case ir.Option(item):
            return value is None or _is_value(value, item)
        case ir.Record(name, fields):
            return (
                isinstance(value, tuple)
                and len(value) == len(fields) + 1
                and value[0] == name
                and all(_is_value(v, t) for v, (_, t) in zip(value[1:], fields, strict=True))
            )
        case ir.Union(records):
            return any(_is_value(value, record) for record in records)
    return False


def _misfit(decl: ir.ConstDecl, value: object) -> UsageError:
    members = decl.type.members if isinstance(decl.type, ir.Enum) else ("true", "false")
    hint = _closest(str(value), members)
    return UsageError(
        f"the constant `{decl.name}` cannot be {value}",
        help=f"it is {_described(decl.type)}{hint}",
    )


def _described(type_: ir.Type) -> str:
    match type_:
        case ir.Bool():
            return "true or false"
        case ir.Int(lo, hi):
            if lo is None and hi is None:
                return "a whole number"
            return f"a whole number from {lo} to {hi}"
        case ir.Enum(_, members):
            return "one of " + ", ".join(members)
        case ir.Option(item):
            return f"None, or {_described(item)}"
        case ir.Record(name):
            return f"a {name}, which only Python code can give"
    return "of a type that only Python code can give"


def _known(what: str, given: Iterable[str], names: list[str]) -> None:
    for name in given:
        if name not in names:
            known = f"it has {', '.join(names)}" if names else "it has none"
            raise UsageError(
                f"the model has no {what} `{name}`", help=known + _closest(name, names)
            )


def _closest(name: str, names: Iterable[str]) -> str:
    by_case = {n.lower(): n for n in names}
    close = difflib.get_close_matches(name.lower(), by_case, n=1)
    return f"; did you mean {by_case[close[0]]}?" if close else ""


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────


def _without_faults(model: ir.Model, names: Collection[str]) -> ir.Model:
    """Without the rules that are faults of these names, and the unlucky answers of these names."""
    faults = {r.name for r in model.rules if r.kind is ir.Kind.FAULT}
    answers = {c.removesuffix("_used"): c for r in model.rules for c in _unlucky(r)}
    for name in names:
        if any(r.name == name and r.kind is ir.Kind.ACTION for r in model.rules):
            raise UsageError(
                f"`{name}` is an action, not a fault", help="only faults can be switched off"
            )
    _known("fault", names, [*sorted(faults), *sorted(answers)])
    off = {answers[name] for name in names if name in answers}
    kept = tuple(_without_unlucky(r, off) for r in model.rules if r.name not in names)
    gone = {u.var for r in model.rules if r.name in names for u in r.updates} | off
    gone -= {u.var for r in kept for u in r.updates}
    left = tuple(v for v in model.vars if not (v.is_counter and v.name in gone))
    return replace(model, rules=kept, vars=left)


def _unlucky(rule: ir.Rule) -> list[str]:
    return [c for item in rule.body if isinstance(item, ir.Choose) for _, c in item.unlucky]


def _without_unlucky(rule: ir.Rule, off: Collection[str]) -> ir.Rule:
    """The rule as if these budgets were used up from the start, and without the counters."""
    if not any(counter in off for counter in _unlucky(rule)):
        return rule

    def change(expr: ir.Expr) -> ir.Expr:
        if isinstance(expr, ir.Read) and expr.var in off and isinstance(expr.type, ir.Int):
            return ir.Lit(expr.type.hi, ir.INT, expr.span)
        return rebuild(expr, tuple(change(child) for child in children(expr)))

    body = []
    for item in rule.body:
        spent = map_item(item, lambda expr: simplify(change(expr)))
        if isinstance(spent, ir.Choose):
            left = tuple((value, c) for value, c in spent.unlucky if c not in off)
            spent = replace(spent, unlucky=left)
        body.append(spent)
    updates = (replace(u, value=change(u.value)) for u in rule.updates if u.var not in off)
    return replace(rule, body=tuple(body), updates=tuple(updates))


# ── Rules and properties ─────────────────────────────────────────────────────────────────────────


def _bind_rule(rule: ir.Rule, values: Mapping[str, ir.Lit]) -> ir.Rule:
    binding = _Binding(values, _bound_once(rule))
    body = tuple(binding.item(item) for item in rule.body)
    updates = tuple(replace(u, value=binding.expr(u.value)) for u in rule.updates)
    after = frozenset[str]().union(*(free_names(u.value) for u in updates))
    return replace(rule, body=_tidy(body, after), updates=updates)


def _bound_once(rule: ir.Rule) -> frozenset[str]:
    """The names of the body that mean one thing wherever they stand."""
    found = Counter(param.name for param in rule.params)
    items = list(rule.body)
    while items:
        item = items.pop()
        found.update(_binds(item))
        if isinstance(item, ir.Each):
            found.update([item.name])
            items += item.items
    return frozenset(name for name, times in found.items() if times == 1)


@dataclass
class _Binding:
    """A walk through a body: `known` are the names that turned out to stand for a literal."""

    values: Mapping[str, ir.Lit]
    once: frozenset[str]
    known: dict[str, ir.Lit] = field(default_factory=dict)

    def expr(self, expr: ir.Expr) -> ir.Expr:
        return _fold(_replace_bound(expr, self.known), self.values)

    def item(self, item: ir.Item) -> ir.Item:
        if isinstance(item, ir.Each):
            inner = tuple(self.item(one) for one in item.items)
            return replace(cast(ir.Each, map_item(item, self.expr)), items=inner)
        folded = map_item(item, self.expr)
        if isinstance(folded, ir.Check) and not _is_literal(folded.cond, True):
            # The message of a check tells the bounds and the value, which folding would lose.
            assert isinstance(item, ir.Check)
            return replace(folded, cond=_with_constants(item.cond, self.values))
        match folded:
            case ir.Let(name, ir.Lit() as value, path) if not _is_literal(path, False):
                if name in self.once:
                    self.known[name] = value
        return folded


def _with_constants(expr: ir.Expr, values: Mapping[str, ir.Lit]) -> ir.Expr:
    if isinstance(expr, ir.Const) and expr.name in values:
        return replace(values[expr.name], type=expr.type, span=expr.span)
    return rebuild(expr, tuple(_with_constants(child, values) for child in children(expr)))


def _tidy(body: tuple[ir.Item, ...], used_later: frozenset[str]) -> tuple[ir.Item, ...]:
    """Drops what is never reached or always true; `used_later` are the names read after the
    body.
    """
    kept: list[ir.Item] = []
    for item in reversed(body):
        if isinstance(item, ir.Each):
            carried = frozenset[str]().union(*(free_names(c.next) for c in item.carried))
            item = replace(item, items=_tidy(item.items, used_later | carried))
        if _is_literal(item.path, True):
            item = replace(item, path=None)
        if _is_needless(item) and not _binds(item) & used_later:
            continue
        kept.append(item)
        used_later |= frozenset[str]().union(*(free_names(e) for e in item_children(item)))
    return tuple(reversed(kept))


def _is_needless(item: ir.Item) -> bool:
    if _is_literal(item.path, False):
        return True
    # A path that may be undefined is evaluated, and so stays.
    if item.path is not None and not is_total(item.path):
        return False
    if isinstance(item, ir.Let):
        return isinstance(item.value, ir.Lit)
    return isinstance(item, ir.Guard | ir.Check) and _is_literal(item.cond, True)


def _binds(item: ir.Item) -> frozenset[str]:
    match item:
        case ir.Let(name) | ir.Choose(name):
            return frozenset({name})
        case ir.Each(_, _, _, carried):
            return frozenset(c.name for c in carried)
    return frozenset()


def _bind_prop(prop: ir.Prop, values: Mapping[str, ir.Lit]) -> ir.Prop:
    after = _fold(prop.consequent, values) if prop.consequent is not None else None
    return replace(prop, expr=_fold(prop.expr, values), consequent=after)


# ── Folding ──────────────────────────────────────────────────────────────────────────────────────


def simplify(expr: ir.Expr) -> ir.Expr:
    """An expression with the same value and the same definedness, its known parts computed.

    >>> simplify(ir.Not(ir.Lit(True, ir.BOOL)))
    Lit(value=False, type=Bool())
    """
    return _fold(expr, {})


def _fold(expr: ir.Expr, values: Mapping[str, ir.Lit]) -> ir.Expr:
    if isinstance(expr, ir.Const) and expr.name in values:
        return replace(values[expr.name], type=expr.type, span=expr.span)
    if isinstance(expr, ir.LetIn):
        value = _fold(expr.value, values)
        if isinstance(value, ir.Lit):
            return _fold(_replace_bound(expr.body, {expr.name: value}), values)
        return replace(expr, value=value, body=_fold(expr.body, values))
    parts = tuple(_fold(child, values) for child in children(expr))
    folder = _FOLDERS.get(type(expr))
    changed = rebuild(expr, parts)
    return folder(changed) if folder is not None else changed


def _replace_bound(expr: ir.Expr, known: Mapping[str, ir.Lit]) -> ir.Expr:
    # A literal has no names, so it cannot be captured; the walk stops where the name is bound anew.
    if not known:
        return expr
    if isinstance(expr, ir.Bound) and expr.name in known:
        return replace(known[expr.name], span=expr.span)
    parts = children(expr)
    if (name := bound_by(expr)) in known:
        inner = {n: v for n, v in known.items() if n != name}
        first = _replace_bound(parts[0], known)
        return rebuild(expr, (first, *(_replace_bound(part, inner) for part in parts[1:])))
    return rebuild(expr, tuple(_replace_bound(part, known) for part in parts))


def _is_literal(expr: ir.Expr | None, value: bool) -> bool:
    return isinstance(expr, ir.Lit) and expr.value is value


def _fold_not(expr: ir.Not) -> ir.Expr:
    if isinstance(expr.body, ir.Lit):
        return ir.Lit(not expr.body.value, ir.BOOL, expr.span)
    return expr


def _fold_junction(expr: ir.And | ir.Or) -> ir.Expr:
    """Neutral parts go; a deciding literal ends the list, and is the result if all before it are
    total.
    """
    neutral = isinstance(expr, ir.And)
    kept: list[ir.Expr] = []
    for part in expr.parts:
        if _is_literal(part, neutral):
            continue
        kept.append(part)
        if _is_literal(part, not neutral):
            break
    if not kept:
        return ir.Lit(neutral, ir.BOOL, expr.span)
    if _is_literal(kept[-1], not neutral) and all(is_total(part) for part in kept):
        return ir.Lit(not neutral, ir.BOOL, expr.span)
    return kept[0] if len(kept) == 1 else replace(expr, parts=tuple(kept))


def _fold_ite(expr: ir.Ite) -> ir.Expr:
    if isinstance(expr.test, ir.Lit):
        return expr.then if expr.test.value else expr.orelse
    return expr


def _fold_cmp(expr: ir.Cmp) -> ir.Expr:
    match expr.left, expr.right:
        case ir.Lit(left), ir.Lit(right):
            return ir.Lit(_compare(expr.op, left, right), ir.BOOL, expr.span)
    return expr


def _compare(op: str, left: object, right: object) -> bool:
    if op in ("==", "!="):
        return (left == right) is (op == "==")
    assert isinstance(left, int) and isinstance(right, int)
    return left < right if op == "<" else left <= right


def _fold_arith(expr: ir.Arith) -> ir.Expr:
    match expr.left, expr.right:
        case ir.Lit(int(left)), ir.Lit(int(right)) if is_total(expr):
            return ir.Lit(_calculate(expr.op, left, right), expr.type, expr.span)
    return expr


def _calculate(op: str, left: int, right: int) -> int:
    operations: dict[str, Callable[[], int]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "//": lambda: left // right,
        "%": lambda: left % right,
        "neg": lambda: -left,
    }
    return operations[op]()


def _fold_widen(expr: ir.Widen) -> ir.Expr:
    if isinstance(expr.body, ir.Lit):  # widening changes no value
        return ir.Lit(expr.body.value, expr.type, expr.span)
    return expr


_FOLDERS: dict[type, Callable[..., ir.Expr]] = {
    ir.Not: _fold_not,
    ir.And: _fold_junction,
    ir.Or: _fold_junction,
    ir.Ite: _fold_ite,
    ir.Cmp: _fold_cmp,
    ir.Arith: _fold_arith,
    ir.Widen: _fold_widen,
}
