"""What a person and a program read of a replay: text, and JSON `crashproof/replay/1`.

Owns the words. `docs/reference/log-format.md` documents the JSON. Nothing from a log is printed but
through `printable`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from checker.errors import ExitCode
from checker.report.terminal import Page
from checker.states import atom_name, show

from .coverage_file import coverage_object, coverage_text
from .event import Defect, Event, printable
from .explain import Candidate, CutDown, Diagnosis, FailedFact
from .monitor_report import monitors_object, monitors_text
from .remedies import MissingStep
from .replay import Pending, Replay, SliceVerdict, Verdict
from .validate import Budget
from .watch import Watched
from .worlds import ANY_NUMBER

__all__ = [
    "luck_of", "missing_step", "overall", "reason_of", "replay_object", "replay_text", "slice_name",
]  # fmt: skip

SLICES_SHOWN_MAX = 10  # of each kind, in text; JSON has all
DEFECTS_SHOWN_MAX = 10
LINES_SHOWN_MAX = 12
SCHEMA = "crashproof/replay/1"

_STYLES = {Verdict.ACCEPTED: "good", Verdict.REJECTED: "bad", Verdict.UNKNOWN: "doubt"}


def replay_text(found: Replay, page: Page, *, quiet: bool = False) -> str:
    """The report for a terminal."""
    parts = [_head(found, page)]
    if not quiet:
        parts += [_defects(found, page), *_slices(found, page), monitors_text(found.monitors, page)]
        if found.coverage is not None:
            parts.append(coverage_text(found.coverage, page))
        parts.append(_class_of(found))
    code = found.exit_code()
    parts.append(f"exit {code.value}: {_meaning(found, code)}")
    return "\n\n".join(part for part in parts if part) + "\n"


# ── The whole ────────────────────────────────────────────────────────────────────────────────────


def _head(found: Replay, page: Page) -> str:
    model = found.observation.model
    constants = " ".join(f"{c.name}={show(c.value, c.type)}" for c in model.consts)
    verdict = overall(found)
    said = verdict.value
    if verdict is Verdict.ACCEPTED and not found.log_accepted:
        said = "SLICES ACCEPTED"  # each on its own, which is less
    words = f"{page.paint(_STYLES[verdict], said)}  {model.name}   {constants}".rstrip()
    counts = ", ".join(f"{found.count(each)} {each.value}" for each in Verdict if found.count(each))
    files = ", ".join(printable(name) for name in found.files)
    return (
        f"{words}\n{files}: {found.lines} lines, {found.steps} steps of the model, "
        f"{_number(found.number(), _unit(found))}: {counts} · {found.seconds:.2f} s"
    )


def overall(found: Replay) -> Verdict:
    """ACCEPTED at the top speaks of the slices; of the log only `_class_of` does."""
    for verdict in (Verdict.REJECTED, Verdict.UNKNOWN):
        if found.count(verdict):
            return verdict
    return Verdict.ACCEPTED if found.steps else Verdict.UNKNOWN


def _unit(found: Replay) -> str:
    by = found.observation.key or found.observation.mapping.each
    return "slice" if by is None else f"slice by {printable(by)}"


def _number(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    head, by, tail = noun.partition(" by ")
    return f"{count} {head}s{by}{tail}"


def _class_of(found: Replay) -> str:
    """What the verdict is true for."""
    lines = []
    if found.steps and found.count(Verdict.ACCEPTED) == found.number():
        if found.log_accepted:
            lines.append(
                "The log is ACCEPTED: the slices are independent, and together are the log."
            )
        else:
            lines.append(
                "All slices are ACCEPTED, each on its own. That is not the log ACCEPTED: "
                + _why_not_whole(found)
            )
    budgets: Counter[tuple[int, int]] = Counter()
    for each, count in found.everything():
        if each.verdict is Verdict.ACCEPTED:
            budgets[each.budget.background, each.faults] += count
    if budgets:
        shown = "; ".join(
            f"{_number(count, 'slice')} with m={m}, k={k}"
            for (m, k), count in sorted(budgets.items())
        )
        lines.append(f"ACCEPTED means: some behaviour of the model explains the lines ({shown}).")
    if found.count(Verdict.REJECTED):
        lines.append(
            f"REJECTED means: none does, with {_background(found)} and at most "
            f"K={found.hidden_max} hidden faults in the slice, under this mapping; of ids that no "
            "line names one of each sort (--scope for more)."
        )
    if budgets or found.count(Verdict.REJECTED):
        lines.append(
            "m: ids that run unseen beside the slice; k: faults that no line tells of; "
            "K: the most tried."
        )
    lines += luck_of(found)
    lines += found.notes
    lines += [f"never seen: no line is a step of {name}" for name in found.never_seen]
    return "\n".join(lines)


def luck_of(found: Replay) -> Iterator[str]:
    """Which answers k does not count, and whether the model's budget holds for them instead."""
    for each in found.observation.luck:
        if each.is_counted:
            yield f"not in k: {each.answer}, at most {each.at_most} in a slice"
        else:
            yield f"not in k: {each.answer}, which any line of {each.rule} may be"


