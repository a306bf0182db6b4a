"""What a person and a program read of a diagnosis: text, and JSON `crashproof/diagnosis/1`.

Owns the words: "consistent with", never "is".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checker.report.terminal import Page
from checker.states import atom_name

from .diagnose import Candidate, Findings, Group
from .event import printable
from .replay import SliceVerdict, Verdict
from .report import reason_of

__all__ = ["diagnosis_object", "diagnosis_text"]

EVIDENCE_MAX = 10
SCHEMA = "crashproof/diagnosis/1"


def _name(candidate: Candidate) -> str:
    model = candidate.replay.observation.model.name
    if not candidate.constants:
        return model
    changed = ", ".join(f"{name}={value}" for name, value in candidate.constants.items())
    return f"{model}({changed})"


def _noun(found: Findings, count: int) -> str:
    observation = found.candidates[0].replay.observation
    key, is_many = observation.key, observation.mapping.each is not None
    noun = atom_name(key, 0)[:-1] if key is not None else "run" if is_many else "log"
    return f"{count} {noun}{'s' * (count != 1)}"


def diagnosis_text(found: Findings, page: Page) -> str:
    """The report for a terminal."""
    written = found.candidates[0].replay
    files = ", ".join(map(printable, written.files))
    lines = [f"{page.paint('bold', _name(found.candidates[0]))}: {files}: {written.lines} lines"]
    lines += [f"  {_group(found, group)}" for group in found.groups]
    if found.undecided:
        lines.append(f"  {_noun(found, found.undecided)}: undecided")
    if written.has_gap:
        unused = sum(written.defect_kinds.values())
        what = "line of the log tells" if unused == 1 else "lines of the log tell"
        lines.append(f"  {unused} {what} of a gap (checker replay names them): nothing is certain")
    lines += ["", *_consistent(found), *_evidence(found), *_apart(found)]
    code = found.exit_code()
    meaning = {
        0: "the model as it is written explains the log",
        1: "the model as it is written does not explain the log, or is broken in it",
    }.get(code.value, "not decided")
    return "\n".join([*lines, "", f"exit {code.value}: {meaning}"]) + "\n"


def _group(found: Findings, group: Group) -> str:
    count = _noun(found, group.count)
    if not group.candidates:
        return f"{count}: consistent with none of the {len(found.candidates)} forms"
    if group.candidates == (0,):
        return f"{count}: correct"
    names = " or ".join(_name(found.candidates[position]) for position in group.candidates)
    return f"{count}: consistent with {names}"


def _consistent(found: Findings) -> Iterator[str]:
    if not found.minimal:
        yield f"None of the {len(found.candidates)} forms is consistent with all of the log."
        return
    for position in found.minimal:
        candidate = found.candidates[position]
        about = f": {candidate.about}" if candidate.about else ""
        yield f"All of the log is consistent with {_name(candidate)}{about}"
        yield from (f"  {line}" for line in _shown(found, candidate))
    others = [_name(found.candidates[p]) for p in found.consistent if p not in found.minimal]
    if others:
        yield f"and with more assumed: {', '.join(others)}"


def _shown(found: Findings, candidate: Candidate) -> Iterator[str]:
    shown = candidate.shown_in()
    for name, (every, some) in sorted(shown.items()):
        if every:
            yield f"the log itself breaks {name}: {_noun(found, every)}, in every explanation"
        if some:
            yield f"the log may break {name}: {_noun(found, some)}, in some explanations"
    if not shown and candidate.variant:
        yield "no invariant is broken in this log; under other circumstances one would be"


def _rejected(found: Findings) -> list[SliceVerdict]:
    slices = found.candidates[0].replay.slices
    return [each for each in slices if each.verdict is Verdict.REJECTED and each.diagnosis]


def _evidence(found: Findings) -> Iterator[str]:
    rejected = _rejected(found)
    if rejected:
        yield ""
        yield f"Lines that {_name(found.candidates[0])} does not explain:"
    for each in rejected[:EVIDENCE_MAX]:
        yield f"  {reason_of(each, found.candidates[0].replay)}"
    if len(rejected) > EVIDENCE_MAX:
        yield f"  … and {len(rejected) - EVIDENCE_MAX} more; --json has all"


def _apart(found: Findings) -> Iterator[str]:
    if len(found.rivals) < 2:
        return
    yield ""
    for each in found.separations:
        needing, other = found.candidates[each.needing], found.candidates[each.other]
        yield (
            f"Log `{each.rule}` to tell them apart: {_name(needing)} needs it to have happened "
            f"({_noun(found, each.needs)}), {_name(other)} does not."
        )
    if not found.separations:
        yield "No hidden step tells them apart; log a fact of the state that differs."


def diagnosis_object(found: Findings) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "schema": SCHEMA,
        "model": found.candidates[0].replay.observation.model.name,
        "files": list(found.candidates[0].replay.files),
        "with_gap": found.candidates[0].replay.has_gap,
        "candidates": [
            {
                "variant": each.variant or None,
                "constants": dict(each.constants),
                "counts": {verdict.value: each.replay.count(verdict) for verdict in Verdict},
                "hidden_faults": each.faults(),
                "consistent": position in found.consistent,
                "minimal": position in found.minimal,
                "broken": {
                    name: {"in_all": every, "in_some": some}
                    for name, (every, some) in sorted(each.shown_in().items())
                },
            }
            for position, each in enumerate(found.candidates)
        ],
        "groups": [
            {
                "candidates": list(group.candidates),
                "count": group.count,
                "examples": [list(keys) for keys in group.examples],
            }
            for group in found.groups
        ],
        "undecided": found.undecided,
        "evidence": [
            {
                "keys": list(each.keys),
                "file": each.diagnosis.candidates[0].event.place.file,
                "line": each.diagnosis.candidates[0].event.place.line,
                "reason": reason_of(each, found.candidates[0].replay),
            }
            for each in _rejected(found)
            if each.diagnosis is not None and each.diagnosis.candidates
        ],
        "separations": [
            {"log": s.rule, "needed_by": s.needing, "not_by": s.other, "slices": s.needs}
            for s in found.separations
        ],
        "exit_code": found.exit_code().value,
    }
