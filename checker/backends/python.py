"""The reference engine: a bound model as readable Python functions, one for each rule and property.

Owns what a rule does: items from top to bottom, one edge for each choice, all updates at once, and
how a step ends that has no successor. It is the semantics as code; every other engine is tested
against it. It does not search. The generated text is in `Program.source`, and tracebacks show it.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from .. import ir
from ..errors import InternalError
from ..ir.walk import item_children, walk
from ..passes.wording import wording
from ..source import source_text
from ..states import State, Value, sort_sizes, universe
from .failure import Failure
from .python_expressions import Globals, Names, Texts, bare
from .runtime import Site, Undefined

__all__ = ["Args", "CompiledRule", "Edge", "Failure", "Picks", "Program", "Undefined"]

Args = tuple[Value, ...]
Picks = tuple[Value, ...]
Edge = tuple[Picks, State | Failure]
Step = Callable[[State, Args], Sequence[Edge]]
Evaluate = Callable[[State, Args], Value]
Holds = Callable[[State, Args], bool]


@dataclass(frozen=True)
class CompiledRule:
    """A rule and its code.

    `args` are all values of its parameters, in the order of their universes. `step` gives one entry
    for each edge: the values of its `Choose` items in order (None for a skipped one; fewer, if it
    failed before), and the next state or why there is none. Nothing is given if the rule is not
    enabled.
    """

    rule: ir.Rule
    args: tuple[Args, ...]
    step: Step


class Program:
    """A bound model, ready to run.

    Raises: InternalError, if the model is not well formed.
    """

    def __init__(self, model: ir.Model) -> None:
        self.model = model
        self._sizes = sort_sizes(model)
        self._globals = Globals(self._sizes)
        functions: list[_Function] = []
        steps = [self._function(functions, r.name, r.params, rule=r) for r in model.rules]
        start = self._function(functions, "initial_defaults", ())
        start.give_defaults()
        first = model.initial
        begin = self._function(functions, first.name, first.params, rule=first) if first else None
        sides = {
            (prop.name, side): self._function(functions, prop.name, prop.params, value=expr)
            for prop in model.props
            for side, expr in enumerate((prop.expr, prop.consequent))
            if expr is not None
        }
        self.source = _module_text(model, self._globals, functions)
        code = _load(self.source, self._globals, f"<crashproof {model.name} {next(_NUMBERS)}>")
        self.rules = tuple(
            CompiledRule(rule, self._all_args(rule.params), code[function.name])
            for rule, function in zip(model.rules, steps, strict=True)
        )
        self._defaults = cast("Callable[[], State]", code[start.name])
        self._initial = (
            CompiledRule(first, self._all_args(first.params), code[begin.name])
            if first is not None and begin is not None
            else None
        )
        self._sides = {key: cast(Holds, code[f.name]) for key, f in sides.items()}

    def _function(
        self,
        functions: list[_Function],
        name: str,
        params: Iterable[ir.Param],
        *,
        rule: ir.Rule | None = None,
        value: ir.Expr | None = None,
    ) -> _Function:
        function = _Function(self.model, self._globals, self._globals.names.new(name))
        function.begin([p.name for p in params])
        if rule is not None:
            function.give_steps(rule)
        elif value is not None:
            function.give_value(value)
        functions.append(function)
        return function

    def _all_args(self, params: Sequence[ir.Param]) -> tuple[Args, ...]:
        return tuple(itertools.product(*(universe(p.type, self._sizes) for p in params)))

    # ── Steps ──

    def rule(self, name: str) -> CompiledRule:
        """The rule of that name; the initial rule has one too."""
        rules = self.rules if self._initial is None else (*self.rules, self._initial)
        return next(r for r in rules if r.rule.name == name)

    def default_state(self) -> State:
        """The state of the field defaults, before the initial rule."""
        return self._defaults()

    def initial_edges(self) -> list[tuple[Args, Picks, State | Failure]]:
        """Every outcome of the initial rule on the defaults: initial states, and failures in
        between.
        """
        defaults = self._defaults()
        if self._initial is None:
            return [((), (), defaults)]
        return [
            (args, picks, end)
            for args in self._initial.args
            for picks, end in self._initial.step(defaults, args)
        ]

    def initial_states(self) -> list[State]:
        """The initial states in order; equal ones come as often as they are made."""
        return [end for _, _, end in self.initial_edges() if not isinstance(end, Failure)]

    # ── Properties and other expressions ──

    def prop_args(self, prop: ir.Prop | str) -> tuple[Args, ...]:
        """All values of a property's parameters."""
        found = self.model.prop(prop) if isinstance(prop, str) else prop
        return self._all_args(found.params)

    def holds(self, prop_name: str) -> Holds:
        """The property's expression (of `LeadsTo`, the left side); may raise `Undefined`."""
        return self._sides[prop_name, 0]

    def consequent(self, prop_name: str) -> Holds:
        """The right side of a `LeadsTo`."""
        return self._sides[prop_name, 1]

    def compile_expr(
        self, expr: ir.Expr, params: Sequence[ir.Param | str] = (), bound: Sequence[str] = ()
    ) -> Evaluate:
        """Any expression over the state, as a function of (state, args); may raise `Undefined`.

        The args are the values of the parameters and then those of the bound names.
        """
        scope = Globals(self._sizes)
        function = _Function(self.model, scope, "value")
        names = [p if isinstance(p, str) else p.name for p in params]
        function.begin(names, bound)
        function.give_value(expr)
        return cast(Evaluate, _load("\n".join(function.lines), scope, "<crashproof>")["value"])


