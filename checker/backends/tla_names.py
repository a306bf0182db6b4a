"""Which TLA+ names stand for a model's names, and how its values look in TLA+.

Owns the encoding that printer and reader share. Names are the model's own wherever TLA+ allows it:
a name that is taken there (a keyword, an operator of a standard module, another declaration, since
TLA+ has no shadowing) gets a number.

    bool, int      themselves                    set      set
    sort           model values (order0 ...)     bag      function to numbers (module Bags)
    enum           strings                       list     sequence
    option         None, a model value, or it    Map      function      dict  function on its keys
    record         record; one that is part of a union, or has no fields, names its class in `type`
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .. import ir
from ..ir.walk import item_children, walk

__all__ = ["Encoding", "Scope", "encoding_of", "module_scope", "types_of"]

_KEYWORDS = """
ACTION ASSUME ASSUMPTION AXIOM BY CASE CHOOSE CONSTANT CONSTANTS COROLLARY DEF DEFINE DEFS DOMAIN
ELSE ENABLED EXCEPT EXTENDS HAVE HIDE IF IN INSTANCE LAMBDA LEMMA LET LOCAL MODULE NEW OBVIOUS
OMITTED ONLY OTHER PICK PROOF PROPOSITION PROVE QED RECURSIVE SF_ STATE STRONG_FAIRNESS SUBSET
SUFFICES TAKE TEMPORAL THEN THEOREM UNCHANGED UNION USE VARIABLE VARIABLES WEAK_FAIRNESS WF_ WITH
WITNESS TRUE FALSE BOOLEAN STRING
"""

_STANDARD = """
Nat Int Len Head Tail Append Seq SubSeq SelectSeq IsFiniteSet Cardinality IsABag BagToSet SetToBag
BagIn EmptyBag CopiesIn BagCup BagDiff BagUnion SubBag BagOfAll BagCardinality Print PrintT Assert
JavaTime TLCGet TLCSet Permutations SortSeq RandomElement Any ToString TLCEval
"""

_OURS = """
None vars state flip Init Next Actions Faults Fairness Spec TypeOK StepError Cut AtRest
no_step_error nothing_is_cut InitError InitCut Range SeqToBag ImageBag Sum Min Max FoldSet FoldSeq
FoldBag Copies Nth Place RemoveFirst RemoveAt EmptyMap Without Occurrences MapSeq Upto Probe
"""

_RESERVED = frozenset((_KEYWORDS + _STANDARD + _OURS).split())


@dataclass
class Scope:
    """TLA+ names: those of the module, and those bound around a place in an expression."""

    names: dict[str, str] = field(default_factory=dict)  # the model's name to the module's
    taken: set[str] = field(default_factory=set)
    bound: dict[str, str] = field(default_factory=dict)

    def declare(self, name: str) -> str:
        """A name for a declaration of the module."""
        found = self.names[name] = self._free(name)
        self.taken.add(found)
        return found

    def _free(self, wanted: str) -> str:
        stem = re.sub(r"[^A-Za-z0-9_]", "_", wanted) or "x"
        if not re.search(r"[A-Za-z]", stem) or re.match(r"(?i)[ws]f_", stem):
            stem = f"x_{stem}"
        found, number = stem, 1
        while found in self.taken or found in _RESERVED or found in self.bound.values():
            number += 1
            found = f"{stem}_{number}"
        return found

    @contextmanager
    def binding(self, *names: str) -> Iterator[tuple[str, ...]]:
        """Names that stand for these inside the block, and hide nothing around it."""
        before = self.bound
        found = []
        for name in names:
            free = self._local(name)
            self._bind(name, free)
            found.append(free)
        try:
            yield tuple(found)
        finally:
            self.bound = before

    def push(self, name: str) -> str:
        """Bind a name until the enclosing `binding` ends."""
        free = self._local(name)
        self._bind(name, free)
        return free

    def _bind(self, name: str, free: str) -> None:
        # A name that is bound again must not be forgotten: it is still there in TLA+.
        hidden = {f"{name} {len(self.bound)}": self.bound[name]} if name in self.bound else {}
        self.bound = {**self.bound, **hidden, name: free}

    def _local(self, name: str) -> str:
        # The front end numbers its names; where the number is not needed, the source's is better.
        stem = "k" if name.startswith("key_") else re.sub(r"_\d+$", "", name)
        found = self._free(stem)
        return found if found == stem else self._free(name)


def module_scope(model: ir.Model) -> Scope:
    """The names of the module's declarations and of one definition for each rule and property."""
    scope = Scope()
    for sort in model.sorts:
        scope.declare(sort.name)
    for const in model.consts:
        scope.declare(const.name)
    for var in model.vars:
        scope.declare(var.name)
    for rule in model.rules:
        scope.declare(rule.name)
    for prop in model.props:
        scope.declare(prop.name)
    return scope


