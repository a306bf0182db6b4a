"""`match`: which patterns a model may use, as conditions and names.

Owns no statements: `statements.py` and `functions.py` put the cases together.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .. import ir
from . import diagnostics as d
from .expressions import constant_object, lower
from .scope import Scope
from .types import annotation, shown
from .world import Mistake

__all__ = ["Case", "match_cases"]

# A condition (None: always), the names it binds, and the statements of the case.
Case = tuple[ir.Expr | None, dict[str, ir.Expr], list[ast.stmt]]


def match_cases(subject: ir.Expr, node: ast.Match, scope: Scope) -> Iterator[Case]:
    """The cases of a `match`, in order."""
    from .expressions import conjunction, lower_bool

    for case in node.cases:
        tests, names = _pattern(subject, case.pattern, scope)
        if case.guard is not None:
            tests = [*tests, lower_bool(case.guard, scope.inner(**names))]
        yield conjunction(*tests), names, case.body


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
        if names or len(tests) != 1:
            raise Mistake(d.PatternOutside(scope.span(pattern), ast.unparse(pattern)))
        parts.append(tests[0])
    return [ir.Or(tuple(parts), span=parts[0].span)]


def _class_pattern(
    subject: ir.Expr, pattern: ast.MatchClass, scope: Scope
) -> tuple[list[ir.Expr], dict[str, ir.Expr]]:
    span = scope.span(pattern)
    cls = constant_object(pattern.cls, scope)
    record = annotation(cls, scope.world, span) if isinstance(cls, type) else None
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
    if inner.type != record:
        raise Mistake(d.ComparesOthers(span, shown(subject.type), record.name))
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
