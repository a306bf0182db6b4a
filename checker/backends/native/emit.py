"""The generated module: every rule and property of a bound model, and the loops that call them.

Owns what the explorer calls, and nothing of how it searches:

    expand(states, row, rows, out, tags, ends, rests)   all steps of states[row:], while there is
        room in `out`; gives how many states and how many steps. `ends[n]` is where the steps of
        the n-th of them end, `rests[n]` is 1 if only faults can leave it
    look(states, row, rows, wanted)                     the first state that an open check asks for
    look_at_rest(states, rests, row, rows, wanted)      the same for states at rest

The module is plain Python over ints and numpy arrays, as `machine.py` knows it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from ... import ir
from ...passes.excluded import excluded
from ...passes.labels import asked_label
from ...states import Value, universe
from .emitter import Emitter, Helpers, Val
from .expressions import Expressions
from .layout import Layout, layout_of
from .renaming import orbit_texts
from .rules import Module, Site, give_rule, give_value, read_all
from .shapes import Num, Unsupported, declared, space

# The loops' own names, which no parameter of the model may take.
_LOOP_NAMES = {
    *("states", "row", "rows", "tags", "out", "at", "ends", "rests", "wanted"),
    *("start", "first", "acted", "k", "expand", "look", "look_at_rest"),
}

# Types are for `compile.py` to read; nothing in the module looks them up.
_FUTURE = "from __future__ import annotations"

__all__ = ["Generated", "Instance", "Probe", "generate"]

_FAN_MAX = 1 << 20  # steps of one state, failing ones included
_PROBES_MAX = 1 << 16


@dataclass(frozen=True)
class Instance:
    """A rule with values for its parameters."""

    rule: int
    args: tuple[Value, ...]


@dataclass(frozen=True)
class Probe:
    """A check with values for its parameters: of a property, or of the domain of an `all` in it."""

    prop: ir.Prop
    args: tuple[Value, ...]
    domain: ir.All | None = None


@dataclass(frozen=True)
class Generated:
    """The text, called functions first, and what its numbers stand for. `fan` is the most steps
    that one state can have.
    """

    model: ir.Model
    layout: Layout
    source: str
    instances: tuple[Instance, ...]
    sites: tuple[Site, ...]
    probes: tuple[Probe, ...]
    rest_probes: tuple[Probe, ...]
    fan: int


def generate(model: ir.Model, *, sorts: Sequence[str] = ()) -> Generated:
    """With `sorts`, also `canonical`, which puts a state's representative under renaming their ids
    in its place.

    Raises: Unsupported, naming what the native engine cannot hold.
    """
    module = Module(model, layout_of(model))
    rules: list[tuple[ir.Rule, str, int]] = []
    instances: list[Instance] = []
    fan = 0
    never = excluded(model)  # compiling is most of the time that a small model takes
    for number, rule in enumerate(model.rules):
        if rule.name in never:
            continue
        try:
            function, most = give_rule(module, rule)
        except Unsupported as problem:
            raise Unsupported(f"`{rule.name}` uses {problem}") from None
        rules.append((rule, function, len(instances)))
        values = _all_args(module, rule.params)
        instances += [Instance(number, args) for args in values]
        fan += most * len(values)
    if fan > _FAN_MAX:
        raise Unsupported(f"up to {fan:,} steps from one state (the most is {_FAN_MAX:,})")
    checks, probes = _give_probes(module, (ir.PropKind.INVARIANT, ir.PropKind.WITNESS))
    rest_checks, rest_probes = _give_probes(module, (ir.PropKind.AT_REST,))
    texts = [
        *module.texts,
        _expand_text(module, rules, fan),
        _look_text(module, "look", checks, ""),
        _look_text(module, "look_at_rest", rest_checks, "rests"),
    ]
    orbits = orbit_texts(module, sorts) if sorts else []
    helpers = _helper_texts(module.helpers)
    title = f'"""The model {model.name} as the native engine runs it."""'
    head = [title, "", _FUTURE, "", *_sites_text(module)]
    return Generated(
        model=model,
        layout=module.layout,
        source="\n".join(head) + "\n\n\n" + "\n\n\n".join([*helpers, *texts, *orbits]) + "\n",
        instances=tuple(instances),
        sites=tuple(module.sites),
        probes=probes,
        rest_probes=rest_probes,
        fan=fan,
    )


def _all_args(module: Module, params: Sequence[ir.Param]) -> list[tuple[Value, ...]]:
    return list(itertools.product(*(universe(p.type, module.sizes) for p in params)))


def _sites_text(module: Module) -> list[str]:
    return [f"# site {n}: {s.rule}, {s.kind}" for n, s in enumerate(module.sites)]


# ── Helpers ──────────────────────────────────────────────────────────────────────────────────────

_FAIL = '''def fail(site: int, instance: int, out: Rows, tags: Tags, at: int):
    """The step is enabled and has no successor."""
    out[at, 0] = site
    tags[at] = -1 - instance
    return at + 1'''

_ONES = '''def ones(bits: int):
    """How many bits are set."""
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count'''


def _helper_texts(helpers: Helpers) -> list[str]:
    texts = [_FAIL]
    if helpers.ones:
        texts.append(_ONES)
    for width in sorted(helpers.puts):
        parts = ", ".join(f"chunk if place == {n} else chunks[{n}]" for n in range(width))
        texts.append(
            f"def put_{width}(chunks: Chunks[{width}], place: int, chunk: int):\n"
            f'    """The chunks with another one at a place."""\n    return ({parts},)'
        )
    orders = [f"{name} = {codes}" for codes, name in helpers.orders.items()]
    return (["\n".join(orders)] if orders else []) + texts


# ── Loops ────────────────────────────────────────────────────────────────────────────────────────


def _expand_text(module: Module, rules: list[tuple[ir.Rule, str, int]], fan: int) -> str:
    out = Emitter(module.helpers, lambda kind: "")
    out.taken |= _LOOP_NAMES
    words = module.words
    given = "states: Rows, row: int, rows: int, out: Rows, tags: Tags, ends: Numbers, rests: Bytes"
    out.write(f"def expand({given}):")
    out.depth += 1
    out.write(f'"""All steps of states[row:rows], while there is room for {fan} more."""')
    out.write("start = row")
    out.write("at = 0")
    out.write(f"while row < rows and at + {fan} <= out.shape[0]:")
    out.depth += 1
    for number, word in enumerate(words):
        out.write(f"{word} = states[row, {number}]")
    out.write("first = at")
    read_all(module, out, [label for rule, _, _ in rules if (label := _label_of(rule)) is not None])
    for kind in (ir.Kind.ACTION, ir.Kind.FAULT):
        for rule, function, base in rules:
            if rule.kind is kind:
                _call_all(module, out, rule, function, base)
        if kind is ir.Kind.ACTION:
            out.write("acted = at")
    out.write("rests[row - start] = 1")
    with out.inside("for k in range(first, acted):"):
        same = " and ".join(f"out[k, {n}] == {w}" for n, w in enumerate(words))
        with out.inside(f"if tags[k] < 0 or not ({same}):"):
            out.write("rests[row - start] = 0")
            out.write("break")
    out.write("ends[row - start] = at")
    out.write("row += 1")
    out.depth -= 1
    out.write("return row - start, at")
    return "\n".join(out.lines)


def _call_all(module: Module, out: Emitter, rule: ir.Rule, function: str, base: int) -> None:
    names, instance = _loops(module, out, rule.params)
    given = [*module.words, *names, _plus(base, instance), "out", "tags", "at"]
    call = f"at = {function}({', '.join(given)})"
    label = _label_of(rule)
    if label is None:
        out.write(call)
    else:  # most of a process's rules are at another label: asked here, that costs no call
        for param, name in zip(rule.params, names, strict=True):
            out.args[param.name] = Val(name, declared(param.type, module.sizes))
        with out.inside(f"if {Expressions(out, module.sizes).condition(label)}:"):
            out.write(call)
    out.depth -= len(rule.params)


def _label_of(rule: ir.Rule) -> ir.Expr | None:
    """The first guard of a step of a process: is the instance at the step's label?"""
    first = rule.body[0] if rule.body else None
    asked = None if first is None else asked_label(first)
    if asked is None or not all(isinstance(key, ir.Arg) for key in asked[1]):
        return None
    assert isinstance(first, ir.Guard)
    return first.cond