# ── Records ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Encoding:
    """How records are told apart: the field with the class, and the fields that need other names.

    TLC compares records field by field and refuses to compare a number with a string, so members
    of one union whose fields share a name but not a kind get names of their own.
    """

    tag: str
    tagged: frozenset[str]
    renamed: frozenset[tuple[str, str]]

    def field(self, record: str, name: str) -> str:
        name = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if (record, name) in self.renamed:
            return f"{name}_of_{record}"
        return f"{name}_" if name in _KEYWORDS.split() else name


def encoding_of(model: ir.Model) -> Encoding:
    tagged: set[str] = set()
    fields: set[str] = set()
    renamed: set[tuple[str, str]] = set()
    for type_ in types_of(model):
        match type_:
            case ir.Record(name, parts):
                fields.update(n for n, _ in parts)
                if not parts:
                    tagged.add(name)
            case ir.Union(records):
                tagged.update(r.name for r in records)
                renamed.update(_clashes(records))
    tag = next(t for t in ("type", "class", "record", "tag", "type_", "class_") if t not in fields)
    return Encoding(tag, frozenset(tagged), frozenset(renamed))


def _clashes(records: tuple[ir.Record, ...]) -> set[tuple[str, str]]:
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, type_ in record.fields:
            kinds.setdefault(name, set()).add(_kind(type_))
    return {(r.name, n) for r in records for n, _ in r.fields if len(kinds[n]) > 1}


def _kind(type_: ir.Type) -> str:
    """What TLC compares without complaint: values of one kind, and None with all of them."""
    return _kind(type_.item) if isinstance(type_, ir.Option) else repr(_without_bounds(type_))


def _without_bounds(type_: ir.Type) -> ir.Type:
    return ir.INT if isinstance(type_, ir.Int) else type_


def types_of(model: ir.Model) -> Iterator[ir.Type]:
    """Every type that the model mentions, parts included."""
    rules = [*model.rules, *([model.initial] if model.initial else [])]
    found: list[ir.Type] = [v.type for v in model.vars]
    found += [c.type for c in model.consts]
    found += [p.type for rule in rules for p in rule.params]
    found += [p.type for prop in model.props for p in prop.params]
    exprs = [v.init for v in model.vars]
    exprs += [e for rule in rules for item in rule.body for e in item_children(item)]
    exprs += [u.value for rule in rules for u in rule.updates]
    exprs += [e for p in model.props for e in (p.expr, p.consequent) if e is not None]
    found += [node.type for expr in exprs for node in walk(expr)]
    seen: set[ir.Type] = set()
    for type_ in found:
        for part in _parts(type_):
            if part not in seen:
                seen.add(part)
                yield part


def _parts(type_: ir.Type) -> Iterator[ir.Type]:
    yield type_
    match type_:
        case ir.Option(item) | ir.Set(item) | ir.Bag(item) | ir.Seq(item):
            yield from _parts(item)
        case ir.Record(_, fields):
            for _, inner in fields:
                yield from _parts(inner)
        case ir.Union(records):
            for record in records:
                yield from _parts(record)
        case ir.Map(key, value) | ir.Partial(key, value):
            yield from _parts(key)
            yield from _parts(value)
