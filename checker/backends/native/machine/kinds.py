"""What a kernel works with: kinds of parameters, names and results; values while it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ....errors import InternalError

__all__ = [
    "ARRAYS",
    "Array",
    "ArrayOf",
    "ChunksOf",
    "Function",
    "Kind",
    "Module",
    "Scalar",
    "Several",
    "Value",
    "kind_of",
    "said_of",
    "type_of",
    "words_of",
]


@dataclass(frozen=True)
class ArrayOf:
    """Numbers one after the other in memory, rows first. `element`: of LLVM; i8 has no sign."""

    element: str
    dims: int


@dataclass(frozen=True)
class ChunksOf:
    """A tuple of so many ints."""

    count: int


# Of a parameter, a name or a result: "int", "bool", "unsigned", or more than one word.
Kind = str | ArrayOf | ChunksOf

# What a parameter may say that it is, besides `int`, `bool` and `Chunks[2]`.
ARRAYS = {
    "Numbers": ArrayOf("i64", 1),
    "Rows": ArrayOf("i64", 2),
    "Blocks": ArrayOf("i64", 3),
    "Tags": ArrayOf("i32", 1),
    "TagRows": ArrayOf("i32", 2),
    "Bytes": ArrayOf("i8", 1),
    "Text": ArrayOf("i8", 1),
    "ByteRows": ArrayOf("i8", 2),
}


@dataclass(frozen=True)
class Function:
    """A function of the text: what its parameters say that they are, and its result, which is
    "None", "int", "bool" or a tuple such as "Chunks[2]".
    """

    name: str
    params: tuple[str, ...]
    result: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind_of(said) for said in self.params)

    @property
    def given_back(self) -> Kind | None:
        return None if self.result == "None" else kind_of(self.result)


def kind_of(said: str) -> Kind:
    wide = re.fullmatch(r"Chunks\[(\d+)\]", said)
    if wide:
        return ChunksOf(int(wide[1]))
    if said in ("int", "bool"):
        return said
    if said not in ARRAYS:
        raise InternalError(f"a kernel cannot take `{said}`")
    return ARRAYS[said]


def said_of(kind: Kind | None) -> str:
    return f"Chunks[{kind.count}]" if isinstance(kind, ChunksOf) else str(kind)


def type_of(kind: Kind | None) -> str:
    """The type of a result or of a parameter that is one word."""
    match kind:
        case None:
            return "void"
        case "bool":
            return "i1"
        case ChunksOf(count):
            return f"[{count} x i64]"
    return "i64"


def words_of(kind: Kind, name: str) -> list[str]:
    """A parameter as LLVM's parameters."""
    match kind:
        case ArrayOf(_, dims):
            return [f"ptr {name}", *(f"i64 {name}.d{n}" for n in range(dims))]
        case ChunksOf(count):
            return [f"i64 {name}.{n}" for n in range(count)]
    return [f"{type_of(kind)} {name}"]


# ── Values ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Scalar:
    """One word. `text` is LLVM's name for it, or a number."""

    kind: str
    text: str


@dataclass(frozen=True)
class Several:
    """A tuple of ints."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """`dims` are its lengths, the last of which says how far apart rows are."""

    of: ArrayOf
    pointer: str
    dims: tuple[str, ...]


Value = Scalar | Several | Array


@dataclass
class Module:
    """What is known of a module's text so far, and what of LLVM's is written."""

    constants: dict[str, int] = field(default_factory=dict)
    tables: dict[str, tuple[int, ...]] = field(default_factory=dict)
    unsigned: set[str] = field(default_factory=set)  # other names of np.uint64
    functions: dict[str, Function] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
