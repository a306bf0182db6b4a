"""From a process to rules: one for each label, over a label variable and one for each local.

Owns S12 and S14. A step is read from its label along every way to the next one, with the statements
of an action in between; each way ends by saying where the instance is now and what it remembers. A
local that will not be read again is reset there, so that it multiplies no states, unless
`keep_dead_locals` is asked for. A local that lives within one step belongs to no state.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .. import ir, model
from ..ir.walk import is_total, walk
from ..source import Span
from ..states import is_finite
from ..values import Assigned
from . import diagnostics as d
from .aliases import note_local
from .body import Body
from .branches import branch
from .choices import hoist_either
from .expressions import constant_object, declared_type, lower, lower_bool
from .flow import DONE, Cases, End, Flow, Fork, Head, Label, Node, Plain, flow_of
from .functions import parameters_of
from .memory import Memory, Unset, has_free_int
from .patterns import match_cases
from .places import check_limits
from .restarts import apply_endings
from .scope import Scope, Unassigned, no_value
from .statements import run
from .stored import keeps
from .tidy import tidy
from .types import is_mutable, shown
from .world import Mistake, World, span_of

__all__ = ["Process", "infer", "lower_process", "read_process"]

_WAYS_MAX = 500  # a page of code has a dozen; beyond, a step is not what its author had in mind
_ROUNDS_MAX = 20  # of finding types; each round but the last learns something about a local


@dataclass
class Process:
    """A method with `@process`, as far as it has been read.

    `kept` are the locals that belong to the state, `volatile` the fields that a restart empties,
    `rule_names` what the rules of its labels are called.
    """

    name: str
    tree: ast.FunctionDef
    function: Callable[..., Any]
    role: model.Role
    params: tuple[ir.Param, ...]
    flow: Flow
    memory: Memory
    world: World
    keep_dead_locals: bool
    volatile: list[str] = field(default_factory=list)
    rule_names: dict[str, str] = field(default_factory=dict)

    # ── Variables ──

    @property
    def at_var(self) -> str:
        return f"{self.name}_at"

    @property
    def label_type(self) -> ir.Enum:
        # The blank makes it a type of words: no class of the file can have that name.
        return ir.Enum(f"{self.name} label", (*(x.name for x in self.flow.labels), DONE))

    @property
    def kept(self) -> list[str]:
        """The locals that are read behind some label, and whose type is known."""
        live = frozenset[str]().union(*self.flow.live.values())
        return [n for n in self.flow.locals if n in live and self.memory.type_of(n) is not None]

    def var_of(self, local: str) -> str:
        return f"{self.name}_{local}"

    def var_type(self, slot: ir.Type) -> ir.Type:
        """One value for each instance."""
        for param in reversed(self.params):
            slot = ir.Map(param.type, slot)
        return slot

    def slot(self, var: str, slot: ir.Type, instance: tuple[ir.Expr, ...]) -> ir.Expr:
        """The value of one instance, before the step."""
        value: ir.Expr = ir.Read(var, self.var_type(slot))
        for key in instance:
            assert isinstance(value.type, ir.Map)
            value = ir.At(value, key, value.type.value)
        return value

    def put(self, before: ir.Expr, instance: tuple[ir.Expr, ...], slot: ir.Expr) -> ir.Expr:
        """The variable with another value for one instance."""
        if not instance:
            return slot
        assert isinstance(before.type, ir.Map)
        inner = ir.At(before, instance[0], before.type.value)
        return ir.Put(before, instance[0], self.put(inner, instance[1:], slot), before.type)

    def own_instance(self) -> tuple[ir.Expr, ...]:
        return tuple(ir.Arg(p.name, p.type) for p in self.params)

    def first_values(self) -> dict[str, tuple[ir.Type, ir.Expr]]:
        """The type of each variable's value for one instance, and the value before it begins."""
        first: tuple[ir.Type, ir.Expr] = (
            self.label_type,
            ir.Lit(self.flow.first.name, self.label_type),
        )
        memory = self.memory
        unset = {self.var_of(n): (memory.slot_type(n), memory.unset(n)) for n in self.kept}
        return {self.at_var: first, **unset}

    def variables(self) -> list[ir.Var]:
        found = []
        for var, (type_, init) in self.first_values().items():
            for param in reversed(self.params):
                universe = ir.Universe(ir.Set(param.type))
                type_ = ir.Map(param.type, type_)
                init = ir.Build(f"{param.name}_{var}", universe, None, init, type_)
            found.append(ir.Var(var, type_, init, span=_head(self.tree, self.world.file)))
        return found


