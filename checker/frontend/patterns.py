"""`match`: which patterns a model may use, as conditions and names.

Owns no statements: `statements.py` and `functions.py` put the cases together.
"""

from __future__ import annotations

import ast

from .. import ir
from . import diagnostics as d
from .expressions import conjunction, constant_object, lower, lower_bool
from .records import record_among
from .scope import Scope
from .types import compatible, shown
from .world import Mistake

__all__ = ["Case", "match_cases"]

# A condition (None: always), the names it binds, and the statements of the case.
Case = tuple[ir.Expr | None, dict[str, ir.Expr], list[ast.stmt]]


def match_cases(subject: ir.Expr, node: ast.Match, scope: Scope) -> list[Case]:
    """The cases of a `match`, in order; the last one needs no test if nothing else is left."""
    cases: list[Case] = []
    for case in node.cases:
        tests, names = _pattern(subject, case.pattern, scope)
        if case.guard is not None:
            tests = [*tests, lower_bool(case.guard, scope.inner(**names))]
        cases.append((conjunction(*tests), names, case.body))
    if _covers_all(node, subject.type, scope):
        _, names, statements = cases[-1]
        cases[-1] = (None, names, statements)
    return cases


def _covers_all(node: ast.Match, type_: ir.Type, scope: Scope) -> bool:
    """Does every value match one of the cases, whatever its parts are?"""
    found: set[str | None] = set()
    for case in node.cases:
        if case.guard is not None:
            continue
        alternatives = case.pattern
        for pattern in (
            alternatives.patterns if isinstance(alternatives, ast.MatchOr) else [alternatives]
        ):
            match pattern:
                case ast.MatchValue(value):
                    found.add(getattr(constant_object(value, scope), "name", ""))
                case ast.MatchSingleton(None):
                    found.add(None)
                case ast.MatchClass(cls, parts, _, named) if _all_captures([*parts, *named]):
                    found.add(getattr(constant_object(cls, scope), "__name__", ""))
    wanted: set[str | None] = set()
    if isinstance(type_, ir.Option):
        wanted, type_ = {None}, type_.item
    match type_:
        case ir.Enum(_, members):
            return found >= wanted | set(members)
        case ir.Union(records):
            return found >= wanted | {r.name for r in records}
        case ir.Record(name):
            return found >= wanted | {name}
    return False


def _all_captures(patterns: list[ast.pattern]) -> bool:
    return all(isinstance(p, ast.MatchAs) and p.pattern is None for p in patterns)


def _pattern(
    subject: ir.Expr, pattern: ast.pattern, scope: Scope
) -> tuple[list[ir.Expr], dict[str, ir.Expr]]:
    span = scope.span(pattern)
    match pattern:
        case ast.MatchAs(None, None):
            return [], {}
        case ast.MatchAs(None, str(name)):
            return [], {name: subject}
        case ast.MatchAs(ast.pattern() as inner, str(name)):
            tests, names = _pattern(subject, inner, scope)
            return tests, {**names, name: subject}
        case ast.MatchValue(value):
            literal = lower(
                value, scope, None if not isinstance(value, ast.Constant) else subject.type
            )
            if literal.type != subject.type and not isinstance(literal.type, ir.Int):
                raise Mistake(d.ComparesOthers(span, shown(subject.type), shown(literal.type)))
            return [ir.Cmp("==", subject, literal, span=span)], {}
        case ast.MatchSingleton(bool() as value) if isinstance(subject.type, ir.Bool):
            return [subject if value else ir.Not(subject, span=span)], {}
        case ast.MatchSingleton(None) if isinstance(subject.type, ir.Option):
            return [ir.Cmp("==", subject, ir.Lit(None, subject.type, span), span=span)], {}
        case ast.MatchOr(patterns):
            return _alternatives(subject, patterns, scope), {}
        case ast.MatchClass():
            return _class_pattern(subject, pattern, scope)
    raise Mistake(d.PatternOutside(span, ast.unparse(pattern)))


def _alternatives(subject: ir.Expr, patterns: list[ast.pattern], scope: Scope) -> list[ir.Expr]:
    parts = []
    for pattern in patterns:
        tests, names = _pattern(subject, pattern, scope)
        if names:
            raise Mistake(d.PatternOutside(scope.span(pattern), ast.unparse(pattern)))
        parts.append(conjunction(*tests) or ir.Lit(True, ir.BOOL, scope.span(pattern)))
    return [ir.Or(tuple(parts), span=parts[0].span)]


def _class_pattern(
    subject: ir.Expr, pattern: ast.MatchClass, scope: Scope
) -> tuple[list[ir.Expr], dict[str, ir.Expr]]:
    span = scope.span(pattern)
    cls = constant_object(pattern.cls, scope)
    record = record_among(cls, subject.type, scope, span) if isinstance(cls, type) else None
    if not isinstance(record, ir.Record):
        raise Mistake(d.PatternOutside(span, ast.unparse(pattern)))
    tests: list[ir.Expr] = []
    inner = subject
    if isinstance(inner.type, ir.Option):
        tests.append(ir.Cmp("!=", inner, ir.Lit(None, inner.type, span), span=span))
        inner = ir.Narrow(inner, inner.type.item, span)
    if isinstance(inner.type, ir.Union) and record in inner.type.records:
        tests.append(ir.Is(inner, record, span=span))
        inner = ir.Narrow(inner, record, span)
    if not compatible(inner.type, record):
        raise Mistake(d.ComparesOthers(span, shown(subject.type), record.name))
    if len(pattern.patterns) > len(record.fields):
        raise Mistake(d.WrongArguments(span, record.name, len(record.fields)))
    positional = zip((f for f, _ in record.fields), pattern.patterns, strict=False)
    keyword = zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)
    names: dict[str, ir.Expr] = {}
    for name, part in [*positional, *keyword]:
        type_ = record.field(name)
        if type_ is None:
            known = ", ".join(f for f, _ in record.fields)
            raise Mistake(d.UnknownRecordField(span, record.name, name, known))
        more, bound = _pattern(ir.Field(inner, name, type_, span), part, scope)
        tests += more
        names |= bound
    return tests, names
