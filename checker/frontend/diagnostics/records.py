"""Mistakes with records, their methods and their type parameters."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Diagnostic

__all__ = [
    "RecordMethodNotPure",
    "RecordWithoutTypes",
    "ResultUnused",
    "TypeParameterFree",
    "TypeParameterUnknown",
    "UnionOfOneClass",
]


@dataclass(frozen=True)
class RecordMethodNotPure(Diagnostic):
    slug = "record-method-not-pure"
    title = "`{method}` of `{record}` is not `@pure`"
    label = "the checker reads only `@pure` methods of a record"
    help = "put `@pure` above it; it returns a value and changes nothing"

    record: str
    method: str


@dataclass(frozen=True)
class ResultUnused(Diagnostic):
    slug = "result-unused"
    title = "`{method}` changes nothing: it returns a new `{record}`"
    label = "the new value is lost"
    help = "write `{place} = {call}`"

    method: str
    record: str
    place: str
    call: str


@dataclass(frozen=True)
class RecordWithoutTypes(Diagnostic):
    slug = "record-without-types"
    title = "`{record}` does not say what it holds"
    label = "its type parameters are missing"
    help = "write `{record}[{parameters}]` with types in their place"

    record: str
    parameters: str


@dataclass(frozen=True)
class TypeParameterFree(Diagnostic):
    slug = "type-parameter-free"
    title = "nothing says what the type parameter `{parameter}` stands for"
    label = "only records and helpers have type parameters"
    help = "write a type in its place"

    parameter: str


@dataclass(frozen=True)
class TypeParameterUnknown(Diagnostic):
    slug = "type-parameter-unknown"
    title = "the `{parameter}` of this `{record}` cannot be told"
    label = "its arguments do not say"
    help = "assign it to a field, or give the local a type: `x: {record}[...] = {record}(...)`"

    parameter: str
    record: str


@dataclass(frozen=True)
class UnionOfOneClass(Diagnostic):
    slug = "union-of-one-class"
    title = "the union has two kinds of `{record}`"
    label = "Python cannot tell them apart"
    help = "make a class of its own for one of them"

    record: str