def _why_not_whole(found: Replay) -> str:
    if found.has_gap:
        return "lines are missing."
    if not found.exact:
        return "what two slices together cannot have done goes unseen."
    if not found.in_one_order:
        return "the lines of different nodes have no order, and those of two slices may not agree."
    return "several slices need a step that nobody logged."


def _background(found: Replay) -> str:
    every = found.everything()
    rejected = {each.budget.background for each, _ in every if each.verdict is Verdict.REJECTED}
    return " or ".join("m=any number" if m == ANY_NUMBER else f"m={m}" for m in sorted(rejected))


def _meaning(found: Replay, code: ExitCode) -> str:
    if code is ExitCode.FAILS:
        overdue = sum(n for each, n in found.everything() if each.is_overdue)
        rejected = found.count(Verdict.REJECTED)
        said = [f"{_number(rejected, 'slice')} REJECTED"] if rejected else []
        said += (
            [f"{_number(overdue, 'slice')} not finished by the end of the log"] if overdue else []
        )
        violated = sum(n for each, n in found.everything() if each.violated)
        said += [f"an invariant violated in {_number(violated, 'slice')}"] if violated else []
        broken = sum(each.verdict is Watched.VIOLATED for each in found.monitors)
        said += [f"{_number(broken, 'monitor')} VIOLATED"] if broken else []
        return " and ".join(said)
    if code is ExitCode.OK:
        return "every slice is explained, and nothing is owed"
    if not found.steps:
        return "no line of the log is a step of the model"
    pending = sum(n for each, n in found.everything() if each.pending)
    unknown = found.count(Verdict.UNKNOWN)
    said = [f"{_number(unknown, 'slice')} UNKNOWN"] if unknown else []
    said += [f"{_number(pending, 'slice')} pending"] if pending else []
    said += ["lines could not be used"] if found.has_gap else []
    said += [
        f"the monitor {each.name} is {each.verdict.value}"
        for each in found.monitors
        if each.verdict in (Watched.OPEN, Watched.UNDECIDED)
    ]
    return "not decided: " + ", ".join(said)


def _defects(found: Replay, page: Page) -> str:
    word = page.paint("doubt", "line")
    lines = [f"  {word}  {each}" for each in found.defects[:DEFECTS_SHOWN_MAX]]
    count = sum(found.defect_kinds.values())
    if count > DEFECTS_SHOWN_MAX:
        kinds = sorted(found.defect_kinds.items(), key=lambda pair: -pair[1])
        counted = ", ".join(f"{n} {kind}" for kind, n in kinds)
        lines.append(f"  … and {count - DEFECTS_SHOWN_MAX} more; in all: {counted}")
    return "\n".join(lines)


# ── Slices ───────────────────────────────────────────────────────────────────────────────────────


def _slices(found: Replay, page: Page) -> Iterator[str]:
    kinds = (
        [each for each in found.slices if each.verdict is Verdict.REJECTED],
        [each for each in found.slices if each.verdict is Verdict.UNKNOWN],
        [each for each in found.slices if each.violated],
        [each for each in found.slices if each.pending and not each.violated],
        [each for each in found.slices if each.possibly and not each.pending and not each.violated],
    )
    for slices in kinds:
        for each in slices[:SLICES_SHOWN_MAX]:
            yield "\n".join(_slice(each, found, page))
        if len(slices) > SLICES_SHOWN_MAX:
            yield f"  … and {len(slices) - SLICES_SHOWN_MAX} more of these; --json has all"


def _slice(each: SliceVerdict, found: Replay, page: Page) -> Iterator[str]:
    name = slice_name(each, found)
    word = page.paint(_STYLES[each.verdict], each.verdict.value)
    if each.diagnosis is None:
        if each.violated:
            word = page.paint("bad", "VIOLATED")
        elif each.pending:
            word = page.paint("bad" if each.is_overdue else "doubt", _owing(each))
        reason = f": {printable(each.reason)}" if each.reason else ""
        yield f"  {word}  {name}{reason}"
        yield from (f"            {name} is false in every explanation" for name in each.violated)
        for pending in each.pending:
            yield f"            {_owed(pending, each)}"
        for name in each.possibly:
            yield f"            {name} is false in some explanations, not in all"
        return
    yield f"  {word}  {_sentence(name, each.diagnosis)}"
    if each.reason:
        yield f"            {printable(each.reason)}"
    yield from (f"            {line}" for line in _reasons(each.diagnosis))