def _head(tree: ast.FunctionDef, file: str) -> Span:
    start = tree.col_offset
    return Span(file, tree.lineno, start, tree.lineno, start + 4 + len(tree.name))


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


def read_process(
    function: Callable[..., Any],
    tree: ast.FunctionDef,
    role: model.Role,
    world: World,
    *,
    keep_dead_locals: bool,
) -> Process:
    """The process with its labels; the types of its locals are for `infer`. Raises: Mistake."""
    scope = Scope(world, world.file, inspect.unwrap(function).__globals__, "step", tree.name)
    if role.fair not in (None, "weak", "strong"):
        raise Mistake(d.FairValue(scope.span(tree), str(role.fair)))
    params = []
    for name, type_, arg in parameters_of(function, tree, scope):
        if not is_finite(type_):
            raise Mistake(d.ParameterInfinite(scope.span(arg), name, shown(type_)))
        params.append(ir.Param(name, type_, scope.span(arg)))
    flow = flow_of(tree, scope.span)
    process = Process(
        name=tree.name,
        tree=tree,
        function=function,
        role=role,
        params=tuple(params),
        flow=flow,
        memory=Memory(flow.locals),
        world=world,
        keep_dead_locals=keep_dead_locals,
    )
    _declare(process, scope)
    return process


def _declare(process: Process, scope: Scope) -> None:
    """The types that annotations give to locals; what is wrong with one is said where it stands."""
    for node in ast.walk(process.tree):
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)):
            continue
        try:
            type_ = declared_type(node.annotation, scope)
        except Mistake:
            continue
        process.memory.declared[node.target.id] = type_


def infer(process: Process) -> None:
    """The first values of locals, and the types of all: what is assigned anywhere fits in.

    Mistakes found on the way are found again when the rules are made, with all types known.
    """
    world, memory = process.world, process.memory
    _first_values(process)
    for rounds in range(_ROUNDS_MAX + 1):
        memory.changed = False
        if rounds == _ROUNDS_MAX:
            memory.give_up()
        before = len(world.mistakes)
        for label in process.flow.labels:
            _Step(process, label).read()
        del world.mistakes[before:]
        if not memory.changed:
            break
    for name in process.kept:
        type_ = memory.type_of(name)
        if type_ is not None and has_free_int(type_):
            world.mistakes.append(d.LocalUnbounded(_assignment(process, name), name))


def _assignment(process: Process, name: str) -> Span:
    for node in ast.walk(process.tree):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            return span_of(node, process.world.file)
    raise AssertionError(name)


def _first_values(process: Process) -> None:
    body = _begin(process, process.name)
    scope, memory = body.scope, process.memory
    node = process.flow.entry
    while not isinstance(node, Label):
        match node:
            case Head(_, after):
                node = after
            case Plain(ast.Pass() | ast.Expr(ast.Constant(str())), after):
                node = after
            case Plain(
                ast.Assign([ast.Name(name)], value)
                | ast.AnnAssign(ast.Name(name), _, ast.expr() as value),
                after,
            ):
                if isinstance(scope.names.get(name), ir.Arg):
                    raise Mistake(d.ParameterWritten(scope.span(value), name))
                if _chooses(value, scope):
                    raise Mistake(d.BeforeFirstLabel(scope.span(value)))
                first = lower(value, scope, memory.declared.get(name))
                declared = memory.declared.get(name)
                if not _is_constant(first):
                    raise Mistake(d.BeforeFirstLabel(scope.span(value)))
                if declared is not None and not keeps(first, declared, scope):
                    text = ast.unparse(value)
                    raise Mistake(d.DefaultOutsideBounds(scope.span(value), name, text))
                memory.first[name] = first
                memory.note(name, first, scope)
                node = after
            case Plain(statement):
                raise Mistake(d.BeforeFirstLabel(scope.span(statement)))
            case Fork(test):
                raise Mistake(d.BeforeFirstLabel(scope.span(test)))
            case Cases(match):
                raise Mistake(d.BeforeFirstLabel(scope.span(match.subject)))
            case End():
                raise Mistake(d.ProcessWithoutLabels(_head(process.tree, scope.file), process.name))


