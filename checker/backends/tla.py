"""A model as a TLA+ module and its configuration, for a TLA+ reader and for TLC.

Owns the order and the words of a module: constants, variables, one operator for each action with
the same name, the specification with its fairness, the properties. Expressions, rules and names
have files of their own. Prints and runs nothing; the same model gives the same text.

A fair step that changes nothing counts as taken in our semantics and not under `WF_vars`. With
`flip`, every step also flips a bit, so that no step changes nothing (language.md, Semantics 18).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import ir
from ..ir.walk import children, is_total, map_item, rebuild, walk
from ..passes.known import Known
from ..passes.labels import known_behind_guard, processes, set_locals
from ..states import atom_name, sort_sizes
from . import tla_layout as t
from .tla_defined import TRUE, both, defined
from .tla_expressions import Expressions
from .tla_helpers import helper_lines
from .tla_layout import (
    Code,
    atom,
    binary,
    call,
    comment,
    conjunction,
    definition,
    disjunction,
    prefixed,
)
from .tla_names import Encoding, encoding_of, module_scope, types_of
from .tla_parts import Entry, about, alternatives, beside, declared, fits, times, written
from .tla_rules import Failing, action, failing, start
from .tla_steps import Steps, guarded, steps_of
from .tla_tidy import tidy

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
        self.processes = list(processes(self.model))
        found = set_locals(self.model)
        self.rules = {
            rule.name: steps_of(rule, known_behind_guard(rule, self.model, found))
            for rule in self.model.rules
        }
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
            *map(self.rule, self.model.rules),
            *self.instances(),
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
            if fits(self.given[const.name]):
                sorts.append((self.scope.names[const.name], *beside(const.span, const.doc)))
        if self.none:
            sorts.append(("None", "no value", ""))
        lines = declared("CONSTANTS", sorts)
        for const in self.model.consts:
            if not fits(self.given[const.name]):
                value = self.e.value(self.given[const.name], const.type)
                lines += ["", *definition(self.scope.names[const.name], value)]
        return lines

    def enums(self) -> list[str]:
        lines: list[str] = []
        for type_ in types_of(self.model):
            if not isinstance(type_, ir.Enum):
                continue
            wanted = type_.name.replace(" label", "_labels")
            if not wanted.isidentifier():
                continue  # the words of an `either` have no name
            if type_.members not in self.e.enums and wanted not in self.scope.names:
                values = self.e.values_of(type_)
                assert values is not None
                name = self.scope.declare(wanted)
                self.e.enums[type_.members] = name
                lines += definition(name, values)
        return lines

    def variables(self) -> list[str]:
        entries: list[Entry] = [
            (self.scope.names[v.name], *about(v, self.model, self.processes))
            for v in self.model.vars
        ]
        if self.flip:
            entries.append(("flip", "changed by every step, so that no step changes nothing", ""))
        names = [name for name, _, _ in entries]
        lines = declared("VARIABLES", entries)
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
            code = start(_short_slots(self.model), first, _starting(first), self.e, flip=self.flip)
        doc = comment(rule.doc) if rule is not None else []
        return [*doc, *definition("Init", code, force=True)]

    def rule(self, rule: ir.Rule) -> list[str]:
        about = rule.doc
        if rule.kind is ir.Kind.FAULT:
            often = "" if rule.at_most is None else f", at most {times(rule.at_most)}"
            about = f"{about}\n(A fault{often}.)".strip()
        name = self.scope.names[rule.name]
        lines = comment(about)
        with self.scope.binding(*(p.name for p in rule.params)) as params:
            head = name + (f"({', '.join(params)})" if params else "")
            before = dict(self.scope.bound)
            body = self.rules[rule.name]
            lines += definition(head, action(body, self.model, self.e, flip=self.flip), force=True)
            self.scope.bound = before
            hows: tuple[Failing, ...] = ("error", "cut")
            for how in hows:
                code = failing(body, self.e, how)
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

    def taken(self, rules: Sequence[ir.Rule]) -> Code:
        """One of these rules, which have the same parameters."""
        with self.scope.binding(*(p.name for p in rules[0].params)) as names:
            called = disjunction([atom(self.called(step, names)) for step in self.steps(rules)])
            return self.over(rules[0].params, called, names)

    def called(self, name: str, arguments: Sequence[str]) -> str:
        return self.scope.names[name] + (f"({', '.join(arguments)})" if arguments else "")

    def steps(self, rules: Sequence[ir.Rule]) -> list[str]:
        """The names of these rules; one for all labels of a process."""
        whole = {p.name for p in self.processes} & {r.origin.method for r in rules}
        if all(r.origin.method in whole for r in rules) and len(whole) == 1:
            (name,) = whole
            if len(rules) == len(self.labels(name)):
                return [f"process {name}"]
        return [rule.name for rule in rules]

    def labels(self, process: str) -> list[ir.Rule]:
        """The steps of a process."""
        return [r for r in self.model.rules if r.origin.method == process and r.origin.label]

    def instances(self) -> list[list[str]]:
        """For each process an operator: an instance takes its next step."""
        blocks = []
        for process in self.processes:
            rules = self.labels(process.name)
            self.scope.names[f"process {process.name}"] = self.scope.declare(process.name)
            with self.scope.binding(*(p.name for p in rules[0].params)) as names:
                code = disjunction([atom(self.called(rule.name, names)) for rule in rules])
                head = self.called(process.name, names)
                blocks.append(
                    [
                        *comment("The process: an instance takes the step at which it stands."),
                        *definition(head, code, force=True),
                    ]
                )
        return blocks

    def next(self) -> list[str]:
        kinds = {kind: [r for r in self.model.rules if r.kind is kind] for kind in ir.Kind}
        actions, faults = kinds[ir.Kind.ACTION], kinds[ir.Kind.FAULT]
        if not faults:
            return alternatives("Next", [self.taken(rules) for rules in _together(actions)])
        lines = alternatives("Actions", [self.taken(rules) for rules in _together(actions)])
        lines += ["", *alternatives("Faults", [self.taken([r]) for r in faults])]
        lines += ["", r"Next == Actions \/ Faults"]
        return lines

    def specification(self) -> list[str]:
        units: dict[str, list[ir.Rule]] = {}
        for rule in self.model.rules:
            if rule.unit is not None:
                units.setdefault(rule.unit.name, []).append(rule)
        if not units:
            return [r"Spec == Init /\ [][Next]_vars"]
        parts = [self.unit(rules) for rules in units.values()]
        lines = comment(
            "Fairness: what is promised to happen if it can. Values that are not named outside\n"
            "WF or SF are up to the environment, which may never choose the good one."
        )
        lines += definition("Fairness", conjunction(parts), force=len(parts) > 1)
        return [*lines, "", r"Spec == Init /\ [][Next]_vars /\ Fairness"]

    def unit(self, rules: Sequence[ir.Rule]) -> Code:
        unit = rules[0].unit
        assert unit is not None
        named = [p for p in rules[0].params if p.name in unit.params]
        with self.scope.binding(*(p.name for p in named)) as outside:
            steps = []
            others = [p for p in rules[0].params if p.name not in unit.params]
            with self.scope.binding(*(p.name for p in others)) as inner:
                arguments = [self.scope.bound[p.name] for p in rules[0].params]
                for name in self.steps(rules):
                    steps.append(self.over(others, atom(self.called(name, arguments)), inner))
            word = "SF_vars(" if unit.strong else "WF_vars("
            return self.over(named, call(word, [disjunction(steps)]), outside, r"\A")

    def failures(self) -> list[str]:
        lines: list[str] = []
        first = _from_defaults(self.model.initial, self.model) if self.model.initial else None
        hows: tuple[Failing, ...] = ("error", "cut")
        for how in hows:
            if first is None:
                break
            with self.scope.binding(*(p.name for p in first.params)) as names:
                code = failing(_starting(first), self.e, how)
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
            faults = any(r.kind is ir.Kind.FAULT for r in self.model.rules)
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
                form = prefixed("<>", t.inside(codes[0])).at(t.NEGATED)
            case ir.PropKind.ALWAYS_EVENTUALLY:
                form = prefixed("[]<>", t.inside(codes[0])).at(t.NEGATED)
            case _:
                form = prefixed("<>[]", t.inside(codes[0])).at(t.NEGATED)
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
            if fits(value):
                lines.append(f"    {self.scope.names[const.name]} = {written(value)}")
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


# ── The initial rule ─────────────────────────────────────────────────────────────────────────────


def _starting(rule: ir.Rule | None) -> Steps:
    """The body of the initial rule, which may read any state."""
    empty = ir.Rule(ir.Kind.ACTION, "", (), (), (), None, None, None, ir.Origin(""))
    return steps_of(rule or empty, Known())


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


def _together(rules: Sequence[ir.Rule]) -> list[list[ir.Rule]]:
    """The steps of one process together, other rules alone."""
    found: dict[str, list[ir.Rule]] = {}
    for rule in rules:
        method = rule.origin.method if rule.origin.label else rule.name
        found.setdefault(f"{method} {rule.origin.label is None}", []).append(rule)
    return list(found.values())


def _short_slots(model: ir.Model) -> ir.Model:
    """First values of a process's variables, with the parameter's name for the instance."""

    def short(var: ir.Var) -> ir.Var:
        init = var.init
        suffix = f"_{var.name}"
        if isinstance(init, ir.Build) and init.name.endswith(suffix) and init.name[:4] != "key_":
            body = short(replace(var, init=init.body)).init
            init = replace(init, name=init.name.removesuffix(suffix), body=body)
        return replace(var, init=init)

    return replace(model, vars=tuple(map(short, model.vars)))
