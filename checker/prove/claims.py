"""What is to be proved of a model: one claim for each property, for step errors, for each cut.

Owns the formulas. A claim is about single states ("the invariant is false or undefined here"), or
about the steps from a state ("some rule fails here"); it says when it is broken, never when it
holds. Liveness makes no claim: induction over states does not prove it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from .. import ir
from ..backends.smt.expressions import Failed
from ..backends.smt.solver import Bit, conj, disj, neg
from ..backends.smt.system import System, Unsupported
from ..explore.orbits import renamed
from ..explore.verdicts import NO_STEP_ERROR
from ..ir.walk import is_total
from ..states import Value, universe

__all__ = ["Args", "Claim", "claims_of", "cut_name", "lemma_claim", "one_of_each_orbit"]

Args = tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Claim:
    """`cases` are the ways to break it in a state, one for each value of the parameters.

    A claim about steps has none; it is broken by the failures of a rule that `breaks` picks.
    `kind` is one of invariant, at-rest, witness, step-error, cut, lemma. A witness is broken where
    it is seen; with `undefined`, where it has no value. `params` are those of a lemma that is no
    property of any model (`parts.py`).
    """

    name: str
    kind: str
    prop: ir.Prop | None = None
    cases: tuple[tuple[Args, Bit], ...] = ()
    cut: tuple[str, str] | None = None
    undefined: bool = False
    params: tuple[ir.Param, ...] = ()

    @property
    def is_part(self) -> bool:
        return self.kind == "lemma" and self.prop is None

    @property
    def types(self) -> list[ir.Type]:
        """The types of the values that the cases are for."""
        params = self.prop.params if self.prop is not None else self.params
        return [p.type for p in params]

    @property
    def about_steps(self) -> bool:
        return self.kind in ("step-error", "cut")

    def broken(self) -> Bit:
        """In the state "now"."""
        return disj(*(bit for _, bit in self.cases))

    def breaks(self, failed: Failed) -> bool:
        """Is the failure of a rule one that the claim denies?"""
        if self.kind == "cut":
            return failed.is_cut and (failed.kind, failed.subject) == self.cut
        return self.kind == "step-error" and not failed.is_cut


def all_args(system: System, params: Iterable[ir.Param]) -> list[Args]:
    return list(product(*(universe(p.type, system.sizes) for p in params)))


def orbits(system: System, params: Iterable[ir.Param]) -> list[list[Args]]:
    """All values of the parameters, those together that differ only in which id is which."""
    given = tuple(params)
    types = [p.type for p in given]
    found: dict[Args, list[Args]] = {}
    for args in all_args(system, given):
        found.setdefault(renamed(types, args), []).append(args)
    return list(found.values())


def one_of_each_orbit(system: System, params: Iterable[ir.Param]) -> list[Args]:
    """Parameter values up to renaming of ids, where renaming changes nothing."""
    if not system.is_symmetric:
        return all_args(system, params)
    return [orbit[0] for orbit in orbits(system, params)]


def cut_name(cut: tuple[str, str]) -> str:
    """
    >>> cut_name(("capacity", "queue"))
    'capacity of queue'
    """
    kind, subject = cut
    if kind == "fresh":
        return f"supply of {subject}"
    return f"{'range' if kind == 'unfit' else kind} of {subject}"


def claims_of(system: System) -> tuple[list[Claim], dict[str, str]]:
    """The claims, and for each property that has none the reason."""
    claims: list[Claim] = []
    refused: dict[str, str] = {}
    for prop in system.model.props:
        try:
            claims += _claims(system, prop)
        except Unsupported as problem:
            refused[prop.name] = f"the encoding cannot express {problem}"
    claims.append(Claim(NO_STEP_ERROR, "step-error"))
    return claims, refused


def cut_claims(failures: Iterable[Failed]) -> list[Claim]:
    """A claim for each capacity, limit and supply that a step of the model could exceed."""
    cuts = dict.fromkeys((f.kind, f.subject) for f in failures if f.is_cut)
    return [Claim(cut_name(cut), "cut", cut=cut) for cut in cuts]


def _claims(system: System, prop: ir.Prop) -> Iterator[Claim]:
    match prop.kind:
        case ir.PropKind.INVARIANT:
            yield _state_claim(system, prop, "invariant")
        case ir.PropKind.AT_REST:
            found = _state_claim(system, prop, "at-rest")
            cases = tuple((args, conj(system.at_rest, bit)) for args, bit in found.cases)
            yield Claim(prop.name, "at-rest", prop, cases)
        case ir.PropKind.WITNESS:
            for orbit in orbits(system, prop.params):
                # The whole orbit: the induction needs claims that are closed under renaming.
                seen = ((args, system.truth(prop.expr, prop.params, args)) for args in orbit)
                yield Claim(prop.name, "witness", prop, tuple(seen))
            if not is_total(prop.expr):
                broken = _state_claim(system, prop, "witness").cases
                nowhere = tuple(
                    (args, conj(bad, neg(_false(system, prop, args)))) for args, bad in broken
                )
                yield Claim(prop.name, "witness", prop, nowhere, undefined=True)


def _false(system: System, prop: ir.Prop, args: Args) -> Bit:
    """Is the property defined and false?"""
    return system.truth(ir.Not(prop.expr), prop.params, args)


def _state_claim(system: System, prop: ir.Prop, kind: str) -> Claim:
    found = all_args(system, prop.params)
    cases = tuple((args, system.violated(prop, args)) for args in found)
    return Claim(prop.name, kind, prop, cases)


def lemma_claim(system: System, prop: ir.Prop) -> Claim:
    """An invariant that is no property of the model, but a candidate to support one."""
    return _state_claim(system, prop, "lemma")