def _chooses(value: ast.expr, scope: Scope) -> bool:
    choices = (model.choose, model.either, model.when)
    calls = [n.func for n in ast.walk(value) if isinstance(n, ast.Call)]
    return any(constant_object(function, scope) in choices for function in calls)


def _is_constant(expr: ir.Expr) -> bool:
    reads = isinstance(expr, ir.Read | ir.Arg | ir.Fresh) or not is_total(expr)
    return not reads and not any(
        isinstance(part, ir.Read | ir.Arg | ir.Fresh) for part in walk(expr)
    )


def _begin(process: Process, owner: str) -> Body:
    world = process.world
    scope = Scope(world, world.file, inspect.unwrap(process.function).__globals__, "step", owner)
    for param in process.params:
        scope.names[param.name] = ir.Arg(param.name, param.type, param.span)
        scope.used.add(param.name)
    for name, type_ in world.fields.items():
        scope.fields[name] = ir.Read(name, type_)
    return Body(scope, memory=process.memory)


# ── Rules ────────────────────────────────────────────────────────────────────────────────────────


def lower_process(process: Process) -> tuple[list[ir.Rule], list[ir.Var]]:
    """A rule for each label in the order of the source, and the counters of its `unlucky`."""
    if any(isinstance(process.memory.type_of(n), ir.Option) for n in process.kept):
        process.world.register(Assigned, _head(process.tree, process.world.file))
    rules: list[ir.Rule] = []
    budgets: dict[str, int] = {}
    for label in process.flow.labels:
        step = _Step(process, label)
        step.read()
        rules.append(_rule(process, label, step))
        budgets |= step.body.counters
    counters = [
        ir.Var(name, ir.Int(0, most), ir.Lit(0, ir.Int(0, most)), True)
        for name, most in budgets.items()
    ]
    return rules, counters


def _rule(process: Process, label: Label, step: _Step) -> ir.Rule:
    body = step.body
    updates: dict[str, ir.Expr] = {}
    for name, value in body.scope.fields.items():
        entry = step.slots.get(name)
        if entry is None:
            if not isinstance(value, ir.Read):
                updates[name] = value
        elif value != entry:
            before = ir.Read(name, process.var_type(entry.type))
            updates[name] = process.put(before, process.own_instance(), value)
    apply_endings(body, updates)
    items, changed = tidy(body.items, updates)
    unit = None
    if process.role.fair is not None:
        # The instance is the unit, whatever its parameters are: all its labels share it.
        instance = tuple(p.name for p in process.params)
        unit = ir.Unit(process.name, instance, process.role.fair == "strong")
    return ir.Rule(
        kind=ir.Kind.ACTION,
        name=process.rule_names[label.name],
        params=process.params,
        body=items,
        updates=tuple(ir.Update(n, v) for n, v in changed.items()),
        unit=unit,
        counter=None,
        at_most=None,
        origin=ir.Origin(process.name, label.name),
        doc="",
        span=label.span,
    )


# ── One step ─────────────────────────────────────────────────────────────────────────────────────


