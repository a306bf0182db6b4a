"""From a model's class to the IR's `Model`.

Owns what may stand in a model's class: fields with defaults, constants, and methods with one of the
decorators. Everything is read before the first message is given up on.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from typing import Any, Final, get_origin, get_type_hints

from .. import ir, model
from ..source import NOWHERE, Span
from ..states import is_finite
from ..values import Bag, Id, Map
from . import diagnostics as d
from .body import Body
from .expressions import lower_bool
from .functions import liveness_of, option_span, parameters_of, read_helper, returned
from .processes import infer, lower_process, read_process
from .records import Unfit, fits
from .restarts import apply_endings
from .scope import Scope
from .statements import run
from .stored import keeps
from .tidy import tidy
from .types import annotation, shown
from .world import Mistake, World, span_of

__all__ = ["lower_model"]

_PROPERTY_KINDS = {
    "invariant": ir.PropKind.INVARIANT,
    "witness": ir.PropKind.WITNESS,
    "at_rest": ir.PropKind.AT_REST,
}


def lower_model(
    cls: type[model.Model], node: ast.ClassDef, world: World, *, keep_dead_locals: bool = False
) -> ir.Model:
    """The IR of a model; mistakes are collected in `world`."""
    _class_statement(cls, node, world)
    variables, constants = _fields(cls, node, world)
    methods = _methods(cls, node, world)
    variables += _processes(methods, world, keep_dead_locals)
    rules: list[ir.Rule] = []
    properties: list[ir.Prop] = []
    initial: ir.Rule | None = None
    for name, (function, tree, role) in methods.items():
        with world.recovering():
            scope = _scope(function, world, tree)
            if role.kind in ("action", "fault", "initial"):
                rule, counters = _rule(function, tree, role, scope)
                variables += counters
                if role.kind == "initial":
                    if initial is not None:
                        raise Mistake(d.TwoInitials(scope.span(tree), name))
                    initial = rule
                else:
                    rules.append(rule)
            elif role.kind == "process":
                if name not in world.broken:
                    steps, counters = lower_process(world.processes[name])
                    rules += steps
                    variables += counters
            elif role.kind == "pure":
                read_helper(function, tree, scope)
            else:
                properties.append(_property(function, tree, role, scope))
    if not rules and not world.mistakes:
        world.mistakes.append(d.NoSteps(_class_span(node, world), cls.__name__))
    sorts = [
        ir.SortDecl(name, found.scope, _doc(found), NOWHERE)
        for name, found in world.classes.items()
        if issubclass(found, Id)
    ]
    plain = [v for v in variables if not v.is_counter]
    counters = [v for v in variables if v.is_counter]
    return ir.Model(
        name=cls.__name__,
        sorts=tuple(sorts),
        consts=tuple(constants),
        vars=(*plain, *counters),
        initial=initial,
        rules=tuple(rules),
        props=tuple(properties),
        doc=inspect.getdoc(inspect.getmodule(cls)) or _doc(cls),
        file=world.file,
    )


def _doc(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "")


def _class_span(node: ast.ClassDef, world: World) -> Span:
    return Span(
        world.file,
        node.lineno,
        node.col_offset,
        node.lineno,
        node.col_offset + len(f"class {node.name}"),
    )


def _class_statement(cls: type, node: ast.ClassDef, world: World) -> None:
    if cls.__mro__[1] is not model.Model or len(cls.__bases__) > 1:
        world.mistakes.append(d.ModelInherits(_class_span(node, world), cls.__name__))
    for statement in node.body:
        span = Span(
            world.file,
            statement.lineno,
            statement.col_offset,
            statement.end_lineno or statement.lineno,
            statement.end_col_offset or 0,
        )
        match statement:
            case ast.Expr(ast.Constant(str())) | ast.AnnAssign() | ast.FunctionDef() | ast.Pass():
                continue
            case ast.Assign([ast.Name(name)]):
                world.refused.add(name)
                world.mistakes.append(d.FieldUntyped(span, name))
            case ast.AsyncFunctionDef(name):
                world.mistakes.append(d.AsyncMethod(span, name))
            case _:
                world.mistakes.append(d.InClassBody(span, ast.unparse(statement).splitlines()[0]))


# ── Fields ───────────────────────────────────────────────────────────────────────────────────────


def _fields(cls: type, node: ast.ClassDef, world: World) -> tuple[list[ir.Var], list[ir.ConstDecl]]:
    known = {name: _hint(cls, name) for name in inspect.get_annotations(cls)}
    variables: list[ir.Var] = []
    constants: list[ir.ConstDecl] = []
    for statement in node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name = statement.target.id
        with world.recovering():
            hint = known[name]
            if isinstance(hint, Exception):
                where = span_of(statement.annotation, world.file)
                raise Mistake(d.BadAnnotation(where, name, str(hint)))
            _field(cls, name, hint, statement, world, variables, constants)
        if name not in world.fields and name not in world.constants:
            world.refused.add(name)
    return variables, constants


def _hint(cls: type, name: str) -> Any:
    """The annotation of one field, resolved; or what Python says against it."""
    alone = type(cls.__name__, (), {"__annotations__": {name: cls.__annotations__[name]}})
    try:
        return get_type_hints(alone, vars(inspect.getmodule(cls)), include_extras=True)[name]
    except Exception as error:
        return error


def _field(
    cls: type,
    name: str,
    hint: Any,
    node: ast.AnnAssign,
    world: World,
    variables: list[ir.Var],
    constants: list[ir.ConstDecl],
) -> None:
    scope = Scope(world, world.file, vars(inspect.getmodule(cls)), "fact", name)
    span = scope.span(node)
    if name.startswith("_") or name.endswith("_used"):
        raise Mistake(d.FieldName(scope.span(node.target), name))
    is_final = hint is Final or get_origin(hint) is Final
    if node.value is None:
        raise Mistake(d.FieldWithoutDefault(span, name))
    type_ = annotation(hint, world, scope.span(node.annotation))
    value = cls.__dict__[name]
    if is_final:
        world.constants[name] = type_
        if not isinstance(type_, ir.Bool | ir.Int | ir.Enum):
            raise Mistake(d.ConstantType(span, name, shown(type_)))
        given = _default(value, type_, name, node, scope)
        if not keeps(ir.Lit(given, type_), type_, scope):
            raise Mistake(d.DefaultOutsideBounds(span, name, ast.unparse(node.value)))
        constants.append(ir.ConstDecl(name, type_, given, span=span))
        return
    world.fields[name] = type_
    _refuse_unbounded(type_, name, scope.span(node.annotation))
    if isinstance(type_, ir.Map):
        init = _map_default(value, type_, name, node, scope)
    else:
        init = ir.Lit(_default(value, type_, name, node, scope), type_, scope.span(node.value))
    if not keeps(init, type_, scope):
        raise Mistake(d.DefaultOutsideBounds(scope.span(node.value), name, ast.unparse(node.value)))
    variables.append(ir.Var(name, type_, init, span=span))
    world.defaults[name] = init
    names = [
        process
        for note in getattr(hint, "__metadata__", ())
        if isinstance(note, model.volatile)
        for process in note.processes
    ]
    if names:
        world.volatile[name] = (tuple(names), scope.span(node))


def _refuse_unbounded(type_: ir.Type, name: str, span: Span) -> None:
    match type_:
        case ir.Int(None):
            raise Mistake(d.UnboundedInt(span, name))
        case ir.Option(item) | ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            _refuse_unbounded(item, name, span)
        case ir.Map(key, value) | ir.Partial(key, value):
            _refuse_unbounded(key, name, span)
            _refuse_unbounded(value, name, span)
        case ir.Record(_, fields):
            for _, inner in fields:
                _refuse_unbounded(inner, name, span)
        case ir.Union(records):
            for record in records:
                _refuse_unbounded(record, name, span)


def _default(value: Any, type_: ir.Type, name: str, node: ast.AnnAssign, scope: Scope) -> object:
    assert node.value is not None
    span = scope.span(node.value)
    if isinstance(value, Id) or _mentions_id(node.value, scope):
        raise Mistake(d.IdLiteral(span, ast.unparse(node.value)))
    if isinstance(value, set | list | dict | Bag) and len(value) > 0:
        raise Mistake(d.NonEmptyDefault(span, name))
    try:
        return fits(value, type_)
    except Unfit:
        raise Mistake(
            d.DefaultOfOtherType(span, name, shown(type_), type(value).__name__)
        ) from None


def _mentions_id(node: ast.expr, scope: Scope) -> bool:
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            cls = scope.globals.get(part.func.id)
            if isinstance(cls, type) and issubclass(cls, Id):
                return True
    return False


def _map_default(
    value: Any, type_: ir.Map, name: str, node: ast.AnnAssign, scope: Scope
) -> ir.Expr:
    assert node.value is not None
    span = scope.span(node.value)
    if not isinstance(value, Map):
        raise Mistake(d.DefaultOfOtherType(span, name, shown(type_), type(value).__name__))
    inner: ir.Expr
    if isinstance(type_.value, ir.Map):
        inner = _map_default(value._default, type_.value, name, node, scope)
    else:
        inner = ir.Lit(_default(value._default, type_.value, name, node, scope), type_.value, span)
    return ir.Build(f"key_{name}", ir.Universe(ir.Set(type_.key), span), None, inner, type_, span)


# ── Methods ──────────────────────────────────────────────────────────────────────────────────────

Method = tuple[Callable[..., Any], ast.FunctionDef, model.Role]


def _methods(cls: type, node: ast.ClassDef, world: World) -> dict[str, Method]:
    found: dict[str, Method] = {}
    for tree in node.body:
        if not isinstance(tree, ast.FunctionDef):
            continue
        span = Span(
            world.file,
            tree.lineno,
            tree.col_offset,
            tree.lineno,
            tree.col_offset + 4 + len(tree.name),
        )
        if tree.name in found:
            world.mistakes.append(d.TwoMethodsOneName(span, tree.name))
            continue
        attribute = cls.__dict__.get(tree.name)
        role = model.role_of(attribute)
        if tree.name.startswith("__"):
            world.mistakes.append(d.SpecialMethod(span, tree.name))
        elif role is None:
            world.mistakes.append(d.MethodWithoutRole(span, tree.name))
        elif tree.name == "no_step_error":
            world.mistakes.append(d.ReservedName(span, tree.name))
        else:
            assert callable(attribute)
            found[tree.name] = (inspect.unwrap(attribute), tree, role)
            world.methods[tree.name] = attribute
    return found


# ── Processes ────────────────────────────────────────────────────────────────────────────────────


def _processes(methods: dict[str, Method], world: World, keep_dead_locals: bool) -> list[ir.Var]:
    """Read the processes, so that rules and properties can speak of all; gives their variables."""
    for name, (function, tree, role) in methods.items():
        if role.kind == "process":
            world.broken.add(name)  # until it is known to be sound
            with world.recovering():
                world.processes[name] = read_process(
                    function, tree, role, world, keep_dead_locals=keep_dead_locals
                )
                world.broken.discard(name)
    _name_rules(methods, world)
    for name, (processes, span) in world.volatile.items():
        for owner in processes:
            with world.recovering():
                _volatile(name, owner, span, world)
    found: list[ir.Var] = []
    for process in world.processes.values():
        with world.recovering():
            world.broken.add(process.name)
            infer(process)
            found += process.variables()
            world.broken.discard(process.name)
    return found


def _name_rules(methods: dict[str, Method], world: World) -> None:
    """A rule has its label's name, with the process's before it if another thing is called so."""
    names = [*methods, *world.fields, *world.constants, "no_step_error"]
    names += [label.name for p in world.processes.values() for label in p.flow.labels]
    for process in world.processes.values():
        for label in process.flow.labels:
            alone = names.count(label.name) == 1
            process.rule_names[label.name] = label.name if alone else f"{process.name}_{label.name}"
        variables = [process.at_var, *map(process.var_of, process.flow.locals)]
        for name in [*variables, *process.rule_names.values()]:
            if names.count(name) + (name in world.taken) > (name in process.rule_names.values()):
                head = _method_span(process.tree, world)
                world.mistakes.append(d.LocalName(head, name))
        world.taken.update(variables)


def _method_span(tree: ast.FunctionDef, world: World) -> Span:
    start = tree.col_offset
    return Span(world.file, tree.lineno, start, tree.lineno, start + 4 + len(tree.name))


def _volatile(name: str, process: str, span: Span, world: World) -> None:
    found = world.processes.get(process)
    if found is None:
        if process in world.broken:
            return
        known = ", ".join(world.processes) or "none"
        raise Mistake(d.VolatileUnknown(span, name, process, known))
    type_ = world.fields[name]
    for place, param in enumerate(found.params):
        last = place == len(found.params) - 1
        keyed = isinstance(type_, ir.Map) or (last and isinstance(type_, ir.Partial))
        if not (keyed and isinstance(type_, ir.Map | ir.Partial) and type_.key == param.type):
            wanted = ", then ".join(shown(p.type) for p in found.params)
            raise Mistake(d.VolatileKey(span, name, process, wanted))
        type_ = type_.value
    found.volatile.append(name)


def _scope(function: Callable[..., Any], world: World, tree: ast.FunctionDef) -> Scope:
    return Scope(world, world.file, inspect.unwrap(function).__globals__, "step", tree.name)


def _rule(
    function: Callable[..., Any], tree: ast.FunctionDef, role: model.Role, scope: Scope
) -> tuple[ir.Rule, list[ir.Var]]:
    span = scope.span(tree)
    parameters = parameters_of(function, tree, scope)
    params = [ir.Param(name, type_, scope.span(arg)) for name, type_, arg in parameters]
    if role.kind == "initial" and params:
        raise Mistake(d.InitialWithParameters(params[0].span, tree.name))
    for param in params:
        if not is_finite(param.type):
            raise Mistake(d.ParameterInfinite(param.span, param.name, shown(param.type)))
    _begin(scope, params)
    body = Body(scope)
    counter, counters = _budget(tree, role, params, body)
    run(tree.body, body)
    updates: dict[str, ir.Expr] = {
        n: v for n, v in scope.fields.items() if not (isinstance(v, ir.Read) and v.var == n)
    }
    if counter is not None:
        updates[counter.name] = _raised(counter, role, params, span)
    for name, budget in body.counters.items():
        counters.append(
            ir.Var(name, ir.Int(0, budget), ir.Lit(0, ir.Int(0, budget), span), True, span)
        )
    apply_endings(body, updates)
    items, changed = tidy(body.items, updates)
    rule = ir.Rule(
        kind=ir.Kind.FAULT if role.kind == "fault" else ir.Kind.ACTION,
        name=tree.name,
        params=tuple(params),
        body=items,
        updates=tuple(ir.Update(n, v) for n, v in changed.items()),
        unit=_unit(tree, role, params, scope),
        counter=counter.name if counter is not None else None,
        at_most=role.at_most,
        origin=ir.Origin(tree.name),
        doc=ast.get_docstring(tree) or "",
        span=Span(
            scope.file,
            tree.lineno,
            tree.col_offset,
            tree.lineno,
            tree.col_offset + 4 + len(tree.name),
        ),
    )
    return rule, counters


def _begin(scope: Scope, params: list[ir.Param]) -> None:
    for param in params:
        scope.names[param.name] = ir.Arg(param.name, param.type, param.span)
        scope.used.add(param.name)
    for name, type_ in scope.world.fields.items():
        scope.fields[name] = ir.Read(name, type_)


def _budget(
    tree: ast.FunctionDef, role: model.Role, params: list[ir.Param], body: Body
) -> tuple[ir.Var | None, list[ir.Var]]:
    """The variable that counts a fault, after adding the guard that it is not used up."""
    if role.kind != "fault" or role.at_most is None:
        return None, []
    span = body.scope.span(tree)
    if isinstance(role.at_most, bool) or not isinstance(role.at_most, int) or role.at_most < 0:
        raise Mistake(d.FaultBudget(option_span(tree, "at_most", body.scope), tree.name))
    count: ir.Type = ir.Int(0, role.at_most)
    zero = ir.Lit(0, count, span)
    name = f"{tree.name}_used"
    if role.per is None:
        counter = ir.Var(name, count, zero, True, span)
        used: ir.Expr = ir.Read(name, count, span)
    else:
        key = next((p.type for p in params if p.name == role.per), None)
        if key is None:
            where = option_span(tree, "per", body.scope)
            known = ", ".join(p.name for p in params) or "none"
            raise Mistake(d.UnknownParameter(where, "per", role.per, known))
        type_ = ir.Map(key, count)
        init = ir.Build(f"key_{name}", ir.Universe(ir.Set(key), span), None, zero, type_, span)
        counter = ir.Var(name, type_, init, True, span)
        used = ir.At(ir.Read(name, type_, span), ir.Arg(role.per, key, span), count, span)
    left = ir.Cmp("<", used, ir.Lit(role.at_most, ir.INT, span), span=span)
    body.items.append(ir.Guard(left, None, span))
    return counter, [counter]


def _raised(counter: ir.Var, role: model.Role, params: list[ir.Param], span: Span) -> ir.Expr:
    read = ir.Read(counter.name, counter.type, span)
    one = ir.Lit(1, ir.INT, span)
    if not isinstance(counter.type, ir.Map):
        return ir.Arith("+", read, one, counter.type, span)
    key = ir.Arg(str(role.per), counter.type.key, span)
    used = ir.At(read, key, counter.type.value, span)
    return ir.Put(read, key, ir.Arith("+", used, one, counter.type.value, span), counter.type, span)


def _unit(
    tree: ast.FunctionDef, role: model.Role, params: list[ir.Param], scope: Scope
) -> ir.Unit | None:
    where = option_span(tree, "fair_for", scope)
    if role.fair is None:
        if role.fair_for is not None:
            raise Mistake(d.FairForWithoutFair(where, tree.name))
        return None
    if role.fair not in ("weak", "strong"):
        raise Mistake(d.FairValue(option_span(tree, "fair", scope), str(role.fair)))
    names = tuple(p.name for p in params if isinstance(p.type, ir.Sort))
    if role.fair_for is not None:
        known = [p.name for p in params]
        unknown = next((n for n in role.fair_for if n not in known), None)
        if unknown is not None:
            shown_names = ", ".join(known) or "none"
            raise Mistake(d.UnknownParameter(where, "fair_for", unknown, shown_names))
        names = role.fair_for
    return ir.Unit(tree.name, names, role.fair == "strong")


def _property(
    function: Callable[..., Any], tree: ast.FunctionDef, role: model.Role, scope: Scope
) -> ir.Prop:
    scope.place = "property"
    parameters = parameters_of(function, tree, scope)
    params = [ir.Param(name, type_, scope.span(arg)) for name, type_, arg in parameters]
    for param in params:
        if not is_finite(param.type):
            raise Mistake(d.ParameterInfinite(param.span, param.name, shown(param.type)))
    _begin(scope, params)
    consequent: ir.Expr | None = None
    if role.kind == "liveness":
        kind, expr, consequent = liveness_of(tree, scope)
    else:
        kind = _PROPERTY_KINDS[role.kind]
        expr = returned(tree.body, scope, lower_bool, tree)
    span = Span(
        scope.file, tree.lineno, tree.col_offset, tree.lineno, tree.col_offset + 4 + len(tree.name)
    )
    return ir.Prop(
        kind, tree.name, tuple(params), expr, consequent, ast.get_docstring(tree) or "", span
    )
