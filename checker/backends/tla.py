"""A model as a TLA+ module and its configuration, for a TLA+ reader and for TLC.

Owns the order and the words of a module: constants, variables, one operator for each action with
the same name, the specification with its fairness, the properties. Expressions, rules and names
have files of their own. Prints and runs nothing; the same model gives the same text.

A fair step that changes nothing counts as taken in our semantics and not under `WF_vars`. With
`flip`, every step also flips a bit, so that no step changes nothing (language.md, Semantics 18).
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import ir
from ..ir.walk import children, is_total, map_item, rebuild, walk
from ..source import Span
from ..states import Value, atom_name, sort_sizes
from . import tla_layout as t
from .tla_defined import TRUE, both, defined
from .tla_expressions import Expressions
from .tla_helpers import helper_lines
from .tla_layout import Code, atom, binary, call, comment, conjunction, definition, disjunction
from .tla_names import Encoding, encoding_of, module_scope, types_of
from .tla_rules import Failing, action, failing, guarded, start
from .tla_tidy import tidied, tidy

__all__ = ["Printed", "print_module"]


@dataclass(frozen=True)
class Printed:
    """A module, its configuration, and how to read TLC's values of it back.

    `names` gives the TLA+ name of each declaration and definition of the model. `errors` and
    `cuts`: does the module define `StepError` and `Cut`? `defined` are the properties whose
    definedness is an invariant of its own; `universes` the sets their parameters range over.
    """

    module: str
    text: str
    cfg: str
    names: dict[str, str]
    encoding: Encoding
    flip: bool
    errors: bool
    cuts: bool
    defined: tuple[str, ...]
    universes: dict[ir.Type, str]


def print_module(
    model: ir.Model, *, values: ir.Model | None = None, flip: bool = False, module: str = ""
) -> Printed:
    """The model's module. `values` is the bound model that the configuration is for.

    Constants that a configuration file cannot express are defined in the module.
    """
    return _Module(model, values or model, flip, module or model.name).printed()


@dataclass
class _Module:
    model: ir.Model
    values: ir.Model
    flip: bool
    name: str

    def __post_init__(self) -> None:
        self.scope = module_scope(self.model)
        self.encoding = encoding_of(self.model)
        self.e = Expressions(self.scope, self.encoding, sort_sizes(self.values))
        self.rules = [tidied(rule) for rule in self.model.rules]
        self.errors: list[Code] = []
        self.cuts: list[Code] = []
        self.failing_actions: list[Code] = []
        self.defined: list[str] = []
        self.none = False
        self.given = {c.name: c.value for c in self.values.consts}

    # ── The module ──

    def printed(self) -> Printed:
        blocks = [
            self.enums(),
            self.variables(),
            self.type_ok(),
            self.initial(),
            *map(self.rule, self.rules),
            self.next(),
            self.specification(),
            self.failures(),
            *map(self.prop, self.model.props),
        ]
        body = [line for block in blocks if block for line in ["", *block]]
        code = [line.split("\\*")[0] for line in body]
        self.none = any(re.search(r"\bNone\b", line) for line in code)
        body = ["", *self.constants(), *body]
        helpers = helper_lines(self.e.helpers, {*self.scope.taken, "flip", "state"})
        if helpers:
            body = ["", *self.rule_line(), *helpers, "", *self.rule_line(), *body]
        text = "\n".join(body)
        title = f" MODULE {self.name} "
        dashes = "-" * max(4, (78 - len(title)) // 2)
        head = [dashes + title + dashes, *comment(self.model.doc), *self.extends(text)]
        lines = [*head, *body, "", "=" * len(head[0])]
        return Printed(
            self.name,
            "\n".join(line.rstrip() for line in lines) + "\n",
            self.cfg(),
            dict(self.scope.names),
            self.encoding,
            self.flip,
            bool(self.errors),
            bool(self.cuts),
            tuple(self.defined),
            self.universes(),
        )

    def universes(self) -> dict[ir.Type, str]:
        """The sets that the properties' parameters range over."""
        found = {}
        for prop in self.model.props:
            for param in prop.params:
                values = self.e.values_of(param.type)
                assert values is not None
                found[param.type] = values.flat
        return found

    def rule_line(self) -> list[str]:
        return ["-" * 78]

    def extends(self, text: str) -> list[str]:
        wanted = {
            "Integers": r"[-+*%<>]|\.\.|\\div|\bInt\b",
            "FiniteSets": r"\bCardinality\b",
            "Sequences": r"\b(Seq|Append|Len|Head|Tail|SubSeq|SelectSeq)\(|\\o ",
            "Bags": r"\b(BagIn|CopiesIn|SetToBag|EmptyBag|BagCardinality|IsABag|BagToSet)\b",
            "TLC": r":>|@@",
        }
        code = re.sub(r"\\\*.*|^-{10,}$", "", text, flags=re.M)
        code = re.sub(r"<<|>>|\|->|->|=>|~>|<>", "", code)
        used = [name for name, pattern in wanted.items() if re.search(pattern, code)]
        return [f"EXTENDS {', '.join(used)}"] if used else []

    def constants(self) -> list[str]:
        entries = [(self.scope.names[s.name], s.doc) for s in self.model.sorts]
        sorts: list[Entry] = [(n, doc, "") for n, doc in entries]
        for const in self.model.consts:
            if _fits(self.given[const.name]):
                sorts.append((self.scope.names[const.name], *_beside(const.span, const.doc)))
        if self.none:
            sorts.append(("None", "no value", ""))
        lines = _declared("CONSTANTS", sorts)
        for const in self.model.consts:
            if not _fits(self.given[const.name]):
                value = self.e.value(self.given[const.name], const.type)
                lines += ["", *definition(self.scope.names[const.name], value)]
        return lines

    def enums(self) -> list[str]:
        lines: list[str] = []
        for type_ in types_of(self.model):
            if not isinstance(type_, ir.Enum) or not type_.name.isidentifier():
                continue  # the words of an `either` have no name
            if type_.members not in self.e.enums and type_.name not in self.scope.names:
                values = self.e.values_of(type_)
                assert values is not None
                name = self.scope.declare(type_.name)
                self.e.enums[type_.members] = name
                lines += definition(name, values)
        return lines

    def variables(self) -> list[str]:
        entries: list[Entry] = [
            (self.scope.names[v.name], *_about(v, self.model)) for v in self.model.vars
        ]
        if self.flip:
            entries.append(("flip", "changed by every step, so that no step changes nothing", ""))
        names = [name for name, _, _ in entries]
        lines = _declared("VARIABLES", entries)
        lines += ["", *definition("vars", call("<<", [atom(n) for n in names], ">>"))]
        if self.flip:
            rest = call("<<", [atom(n) for n in names[:-1]], ">>")
            lines += definition("state", rest)
        return lines

    def type_ok(self) -> list[str]:
        parts = []
        for var in self.model.vars:
            found = self.has_type(atom(self.scope.names[var.name]), var.type)
            if found is not None:
                parts.append(found)
        if self.flip:
            parts.append(binary(atom("flip"), "\\in", atom("BOOLEAN"), t.COMPARED))
        return definition("TypeOK", conjunction(parts), force=len(parts) > 1)

    def has_type(self, code: Code, type_: ir.Type) -> Code | None:
        values = self.e.values_of(type_)
        if values is not None:
            return binary(code, "\\in", values, t.COMPARED)
        match type_:
            case ir.Bag(item):
                items = self.e.values_of(item)
                bag = call("IsABag(", [code])
                if items is None:
                    return bag
                inside = binary(call("BagToSet(", [code]), "\\subseteq", items, t.COMPARED)
                return conjunction([bag, inside])
            case ir.Partial(key, value) | ir.Map(key, value):
                keys = self.e.values_of(key)
                assert keys is not None
                sign = "\\subseteq" if isinstance(type_, ir.Partial) else "="
                domain = Code(f"DOMAIN {t.inside(code).flat}", t.JOINED)
                parts = [binary(domain, sign, keys, t.COMPARED)]
                with self.scope.binding("k") as (k,):
                    held = self.has_type(Code(f"{code.flat}[{k}]"), value)
                    if held is not None:
                        parts.append(t.opening(f"\\A {k} \\in {domain.flat} :", held))
                return conjunction(parts)
            case ir.Set(item):
                with self.scope.binding("e") as (each,):
                    held = self.has_type(atom(each), item)
                    return held and t.opening(f"\\A {each} \\in {code.flat} :", held)
        return None

    # ── Steps ──

    def initial(self) -> list[str]:
        rule = self.model.initial
        first = _from_defaults(rule, self.model) if rule is not None else None
        names = [p.name for p in first.params] if first is not None else []
        with self.scope.binding(*names):
            code = start(self.model, first and tidied(first), self.e, flip=self.flip)
        doc = comment(rule.doc) if rule is not None else []
        return [*doc, *definition("Init", code, force=True)]

    def rule(self, rule: ir.Rule) -> list[str]:
        about = rule.doc
        if rule.kind is ir.Kind.FAULT:
            often = "" if rule.at_most is None else f", at most {_times(rule.at_most)}"
            about = f"{about}\n(A fault{often}.)".strip()
        name = self.scope.names[rule.name]
        lines = comment(about)
        with self.scope.binding(*(p.name for p in rule.params)) as params:
            head = name + (f"({', '.join(params)})" if params else "")
            before = dict(self.scope.bound)
            lines += definition(head, action(rule, self.model, self.e, flip=self.flip), force=True)
            self.scope.bound = before
            hows: tuple[Failing, ...] = ("error", "cut")
            for how in hows:
                code = failing(rule, self.e, how)
                self.scope.bound = dict(before)
                if code is None:
                    continue
                ended = self.scope.declare(name + ("_fails" if how == "error" else "_is_cut"))
                lines += ["", *definition(ended + head[len(name) :], code, force=True)]
                some = self.over(rule.params, atom(ended + head[len(name) :]), params)
                (self.errors if how == "error" else self.cuts).append(some)
                if rule.kind is ir.Kind.ACTION:
                    self.failing_actions.append(some)
        return lines

    def over(
        self, params: Sequence[ir.Param], body: Code, names: Sequence[str], sign: str = "\\E"
    ) -> Code:
        """`\\E p \\in P, q \\in Q : body`."""
        if not params:
            return body
        ranges = []
        for param, name in zip(params, names, strict=True):
            values = self.e.values_of(param.type)
            assert values is not None
            ranges.append(f"{name} \\in {t.inside(values, t.COMPARED).flat}")
        return t.opening(f"{sign} {', '.join(ranges)} :", body)

    def taken(self, rule: ir.Rule) -> Code:
        with self.scope.binding(*(p.name for p in rule.params)) as names:
            called = self.scope.names[rule.name] + (f"({', '.join(names)})" if names else "")
            return self.over(rule.params, atom(called), names)

    def next(self) -> list[str]:
        kinds = {kind: [r for r in self.rules if r.kind is kind] for kind in ir.Kind}
        actions, faults = kinds[ir.Kind.ACTION], kinds[ir.Kind.FAULT]
        if not faults:
            return _alternatives("Next", [self.taken(r) for r in actions])
        lines = _alternatives("Actions", [self.taken(r) for r in actions])
        lines += ["", *_alternatives("Faults", [self.taken(r) for r in faults])]
        lines += ["", "Next == Actions \\/ Faults"]
        return lines

    def specification(self) -> list[str]:
        units: dict[str, list[ir.Rule]] = {}
        for rule in self.rules:
            if rule.unit is not None:
                units.setdefault(rule.unit.name, []).append(rule)
        if not units:
            return ["Spec == Init /\\ [][Next]_vars"]
        parts = [self.unit(rules) for rules in units.values()]
        lines = comment(
            "Fairness: what is promised to happen if it can. Values that are not named outside\n"
            "WF or SF are up to the environment, which may never choose the good one."
        )
        lines += definition("Fairness", conjunction(parts), force=True)
        return [*lines, "", "Spec == Init /\\ [][Next]_vars /\\ Fairness"]

    def unit(self, rules: Sequence[ir.Rule]) -> Code:
        unit = rules[0].unit
        assert unit is not None
        named = [p for p in rules[0].params if p.name in unit.params]
        with self.scope.binding(*(p.name for p in named)) as outside:
            steps = []
            for rule in rules:
                others = [p for p in rule.params if p.name not in unit.params]
                with self.scope.binding(*(p.name for p in others)) as inner:
                    args = [self.scope.bound[p.name] for p in rule.params]
                    called = self.scope.names[rule.name] + (f"({', '.join(args)})" if args else "")
                    steps.append(self.over(others, atom(called), inner))
            word = "SF_vars(" if unit.strong else "WF_vars("
            return self.over(named, call(word, [disjunction(steps)]), outside, "\\A")

    def failures(self) -> list[str]:
        lines: list[str] = []
        first = _from_defaults(self.model.initial, self.model) if self.model.initial else None
        hows: tuple[Failing, ...] = ("error", "cut")
        for how in hows:
            if first is None:
                break
            with self.scope.binding(*(p.name for p in first.params)) as names:
                code = failing(tidied(first), self.e, how)
                if code is not None:
                    name = "InitError" if how == "error" else "InitCut"
                    lines += [*definition(name, self.over(first.params, code, names)), ""]
        if self.errors:
            lines += comment("A step that is possible and has no result: a mistake of the model.")
            lines += definition("StepError", disjunction(self.errors), force=len(self.errors) > 1)
            lines += ["", "no_step_error == ~StepError", ""]
        if self.cuts:
            lines += comment(
                "A step that would leave a capacity or limit of this model. It is not taken, so\n"
                "what lies behind it is not known: where this is reachable, nothing is certain."
            )
            lines += definition("Cut", disjunction(self.cuts), force=len(self.cuts) > 1)
            lines += ["", "nothing_is_cut == ~Cut", ""]
        if any(p.kind is ir.PropKind.AT_REST for p in self.model.props):
            lines += comment("Nothing but faults can change anything.")
            faults = any(r.kind is ir.Kind.FAULT for r in self.rules)
            steps, changed = "Actions" if faults else "Next", "state" if self.flip else "vars"
            rest = Code(f"~ENABLED <<{steps}>>_{changed}", t.NEGATED)
            parts = [rest, *(t.negation(code) for code in self.failing_actions)]
            lines += definition("AtRest", conjunction(parts), force=len(parts) > 1)
        while lines and not lines[-1]:
            lines.pop()
        return lines

    # ── Properties ──

    def prop(self, prop: ir.Prop) -> list[str]:
        name = self.scope.names[prop.name]
        expr = tidy(prop.expr)
        lines = comment(prop.doc)
        with self.scope.binding(*(p.name for p in prop.params)) as names:
            if prop.kind.is_liveness:
                code = self.over(prop.params, self.temporal(prop, expr), names, "\\A")
                return [*lines, *definition(name, code, force=bool(names))]
            code = self.e.code(guarded(expr))
            if prop.kind is ir.PropKind.WITNESS:
                return [*lines, *self.witness(prop, name, names, code, expr)]
            code = self.over(prop.params, code, names, "\\A")
            if prop.kind is ir.PropKind.AT_REST:
                code = t.implication(atom("AtRest"), code)
            return [*lines, *definition(name, code)]

    def witness(
        self, prop: ir.Prop, name: str, names: Sequence[str], code: Code, expr: ir.Expr
    ) -> list[str]:
        head = name + (f"({', '.join(names)})" if names else "")
        lines = definition(head, code)
        never = t.negation(self.over(prop.params, atom(head), names))
        lines += ["", *comment("Must be found false: the states above have to be reachable.")]
        lines += definition(self.scope.declare(f"never_{name}"), never)
        if defined(expr) != TRUE:
            self.defined.append(prop.name)
            always = self.over(prop.params, self.e.code(defined(expr)), names, "\\A")
            lines += ["", *definition(self.scope.declare(f"{name}_is_defined"), always)]
        return lines

    def temporal(self, prop: ir.Prop, expr: ir.Expr) -> Code:
        sides = [expr] if prop.consequent is None else [expr, tidy(prop.consequent)]
        codes = [t.inside(self.side(side), t.COMPARED) for side in sides]
        match prop.kind:
            case ir.PropKind.LEADS_TO:
                form = binary(codes[0], "~>", codes[1], t.LISTED)
            case ir.PropKind.EVENTUALLY:
                form = Code(f"<>{t.inside(codes[0]).flat}", t.NEGATED)
            case ir.PropKind.ALWAYS_EVENTUALLY:
                form = Code(f"[]<>{t.inside(codes[0]).flat}", t.NEGATED)
            case _:
                form = Code(f"<>[]{t.inside(codes[0]).flat}", t.NEGATED)
        known = both(map(defined, sides))
        if known == TRUE:
            return form
        always = Code(f"[]{t.inside(self.side(known)).flat}", t.NEGATED)
        return conjunction([always, t.inside(form)])

    def side(self, expr: ir.Expr) -> Code:
        """One side of a temporal property, as a formula of the state.

        TLC 2.15 says that `FALSE ~> TRUE` is violated: a side without a variable is given one. It
        also takes the parts of a conjunction one by one, and would evaluate what an earlier part
        protects: a side with partial operations is asked whether it equals TRUE.
        """
        safe = guarded(expr)
        code = self.e.code(safe)
        if not any(isinstance(node, ir.Read) for node in walk(expr)):
            code = conjunction([atom("vars = vars"), code])
        return code if is_total(safe) else binary(code, "=", atom("TRUE"), t.COMPARED)

    # ── The configuration ──

    def cfg(self) -> str:
        lines = ["SPECIFICATION Spec", "", "CONSTANTS"]
        for sort in self.values.sorts:
            atoms = ", ".join(atom_name(sort.name, i) for i in range(sort.size))
            lines.append(f"    {self.scope.names[sort.name]} = {{{atoms}}}")
        for const in self.model.consts:
            value = self.given[const.name]
            if _fits(value):
                lines.append(f"    {self.scope.names[const.name]} = {_written(value)}")
        if self.none:
            lines.append("    None = None")
        if lines[-1] == "CONSTANTS":
            lines.pop()
        invariants, properties = ["TypeOK"], []
        invariants += ["no_step_error"] * bool(self.errors) + ["nothing_is_cut"] * bool(self.cuts)
        witnesses = []
        for prop in self.model.props:
            name = self.scope.names[prop.name]
            if prop.kind.is_liveness:
                properties.append(name)
            elif prop.kind is ir.PropKind.WITNESS:
                witnesses.append(f"never_{name}")
            else:
                invariants.append(name)
        lines += ["", "INVARIANTS", *(f"    {n}" for n in invariants)]
        if properties:
            lines += ["", "PROPERTIES", *(f"    {n}" for n in properties)]
        for name in witnesses:
            lines += [
                "",
                "\\* A witness: TLC has to find this false.",
                f"\\* INVARIANT {name}",
            ]
        return "\n".join(lines) + "\n"


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────


