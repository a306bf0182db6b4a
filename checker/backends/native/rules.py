"""Rules and properties as functions over the words of a state.

Owns the form of a generated rule: it appends its successors to `out`, one row of words each, with
the number of its instance in `tags`, and returns the new length. A step that is enabled and has no
successor is a row too: its tag is negative (-1 - instance), its first word the number of the site
that failed. What follows a choice is a function of its own, called once for each option.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ... import ir
from ...errors import InternalError
from ...ir.walk import free_names, item_children, walk
from ...states import Sizes, sort_sizes
from . import collections
from .emitter import Emitter, Helpers, Val, annotated
from .expressions import Expressions
from .layout import Layout, Place
from .shapes import Shape, Unsupported, chunks, declared, is_narrow, joined

__all__ = ["Module", "Site", "codes_of", "give_rule", "give_value", "taken"]

_TURNS_MAX = 4096  # of a loop that carries a value whose shape keeps growing


@dataclass(frozen=True)
class Site:
    """A place of a rule that can fail.

    `kind` is the value of a check's kind, "fresh", "overflow" (which is our bug), or says what is
    undefined there.
    """

    rule: str
    kind: str

    @property
    def failure_kind(self) -> str:
        """As in `Failure`."""
        known = (*(kind.value for kind in ir.CheckKind), "fresh", "overflow")
        return self.kind if self.kind in known else "undefined"


@dataclass
class Module:
    """What the functions of one generated module share."""

    model: ir.Model
    layout: Layout
    helpers: Helpers = field(default_factory=Helpers)
    sites: list[Site] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> Sizes:
        return sort_sizes(self.model)

    @property
    def words(self) -> list[str]:
        return [f"w{n}" for n in range(self.layout.words)]

    def name(self, wanted: str) -> str:
        """A name for a function; `step_` keeps it apart from the names inside functions."""
        name, number = f"step_{wanted}", 1
        while name in self.names:
            number += 1
            name = f"step_{wanted}_{number}"
        self.names.add(name)
        return name

    def add(self, out: Emitter) -> None:
        self.texts.append("\n".join(out.lines))


def read_all(module: Module, out: Emitter, exprs: Iterable[ir.Expr]) -> None:
    """Every variable that the expressions read, taken from the words."""
    layout = module.layout
    for expr in exprs:
        for node in walk(expr):
            if not isinstance(node, ir.Read) or node.var in out.reads:
                continue
            if node.var not in layout.names:
                raise InternalError(f"{node.var} is no variable of {module.model.name}")
            number = layout.names.index(node.var)
            shape, places = layout.shapes[number], layout.places[number]
            texts = [taken(place) for place in places]
            if is_narrow(shape):
                val = out.value(texts[0], shape)
            else:
                val = Val(f"({', '.join(texts)})", shape)
            out.reads[node.var] = Val(out.let(val.text, node.var), shape)


def taken(place: Place) -> str:
    """The chunk in a place, taken from its word."""
    if not place.width:
        return "0"
    shifted = f"(w{place.word} >> {place.shift})" if place.shift else f"w{place.word}"
    return f"({shifted} & {(1 << place.width) - 1})"


def params_of(out: Emitter, params: Sequence[ir.Param], sizes: Sizes) -> list[str]:
    """The parameters' names; they are given as values, not as codes."""
    names = []
    for param in params:
        name = out.name(param.name)
        out.args[param.name] = Val(name, declared(param.type, sizes))
        names.append(name)
    return names


# What every function of a rule takes at the end.
_TAIL = ("instance: int", "out: Rows", "tags: Tags", "at: int")


def _head(
    module: Module, out: Emitter, params: Sequence[ir.Param], names: Sequence[str]
) -> list[str]:
    """The words of a state and the parameters of a rule or property, with their types."""
    shapes = [out.args[param.name].shape for param in params]
    given = [annotated(name, shape) for name, shape in zip(names, shapes, strict=True)]
    return [*(f"{word}: int" for word in module.words), *given]


# ── Properties ───────────────────────────────────────────────────────────────────────────────────


def give_value(module: Module, name: str, params: Sequence[ir.Param], expr: ir.Expr) -> str:
    """A function that gives 0 for false, 1 for true and 2 for undefined; its name."""
    out = Emitter(module.helpers, lambda kind: "return 2")
    function = module.name(name)
    given = params_of(out, params, module.sizes)
    out.write(f"def {function}({', '.join(_head(module, out, params, given))}):")
    out.depth += 1
    read_all(module, out, [expr])
    text = Expressions(out, module.sizes).condition(expr)
    out.write(f"return 1 if {text} else 0")
    module.add(out)
    return function


