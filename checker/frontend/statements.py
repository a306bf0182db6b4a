"""From the statements of a step to IR items and simultaneous updates.

Owns the statement part of the language. The body is read once, from top to bottom; every field and local
is an expression over the state before the step, so that in the end each field has one new value. What
runs only on some branch carries its path condition.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from .. import ir, model
from ..source import Span
from . import diagnostics as d
from .calls import MUTATORS
from .choices import choose_statement, hoist_either
from .expressions import (
    at,
    coerce,
    combine,
    conjunction,
    constant_object,
    empty,
    lower,
    lower_bool,
    negation,
)
from .patterns import match_cases
from .scope import Scope, Unassigned, fresh_name, is_atomic
from .stored import limits
from .types import annotation, shown, unify
from .world import Mistake

__all__ = ["Body", "Place", "run"]


@dataclass(frozen=True)
class Place:
    """Where a statement writes: a field or own local, and the keys into it."""

    root: str
    is_field: bool
    keys: tuple[ast.expr, ...]
    type: ir.Type
    span: Span
    container: ir.Type | None = None  # what directly holds the written entry

    @property
    def shown(self) -> str:
        return (
            ("self." if self.is_field else "")
            + self.root
            + "".join(f"[{ast.unparse(k)}]" for k in self.keys)
        )


@dataclass
class Body:
    """A step while it is read. `written` holds the line of the first write to each field."""

    scope: Scope
    items: list[ir.Item] = field(default_factory=list)
    path: ir.Expr | None = None
    written: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)  # of `unlucky`, with their budgets
    owned: set[str] = field(default_factory=set)  # locals that hold a collection of their own
    local_types: dict[str, ir.Type] = field(default_factory=dict)
    in_loop: bool = False
    deferred: bool = False  # inside a loop without order: bounds are checked after it
    with_choices: bool = True

    def bind(self, wanted: str, value: ir.Expr) -> ir.Expr:
        """Give a value a name, so that using it twice does not repeat it."""
        if is_atomic(value):
            return value
        name = fresh_name(self.scope, wanted)
        self.items.append(ir.Let(name, value, self.path, value.span))
        return ir.Bound(name, value.type, value.span)

    def check(self, cond: ir.Expr, kind: ir.CheckKind, subject: str, span: Span) -> None:
        self.items.append(ir.Check(cond, kind, subject, self.path, span))


def run(statements: list[ast.stmt], body: Body) -> None:
    """Read the statements; mistakes are recorded and the reading goes on with the next one."""
    for statement in statements:
        try:
            _statement(statement, body)
        except Mistake as mistake:
            body.scope.world.report(mistake)
            _poison(statement, body)


def _poison(statement: ast.stmt, body: Body) -> None:
    # A local whose assignment was refused must not bring a second message where it is used.
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            body.scope.names[node.id] = Unassigned(reported=True)


def _statement(node: ast.stmt, body: Body) -> None:
    match node:
        case ast.Expr(ast.Constant(str())) | ast.Pass():
            return
        case ast.Expr(ast.Call() as call):
            _call(call, body)
        case ast.Assign([target], value):
            _assign(target, value, node, body)
        case ast.AnnAssign(ast.Name() as target, _, value) if value is not None:
            _annotated(target, value, node, body)
        case ast.AugAssign():
            _augmented(node, body)
        case ast.Delete([ast.Subscript() as target]):
            _delete(target, body)
        case ast.If():
            _if(node, body)
        case ast.Match():
            _match(node, body)
        case ast.For():
            from .loops import loop

            loop(node, body)
        case ast.Assert():
            cond = lower_bool(node.test, body.scope)
            body.check(cond, ir.CheckKind.ASSERT, ast.unparse(node.test), body.scope.span(node))
        case _:
            what, instead = _REFUSED.get(
                type(node), (f"`{ast.unparse(node)}`", "use the statements of the language")
            )
            raise Mistake(d.StatementOutside(body.scope.span(node), what, instead))


_REFUSED: dict[type, tuple[str, str]] = {
    ast.While: ("a `while` loop", "make each turn a step of its own: an action with a `when`"),
    ast.Try: ("`try`", "test with `in` or `is not None` before the operation"),
    ast.With: ("`with`", "a step is atomic: write its effects one after the other"),
    ast.Raise: (
        "`raise`",
        "use `assert` for what must not happen, `when` for what cannot happen now",
    ),
    ast.Return: ("`return` in a step", "put the rest of the step under `if` ... `else`"),
    ast.Break: ("`break`", "filter what the loop ranges over"),
    ast.Continue: ("`continue`", "put the rest of the turn under `if`"),
    ast.Import: ("an `import` in a step", "import at the top of the file"),
    ast.ImportFrom: ("an `import` in a step", "import at the top of the file"),
    ast.FunctionDef: ("a function in a step", "write a `@pure` function at the top of the file"),
    ast.ClassDef: ("a class in a step", "declare it at the top of the file"),
    ast.Global: ("`global`", "all state is in the model's fields"),
    ast.Nonlocal: ("`nonlocal`", "all state is in the model's fields"),
    ast.Assign: ("an assignment to several targets", "assign them one after the other"),
    ast.Delete: (
        "`del` of this",
        "`del self.field[key]` removes an entry; assign an empty value to clear",
    ),
    ast.AsyncFor: ("`async for`", "a step is atomic; use `for`"),
    ast.AsyncWith: ("`async with`", "a step is atomic"),
    ast.AnnAssign: ("a declaration without a value", "give the local a value"),
    ast.Expr: ("an expression without effect", "remove it, or assign it"),
}


# ── Calls as statements ──────────────────────────────────────────────────────────────────────────


def _call(node: ast.Call, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    function = constant_object(node.func, scope)
    if function is model.when:
        _when(node, body)
        return
    if function in (model.choose, model.either):
        raise Mistake(d.ChoiceNotAssigned(span, ast.unparse(node.func)))
    if isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
        mutate(node, node.func, body)
        return
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self":
        role = model.role_of(scope.world.methods.get(node.func.attr))
        if role is not None and role.kind != "pure":
            raise Mistake(d.CallOfStep(span, node.func.attr, role.kind))
    lower(node, scope)  # an unknown function is the better message
    raise Mistake(d.StatementOutside(span, *_REFUSED[ast.Expr]))


def _when(node: ast.Call, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    if len(node.args) != 1 or node.keywords:
        raise Mistake(d.WrongArguments(span, "when", 1))
    if body.in_loop:
        raise Mistake(d.GuardInLoop(span))
    if body.written:
        name, line = next(iter(body.written.items()))
        raise Mistake(d.GuardAfterWrite(span, name, line, scope.owner))
    cond = lower_bool(node.args[0], scope)
    # `when(a and b)` is two guards, so that a report can name the false one.
    for part in cond.parts if isinstance(cond, ir.And) else (cond,):
        body.items.append(ir.Guard(part, body.path, part.span))


# ── Places ───────────────────────────────────────────────────────────────────────────────────────


def place_of(node: ast.expr, body: Body) -> Place:
    """What a target names: `self.field`, `self.field[key]...`, or an own local."""
    scope, span = body.scope, body.scope.span(node)
    match node:
        case ast.Attribute(ast.Name("self"), name):
            if name in scope.world.constants:
                raise Mistake(d.ConstantWritten(span, name))
            if name not in scope.fields:
                known = ", ".join(scope.world.fields)
                raise Mistake(
                    d.CounterRead(span, name)
                    if name.endswith("_used")
                    else d.UnknownField(span, name, known)
                )
            return Place(name, True, (), scope.world.fields[name], span)
        case ast.Name(name):
            value = scope.names.get(name)
            if value is None:
                raise Mistake(d.UnknownName(span, name))
            if isinstance(value, Unassigned):
                raise Mistake(None if value.reported else d.MaybeUnassigned(span, name))
            return Place(name, False, (), value.type, span)
        case ast.Subscript(inner, key) if not isinstance(key, ast.Slice):
            outer = place_of(inner, body)
            match outer.type:
                case ir.Map(_, value_type) | ir.Partial(_, value_type) | ir.Seq(value_type):
                    return Place(
                        outer.root, outer.is_field, (*outer.keys, key), value_type, span, outer.type
                    )
            raise Mistake(d.NotIndexable(span, shown(outer.type)))
        case ast.Attribute():
            raise Mistake(d.RecordFieldWritten(span, ast.unparse(node)))
    raise Mistake(d.TargetOutside(span))


def _root(place: Place, body: Body) -> ir.Expr:
    if place.is_field:
        return body.scope.fields[place.root]
    value = body.scope.names[place.root]
    assert not isinstance(value, Unassigned)
    return value


def load(place: Place, body: Body) -> ir.Expr:
    """The present value at a place."""
    value = _root(place, body)
    for key in place.keys:
        value = at(value, key, key, body.scope)
    return value


def store(place: Place, value: ir.Expr, body: Body, span: Span) -> None:
    """Write a value that has been checked."""

    def put(root: ir.Expr, keys: tuple[ast.expr, ...]) -> ir.Expr:
        if not keys:
            return value
        entry = at(root, keys[0], keys[0], body.scope)
        assert isinstance(entry, ir.At)
        new = put(entry, keys[1:])
        return ir.Put(root, entry.key, new, root.type, span)

    new = body.bind(place.root, put(_root(place, body), place.keys))
    if place.is_field:
        body.scope.fields[place.root] = new
        body.written.setdefault(place.root, span.line)
    else:
        body.scope.names[place.root] = new


def write(place: Place, value: ir.Expr, body: Body, span: Span) -> None:
    """Write a value, after checking the bounds of what is stored."""
    if place.is_field and not body.deferred:
        value = body.bind(place.root, value) if limits(value, place.type, body.scope) else value
        for cond, kind, _ in limits(value, place.type, body.scope):
            body.check(cond, kind, place.root, span)
    store(place, value, body, span)


# ── Assignments ──────────────────────────────────────────────────────────────────────────────────


def _assign(target: ast.expr, value: ast.expr, node: ast.stmt, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    if isinstance(value, ast.Call) and constant_object(value.func, scope) is model.choose:
        choose_statement(target, value, body)
        return
    value = hoist_either(value, body, target)
    popped = _popped(value, body)
    if isinstance(target, ast.Name):
        expected = body.local_types.get(target.id)
        new = popped or lower(value, scope, expected)
        _own(target.id, value, popped, body)
        body.local_types.setdefault(target.id, new.type)
        _new_local(target, body)
        scope.names[target.id] = body.bind(target.id, new)
        return
    place = place_of(target, body)
    new = coerce(popped, place.type, value, scope) if popped else lower(value, scope, place.type)
    _refuse_shared(place, value, new, body)
    write(place, new, body, span)


def _new_local(target: ast.Name, body: Body) -> None:
    if isinstance(body.scope.names.get(target.id), ir.Arg):
        raise Mistake(d.ParameterWritten(body.scope.span(target), target.id))


def _annotated(target: ast.Name, value: ast.expr, node: ast.AnnAssign, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node.annotation)
    try:
        hint = eval(
            ast.unparse(node.annotation), dict(scope.globals)
        )  # as Python itself would read it
    except Exception:
        raise Mistake(d.TypeOutside(span, ast.unparse(node.annotation))) from None
    type_ = annotation(hint, scope.world, span)
    _new_local(target, body)
    value = hoist_either(value, body, target)
    new = _popped(value, body) or lower(value, scope, type_)
    _own(target.id, value, None, body)
    body.local_types[target.id] = type_
    scope.names[target.id] = body.bind(target.id, coerce(new, type_, value, scope))


_FRESH = (ast.Set, ast.List, ast.Dict, ast.SetComp, ast.ListComp, ast.DictComp, ast.BinOp)


def _makes_collection(value: ast.expr) -> bool:
    """Does Python make a new collection here, rather than another name for an old one?"""
    match value:
        case ast.Call(ast.Attribute(_, "copy" | "union"), _) | ast.Call(ast.Name(), _):
            return True
    return isinstance(value, _FRESH)


def _own(name: str, value: ast.expr, popped: ir.Expr | None, body: Body) -> None:
    if popped is None and _makes_collection(value):
        body.owned.add(name)
    else:
        body.owned.discard(name)


def _refuse_shared(place: Place, value: ast.expr, new: ir.Expr, body: Body) -> None:
    # Python would now have two names for one collection; a `Map` and a model's fields copy, dict and list do not.
    collection = ir.Set | ir.Bag | ir.Seq | ir.Map | ir.Partial
    shares = isinstance(place.container, ir.Partial | ir.Seq) and isinstance(new.type, collection)
    if shares and not _makes_collection(value):
        raise Mistake(d.SharedCollection(body.scope.span(value), ast.unparse(value), place.shown))


def _augmented(node: ast.AugAssign, body: Body) -> None:
    scope, span = body.scope, body.scope.span(node)
    place = place_of(node.target, body)
    if not place.is_field and isinstance(scope.names.get(place.root), ir.Arg):
        raise Mistake(d.ParameterWritten(span, place.root))
    new = combine(load(place, body), node.op, node.value, scope, node)
    if new is None:
        raise Mistake(d.OperatorOutside(span, ast.unparse(node)))
    write(place, new, body, span)


def _delete(target: ast.Subscript, body: Body) -> None:
    scope, span = body.scope, body.scope.span(target)
    place = place_of(target.value, body)
    current = load(place, body)
    match place.type:
        case ir.Partial(key_type, _):
            key = body.bind("key", lower(target.slice, scope, key_type))
            body.check(
                ir.Has(current, key, span=span), ir.CheckKind.ABSENT, ast.unparse(target), span
            )
        case ir.Seq():
            key = lower(target.slice, scope, ir.INT)
            low = ir.Cmp("<=", ir.Lit(0, ir.INT, span), key, span=span)
            high = ir.Cmp("<", key, ir.Size(current, span=span), span=span)
            body.check(
                ir.And((low, high), span=span), ir.CheckKind.ABSENT, ast.unparse(target), span
            )
        case _:
            raise Mistake(d.NotIndexable(span, shown(place.type)))
    store(place, ir.Without(current, key, current.type, span), body, span)


# ── Mutators ─────────────────────────────────────────────────────────────────────────────────────


def mutate(node: ast.Call, func: ast.Attribute, body: Body) -> None:
    """`place.add(x)` and its like."""
    scope, span = body.scope, body.scope.span(node)
    place = _mutable(func, body)
    current, name = load(place, body), func.attr
    if isinstance(place.type, ir.Option):
        current = coerce(current, place.type.item, func.value, scope)
    if node.keywords:
        raise Mistake(d.WrongArguments(span, name, 1))
    match current.type, name, node.args:
        case ((ir.Set(item) | ir.Bag(item)), "add", [argument]):
            _insert(place, current, item, argument, body, span)
        case ir.Seq(item), "append", [argument]:
            _insert(place, current, item, argument, body, span)
        case ((ir.Set(item) | ir.Bag(item) | ir.Seq(item)), "remove", [argument]):
            gone = body.bind("item", lower(argument, scope, item))
            body.check(
                ir.Has(current, gone, span=span), ir.CheckKind.ABSENT, ast.unparse(node), span
            )
            store(place, ir.Erase(current, gone, current.type, span), body, span)
        case ((ir.Set(item) | ir.Bag(item)), "discard", [argument]):
            gone = lower(argument, scope, item)
            store(place, ir.Erase(current, gone, current.type, span), body, span)
        case ((ir.Set() | ir.Bag() | ir.Seq() | ir.Partial()), "clear", []):
            store(place, ir.Lit(empty(current.type), current.type, span), body, span)
        case ((ir.Set() | ir.Bag() | ir.Partial()), "update", [argument]):
            write(place, _joined(current, argument, body, span), body, span)
        case ir.Seq(), "pop", _:
            _pop(node, place, current, body)
        case _:
            raise Mistake(d.UnknownMethod(span, shown(place.type), name))


def _mutable(func: ast.Attribute, body: Body) -> Place:
    span = body.scope.span(func)
    if isinstance(func.value, ast.Call):
        raise Mistake(d.MutatesCopy(span, ast.unparse(func.value)))
    place = place_of(func.value, body)
    if not place.is_field and place.root not in body.owned:
        raise Mistake(d.MutatesCopy(span, place.root))
    if place.keys and not place.is_field:
        raise Mistake(d.MutatesCopy(span, ast.unparse(func.value)))
    return place


def _insert(
    place: Place, current: ir.Expr, item: ir.Type, argument: ast.expr, body: Body, span: Span
) -> None:
    value = lower(argument, body.scope, item)
    if isinstance(item, ir.Set | ir.Bag | ir.Seq | ir.Map | ir.Partial) and not _makes_collection(
        argument
    ):
        raise Mistake(d.SharedCollection(span, ast.unparse(argument), place.shown))
    checked = place.is_field and not body.deferred
    if checked and limits(value, item, body.scope):
        value = body.bind("item", value)
        for cond, kind, _ in limits(value, item, body.scope):
            body.check(cond, kind, place.root, span)
    new: ir.Expr = ir.Insert(current, value, current.type, span)
    if checked and isinstance(current.type, ir.Bag | ir.Seq):
        new = body.bind(place.root, new)
        body.check(
            _fits_in(new, current.type.capacity, span), ir.CheckKind.CAPACITY, place.root, span
        )
    store(place, new, body, span)


def _fits_in(collection: ir.Expr, capacity: int, span: Span) -> ir.Expr:
    return ir.Cmp("<=", ir.Size(collection, span=span), ir.Lit(capacity, ir.INT, span), span=span)


def _joined(current: ir.Expr, argument: ast.expr, body: Body, span: Span) -> ir.Expr:
    from .calls import call, comprehension

    scope = body.scope
    if isinstance(argument, ast.GeneratorExp):
        other = comprehension(argument, scope, current.type, bag=isinstance(current.type, ir.Bag))
    elif isinstance(current.type, ir.Partial):
        other = lower(argument, scope, current.type)
    else:
        kind = "set" if isinstance(current.type, ir.Set) else "Bag"
        name = ast.copy_location(ast.Name(kind, ast.Load()), argument)
        wrapped = ast.copy_location(ast.Call(name, [argument], []), argument)
        inner = replace(scope, globals={**scope.globals, "set": set, "Bag": _bag_class()})
        other = coerce(call(wrapped, inner, current.type), current.type, argument, scope)
    # The sum is of unknown size, so its capacity is checked whatever the operands' were.
    type_ = current.type
    if isinstance(type_, ir.Bag):
        type_ = ir.Bag(type_.item, 2**31)
    return ir.Join(current, other, type_, span)


def _bag_class() -> type:
    from ..values import Bag

    return Bag


def _popped(value: ast.expr, body: Body) -> ir.Expr | None:
    """`x = self.queue.pop(0)`: the element, taken out of the list."""
    match value:
        case ast.Call(ast.Attribute(_, "pop") as func, _):
            place = _mutable(func, body)
            if isinstance(place.type, ir.Seq):
                return _pop(value, place, load(place, body), body)
            raise Mistake(d.UnknownMethod(body.scope.span(value), shown(place.type), "pop"))
    return None


def _pop(node: ast.Call, place: Place, current: ir.Expr, body: Body) -> ir.Expr:
    span = body.scope.span(node)
    first = (
        len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
    )
    if node.keywords or (node.args and not first):
        raise Mistake(d.PopOutside(span))
    assert isinstance(current.type, ir.Seq)
    size = ir.Size(current, span=span)
    zero = ir.Lit(0, ir.INT, span)
    body.check(ir.Cmp("<", zero, size, span=span), ir.CheckKind.ABSENT, ast.unparse(node), span)
    index: ir.Expr = zero if first else ir.Arith("-", size, ir.Lit(1, ir.INT, span), span=span)
    item = body.bind("item", ir.At(current, index, current.type.item, span))
    store(place, ir.Without(current, index, current.type, span), body, span)
    return item


# ── Branches ─────────────────────────────────────────────────────────────────────────────────────


def _if(node: ast.If, body: Body) -> None:
    test = lower_bool(hoist_either(node.test, body, None), body.scope)
    branch(test, lambda side: run(node.body, side), lambda side: run(node.orelse, side), body)


def branch(
    test: ir.Expr, then: Callable[[Body], None], orelse: Callable[[Body], None], body: Body
) -> None:
    """Both sides under their path conditions, then one value for each field and local."""
    test = body.bind("test", test)
    sides = []
    for cond, read in ((test, then), (negation(test), orelse)):
        side = replace(
            body,
            scope=body.scope.fork(),
            path=conjunction(body.path, cond),
            written=dict(body.written),
            owned=set(body.owned),
        )
        read(side)
        sides.append(side)
    for side in sides:
        for name, line in side.written.items():
            body.written.setdefault(name, line)
    body.owned = sides[0].owned & sides[1].owned
    _merge(test, sides[0].scope, sides[1].scope, body)


def _merge(test: ir.Expr, then: Scope, orelse: Scope, body: Body) -> None:
    scope = body.scope
    for name, before in list(scope.fields.items()):
        a, b = then.fields[name], orelse.fields[name]
        if a is not before or b is not before:
            scope.fields[name] = body.bind(name, ir.Ite(test, a, b, a.type, a.span))
    for name in {**then.names, **orelse.names}:
        scope.names[name] = _merged_local(
            test, then.names.get(name), orelse.names.get(name), name, body
        )


def _merged_local(test: ir.Expr, a: Any, b: Any, name: str, body: Body) -> ir.Expr | Unassigned:
    if a is b:
        return a  # type: ignore[no-any-return]
    for value in (a, b):
        if value is None or isinstance(value, Unassigned):
            return Unassigned(reported=isinstance(value, Unassigned) and value.reported)
    common = unify(a.type, b.type)
    if common is None:
        return Unassigned()
    widened = [
        v if v.type == common or not isinstance(common, ir.Option | ir.Union) else _widen(v, common)
        for v in (a, b)
    ]
    return body.bind(name, ir.Ite(test, widened[0], widened[1], common, a.span))


def _widen(value: ir.Expr, type_: ir.Type) -> ir.Expr:
    return value if value.type == type_ else ir.Widen(value, type_, value.span)


def _match(node: ast.Match, body: Body) -> None:
    subject = body.bind("subject", lower(hoist_either(node.subject, body, None), body.scope))
    cases = list(match_cases(subject, node, body.scope))

    def rest(index: int, side: Body) -> None:
        if index == len(cases):
            return
        test, names, statements = cases[index]

        def matched(inner: Body) -> None:
            hidden = {name: inner.scope.names.get(name) for name in names}
            inner.scope.names.update(names)
            run(statements, inner)
            for name, before in hidden.items():  # a capture ends with its case
                inner.scope.names[name] = before if before is not None else Unassigned()

        if test is None:
            matched(side)
        else:
            branch(test, matched, lambda other: rest(index + 1, other), side)

    rest(0, body)
