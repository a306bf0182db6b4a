"""The IR as stable text: for golden files, for `checker emit ir`, and for reading.

Owns the notation; docs/reference/ir.md explains it. Spans are left out, so text changes only with
meaning.
"""

from __future__ import annotations

from . import ir
from .states import show

__all__ = ["expr_text", "model_text", "type_text"]


def model_text(model: ir.Model) -> str:
    """The whole model."""
    blocks = [f"model {model.name}"]
    blocks.append("\n".join(f"sort {s.name} = {s.size}" for s in model.sorts))
    blocks.append(
        "\n".join(
            f"const {c.name}: {type_text(c.type)} = {show(c.value, c.type)}" for c in model.consts
        )
    )
    counter = {True: "counter", False: "var"}
    blocks.append(
        "\n".join(
            f"{counter[v.is_counter]} {v.name}: {type_text(v.type)} = {expr_text(v.init)}"
            for v in model.vars
        )
    )
    if model.initial is not None:
        blocks.append(_rule_text(model.initial, "initial"))
    blocks += [_rule_text(rule, rule.kind.value) for rule in model.rules]
    blocks += [_prop_text(prop) for prop in model.props]
    return "\n\n".join(block for block in blocks if block) + "\n"


def type_text(type_: ir.Type) -> str:
    """The type, with bounds and capacities.

    >>> type_text(ir.Bag(ir.Int(0, 3), 8))
    'Bag[Int(0..3), 8]'
    """
    match type_:
        case ir.Bool():
            return "Bool"
        case ir.Int(None, None):
            return "Int"
        case ir.Int(lo, hi, limit):
            return f"{'Limit' if limit else 'Int'}({lo}..{hi})"
        case ir.Sort(name):
            return name
        case ir.Enum(name, members):
            return f"{name}{{{', '.join(members)}}}"
        case ir.Option(item):
            return f"Option[{type_text(item)}]"
        case ir.Record(name, fields):
            return f"{name}({', '.join(f'{n}: {type_text(t)}' for n, t in fields)})"
        case ir.Union(records):
            return " | ".join(type_text(r) for r in records)
        case ir.Set(item):
            return f"Set[{type_text(item)}]"
        case ir.Bag(item, capacity):
            return f"Bag[{type_text(item)}, {capacity}]"
        case ir.Seq(item, capacity):
            return f"Seq[{type_text(item)}, {capacity}]"
        case ir.Map(key, value):
            return f"Map[{type_text(key)}, {type_text(value)}]"
        case ir.Partial(key, value):
            return f"Partial[{type_text(key)}, {type_text(value)}]"


def _params(params: tuple[ir.Param, ...]) -> str:
    return "(" + ", ".join(f"{p.name}: {type_text(p.type)}" for p in params) + ")"


def _rule_text(rule: ir.Rule, head: str) -> str:
    lines = [f"{head} {rule.name}{_params(rule.params)}"]
    if rule.unit is not None:
        kind = "strong" if rule.unit.strong else "weak"
        lines.append(f"  fair {kind} ({', '.join(rule.unit.params)})")
    if rule.counter is not None:
        lines.append(f"  budget {rule.counter} at most {rule.at_most}")
    lines += _items_text(rule.body, "  ")
    lines += [f"  {update.var}' = {expr_text(update.value)}" for update in rule.updates]
    return "\n".join(lines)


def _items_text(items: tuple[ir.Item, ...], indent: str) -> list[str]:
    lines: list[str] = []
    for item in items:
        path = f"   if {expr_text(item.path)}" if item.path is not None else ""
        match item:
            case ir.Guard(cond):
                lines.append(f"{indent}when {expr_text(cond)}{path}")
            case ir.Let(name, value):
                lines.append(f"{indent}let {name} = {expr_text(value)}{path}")
            case ir.Choose(name, domain):
                unlucky = "".join(f" unlucky {show(v, item.type)} by {c}" for v, c in item.unlucky)
                lines.append(f"{indent}choose {name} in {expr_text(domain)}{unlucky}{path}")
            case ir.Check(cond, kind, subject):
                lines.append(f'{indent}check {kind.value} "{subject}": {expr_text(cond)}{path}')
            case ir.Each(name, domain, inner, carried):
                first = ", ".join(f"{c.name} = {expr_text(c.init)}" for c in carried)
                lines.append(f"{indent}each {name} in {expr_text(domain)} carrying {first}{path}")
                lines += _items_text(inner, indent + "  ")
                lines += [f"{indent}  next {c.name} = {expr_text(c.next)}" for c in carried]
    return lines


