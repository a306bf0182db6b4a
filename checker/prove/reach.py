"""Is a state reachable? The shortest way to it, or the reason why there is none.

Owns the notation of states on the command line: `field = value` as traces print it, or one entry
`field[key] = value`; what is not named may be anything. The question becomes a witness of the model
and is answered as one: by a bounded search, by induction, or by exhausting a small model.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .. import ir
from ..backends.python import Program
from ..catalogue import closest
from ..errors import UsageError
from ..explore.limits import Limits
from ..explore.outcome import PropertyResult, Verdict
from ..explore.search import explore
from ..states import Sizes, Value, atom_name, sort_sizes, universe
from .bounded import Budget
from .outcome import ProofOutcome, Said
from .proof import prove

__all__ = ["Answer", "reach", "wanted"]

_NAME = "state"


@dataclass(frozen=True)
class Answer:
    """`said` is SEEN, UNREACHABLE or UNKNOWN; `how` the proof, `reason` why there is none.

    `outcome` is the proof attempt, `explored` the number of states if the model was exhausted.
    """

    said: Said
    how: str
    reason: str
    found: PropertyResult | None
    outcome: ProofOutcome
    explored: int = 0


def reach(
    model: ir.Model,
    state: ir.Expr,
    *,
    depth: int = 10,
    k: int = 2,
    states_max: int = 100_000,
    budget: Budget | None = None,
) -> Answer:
    """Raises: UsageError, if the model has no initial state."""
    kept = tuple(p for p in model.props if p.kind is ir.PropKind.INVARIANT)
    question = ir.Prop(ir.PropKind.WITNESS, _NAME, (), state)
    program = Program(replace(model, props=(*kept, question)))
    outcome = prove(program, depth=depth, k=k, budget=budget, goal=_NAME)
    proof = next(p for p in outcome.proofs if p.name == _NAME)
    if proof.said is not Said.UNKNOWN or outcome.interrupted:
        return Answer(proof.said, proof.how, proof.reason, proof.found, outcome)
    explored = explore(program, limits=Limits(states_max))
    result = next(p for p in explored.properties if p.name == _NAME)
    if result.verdict is Verdict.HOLDS:
        return Answer(Said.SEEN, "", "", result, outcome, explored.distinct)
    if result.verdict is Verdict.FAILS and result.trace is None:
        how = f"exhausted, {explored.distinct:,} states"
        return Answer(Said.UNREACHABLE, how, "", None, outcome, explored.distinct)
    reason = f"{proof.reason}; {result.reason}" if result.reason else proof.reason
    return Answer(Said.UNKNOWN, "", reason, None, outcome, explored.distinct)


# ── From text to a condition ─────────────────────────────────────────────────────────────────────


def wanted(model: ir.Model, texts: Sequence[str]) -> ir.Expr:
    """The condition that all the texts say, over the fields of a bound model. Raises: UsageError.

    >>> from checker.run import Request, prepare
    >>> from checker.ir_text import expr_text
    >>> expr_text(wanted(prepare(Request("outbox")).model, ["unmarked = order0"]))
    '(unmarked == order0)'
    """
    parts = tuple(_Reader(model, text).condition() for text in texts)
    return parts[0] if len(parts) == 1 else ir.And(parts)


@dataclass(frozen=True)
class _Reader:
    model: ir.Model
    text: str

    @property
    def sizes(self) -> Sizes:
        return sort_sizes(self.model)

    def wrong(self, why: str, help: str = "") -> UsageError:
        return UsageError(f"{self.text!r}: {why}", help=help)

    def condition(self) -> ir.Expr:
        left, equals, right = self.text.partition("=")
        if not equals or right.startswith("="):
            raise self.wrong("is not of the form FIELD=VALUE or FIELD[KEY]=VALUE")
        place = self.parsed(left)
        value = self.parsed(right)
        match place:
            case ast.Name(name):
                var = self.var(name)
                read = ir.Read(var.name, var.type)
                return ir.Cmp("==", read, ir.Lit(self.value(value, var.type), var.type))
            case ast.Subscript(ast.Name(name), key):
                return self.entry(self.var(name), key, value)
        raise self.wrong(f"`{left.strip()}` is no field and no entry of one")

    def entry(self, var: ir.Var, key: ast.expr, value: ast.expr) -> ir.Expr:
        if not isinstance(var.type, ir.Map | ir.Partial):
            raise self.wrong(f"{var.name} has no keys")
        read = ir.Read(var.name, var.type)
        place = ir.Lit(self.value(key, var.type.key), var.type.key)
        found = ir.At(read, place, var.type.value)
        inner = self.value(value, var.type.value)
        same = ir.Cmp("==", found, ir.Lit(inner, var.type.value))
        if isinstance(var.type, ir.Partial):
            return ir.And((ir.Has(read, place), same))
        return same

    def parsed(self, text: str) -> ast.expr:
        try:
            return ast.parse(text.strip(), mode="eval").body
        except SyntaxError:
            raise self.wrong(f"`{text.strip()}` is not a value as traces print it") from None

    def var(self, name: str) -> ir.Var:
        names = [v.name for v in self.model.vars]
        if name not in names:
            listed = f"it has {', '.join(names)}{closest(name, names)}"
            raise self.wrong(f"{self.model.name} has no field {name!r}", listed)
        return self.model.var(name)

    def value(self, node: ast.expr, type_: ir.Type) -> Value:
        """The value that the text means for the type."""
        match type_, node:
            case ir.Option(), ast.Constant(None):
                return None
            case ir.Option(item), _:
                return self.value(node, item)
            case ir.Bool(), ast.Constant(bool(known)):
                return known
            case ir.Int(), ast.Constant(int(number)):
                return number
            case ir.Int(), ast.UnaryOp(ast.USub(), ast.Constant(int(number))):
                return -number
            case ir.Sort(sort), ast.Name(name):
                return self.atom(sort, name)
            case ir.Enum(_, members), (ast.Name(name) | ast.Attribute(attr=name)):
                if name in members:
                    return name
            case ((ir.Record() | ir.Union()), ast.Call(ast.Name(name))):
                return self.record(node, type_, name)
        return self.collection(node, type_)

    def collection(self, node: ast.expr, type_: ir.Type) -> Value:
        match type_, node:
            case ir.Set(item), ast.Set(parts):
                return frozenset(self.value(p, item) for p in parts)
            case ir.Set(), ast.Dict([], []):
                return frozenset()
            case ir.Bag(item), ast.List(parts):
                found = [self.value(p, item) for p in parts]
                return frozenset((v, found.count(v)) for v in found)
            case ir.Seq(item), ast.List(parts):
                return tuple(self.value(p, item) for p in parts)
            case ir.Partial(key, item), ast.Dict(keys, values):
                pairs = self.pairs(keys, values, key, item)
                return frozenset(pairs.items())
            case ir.Map(key, item), ast.Dict(keys, values):
                pairs = self.pairs(keys, values, key, item)
                every = universe(key, self.sizes)
                if set(pairs) != set(every):
                    raise self.wrong("a Map has a value for every key; name single ones with [ ]")
                return tuple(pairs[k] for k in every)
        raise self.wrong(f"`{ast.unparse(node)}` is not a value of the field's type")

    def pairs(
        self,
        keys: Sequence[ast.expr | None],
        values: Sequence[ast.expr],
        key: ir.Type,
        item: ir.Type,
    ) -> dict[Value, Value]:
        return {
            self.value(k, key): self.value(v, item)
            for k, v in zip(keys, values, strict=True)
            if k is not None
        }

    def record(self, node: ast.Call, type_: ir.Record | ir.Union, name: str) -> Value:
        records = type_.records if isinstance(type_, ir.Union) else (type_,)
        found = next((r for r in records if r.name == name), None)
        if found is None:
            raise self.wrong(f"there is no {name} here")
        given = {k.arg: k.value for k in node.keywords}
        given |= dict(zip((f for f, _ in found.fields), node.args, strict=False))
        missing = [f for f, _ in found.fields if f not in given]
        if missing or len(given) != len(found.fields):
            raise self.wrong(f"{name} has the fields {', '.join(f for f, _ in found.fields)}")
        return (name, *(self.value(given[f], t) for f, t in found.fields))

    def atom(self, sort: str, name: str) -> Value:
        size = dict(self.sizes)[sort]
        names = [atom_name(sort, index) for index in range(size)]
        if name not in names:
            raise self.wrong(f"there is no {name}", f"the ids of {sort} are {', '.join(names)}")
        return names.index(name)