def _owing(each: SliceVerdict) -> str:
    return "OVERDUE" if each.is_overdue else "PENDING"


def _owed(pending: Pending, each: SliceVerdict) -> str:
    what = f"{pending.prop}({', '.join(map(printable, pending.args))})"
    among = "in every explanation" if pending.in_all else "in some explanations, not in all"
    when = "the log has ended and " if each.is_overdue and pending.in_all else ""
    return f"{when}{what} is open {among}"


def slice_name(each: SliceVerdict, found: Replay) -> str:
    """`order order-17`: the kind of id, and the ids as the log writes them."""
    key, field = found.observation.key, found.observation.mapping.each
    if (key is None and field is None) or not each.keys:
        return "the log"
    shown = ", ".join(printable(name) for name in each.keys[:3])
    more = f" and {len(each.keys) - 3} more" if len(each.keys) > 3 else ""
    kind = printable(field or "") if key is None else atom_name(key, 0)[:-1]
    return f"{kind} {shown}{more}"


def reason_of(each: SliceVerdict, found: Replay) -> str:
    """Of a rejected slice: its name, the first line that nothing explains, and why."""
    assert each.diagnosis is not None
    return _sentence(slice_name(each, found), each.diagnosis)


def _sentence(name: str, diagnosis: Diagnosis) -> str:
    if not diagnosis.candidates:
        return f"{name}: the model has no behaviour that begins like this"
    first = diagnosis.candidates[0]
    return f"{name}: {printable(first.event.name)} at {first.event.place}: {_why(first)}"


def _why(candidate: Candidate) -> str:
    if candidate.facts:
        first = candidate.facts[0]
        return f"the log says {printable(first.field)} = {first.said}, {_said(first)}"
    if candidate.guards:
        guard = candidate.guards[0]
        among = "every explanation" if guard.in_all else "the nearest explanation"
        return f"the model needs `{guard.text}`, which is false in {among}"
    return f"no explanation has a step {candidate.rule} here"


def _said(fact: FailedFact) -> str:
    values = " or ".join(fact.model) or "no value"
    return f"{'every' if fact.in_all else 'the nearest'} explanation says {values}"


def _reasons(diagnosis: Diagnosis) -> Iterator[str]:
    for candidate in diagnosis.candidates[:1]:
        event = candidate.event
        yield f"the line, {printable(event.node)}'s seq {event.seq}: {event}"
    for number, candidate in enumerate(diagnosis.candidates):
        if number:
            event = candidate.event
            yield f"also not next: {printable(event.name)} at {event.place}: {_why(candidate)}"
        for fact in candidate.facts:
            if number == 0 and fact is not candidate.facts[0]:
                yield f"the log says {printable(fact.field)} = {fact.said}, {_said(fact)}"
            source = f": {fact.text}" if fact.text else ""
            yield f"  {printable(fact.field)} is a fact of {fact.place}{source}"
        for guard in candidate.guards:
            readings = ", ".join(f"{what} is {value}" for what, value in guard.readings)
            yield f"  {guard.span}: `{guard.text}` is false" + (f": {readings}" if readings else "")
    yield f"explained before it: {diagnosis.explained} of {diagnosis.lines} lines of the slice"
    if diagnosis.agreed:
        yield "all explanations agree: " + "; ".join(diagnosis.agreed)
    yield from _fits(diagnosis)
    if diagnosis.cut_down is not None:
        yield from _fewer(diagnosis.cut_down, diagnosis.lines)


def _fits(diagnosis: Diagnosis) -> Iterator[str]:
    for remedy in diagnosis.remedies:
        steps = ", then ".join(map(missing_step, remedy.steps))
        yield f"{printable(diagnosis.candidates[0].event.name)} would fit after {steps}"


def missing_step(step: MissingStep) -> str:
    """A step that would have to come before, and what the log has of it."""
    shown = f"{step.rule}({', '.join(value for _, value in step.args)})"
    if step.event is not None:
        node, place = printable(step.event.node), step.event.place
        return f"{shown}, which {node} tells of at {place} and which does not fit before it either"
    if step.is_hidden:
        more = "one hidden fault more" if step.is_fault else "a hidden step"
        return f"{shown}: {more}"
    whose = f" of {step.service}" if step.service else ""
    return f"{shown}, of which no line{whose} tells here"