# ── Rules ────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Rule:
    """One function of a rule: from its beginning, or from a choice, to the next choice or the
    end.
    """

    module: Module
    rule: ir.Rule
    ex: Expressions
    given: list[str]

    @property
    def out(self) -> Emitter:
        return self.ex.out


def give_rule(module: Module, rule: ir.Rule) -> tuple[str, int]:
    """The name of the rule's function, and the most rows that one call can append."""
    out = _emitter(module, rule)
    given = params_of(out, rule.params, module.sizes)
    one = _Rule(module, rule, Expressions(out, module.sizes), given)
    function = module.name(rule.name)
    head = [*_head(module, out, rule.params, given), *_TAIL]
    out.write(f"def {function}({', '.join(head)}):")
    out.depth += 1
    most = _give_items(one, rule.body)
    module.add(out)
    return function, most


def _emitter(module: Module, rule: ir.Rule) -> Emitter:
    def fail(kind: str) -> str:
        module.sites.append(Site(rule.name, kind))
        return f"return fail({len(module.sites) - 1}, instance, out, tags, at)"

    return Emitter(module.helpers, fail)


def _give_items(one: _Rule, body: Sequence[ir.Item]) -> int:
    choice = next((n for n, item in enumerate(body) if isinstance(item, ir.Choose)), len(body))
    here = body[:choice]
    updates = [u.value for u in one.rule.updates] if choice == len(body) else []
    first = body[choice] if choice < len(body) else None
    exprs = [e for item in here for e in item_children(item)]
    exprs += item_children(first) if first is not None else []
    read_all(one.module, one.out, [*exprs, *updates])
    for item in here:
        _give_item(one, item)
    if isinstance(first, ir.Choose):
        return _give_choice(one, first, body[choice + 1 :])
    _give_end(one)
    return 1


def _give_choice(one: _Rule, item: ir.Choose, rest: Sequence[ir.Item]) -> int:
    """A loop over the options, and a function for what comes after."""
    module, out, ex = one.module, one.out, one.ex
    wanted = {n for i in rest for e in item_children(i) for n in free_names(e)}
    wanted |= {n for u in one.rule.updates for n in free_names(u.value)}
    kept = [name for name in out.bound if name in wanted and name != item.name]
    function = module.name(f"{one.rule.name}_with_{item.name}")

    def call(option: str) -> str:
        bound = (out.bound[name].text for name in kept)
        given = [*module.words, *one.given, *bound, option, "instance", "out", "tags", "at"]
        return f"at = {function}({', '.join(given)})"

    path = out.let(ex.condition(item.path), "path") if item.path is not None else ""
    with (
        out.captured(deeper=1 if path else 0) as lines,
        collections.elements(ex, item.domain, copies=False) as found,
    ):
        option = found.element
        out.write(call(option.text))
    if path:
        # A choice on a branch that is not taken has one arbitrary value.
        out.write(f"if {path}:")
        out.lines += lines
        out.write("else:")
        out.write(f"    {call(out.zero(option.shape))}")
    else:
        out.lines += lines
    out.write("return at")
    after = _emitter(module, one.rule)
    names = params_of(after, one.rule.params, module.sizes)
    for name in kept:
        after.bound[name] = Val(after.name(name), out.bound[name].shape)
    after.bound[item.name] = Val(after.name(item.name), option.shape)
    held = [after.bound[name] for name in (*kept, item.name)]
    bound = [annotated(val.text, val.shape) for val in held]
    head = [*_head(module, after, one.rule.params, names), *bound, *_TAIL]
    after.write(f"def {function}({', '.join(head)}):")
    after.depth += 1
    most = _give_items(_Rule(module, one.rule, Expressions(after, module.sizes), names), rest)
    module.add(after)
    return max(1, found.count_max) * most


def _give_item(one: _Rule, item: ir.Item) -> None:
    """Everything but a choice."""
    out, ex = one.out, one.ex
    if item.path is None:
        _give_bare(one, item)
        return
    path = ex.condition(item.path)
    if path == "False":
        path = out.let(path, "path")
    before = dict(out.bound)
    with out.captured(deeper=1) as lines:
        _give_bare(one, item)
    if not lines:
        # A text that is pure can be used anywhere, but it may only mean something on this path.
        return
    # What is bound on the path has a value off it too, which nobody reads.
    for name, val in out.bound.items():
        if before.get(name) != val and val.text.isidentifier():
            out.write(f"{val.text} = {out.zero(val.shape)}")
    out.write(f"if {path}:")
    out.lines += lines


