"""Which rules touch the entries of one id only, read from the IR.

Owns two questions. Is the model a *product*, one independent machine for each id of a sort? Then
its slices are independent (L3). And can the background of a slice be left unknown (`others.py`)?
Both are answered from the form of the rules, and with no when in doubt. Checks for capacity are
passed over: they bound a search and mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from checker import ir
from checker.ir.walk import children, item_children, walk

__all__ = ["indexed", "is_local", "is_product", "looks_at_own", "mentions", "own_parameter"]


def is_product(model: ir.Model, key: str) -> bool:
    """Is every variable indexed by the sort, and does every rule touch the entries of one id?

    And does what is judged beside the rules, an invariant or a `LeadsTo`, speak of one id? "At most
    one key is open" can be broken by two machines of which neither breaks it alone.
    """
    sort = ir.Sort(key)
    return (
        model.initial is None
        and indexed(model, key) == {var.name for var in model.vars}
        and all(_starts_equal(var.init) for var in model.vars)
        and all(
            sum(mentions(param.type, sort) for param in rule.params) == 1
            and is_local(rule, key, shared=())
            for rule in model.rules
        )
        and all(
            looks_at_own(expr, prop.params, key, shared=())
            for prop in model.props
            if prop.kind in (ir.PropKind.INVARIANT, ir.PropKind.LEADS_TO)
            for expr in (prop.expr, prop.consequent)
            if expr is not None
        )
    )


def indexed(model: ir.Model, key: str) -> set[str]:
    """The variables with an entry for each id of the sort, and nothing else about ids."""
    return {var.name for var in model.vars if _is_indexed(var.type, ir.Sort(key))}


def _is_indexed(type_: ir.Type, sort: ir.Sort) -> bool:
    match type_:
        case ir.Map(key, value) | ir.Partial(key, value):
            return key == sort and not mentions(value, sort)
        case ir.Set(item) | ir.Bag(item):
            return item == sort
    return False


def _starts_equal(init: ir.Expr) -> bool:
    """Is the default the same for every id?"""
    match init:
        case ir.Lit():
            return True
        case ir.Build(_, ir.Universe(), None, ir.Lit()):
            return True
    return False


def mentions(type_: ir.Type, sort: ir.Sort) -> bool:
    """Can a value of the type hold an id of the sort?"""
    match type_:
        case ir.Sort():
            return type_ == sort
        case ir.Option(item) | ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            return mentions(item, sort)
        case ir.Map(key, value) | ir.Partial(key, value):
            return mentions(key, sort) or mentions(value, sort)
        case ir.Record(_, fields):
            return any(mentions(t, sort) for _, t in fields)
        case ir.Union(records):
            return any(mentions(r, sort) for r in records)
    return False


def is_local(rule: ir.Rule, key: str, *, shared: Iterable[str]) -> bool:
    """Does the rule use, beside the `shared` variables, only entries of its one id of the sort?

    A rule without such a parameter uses shared variables only.
    """
    sort = ir.Sort(key)
    own = [param.name for param in rule.params if mentions(param.type, sort)]
    if len(own) > 1 or (own and ir.Param(own[0], sort) not in rule.params):
        return False
    reader = _Reader(own[0] if own else None, frozenset(shared))
    for item in rule.body:
        if isinstance(item, ir.Check) and item.kind.is_cut:
            continue
        if isinstance(item, ir.Each):
            return False
        if isinstance(item, ir.Choose) and mentions(item.type, sort):
            return False
        if isinstance(item, ir.Let) and reader.is_whole(item.value):
            if item.path is not None and not reader.is_entry(item.path):
                return False
            reader.places[item.name] = item.value
        elif not all(reader.is_entry(expr) for expr in item_children(item)):
            return False
    return all(
        reader.is_entry(update.value)
        if update.var in reader.shared
        else reader.is_whole(update.value) and reader.root(update.value) == update.var
        for update in rule.updates
    )


def looks_at_own(
    expr: ir.Expr, params: tuple[ir.Param, ...], key: str, *, shared: Iterable[str]
) -> bool:
    """Does an expression over these parameters look at entries of its one id only?"""
    sort = ir.Sort(key)
    own = [param.name for param in params if mentions(param.type, sort)]
    if len(own) > 1 or (own and ir.Param(own[0], sort) not in params):
        return False
    return _Reader(own[0] if own else None, frozenset(shared)).is_entry(expr)


def own_parameter(model: ir.Model, expr: ir.Expr, params: tuple[ir.Param, ...]) -> int | None:
    """The parameter of whose id alone the expression looks at entries; None if there is none."""
    read = {part.var for part in walk(expr) if isinstance(part, ir.Read)}
    for number, param in enumerate(params):
        sort = param.type.name if isinstance(param.type, ir.Sort) else None
        is_indexed = sort is not None and read <= indexed(model, sort)
        if sort is not None and is_indexed and looks_at_own(expr, params, sort, shared=()):
            return number
    return None


class _Reader:
    """How the expressions of one rule look at variables.

    `places`: names that hold a whole variable.
    """

    def __init__(self, own: str | None, shared: frozenset[str]) -> None:
        self.own = own
        self.shared = shared
        self.places: dict[str, ir.Expr] = {}

    def root(self, expr: ir.Expr) -> str | None:
        """The variable that an expression is a changed copy of."""
        match expr:
            case ir.Read(var):
                return var
            case ir.Bound(name) if name in self.places:
                return self.root(self.places[name])
            case ir.Insert(inner) | ir.Erase(inner) | ir.Put(inner) | ir.Without(inner):
                return self.root(inner)
            case ir.Ite(_, then, orelse):
                root = self.root(then)
                return root if root == self.root(orelse) else None
        return None

    def is_whole(self, expr: ir.Expr) -> bool:
        """Is it an indexed variable, changed in the entry of the rule's own id alone?"""
        match expr:
            case ir.Read(var):
                return var not in self.shared
            case ir.Bound(name):
                return name in self.places
            case ir.Insert(inner, ir.Arg(name)) | ir.Erase(inner, ir.Arg(name)):
                return name == self.own and self.is_whole(inner)
            case ir.Without(inner, ir.Arg(name)):
                return name == self.own and self.is_whole(inner)
            case ir.Put(inner, ir.Arg(name), value):
                return name == self.own and self.is_whole(inner) and self.is_entry(value)
            case ir.Ite(test, then, orelse):
                both = self.is_whole(then) and self.is_whole(orelse)
                return both and self.is_entry(test) and self.root(expr) is not None
        return False

    def is_entry(self, expr: ir.Expr) -> bool:
        """Does it look at indexed variables through the entry of the rule's own id only?"""
        match expr:
            case ir.Has(inner, ir.Arg(name)) | ir.Count(inner, ir.Arg(name)):
                if self.is_whole(inner):
                    return name == self.own
            case ir.At(inner, ir.Arg(name)):
                if self.is_whole(inner):
                    return name == self.own
            case ir.Read(var):
                return var in self.shared
            case ir.Universe(ir.Set(ir.Enum())):  # the same for every log
                return True
            case ir.Universe() | ir.Fresh():
                return False
            case ir.Bound(name):
                return name not in self.places
        return all(self.is_entry(child) for child in children(expr))