def _fewer(found: CutDown, lines: int) -> Iterator[str]:
    count = len(found.events)
    least = "and without any one of them it does not" if found.is_least else "perhaps fewer do"
    if count == lines and found.is_least:
        yield "none of these lines can be left out:"
    else:
        yield f"with {count} of its {lines} lines it fails alike, {least}:"
    for event in found.events[:LINES_SHOWN_MAX]:
        yield f"  {event.place}: {printable(event.node)}: {event}"
    if count > LINES_SHOWN_MAX:
        yield f"  … and {count - LINES_SHOWN_MAX} more; --json has all"


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────


def replay_object(found: Replay) -> dict[str, Any]:
    """The report as plain data, in the form `crashproof/replay/1`."""
    observation = found.observation
    code = found.exit_code()
    return {
        "schema": SCHEMA,
        "model": observation.model.name,
        "mapping": observation.mapping.file,
        "constants": {c.name: show(c.value, c.type) for c in observation.model.consts},
        "files": list(found.files),
        "lines": found.lines,
        "steps": found.steps,
        "slice_by": observation.key,
        "exact": found.exact,
        "slices_verdict": overall(found).value,
        "log_accepted": found.log_accepted,
        "hidden_faults_max": found.hidden_max,
        "ended": found.settings.ended,
        "counts": {each.value: found.count(each) for each in Verdict},
        "luck": [asdict(each) for each in observation.luck],
        "never_seen": list(found.never_seen),
        "defects": [_defect_object(defect) for defect in found.defects],
        "defect_kinds": dict(found.defect_kinds),
        "slices": [_slice_object(each) for each in found.slices],
        "groups": [{"count": count, **_slice_object(each)} for each, count in found.groups],
        "notes": list(found.notes),
        "monitors": monitors_object(found.monitors),
        "coverage": None
        if found.coverage is None
        else coverage_object(found.coverage, observation),
        "seconds": round(found.seconds, 3),
        "exit_code": code.value,
    }


def _defect_object(defect: Defect) -> dict[str, Any]:
    return {
        "file": defect.place.file,
        "line": defect.place.line,
        "message": defect.message,
        "node": defect.node,
        "is_gap": defect.is_gap,
    }


def _slice_object(each: SliceVerdict) -> dict[str, Any]:
    return {
        "keys": list(each.keys),
        "verdict": each.verdict.value,
        "lines": each.lines,
        **_budget_object(each.budget, each.faults),
        "at_rest": "all" if each.at_rest_all else "some" if each.at_rest_some else "none",
        "pending": [
            {"property": p.prop, "args": list(p.args), "in": "all" if p.in_all else "some"}
            for p in each.pending
        ],
        "overdue": each.is_overdue,
        "violated": list(each.violated),
        "possibly_violated": list(each.possibly),
        "with_gap": each.has_gap,
        "reason": each.reason,
        "diagnosis": _diagnosis_object(each.diagnosis) if each.diagnosis is not None else None,
    }


def _budget_object(budget: Budget, faults: int) -> dict[str, Any]:
    background = "any" if budget.background == ANY_NUMBER else budget.background
    return {"background": background, "hidden_faults": faults, "unlogged_steps": budget.lost > 0}


def _event_object(event: Event) -> dict[str, Any]:
    return {
        "event": event.name,
        "file": event.place.file,
        "line": event.place.line,
        "node": event.node,
        "seq": event.seq,
        "fields": dict(event.fields),
    }


def _remedy_object(step: MissingStep) -> dict[str, Any]:
    return {
        "rule": step.rule,
        "args": dict(step.args),
        "line": None if step.event is None else _event_object(step.event),
        "is_hidden": step.is_hidden,
        "service": step.service,
    }


def _diagnosis_object(diagnosis: Diagnosis) -> dict[str, Any]:
    fewer = diagnosis.cut_down
    return {
        "explained": diagnosis.explained,
        "lines": diagnosis.lines,
        "agreed": list(diagnosis.agreed),
        "would_fit_after": [
            [_remedy_object(step) for step in remedy.steps] for remedy in diagnosis.remedies
        ],
        "cut_down": None
        if fewer is None
        else {"is_least": fewer.is_least, "lines": [_event_object(e) for e in fewer.events]},
        "candidates": [
            {
                **_event_object(candidate.event),
                "rule": candidate.rule,
                "facts": [
                    {
                        "field": fact.field,
                        "log": fact.said,
                        "model": list(fact.model),
                        "in_all": fact.in_all,
                        "source": fact.place,
                    }
                    for fact in candidate.facts
                ],
                "guards": [
                    {
                        "text": guard.text,
                        "source": str(guard.span),
                        "in_all": guard.in_all,
                        "readings": [list(pair) for pair in guard.readings],
                    }
                    for guard in candidate.guards
                ],
            }
            for candidate in diagnosis.candidates
        ],
    }
