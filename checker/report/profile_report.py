"""A profile as text and as JSON.

Owns the words. What is measured is said with how it was measured, and an estimate with what it
rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..explore import setting
from ..explore.profile import Estimate, Profile, estimate
from .terminal import Page, hang

__all__ = ["growth_object", "growth_text", "profile_object", "profile_text"]

SCHEMA = "crashproof/profile/1"

_TIME_LEAST_S = 0.1  # below, one pause of the machine outweighs all rules


def profile_text(found: Profile, page: Page) -> str:
    """Two tables: variables, largest share first, and rules, most new states first."""
    model = found.model
    settings = [*setting.constants(model), *setting.scopes(model)]
    lines = [
        f"profile  {model.name}   " + " ".join(f"{name}={value}" for name, value in settings),
        f"{found.distinct:,} states ({found.generated:,} generated) · depth {found.depth} · "
        f"{found.seconds:.2f} s · {found.engine} engine",
    ]
    lines += [f"not all states: {limit.detail}" for limit in found.limits]
    lines += ["", *_variable_lines(found), "", *_rule_lines(found), ""]
    notes = [
        "without it: the different states that are left when the variable is struck out of all. "
        "A model without it has at least so many, if nothing else changes.",
        "new: depends on the order of the search.",
        _time_note(found),
    ]
    for note in notes:
        lines += hang("", [note], page, inset=2)
    return "\n".join(lines) + "\n"


def _variable_lines(found: Profile) -> list[str]:
    widest = max([len(v.name) for v in found.variables] + [8])
    lines = [f"  {'variable':<{widest}}  {'values':>10}  {'bits':>5}  {'without it':>12}"]
    for one in sorted(found.variables, key=lambda v: (v.without, v.name)):
        less = 1 - one.without / found.distinct if found.distinct else 0.0
        lines.append(
            f"  {one.name:<{widest}}  {one.values:>10,}  {one.bits:>5.1f}  {one.without:>12,}"
            f"   -{less:.0%}"
        )
    return lines


def _rule_lines(found: Profile) -> list[str]:
    widest = max([len(r.name) for r in found.rules] + [4])
    total = _seconds(found)
    lines = [f"  {'rule':<{widest}}  {'fired':>12}  {'new':>12}  {'time':>6}"]
    for one in sorted(found.rules, key=lambda r: (-r.new, r.name)):
        fault = "  fault" if one.kind == "fault" else ""
        share = f"{one.seconds / total:.0%}" if total >= _TIME_LEAST_S else "-"
        lines.append(f"  {one.name:<{widest}}  {one.fired:>12,}  {one.new:>12,}  {share:>6}{fault}")
    return lines


def _seconds(found: Profile) -> float:
    return sum(rule.seconds for rule in found.rules)


def _time_note(found: Profile) -> str:
    if _seconds(found) < _TIME_LEAST_S:
        return "time: too short to be shared out."
    return f"time: share of the reference's time for the steps of {found.timed:,} states."


def growth_text(sort: str, runs: Sequence[Profile], page: Page) -> str:
    """How the number of states grows with one sort, and what that makes likely for the next."""
    counts = _counts(sort, runs)
    lines, before = [f"growth with {sort}"], 0
    for size, states in counts:
        factor = f"   x {states / before:.1f}" if before else ""
        lines.append(f"  {sort}={size}   {states:>14,} states{factor}")
        before = states
    next_one = None if _is_cut(runs) else estimate(counts)
    if next_one is None:
        lines += hang("", [_no_estimate(runs)], page, inset=2)
        return "\n".join(lines) + "\n"
    lines.append(f"  {sort}={next_one.size}   {_between(next_one):>14} states, estimated")
    words = (
        f"The estimate goes on from {len(counts)} runs: one number with the last factor, the other "
        "with a factor that changes as the last one did. It is no bound: capacities of the model "
        "make it too high, steps that only more ids allow make it too low."
    )
    return "\n".join([*lines, *hang("", [words], page, inset=2)]) + "\n"


def _counts(sort: str, runs: Sequence[Profile]) -> list[tuple[int, int]]:
    return [(dict(setting.scopes(run.model))[sort], run.distinct) for run in runs]


def _is_cut(runs: Sequence[Profile]) -> bool:
    return any(run.limits for run in runs)


def _no_estimate(runs: Sequence[Profile]) -> str:
    if _is_cut(runs):
        return "no estimate: a run was stopped by a limit"
    return "no estimate: it takes two runs at least"


def _between(one: Estimate) -> str:
    return f"{one.low:,}" if one.low == one.high else f"{one.low:,} to {one.high:,}"


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def profile_object(found: Profile) -> dict[str, Any]:
    """One run."""
    return {
        "schema": SCHEMA,
        "model": found.model.name,
        "constants": dict(setting.constants(found.model)),
        "scopes": dict(setting.scopes(found.model)),
        "engine": found.engine,
        "complete": not found.limits,
        "limits": [{"name": limit.name, "detail": limit.detail} for limit in found.limits],
        "distinct": found.distinct,
        "generated": found.generated,
        "depth": found.depth,
        "seconds": round(found.seconds, 6),
        "variables": [
            {"name": v.name, "values": v.values, "bits": round(v.bits, 3), "without": v.without}
            for v in found.variables
        ],
        "rules": [
            {
                "name": r.name,
                "kind": r.kind,
                "fired": r.fired,
                "new": r.new,
                "seconds": round(r.seconds, 6),
            }
            for r in found.rules
        ],
        "timed_states": found.timed,
    }


def growth_object(sort: str, runs: Sequence[Profile]) -> dict[str, Any]:
    """All runs of a sweep, and the estimate; null, if there is none."""
    found = None if _is_cut(runs) else estimate(_counts(sort, runs))
    guess = None if found is None else {"size": found.size, "low": found.low, "high": found.high}
    objects = [profile_object(run) for run in runs]
    return {"schema": SCHEMA, "sort": sort, "runs": objects, "estimate": guess}