def _loops(module: Module, out: Emitter, params: Sequence[ir.Param]) -> tuple[list[str], str]:
    """Loops over all values of the parameters: their values, and the number of the combination."""
    values, number = [], ""
    for param in params:
        shape = declared(param.type, module.sizes)
        index = out.name(param.name)
        out.write(f"for {index} in range({space(shape)}):")
        out.depth += 1
        value = out.value(index, shape).text
        values.append(value if isinstance(shape, Num) or value != index else index)
        number = f"({number}) * {space(shape)} + {index}" if number else index
    return values, number


def _plus(base: int, text: str) -> str:
    if not text:
        return str(base)
    return f"{base} + {text}" if base else text


def _look_text(
    module: Module,
    name: str,
    checks: list[tuple[Sequence[ir.Param], str, int]],
    rests: str,
) -> str:
    out = Emitter(module.helpers, lambda kind: "")
    out.taken |= _LOOP_NAMES
    given = ["states: Rows", "row: int", "rows: int", "wanted: Numbers"]
    if rests:
        given.insert(1, f"{rests}: Bytes")
    out.write(f"def {name}({', '.join(given)}):")
    out.depth += 1
    out.write('"""The first state from `row` on that decides what is wanted; `rows`, if none."""')
    out.write("while row < rows:")
    out.depth += 1
    if rests:
        with out.inside("if rests[row] == 0:"):
            out.write("row += 1")
            out.write("continue")
    for number, word in enumerate(module.words):
        out.write(f"{word} = states[row, {number}]")
    for params, function, base in checks:
        values, combination = _loops(module, out, params)
        number_text = _plus(base, combination)
        with out.inside(f"if wanted[{number_text}]:"):
            found = f"{function}({', '.join([*module.words, *values])})"
            # Bit 0 wants a false one, bit 1 a true one, bit 2 an undefined one.
            out.write(f"if (wanted[{number_text}] >> {found}) & 1:")
            out.write("    return row")
        out.depth -= len(params)
    out.write("row += 1")
    out.depth -= 1
    out.write("return rows")
    return "\n".join(out.lines)