class _Step:
    """Reads everything from one label to the next ones."""

    def __init__(self, process: Process, label: Label) -> None:
        self.process, self.label, self.ways = process, label, 0
        self.kept = process.kept  # as known before this step, which may learn of more
        name = process.rule_names.get(label.name, label.name)
        self.body = body = _begin(process, name)
        body.owner_of = lambda line: process.rule_names[process.flow.label_of(line)]
        body.local_types.update(process.memory.types())
        at = process.slot(process.at_var, process.label_type, process.own_instance())
        here = ir.Lit(label.name, process.label_type, label.span)
        body.items.append(ir.Guard(ir.Cmp("==", at, here), None, label.span))
        self.slots: dict[str, ir.Expr] = {process.at_var: at}
        for local in process.flow.locals:
            self._recall(local)
        body.scope.fields.update(self.slots)

    def _recall(self, local: str) -> None:
        """What the step knows of a local as it begins."""
        process, body, memory = self.process, self.body, self.process.memory
        given = local in process.flow.given[self.label] or local in memory.first
        live = local in process.flow.live[self.label]
        if local not in self.kept:
            body.scope.names[local] = Unassigned()
            if memory.type_of(local) is not None:
                unset = memory.unset(local)
                body.unset[local] = Unset(unset, body.scope.names[local])
            return
        var = process.var_of(local)
        slot = process.slot(var, memory.slot_type(local), process.own_instance())
        if not (live or process.keep_dead_locals):
            slot = memory.unset(local)  # the step before has reset it
        self.slots[var] = slot
        read = memory.read(local, slot) if given else Unassigned()
        body.scope.names[local] = read
        if local not in memory.first:
            body.unset[local] = Unset(slot, read)
        if is_mutable(read.type) if not isinstance(read, Unassigned) else False:
            body.owned.add(local)

    def read(self) -> None:
        self.walk(self.label.next, self.body)

    def walk(self, node: Node, body: Body) -> None:
        while True:
            match node:
                case Plain(statement, after):
                    run([statement], body)
                    node = after
                case Head(_, after):
                    node = after
                case Fork():
                    with body.scope.world.recovering():
                        self.fork(node, body)
                    return
                case Cases():
                    with body.scope.world.recovering():
                        self.cases(node, body)
                    return
                case Label() | End():
                    self.arrive(node, body)
                    return

    def fork(self, node: Fork, body: Body) -> None:
        test = lower_bool(hoist_either(node.test, body, None), body.scope)
        branch(
            test,
            lambda side: self.walk(node.then, side),
            lambda side: self.walk(node.orelse, side),
            body,
        )
        body.scope.names = {}

    def cases(self, node: Cases, body: Body) -> None:
        value = hoist_either(node.match.subject, body, None)
        subject = body.bind("subject", lower(value, body.scope))
        found = match_cases(subject, node.match, body.scope)

        def rest(index: int, side: Body) -> None:
            if index == len(found):
                self.walk(node.otherwise, side)
                return
            test, names, _ = found[index]

            def matched(inner: Body) -> None:
                for name, captured in names.items():
                    note_local(name, value, captured.type, inner)
                inner.scope.names.update(names)
                self.walk(node.ways[index], inner)

            def otherwise(other: Body) -> None:
                # Python may have bound the captures of a case that did not match in the end.
                other.scope.names.update(dict.fromkeys(names, Unassigned()))
                rest(index + 1, other)

            if test is None:
                matched(side)
            else:
                branch(test, matched, otherwise, side)
                side.scope.names = {}

        rest(0, body)
        body.scope.names = {}

    # ── The end of a way ──

    def arrive(self, node: Label | End, body: Body) -> None:
        """The instance is at the next label, or has ended, and remembers what it will read."""
        self.ways += 1
        if self.ways > _WAYS_MAX:
            if self.ways == _WAYS_MAX + 1:
                mistake = d.StepTooLarge(self.label.span, self.label.name, _WAYS_MAX)
                body.scope.world.mistakes.append(mistake)
            return
        process = self.process
        name = node.name if isinstance(node, Label) else DONE
        body.scope.fields[process.at_var] = ir.Lit(name, process.label_type)
        span = node.span if isinstance(node, Label) else self.label.span
        for local in self.kept:
            with body.scope.world.recovering():
                self.remember(local, node, body, span)
        body.scope.names = {}

    def remember(self, local: str, node: Label | End, body: Body, span: Span) -> None:
        process, memory = self.process, self.process.memory
        var = process.var_of(local)
        live = local in process.flow.live[node]
        value = body.scope.names.get(local)
        slot = memory.slot_now(local, body)
        if slot is None:
            if live and isinstance(value, Unassigned):
                said = no_value(value, span, local)
                lost = isinstance(said, d.MaybeUnassigned)
                raise Mistake(d.LocalCaptured(span, local) if lost else said)
            slot = memory.unset(local)
        elif slot != self.slots[var]:
            # Its bounds are those of memory, also where nobody will read it again.
            slot = check_limits(slot, memory.slot_type(local), local, body, span)
        sources = body.aliases.get(local, frozenset())
        if not _is_collection(memory.type_of(local)):
            # Nothing changes a record; of what it was built around, a dead local never changes.
            alive = process.flow.live[node]
            sources = frozenset(s for s in sources if s.startswith("self.") or s in alive)
        if live and sources:
            raise Mistake(d.LocalShared(span, local, min(sources)))
        kept = live or process.keep_dead_locals
        body.scope.fields[var] = slot if kept else memory.unset(local)


def _is_collection(type_: ir.Type | None) -> bool:
    if isinstance(type_, ir.Option):
        return _is_collection(type_.item)
    return isinstance(type_, ir.Set | ir.Bag | ir.Seq | ir.Map | ir.Partial)
