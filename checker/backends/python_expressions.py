"""From IR expressions to the text of Python expressions over encoded values.

Owns what each expression node means in Python; `python.py` owns rules and functions. Undefined
evaluations raise `runtime.Undefined`. Parts are evaluated from left to right, and quantifiers take
all their elements: a list inside `all([...])` is the point, not an oversight.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .. import ir
from ..errors import InternalError
from ..ir.walk import is_total
from ..passes.wording import wording
from ..states import Sizes, Value, universe
from . import runtime
from .runtime import Site

__all__ = ["Globals", "Names", "Texts", "bare"]

_RUNTIME = {name: getattr(runtime, name) for name in runtime.CALLED}

_TAKEN = frozenset({*keyword.kwlist, *dir(builtins), *_RUNTIME, "state", "args", "steps", "stop"})


@dataclass
class Names:
    """Python names, each given once; none begins with `_`, as the constants of the module do."""

    taken: set[str] = field(default_factory=set)

    def new(self, wanted: str) -> str:
        stem = re.sub(r"\W", "_", wanted).lstrip("_") or "x"
        stem = f"x{stem}" if stem[0].isdigit() else stem
        name, number = stem, 1
        while name in self.taken or name in _TAKEN:
            number += 1
            name = f"{stem}_{number}"
        self.taken.add(name)
        return name


@dataclass
class Globals:
    """What the generated module sees: the runtime, and constants that it names."""

    sizes: Sizes
    values: dict[str, object] = field(default_factory=lambda: dict(_RUNTIME))
    names: Names = field(default_factory=Names)  # of the module's functions and constants
    notes: list[str] = field(default_factory=list)
    _known: dict[tuple[str, object], str] = field(default_factory=dict)

    def constant(self, wanted: str, value: object) -> str:
        # `1 == True`, so the text of the value takes part in telling constants apart.
        key = (wanted + repr(value), value)
        if key not in self._known:
            name = self._known[key] = f"_{self.names.new(wanted)}"
            self.values[name] = value
            self.notes.append(f"# {name} = {value!r}")
        return self._known[key]

    def site(self, site: Site) -> str:
        name = f"_{self.names.new('site_1')}"
        self.values[name] = site
        self.notes.append(f"# {name}: {site.span} {site.text}")
        return name

    def all_of(self, type_: ir.Type) -> tuple[Value, ...]:
        return universe(type_, self.sizes)

    def places(self, key: ir.Type) -> str:
        return self.constant("places", _Places(enumerate(self.all_of(key))))


class _Places(dict[Value, int]):
    """The place of each key in the encoding of a map; hashable so that it is made once."""

    def __init__(self, numbered: Iterator[tuple[int, Value]]) -> None:
        super().__init__({key: place for place, key in numbered})

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self.items()))


def bare(text: str) -> str:
    """The text without parentheses around all of it, for the places of a statement."""
    if not text.startswith("(") or text == "()":
        return text
    depth = 0
    for place, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if depth == 0:
            whole = place == len(text) - 1 and not text.endswith(",)") and '"' not in text
            return text[1:-1] if whole and "'" not in text else text
    return text


@dataclass
class Texts:
    """Expressions inside one function: which Python names stand for the IR's names there."""

    globals: Globals
    names: Names
    args: dict[str, str] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def text(self, expr: ir.Expr) -> str:
        """Python for the expression, in parentheses where it is compound."""
        match expr:
            case ir.Lit(value):
                return self._literal(value)
            case ir.Read(name):
                return self._lookup(self.variables, name, expr)
            case ir.Arg(name):
                return self._lookup(self.args, name, expr)
            case ir.Bound(name):
                return self._lookup(self.bound, name, expr)
            case ir.LetIn(name, value, body):
                given = self.text(value)
                with self.binding(name) as inner:
                    return f"(lambda {inner}: {self.text(body)})({given})"
            case ir.Not(body):
                return f"(not {self.text(body)})"
            case ir.And(parts):
                return "(" + " and ".join(map(self.text, parts)) + ")" if parts else "True"
            case ir.Or(parts):
                return "(" + " or ".join(map(self.text, parts)) + ")" if parts else "False"
            case ir.Ite(test, then, orelse):
                return f"({self.text(then)} if {self.text(test)} else {self.text(orelse)})"
            case ir.Cmp(op, left, right):
                if isinstance(right, ir.Lit) and right.value is None:
                    op = "is" if op == "==" else "is not"
                return f"({self.text(left)} {op} {self.text(right)})"
            case ir.Arith():
                return self._arith(expr)
            case ir.All(name, domain, test, body) | ir.Any(name, domain, test, body):
                word = "all" if isinstance(expr, ir.All) else "any"
                return f"{word}([{self._comprehension(name, domain, test, body)}])"
            case ir.Build():
                return self._build(expr)
            case ir.Fold(op, name, domain, test, body):
                each = self._comprehension(name, domain, test, body, copies=True)
                if op == "sum":
                    return f"sum([{each}])"
                return f"{_LEAST[op]}([{each}], {self._site(expr)})"
        return self._collection(expr)

    def _lookup(self, names: dict[str, str], name: str, expr: ir.Expr) -> str:
        if name not in names:
            raise InternalError(f"{type(expr).__name__} {name} at {expr.span} stands for nothing")
        return names[name]

    def _literal(self, value: object) -> str:
        if value is None or isinstance(value, bool | str):
            return repr(value)
        if isinstance(value, int):
            return repr(value) if value >= 0 else f"({value})"
        if isinstance(value, frozenset) and not value:
            return self.globals.constant("nothing", value)
        return "()" if value == () else self.globals.constant("literal", value)

    def _site(
        self, expr: ir.Expr, type_: ir.Type = ir.INT, subject: str = "", kind: str = "undefined"
    ) -> str:
        return self.globals.site(Site(wording(expr), expr.span, type_, subject, kind))

    @contextmanager
    def binding(self, name: str) -> Iterator[str]:
        """A new Python name that stands for the bound name inside the block."""
        before = self.bound.get(name)
        self.bound[name] = self.names.new(name)
        yield self.bound[name]
        del self.bound[name]
        if before is not None:
            self.bound[name] = before

    # ── Numbers ──

    def _arith(self, expr: ir.Arith) -> str:
        left, right = self.text(expr.left), self.text(expr.right)
        match expr.op:
            case "neg":
                return f"(-{left})"
            case "//" | "%" if not _is_positive(expr.right):
                word = "divided" if expr.op == "//" else "remainder"
                return f"{word}({left}, {right}, {self._site(expr)})"
        return f"({left} {expr.op} {right})"

    # ── Domains ──

    def elements(self, domain: ir.Expr, *, in_order: bool, copies: bool = False) -> str:
        """What a `for` goes through; without `copies`, equal elements of a bag come once."""
        match domain, domain.type:
            case ir.Universe(ir.Set(item)), _:
                return self.globals.constant("every", self.globals.all_of(item))
            case ir.Range(lo, hi), _:
                return f"range({self.text(lo)}, {self.text(hi)})"
            case _, ir.Seq():
                return self.text(domain)
            case _, ir.Set(item):
                found = self.text(domain)
            case _, ir.Bag(item):
                found = f"{'bag_elements' if copies else 'keys'}({self.text(domain)})"
            case _, ir.Partial(item):
                found = f"keys({self.text(domain)})"
            case _:
                raise InternalError(f"a {domain.type} cannot be iterated ({domain.span})")
        if not in_order:
            return found
        plain = isinstance(item, ir.Bool | ir.Int | ir.Sort | ir.Enum)
        return f"{'sorted' if plain else 'ordered'}({found})"

    def options(self, domain: ir.Expr) -> str:
        """The distinct elements, in order: what `choose` chooses from."""
        found = self.elements(domain, in_order=True)
        is_list = isinstance(domain.type, ir.Seq) and not isinstance(domain, ir.Range)
        return f"distinct({found})" if is_list else found

    def _comprehension(
        self,
        name: str,
        domain: ir.Expr,
        test: ir.Expr | None,
        body: ir.Expr,
        *,
        copies: bool = False,
        form: str = "{body}",
    ) -> str:
        # Which undefined element is met first decides the message, so those are met in order.
        in_order = not is_total(body) or (test is not None and not is_total(test))
        elements = self.elements(domain, in_order=in_order, copies=copies)
        with self.binding(name) as inner:
            each = form.format(name=inner, body=self.text(body))
            only = f" if {self.text(test)}" if test is not None else ""
            return f"{each} for {inner} in {elements}{only}"

    def _build(self, expr: ir.Build) -> str:
        name, domain, test, body = expr.name, expr.domain, expr.filter, expr.body
        match expr.type:
            case ir.Set():
                return f"frozenset([{self._comprehension(name, domain, test, body)}])"
            case ir.Bag():
                return f"bag_of([{self._comprehension(name, domain, test, body, copies=True)}])"
            case ir.Seq():
                return f"tuple([{self._comprehension(name, domain, test, body, copies=True)}])"
            case ir.Partial():
                pairs = self._comprehension(name, domain, test, body, form="({name}, {body})")
                return f"frozenset([{pairs}])"
            case ir.Map(key):
                every = ir.Universe(ir.Set(key), expr.span)
                return f"tuple([{self._comprehension(name, every, None, body)}])"
        raise InternalError(f"a {expr.type} cannot be built ({expr.span})")

    # ── Collections, options, records ──

    def _collection(self, expr: ir.Expr) -> str:
        match expr:
            case ir.Has(collection, item):
                return self._has(collection, item)
            case ir.Count(collection, item):
                c, x = self.text(collection), self.text(item)
                return f"bag_count({c}, {x})" if _is_bag(collection) else f"{c}.count({x})"
            case ir.Size(collection):
                return f"{'bag_size' if _is_bag(collection) else 'len'}({self.text(collection)})"
            case ir.At(collection, key):
                return self._at(expr, collection, key)
            case ir.Keys(collection):
                return f"keys({self.text(collection)})"
            case ir.Universe(ir.Set(item)):
                return self.globals.constant("all_of", frozenset(self.globals.all_of(item)))
            case ir.Range(lo, hi):
                return f"tuple(range({self.text(lo)}, {self.text(hi)}))"
            case ir.Fresh(sort, used):
                atoms = self.globals.constant("every", self.globals.all_of(sort))
                site = self._site(expr, sort, sort.name, "fresh")
                return f"fresh({atoms}, {self.text(used)}, {site})"
            case ir.Make(record, values):
                return "(" + ", ".join([repr(record.name), *map(self.text, values)]) + ",)"
            case ir.Field(record, name):
                return f"{self.text(record)}[{_field_place(record, name)}]"
            case ir.Is(body, record):
                return f"({self.text(body)}[0] == {record.name!r})"
            case ir.Widen(body):
                return self.text(body)
            case ir.Narrow(body):
                return self._narrow(expr, body)
        return self._changed(expr)

    def _has(self, collection: ir.Expr, item: ir.Expr) -> str:
        x, c = self.text(item), self.text(collection)
        match collection.type:
            case ir.Bag():
                return f"bag_has({c}, {x})"
            case ir.Partial():
                return f"partial_has({c}, {x})"
        return f"({x} in {c})"

    def _at(self, expr: ir.Expr, collection: ir.Expr, key: ir.Expr) -> str:
        c, k = self.text(collection), self.text(key)
        match collection.type:
            case ir.Seq():
                return f"seq_at({c}, {k}, {self._site(expr)})"
            case ir.Partial():
                return f"partial_at({c}, {k}, {self._site(expr, key.type)})"
            case ir.Map(ir.Sort()):
                return f"{c}[{bare(k)}]"
            case ir.Map(key_type):
                site = self._site(expr, key.type)
                return f"map_at({c}, {k}, {self.globals.places(key_type)}, {site})"
        raise InternalError(f"a {collection.type} has no entries ({expr.span})")

    def _narrow(self, expr: ir.Narrow, body: ir.Expr) -> str:
        inner, type_ = self.text(body), body.type
        if isinstance(type_, ir.Option) and not isinstance(expr.type, ir.Option):
            inner, type_ = f"some({inner}, {self._site(body)})", type_.item
        if isinstance(type_, ir.Union) and expr.type != type_:
            records = expr.type.records if isinstance(expr.type, ir.Union) else (expr.type,)
            tags = tuple(r.name for r in records if isinstance(r, ir.Record))
            inner = f"of_class({inner}, {tags!r}, {self._site(body)})"
        return inner

    def _changed(self, expr: ir.Expr) -> str:
        match expr:
            case ir.Insert(collection, item) | ir.Erase(collection, item):
                adds = isinstance(expr, ir.Insert)
                c, x = self.text(collection), self.text(item)
                match collection.type:
                    case ir.Bag():
                        return f"bag_{'insert' if adds else 'erase'}({c}, {x})"
                    case ir.Seq():
                        return f"(*{c}, {x},)" if adds else f"seq_erase({c}, {x})"
                return f"({c} {'|' if adds else '-'} {{{x}}})"
            case ir.Put(collection, key, value):
                parts = f"{self.text(collection)}, {self.text(key)}, {self.text(value)}"
                match collection.type:
                    case ir.Seq():
                        return f"seq_put({parts}, {self._site(expr)})"
                    case ir.Map(key_type):
                        places = self.globals.places(key_type)
                        return f"map_put({parts}, {places}, {self._site(expr, key.type)})"
                return f"partial_put({parts})"
            case ir.Without(collection, key):
                c, k = self.text(collection), self.text(key)
                if isinstance(collection.type, ir.Seq):
                    return f"seq_without({c}, {k}, {self._site(expr)})"
                return f"partial_without({c}, {k})"
            case ir.Join(left, right):
                a, b = self.text(left), self.text(right)
                match expr.type:
                    case ir.Bag():
                        return f"bag_join({a}, {b})"
                    case ir.Partial():
                        return f"partial_join({a}, {b})"
                    case ir.Seq():
                        return f"({a} + {b})"
                return f"({a} | {b})"
        raise InternalError(f"the reference engine does not know {type(expr).__name__}")


_LEAST = {"min": "least", "max": "greatest"}


def _is_positive(expr: ir.Expr) -> bool:
    return isinstance(expr, ir.Lit) and isinstance(expr.value, int) and expr.value > 0


def _is_bag(expr: ir.Expr) -> bool:
    return isinstance(expr.type, ir.Bag)


def _field_place(record: ir.Expr, name: str) -> int:
    if isinstance(record.type, ir.Record):
        for place, (field_name, _) in enumerate(record.type.fields, start=1):
            if field_name == name:
                return place
    raise InternalError(f"{record.type} has no field {name} ({record.span})")