# ── One function ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Function:
    """The lines of one function as they are written."""

    model: ir.Model
    globals: Globals
    name: str
    lines: list[str] = field(default_factory=list)

    def begin(self, params: Sequence[str], bound: Sequence[str] = ()) -> None:
        self.depth = 0
        self.places = {v.name: place for place, v in enumerate(self.model.vars)}
        names = Names()
        self.texts = Texts(self.globals, names)
        self.texts.args = {p: names.new(p) for p in params}
        self.texts.bound = {b: names.new(b) for b in bound}
        given = [*self.texts.args.values(), *self.texts.bound.values()]
        self.given = f"({', '.join(given)},) = args" if given else ""

    def write(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def load(self, exprs: Iterable[ir.Expr]) -> None:
        """Variables are taken from the state right before they are first read: most steps end at a
        guard.
        """
        for expr in exprs:
            for node in walk(expr):
                if isinstance(node, ir.Read) and node.var not in self.texts.variables:
                    name = self.texts.variables[node.var] = self.texts.names.new(node.var)
                    self.write(f"{name} = state[{self.place(node.var)}]")

    def place(self, var: str) -> int:
        if var not in self.places:
            raise InternalError(f"{self.name} names the variable {var}, which is not in the model")
        return self.places[var]

    def text(self, expr: ir.Expr) -> str:
        return bare(self.texts.text(expr))

    # ── Values ──

    def give_value(self, expr: ir.Expr) -> None:
        self.write(f"def {self.name}(state, args):")
        self.depth += 1
        if self.given:
            self.write(self.given)
        self.load([expr])
        self.write(f"return {self.text(expr)}")

    def give_defaults(self) -> None:
        self.write(f"def {self.name}():")
        self.depth += 1
        values = "".join(f"{self.texts.text(v.init)}, " for v in self.model.vars)
        self.write(f"return ({values.strip()})")

    # ── Steps ──

    def give_steps(self, rule: ir.Rule) -> None:
        self.write(f"def {self.name}(state, args):")
        self.depth += 1
        if self.given:
            self.write(self.given)
        self.updates = {u.var: u.value for u in rule.updates}
        self.picks: list[str] = []
        self.loops = 0
        self.write("try:")
        self.depth += 1
        self.items(rule.body)
        self.depth -= 1
        self.excepts()

    def excepts(self) -> None:
        """The ends of a `try`: a guard inside a loop was false, or something was undefined."""
        chosen = "".join(f"{p}, " for p in self.picks).strip()
        inside = bool(self.picks)
        if self.loops:
            self.write("except Blocked:")
            self.write("    continue" if inside else "    return ()")
        self.write("except Undefined as stop:")
        if inside:
            self.write(f"    steps.append((({chosen}), stop.failure))")
        else:
            self.write("    return (((), stop.failure),)")

    def items(self, body: Sequence[ir.Item]) -> None:
        for place, item in enumerate(body):
            if isinstance(item, ir.Choose):
                self.choose(item, body[place + 1 :])
                return
            self.item(item, "continue" if self.picks else "return ()")
        self.end()

    def end(self) -> None:
        self.load(self.updates.values())
        for var in self.updates:
            self.place(var)
        parts = []
        for name, place in self.places.items():
            if name in self.updates:
                parts.append(self.texts.text(self.updates[name]))
            else:
                parts.append(self.texts.variables.get(name, f"state[{place}]"))
        state = f"({', '.join(parts)},)" if parts else "()"
        if self.picks:
            self.write(f"steps.append((({', '.join(self.picks)},), {state}))")
        else:
            self.write(f"return (((), {state}),)")

    def choose(self, item: ir.Choose, rest: Sequence[ir.Item]) -> None:
        self.load([item.domain, *([item.path] if item.path is not None else [])])
        options = self.texts.options(item.domain)
        if item.path is not None:
            options = f"({options} if {self.texts.text(item.path)} else (None,))"
        outermost = not self.picks
        if outermost:
            self.write("steps = []")
        name = self.texts.bound[item.name] = self.texts.names.new(item.name)
        self.write(f"for {name} in {options}:")
        self.depth += 1
        self.write("try:")
        self.depth += 1
        self.picks.append(name)
        self.items(rest)
        self.depth -= 1
        self.excepts()
        self.picks.pop()
        self.depth -= 1
        if outermost:
            self.write("return steps")

    def item(self, item: ir.Item, leave: str) -> None:
        """Everything but a choice; `leave` is the statement that says: there is no step."""
        self.load(item_children(item))
        path = self.text(item.path) if item.path is not None else ""
        if path:
            for name in _bound_in(item):
                if name not in self.texts.bound:
                    self.write(f"{self.assigned(name)} = None")
            self.write(f"if {path}:")
            self.depth += 1
        match item:
            case ir.Guard(cond):
                self.unless(cond, leave)
            case ir.Check(cond):
                self.unless(cond, f"raise {self.complaint(item)}")
            case ir.Let(name, value):
                text = self.text(value)
                self.write(f"{self.assigned(name)} = {text}")
            case ir.Each():
                self.each(item)
            case ir.Choose():
                raise InternalError(f"{self.name} chooses inside a loop ({item.span})")
        if path:
            self.depth -= 1

    def unless(self, cond: ir.Expr, statement: str) -> None:
        text = self.text(cond.body) if isinstance(cond, ir.Not) else f"not {self.texts.text(cond)}"
        self.write(f"if {text}:")
        self.write(f"    {statement}")

    def assigned(self, name: str) -> str:
        if name not in self.texts.bound:
            self.texts.bound[name] = self.texts.names.new(name)
        return self.texts.bound[name]

    def each(self, item: ir.Each) -> None:
        for carried in item.carried:
            text = self.text(carried.init)
            self.write(f"{self.assigned(carried.name)} = {text}")
        elements = self.texts.elements(item.domain, in_order=True, copies=True)
        with self.texts.binding(item.name) as name:
            self.write(f"for {name} in {elements}:")
            self.depth += 1
            self.loops += 1
            for inner in item.items:
                self.item(inner, "raise Blocked")
            if item.carried:
                # All at once: what is carried next is made from what was carried until now.
                targets = ", ".join(self.texts.bound[c.name] for c in item.carried)
                values = ", ".join(self.texts.text(c.next) for c in item.carried)
                self.write(f"{targets} = {values}")
            elif not item.items:
                self.write("pass")
            self.depth -= 1

    def complaint(self, check: ir.Check) -> str:
        value, bounds = _measured(check.cond)
        text = source_text(check.span) or wording(check.cond)
        type_ = value.type if value is not None else ir.INT
        site = Site(text, check.span, type_, check.subject, check.kind.value, bounds)
        given = self.text(value) if value is not None else ""
        return f"{self.globals.site(site)}.untrue({given})"


def _bound_in(item: ir.Item) -> list[str]:
    match item:
        case ir.Let(name):
            return [name]
        case ir.Each():
            return [c.name for c in item.carried]
    return []


def _measured(cond: ir.Expr) -> tuple[ir.Expr | None, tuple[int, int] | None]:
    """What a check is about, for its message: the value to store and its bounds, or what to remove.

    The value of one of many elements is not told, only the bounds.
    """
    if isinstance(cond, ir.Has):
        return cond.item, None
    for node in walk(cond):
        match node:
            case ir.And(
                (ir.Cmp("<=", ir.Lit(int(lo)), value), ir.Cmp("<=", other, ir.Lit(int(hi))))
            ) if value == other:
                return (value if node is cond else None), (lo, hi)
            case ir.Cmp("<=", ir.Size(), ir.Lit(int(hi))):
                return None, (0, hi)
    return None, None


# ── The module ───────────────────────────────────────────────────────────────────────────────────

_NUMBERS = itertools.count(1)


def _module_text(model: ir.Model, scope: Globals, functions: Sequence[_Function]) -> str:
    head = [f'"""The model {model.name} as the reference engine runs it."""', "", *scope.notes]
    return "\n".join([*head, *("\n\n" + "\n".join(f.lines) for f in functions), ""])


def _load(source: str, scope: Globals, file: str) -> dict[str, Any]:
    namespace: dict[str, Any] = dict(scope.values)
    exec(compile(source, file, "exec"), namespace)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    return namespace