# ── Properties ───────────────────────────────────────────────────────────────────────────────────


def _give_probes(
    module: Module, kinds: tuple[ir.PropKind, ...]
) -> tuple[list[tuple[Sequence[ir.Param], str, int]], tuple[Probe, ...]]:
    checks: list[tuple[Sequence[ir.Param], str, int]] = []
    probes: list[Probe] = []
    for prop in module.model.props:
        if prop.kind not in kinds:
            continue
        wanted: list[tuple[ir.Expr, ir.All | None]] = [(prop.expr, None)]
        if prop.kind is not ir.PropKind.WITNESS:
            wanted += [(_something(part), part) for part in _domains(prop)]
        for expr, domain in wanted:
            try:
                function = give_value(module, prop.name, prop.params, expr)
            except Unsupported as problem:
                raise Unsupported(f"`{prop.name}` uses {problem}") from None
            checks.append((prop.params, function, len(probes)))
            probes += [Probe(prop, args, domain) for args in _all_args(module, prop.params)]
    if len(probes) > _PROBES_MAX:
        raise Unsupported(f"{len(probes):,} checks of each state (the most is {_PROBES_MAX:,})")
    return checks, tuple(probes)


def _domains(prop: ir.Prop) -> list[ir.All]:
    """The `all`s at the top of a property that may range over nothing; as `checks.py` has them."""
    parts = prop.expr.parts if isinstance(prop.expr, ir.And) else (prop.expr,)
    found = [part for part in parts if isinstance(part, ir.All)]
    return [p for p in found if p.filter is not None or not isinstance(p.domain, ir.Universe)]


def _something(part: ir.All) -> ir.Expr:
    return ir.Any(part.name, part.domain, part.filter, ir.Lit(True, ir.BOOL))