# A name, the comment behind it, and the comment above it.
Entry = tuple[str, str, str]


def _declared(word: str, entries: Sequence[Entry]) -> list[str]:
    """Names with their comments."""
    if not entries:
        return []
    width = max(len(name) for name, _, _ in entries) + 1
    lines = [word]
    for place, (name, behind, above) in enumerate(entries):
        comma = "," if place < len(entries) - 1 else ""
        first = " ".join(behind.split())
        line = f"    {name + comma:<{width}}"
        if above:
            lines += [""] * (place > 0) + comment(above, indent=4)
        if first and len(line) + 5 + len(first) > t.WIDTH:
            lines += comment(first, indent=4)
            first = ""
        lines.append(f"{line}  \\* {first}".rstrip() if first else line.rstrip())
    return lines


def _beside(span: Span, doc: str = "") -> tuple[str, str]:
    """The source's comments on a declaration: behind it, and in the lines above it."""
    behind = linecache.getline(span.file, span.line).rstrip().partition("#")[2].strip()
    above: list[str] = []
    number = span.line - 1
    while (line := linecache.getline(span.file, number).strip()).startswith("#"):
        above.insert(0, line.lstrip("# "))
        number -= 1
    return doc or behind, "\n".join(above)


def _alternatives(name: str, codes: Sequence[Code]) -> list[str]:
    if not codes:
        return [f"{name} == FALSE"]
    return definition(name, disjunction(codes), force=True)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _about(var: ir.Var, model: ir.Model) -> tuple[str, str]:
    if not var.is_counter:
        return _beside(var.span)
    rules = [r for r in model.rules if r.counter == var.name]
    first = next(v for v in model.vars if v.is_counter)
    above = "How often each fault has happened." if var == first else ""
    return ("" if rules else "an unlucky answer"), above


def _fits(value: Value) -> bool:
    """Can a configuration file say it?"""
    if isinstance(value, bool | str) or value is None:
        return True
    return isinstance(value, int) and value >= 0


def _written(value: Value) -> str:
    match value:
        case None:
            return "None"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return f'"{value}"'
    return str(value)


def _from_defaults(rule: ir.Rule, model: ir.Model) -> ir.Rule:
    """The initial rule, which reads the fields' first values."""
    first = {v.name: v.init for v in model.vars}

    def put(expr: ir.Expr) -> ir.Expr:
        if isinstance(expr, ir.Read):
            return first[expr.var]
        return rebuild(expr, tuple(put(part) for part in children(expr)))

    body = tuple(map_item(item, put) for item in rule.body)
    return replace(
        rule, body=body, updates=tuple(replace(u, value=put(u.value)) for u in rule.updates)
    )