def _give_bare(one: _Rule, item: ir.Item) -> None:
    out, ex = one.out, one.ex
    match item:
        case ir.Guard(cond):
            out.unless(ex.condition(cond), "return at")
        case ir.Check(cond, kind):
            out.demand(ex.condition(cond), kind.value)
        case ir.Let(name, value):
            val = ex.value(value)
            out.bound[name] = Val(out.let(val.text, name), val.shape)
        case ir.Each():
            _give_each(one, item)
        case ir.Choose():
            raise InternalError(f"{one.rule.name} chooses inside a loop ({item.span})")


def _give_each(one: _Rule, item: ir.Each) -> None:
    """A loop; what it carries gets a shape that holds it after any number of turns."""
    out, ex = one.out, one.ex
    starts = {c.name: ex.held(c.init, c.name) for c in item.carried}
    shapes = _carried_shapes(one, item, {n: v.shape for n, v in starts.items()})
    for name, shape in shapes.items():
        start = ex.fitted(starts[name], shape)
        out.bound[name] = Val(out.let(start.text, name), shape)
    _give_turns(one, item, shapes)


def _give_turns(
    one: _Rule, item: ir.Each, shapes: dict[str, Shape]
) -> tuple[dict[str, Shape], int]:
    """The loop itself; the shapes that one turn makes, and the most turns."""
    out, ex = one.out, one.ex
    outside = dict(out.bound)
    with collections.elements(ex, item.domain, copies=True) as found:
        out.bound[item.name] = out.hold(found.element, item.name)
        for inner in item.items:
            _give_item(one, inner)
        nexts = {c.name: ex.held(c.next, "next") for c in item.carried}
        made = {name: val.shape for name, val in nexts.items()}
        # All at once: what is carried next is made from what was carried until now.
        fitted = [ex.fitted(val, shapes[name]).text for name, val in nexts.items()]
        if fitted:
            out.write(f"{', '.join(outside[n].text for n in nexts)} = {', '.join(fitted)}")
    out.bound = outside
    return made, found.count_max


def _carried_shapes(one: _Rule, item: ir.Each, shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Shapes that do not grow any more; the loop is written as often as it takes, and thrown
    away.
    """
    out = one.out
    if not item.carried:
        return shapes
    turns = 0
    while True:
        bound, sites = dict(out.bound), len(one.module.sites)
        with out.captured():
            for name, shape in shapes.items():
                out.bound[name] = Val(out.name(name), shape)
            made, most = _give_turns(one, item, shapes)
        out.bound = bound
        del one.module.sites[sites:]
        grown = {n: joined(s, made[n]) for n, s in shapes.items()}
        turns += 1
        # After as many turns as the loop can have, the shapes hold whatever it carries.
        if grown == shapes or turns > most:
            return grown
        if turns > _TURNS_MAX:
            raise Unsupported(f"a loop of more than {_TURNS_MAX:,} turns ({item.span})")
        shapes = grown


def _give_end(one: _Rule) -> None:
    """The updates, all at once, as words of a new row."""
    module, out, ex = one.module, one.out, one.ex
    layout = module.layout
    parts: dict[int, list[str]] = {}
    holes: dict[int, int] = {}
    for update in one.rule.updates:
        number = layout.names.index(update.var)
        shape = layout.shapes[number]
        val = ex.fitted(ex.value(update.value), shape)
        for place, code in zip(layout.places[number], codes_of(out, val), strict=True):
            holes[place.word] = holes.get(place.word, 0) | ((1 << place.width) - 1) << place.shift
            moved = f"({code} << {place.shift})" if place.shift else code
            if place.width and code != "0":
                parts.setdefault(place.word, []).append(moved)
    for number, word in enumerate(module.words):
        kept = f"({word} & {~holes[number]})" if number in holes else word
        out.write(f"out[at, {number}] = {' | '.join([kept, *parts.get(number, [])])}")
    out.write("tags[at] = instance")
    out.write("return at + 1")


def codes_of(out: Emitter, val: Val) -> list[str]:
    """The codes of the chunks."""
    code = out.code(val)
    if is_narrow(val.shape):
        return [code]
    held = code if code.isidentifier() else out.let(code, "chunks")
    return [f"{held}[{n}]" for n in range(len(chunks(val.shape)))]