def _prop_text(prop: ir.Prop) -> str:
    text = f"{prop.kind.value} {prop.name}{_params(prop.params)}\n  {expr_text(prop.expr)}"
    return text if prop.consequent is None else f"{text}\n  ~> {expr_text(prop.consequent)}"


def expr_text(expr: ir.Expr) -> str:
    """The expression, in function notation with infix operators in parentheses.

    >>> expr_text(ir.Cmp("<", ir.Read("n", ir.INT), ir.Lit(3, ir.INT)))
    '(n < 3)'
    """
    match expr:
        case ir.Lit(value, type_):
            return show(value, type_)
        case ir.Const(name) | ir.Read(name) | ir.Arg(name) | ir.Bound(name):
            return name
        case ir.LetIn(name, value, body):
            return f"(let {name} = {expr_text(value)} in {expr_text(body)})"
        case ir.Not(body):
            return f"not {expr_text(body)}"
        case ir.And(parts):
            return "(" + " and ".join(expr_text(p) for p in parts) + ")"
        case ir.Or(parts):
            return "(" + " or ".join(expr_text(p) for p in parts) + ")"
        case ir.Ite(test, then, orelse):
            return f"(if {expr_text(test)} then {expr_text(then)} else {expr_text(orelse)})"
        case ir.Cmp(op, left, right) | ir.Arith(op, left, right):
            return f"({expr_text(left)} {op} {expr_text(right)})"
        case ir.Field(record, name):
            return f"{expr_text(record)}.{name}"
        case ir.At(collection, key):
            return f"{expr_text(collection)}[{expr_text(key)}]"
        case ir.Is(body, record):
            return f"is({expr_text(body)}, {record.name})"
        case ir.Narrow(body, type_):
            return f"narrow({expr_text(body)}, {_short(type_)})"
        case ir.Widen(body, type_):
            return f"widen({expr_text(body)}, {_short(type_)})"
        case ir.Make(record, values):
            named = zip(record.fields, values, strict=True)
            return f"{record.name}({', '.join(f'{f}={expr_text(v)}' for (f, _), v in named)})"
        case ir.Universe(type_):
            return f"all({_short(type_.item)})"
        case ir.Fresh(sort, used):
            return f"fresh({sort.name}, {expr_text(used)})"
        case ir.All() | ir.Any() | ir.Build() | ir.Fold():
            return _quantified(expr)
    return _operation(expr)


def _short(type_: ir.Type) -> str:
    match type_:
        case ir.Enum(name, _) | ir.Record(name, _):
            return name
        case ir.Option(item):
            return f"Option[{_short(item)}]"
        case ir.Union(records):
            return " | ".join(r.name for r in records)
    return type_text(type_)


def _quantified(expr: ir.All | ir.Any | ir.Build | ir.Fold) -> str:
    match expr:
        case ir.All():
            head = "all"
        case ir.Any():
            head = "any"
        case ir.Build():
            head = type(expr.type).__name__.lower()
        case ir.Fold(op):
            head = op
    test = f" if {expr_text(expr.filter)}" if expr.filter is not None else ""
    return f"{head}({expr_text(expr.body)} for {expr.name} in {expr_text(expr.domain)}{test})"


def _operation(expr: ir.Expr) -> str:
    match expr:
        case ir.Has(a, b):
            name, parts = "has", [a, b]
        case ir.Count(a, b):
            name, parts = "count", [a, b]
        case ir.Size(a):
            name, parts = "size", [a]
        case ir.Keys(a):
            name, parts = "keys", [a]
        case ir.Insert(a, b):
            name, parts = "insert", [a, b]
        case ir.Erase(a, b):
            name, parts = "erase", [a, b]
        case ir.Put(a, b, c):
            name, parts = "put", [a, b, c]
        case ir.Without(a, b):
            name, parts = "without", [a, b]
        case ir.Join(a, b):
            name, parts = "join", [a, b]
        case ir.Range(a, b):
            name, parts = "range", [a, b]
        case _:
            raise TypeError(f"no text for {type(expr).__name__}")
    return f"{name}({', '.join(expr_text(p) for p in parts)})"
