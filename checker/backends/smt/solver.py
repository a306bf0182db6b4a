"""Terms and the solver: everything that the package knows of z3.

Owns the import of z3, its parameters, and the folding of constants: a `Bit` that is known is a
Python bool, so a formula is only as large as what is not known. Terms are Booleans and signed
bit-vectors; `numbers.py` sees to it that no vector overflows. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NewType, cast

import z3  # type: ignore[import-untyped]

__all__ = [
    "Answer",
    "Bit",
    "Solver",
    "Term",
    "at_most_one",
    "bit_term",
    "conj",
    "disj",
    "iff",
    "implies",
    "ite",
    "neg",
    "solver_version",
    "substitute",
    "variable",
]

Term = NewType("Term", object)
Bit = bool | Term

# A query's answer: "sat", "unsat", or why there is none.
Answer = str

_CONTEXT = z3.main_ctx()
_REF = _CONTEXT.ref()


def solver_version() -> str:
    """The version of z3, for reports: verdicts may differ between versions, never contradict.

    >>> solver_version().count(".") >= 2
    True
    """
    return str(z3.get_version_string())


# ── Bits ─────────────────────────────────────────────────────────────────────────────────────────


def variable(name: str) -> Term:
    return cast(Term, z3.Bool(name))


def bit_term(bit: Bit) -> Term:
    """The bit as a term, also if it is known."""
    return cast(Term, z3.BoolVal(bit)) if isinstance(bit, bool) else bit


def neg(bit: Bit) -> Bit:
    if isinstance(bit, bool):
        return not bit
    term = cast(Any, bit)
    if z3.is_not(term):
        return cast(Term, term.arg(0))
    return cast(Term, z3.BoolRef(z3.Z3_mk_not(_REF, term.as_ast()), _CONTEXT))


def conj(*bits: Bit) -> Bit:
    """
    >>> conj(True, False), conj()
    (False, True)
    """
    return _junction(bits, neutral=True)


def disj(*bits: Bit) -> Bit:
    return _junction(bits, neutral=False)


def _junction(bits: Iterable[Bit], *, neutral: bool) -> Bit:
    kept: dict[int, Any] = {}
    for bit in bits:
        if isinstance(bit, bool):
            if bit is not neutral:
                return bit
            continue
        term = cast(Any, bit)
        kept[term.get_id()] = term
    terms = list(kept.values())
    if len(terms) <= 1:
        return cast(Bit, terms[0]) if terms else neutral
    # The wrappers of z3's Python API check and convert every argument; this is several times
    # faster, and building formulas is where the time of large scopes goes.
    array = (z3.Ast * len(terms))(*(term.as_ast() for term in terms))
    make = z3.Z3_mk_and if neutral else z3.Z3_mk_or
    return cast(Term, z3.BoolRef(make(_REF, len(terms), array), _CONTEXT))


def implies(a: Bit, b: Bit) -> Bit:
    return disj(neg(a), b)


def iff(a: Bit, b: Bit) -> Bit:
    if isinstance(a, bool):
        return b if a else neg(b)
    if isinstance(b, bool):
        return a if b else neg(a)
    if equal_terms(a, b):
        return True
    x, y = cast(Any, a), cast(Any, b)
    return cast(Term, z3.BoolRef(z3.Z3_mk_iff(_REF, x.as_ast(), y.as_ast()), _CONTEXT))


def ite(test: Bit, then: Bit, orelse: Bit) -> Bit:
    """If-then-else of bits."""
    if isinstance(test, bool):
        return then if test else orelse
    if isinstance(then, bool):
        return disj(test, orelse) if then else conj(neg(test), orelse)
    if isinstance(orelse, bool):
        return disj(neg(test), then) if orelse else conj(test, then)
    if equal_terms(then, orelse):
        return then
    return cast(Term, z3.If(test, then, orelse))


def equal_terms(a: Term, b: Term) -> bool:
    """Are they the same term? Terms are shared, so this is often seen."""
    return bool(cast(Any, a).eq(b))


def at_most_one(bits: Sequence[Bit]) -> Bit:
    known = sum(bit is True for bit in bits)
    open_bits = [bit for bit in bits if not isinstance(bit, bool)]
    if known:
        return conj(known == 1, *(neg(bit) for bit in open_bits))
    if len(open_bits) <= 1:
        return True
    return cast(Term, z3.AtMost(*open_bits, 1))


# ── Vectors ──────────────────────────────────────────────────────────────────────────────────────


def vector(name: str, width: int) -> Term:
    return cast(Term, z3.BitVec(name, width))


def vector_constant(value: int, width: int) -> Term:
    return cast(Term, z3.BitVecVal(value, width))


def resized(term: Term, width: int) -> Term:
    """The same signed number in another width; the caller knows that it fits."""
    vec = cast(Any, term)
    size = vec.size()
    if size == width:
        return term
    if size < width:
        return cast(Term, z3.SignExt(width - size, vec))
    return cast(Term, z3.Extract(width - 1, 0, vec))


def vector_op(op: str, a: Term, b: Term) -> Term:
    """`+`, `-`, `*`, and division of numbers that are not negative."""
    x, y = cast(Any, a), cast(Any, b)
    match op:
        case "+":
            return cast(Term, x + y)
        case "-":
            return cast(Term, x - y)
        case "*":
            return cast(Term, x * y)
        case "//":
            return cast(Term, z3.UDiv(x, y))
    return cast(Term, z3.URem(x, y))


def vector_less(a: Term, b: Term) -> Term:
    return cast(Term, cast(Any, a) < cast(Any, b))


def vector_equal(a: Term, b: Term) -> Bit:
    return True if equal_terms(a, b) else cast(Term, cast(Any, a) == cast(Any, b))


def vector_ite(test: Term, then: Term, orelse: Term) -> Term:
    return then if equal_terms(then, orelse) else cast(Term, z3.If(test, then, orelse))


def equation(a: Term, b: Term) -> Term:
    """Two terms of one kind are equal."""
    return cast(Term, cast(Any, a) == cast(Any, b))


def substitute(bit: Bit, pairs: Sequence[tuple[Term, Term]]) -> Bit:
    """The formula with variables replaced, all at once."""
    return substitute_all([bit], pairs)[0]


def substitute_all(bits: Sequence[Bit], pairs: Sequence[tuple[Term, Term]]) -> list[Bit]:
    """Several formulas, with the list of pairs made once."""
    count = len(pairs)
    old = (z3.Ast * count)(*(cast(Any, a).as_ast() for a, _ in pairs))
    new = (z3.Ast * count)(*(cast(Any, b).as_ast() for _, b in pairs))
    found: list[Bit] = []
    for bit in bits:
        if isinstance(bit, bool):
            found.append(bit)
            continue
        ast = z3.Z3_substitute(_REF, cast(Any, bit).as_ast(), count, old, new)
        term = z3.BoolRef(ast, _CONTEXT)
        known = True if z3.is_true(term) else False if z3.is_false(term) else None
        found.append(cast(Term, term) if known is None else known)
    return found


def substitute_term(term: Term, pairs: Sequence[tuple[Term, Term]]) -> Term:
    return cast(Term, z3.substitute(term, *pairs))


def renamed(term: Term, suffix: str) -> Term:
    """A variable of the same kind under another name."""
    variable_ = cast(Any, term)
    return cast(Term, z3.Const(f"{variable_.decl().name()}{suffix}", variable_.sort()))


# ── Solving ──────────────────────────────────────────────────────────────────────────────────────


class Solver:
    """One incremental solver. Its answers depend on nothing but the formulas and the seed, as long
    as no query reaches its time limit.

    With `lazily`, formulas become clauses as the search needs them, which is several times faster
    where most of a large formula plays no part in an answer.
    """

    def __init__(
        self, *, seed: int = 0, timeout_s: float | None = None, lazily: bool = False
    ) -> None:
        # The finite-domain solver: bit-vectors and cardinalities become clauses at once.
        self._solver = z3.SimpleSolver() if lazily else z3.SolverFor("QF_FD")
        self._solver.set("random_seed", seed)
        if timeout_s is not None:
            self._solver.set("timeout", max(1, min(int(timeout_s * 1000), 2**31)))
        self._model: Any = None

    def add(self, *bits: Bit) -> None:
        for bit in bits:
            if bit is not True:
                self._solver.add(bit_term(bit))

    def check(self, *assumptions: Bit) -> Answer:
        """Raises: KeyboardInterrupt, if Ctrl-C ended the query."""
        if any(bit is False for bit in assumptions):
            return "unsat"
        given = [bit for bit in assumptions if bit is not True]
        answer = self._solver.check(*given)
        if answer == z3.sat:
            self._model = self._solver.model()
            return "sat"
        if answer == z3.unsat:
            return "unsat"
        reason = str(self._solver.reason_unknown())
        if "interrupt" in reason:
            raise KeyboardInterrupt
        return "time limit" if reason in ("timeout", "canceled") else reason

    def core(self) -> list[int]:
        """The ids of the assumptions that the last "unsat" needed."""
        return [term.get_id() for term in self._solver.unsat_core()]

    def bit(self, bit: Bit) -> bool:
        """The value in the model of the last "sat"; False, if it is open."""
        if isinstance(bit, bool):
            return bit
        return bool(z3.is_true(self._model.eval(bit, model_completion=True)))

    def number(self, term: Term) -> int:
        value = self._model.eval(term, model_completion=True)
        return int(value.as_signed_long())


def term_id(bit: Bit) -> int:
    """What `Solver.core` names a term by."""
    return int(cast(Any, bit).get_id())
