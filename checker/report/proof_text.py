"""A proof attempt as text for a person: the word of each property, what fails, what blocks a proof.

Owns the layout and the words. The reader may rely on that every PROVED stands beside what it is
proved for, and that a counterexample to induction is never called a run of the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..backends.python import Program
from ..errors import ExitCode
from ..explore.outcome import PropertyResult, Trace, Verdict
from ..explore.replay import edge
from ..prove.outcome import Cti, Lemma, PartsProved, Proof, ProofOutcome, Said, Strengthening
from ..states import show
from .changes import changes
from .terminal import Page, hang, printable, width_of
from .text import About, exit_line
from .trace_text import labelled, plural, told, trace_table

__all__ = ["render_proof"]

_STYLES = {Said.PROVED: "good", Said.SEEN: "good", Said.FAILS: "bad", Said.NOT_ATTEMPTED: "dim"}
_RANKS = [Said.FAILS, Said.UNKNOWN, Said.UNREACHABLE, Said.PROVED, Said.NOT_ATTEMPTED, Said.SEEN]
_WORDS = {
    ExitCode.OK: "PROVED",
    ExitCode.FAILS: "FAILS",
    ExitCode.VACUOUS: "PROVED",
}
_MEANINGS = {
    ExitCode.OK: "every safety property is proved",
    ExitCode.UNKNOWN: "not everything is proved",
    ExitCode.VACUOUS: "it is proved, but for lack of a world where it could fail",
}


def render_proof(outcome: ProofOutcome, page: Page, about: About) -> str:
    """The whole report."""
    blocks = [
        _head(outcome, page, about),
        [*_lines(outcome, page), *_limits(outcome, page)],
        _class(outcome, page),
        _lemmas(outcome.strengthening, page),
    ]
    if not about.quiet:
        for proof in outcome.proofs:
            if proof.said is Said.FAILS and proof.found is not None:
                blocks.append(_failure(proof.found, page, about))
            elif proof.cti is not None:
                blocks.append(_gap(proof, proof.cti, outcome, page))
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return f"{text}\n\n{_exit_line(outcome, page)}\n"


def _exit_line(outcome: ProofOutcome, page: Page) -> str:
    code = outcome.exit_code()
    if code not in _MEANINGS:
        return exit_line(code, page)
    words = _MEANINGS[code]
    if code is ExitCode.OK and any(p.said is Said.NOT_ATTEMPTED for p in outcome.proofs):
        words += "; liveness was not attempted"
    return page.paint("dim", f"exit {int(code)}: {words}")


def _head(outcome: ProofOutcome, page: Page, about: About) -> list[str]:
    word = _WORDS.get(outcome.exit_code(), "UNKNOWN")
    style = {"PROVED": "good", "FAILS": "bad"}.get(word, "doubt")
    model = outcome.model.name + (f" ({printable(about.variant)})" if about.variant else "")
    settings = [f"{n}={printable(v)}" for n, v in outcome.constants]
    settings += [f"{n}={size}" for n, size in outcome.scopes]
    settings += [f"capacity of {n}={size}" for n, size in outcome.capacities]
    head, *rest = hang(f"{word}  {model}   ", settings, page, gap="  ")
    gap = " · " if page.unicode else ", "
    tried = f"{outcome.k}-induction" if outcome.k > 1 else "induction"
    asked = [
        *([tried] if outcome.k else []),
        f"every run of up to {plural(outcome.depth, 'step')}",
        f"{outcome.seconds:.2f} s",
        f"{outcome.solver}, seed {outcome.seed}, at most {outcome.timeout_s:g} s a query",
    ]
    painted = page.paint(style, word) + head[len(word) :]
    dim = [page.paint("dim", line) for line in hang("", asked, page, gap=gap, inset=0)]
    return [painted, *rest, *dim]


def _lines(outcome: ProofOutcome, page: Page) -> list[str]:
    ordered = sorted(outcome.proofs, key=lambda p: (p.kind == "witness", _RANKS.index(p.said)))
    words = max(len(p.said.value) for p in ordered)
    names = min(max(width_of(p.name) for p in ordered), page.width // 2)
    kinds = max(len(p.kind) for p in ordered)
    lines: list[str] = []
    for proof in ordered:
        word = proof.said.value
        prefix = f"  {word:<{words}}  {proof.name:<{names}}  {proof.kind:<{kinds}}  "
        first, *rest = hang(prefix, [printable(_remark(proof))], page)
        painted = page.paint(_STYLES.get(proof.said, "doubt"), word)
        lines += [f"  {painted}{first[2 + len(word) :]}".rstrip(), *rest]
    return lines


def _remark(proof: Proof) -> str:
    found = proof.found
    if found is not None and found.steps is not None:
        return f"after {plural(found.steps, 'step')}" if found.steps else "at the start"
    if proof.said is Said.UNKNOWN and proof.how:
        return f"{proof.how}, with the proviso below"
    shown = ", ".join(f"{name} = {value}" for name, value in proof.args)
    said = proof.how if proof.said in (Said.PROVED, Said.UNREACHABLE) else proof.reason
    return f"{said} ({shown})" if shown else said


def _limits(outcome: ProofOutcome, page: Page) -> list[str]:
    lines: list[str] = []
    if any(p.said is Said.UNKNOWN and p.how for p in outcome.proofs):
        doubts = [_doubt(p) for p in outcome.proofs if p.kind in _OF_STEPS and not p.how]
        first, *rest = labelled("proviso", [f"{' and '.join(doubts)}: not proved"], page)
        lines += [first.replace("proviso", page.paint("doubt", "proviso"), 1), *rest]
    for limit in outcome.limits:
        first, *rest = labelled("limit", [printable(limit)], page)
        lines += [first.replace("limit", page.paint("doubt", "limit"), 1), *rest]
    return ["", *lines] if lines else []


# The kinds of what ends a step; nothing is proved of what would come behind it.
_OF_STEPS = ("step-error", "capacity", "limit", "fresh", "unfit")


def _doubt(proof: Proof) -> str:
    return "no step fails" if proof.kind == "step-error" else f"no step exceeds the {proof.name}"


def _class(outcome: ProofOutcome, page: Page) -> list[str]:
    """What PROVED is true for; nothing without it may be quoted."""
    if not any(p.said is Said.PROVED for p in outcome.proofs):
        return []
    sizes = ", ".join(f"{name}={size}" for name, size in outcome.scopes)
    parts = [f"of all runs, however long, for {sizes}" if sizes else "of all runs, however long"]
    parts += [f"capacity of {name}={size}" for name, size in outcome.capacities]
    bounded = [f"{most} {name}" for name, most in outcome.budgets if most is not None]
    parts += [f"at most {', '.join(bounded)}"] if bounded else []
    parts += [f"any number of {name}" for name, most in outcome.budgets if most is None]
    parts += [f"without {name}" for name in outcome.off]
    return hang("PROVED means ", parts, page, gap="; ", inset=0)


# ── What fails ───────────────────────────────────────────────────────────────────────────────────


def _failure(result: PropertyResult, page: Page, about: About) -> list[str]:
    steps = f" after {plural(result.steps, 'step')}" if result.steps else " at the start"
    mark = f"{result.name} is false" if result.kind in ("invariant", "at-rest") else ""
    lines = [page.paint("bad", f"{result.name} fails{steps}"), *told(result, page), ""]
    if result.trace is not None:
        lines += [*trace_table(result.trace, page, mark=mark), ""]
    saved = about.saved.get(result.name)
    return [
        *lines,
        f"  replay    checker show {saved}" if saved else f"  again     {about.command}",
    ]


# ── What blocks a proof ──────────────────────────────────────────────────────────────────────────


def _gap(proof: Proof, cti: Cti, outcome: ProofOutcome, page: Page) -> list[str]:
    """The state, the step, and the conjunct that the step does not preserve."""
    word = f"{outcome.k}-inductive" if len(cti.states) > 1 else "inductive"
    head = page.paint("doubt", f"{proof.name} is not {word}: {cti.step.rule} does not preserve it")
    trace = _trace(cti)
    result = PropertyResult(
        proof.name,
        proof.kind,
        Verdict.UNKNOWN,
        args=cti.args,
        trace=trace,
        blame=cti.blame,
        span=proof.span,
    )
    lines = [head, *told(result, page)]
    lines += labelled("assumed", [", ".join(cti.assumed)] if cti.assumed else [], page)
    table = trace_table(trace, page, start="in some state", first=_difference(cti, page))
    note = (
        "nothing says that this state can be reached; if it cannot, an invariant that excludes it"
    )
    if outcome.strengthening is None:
        note += " completes the proof (--strengthen looks for one)"
    else:
        note += " completes the proof, and strengthening did not find one"
    return [*lines, "", *table, "", *labelled("note", [note], page)]


def _trace(cti: Cti) -> Trace:
    program = Program(cti.model)
    steps = [edge(program, a, b) for a, b in pairwise(cti.states)]
    return Trace(cti.model, cti.states[0], (*steps, cti.step))


def _difference(cti: Cti, page: Page) -> Sequence[str]:
    """How the state differs from the field defaults, counters of faults included."""
    state, model = cti.states[0], cti.model
    phrases = changes(model, cti.defaults, state, page)
    phrases += [
        f"{var.name} = {show(value, var.type)}"
        for var, value, first in zip(model.vars, state, cti.defaults, strict=True)
        if var.is_counter and value != first
    ]
    return ["like the first, but", *phrases] if phrases else ["as the fields begin"]


# ── Strengthening ────────────────────────────────────────────────────────────────────────────────


def _lemmas(found: Strengthening | None, page: Page) -> list[str]:
    if found is None:
        return []
    sizes = ", ".join(f"{name}={size}" for name, size in found.scopes)
    where = f" for {sizes}" if sizes else ""
    told_ = (
        f"strengthening: {plural(found.tried, 'candidate')} hold in "
        f"{'all' if found.complete else 'the first'} "
        f"{plural(found.states, 'state')}{where}; {found.inductive:,} of them are inductive "
        f"together; {len(found.lemmas):,} are needed"
    )
    if found.states and not found.tried:
        told_ = "strengthening: there are too many conditions to try clauses of them"
    if found.problem:
        told_ = f"{told_}; {found.problem}" if found.states else f"strengthening: {found.problem}"
    lines = hang("", [told_], page, inset=0)
    for part in found.parts:
        lines += hang("", [_parts(part)], page, inset=0)
    pasted = [lemma for lemma in found.lemmas if lemma.can_be_pasted]
    others = [lemma for lemma in found.lemmas if not lemma.can_be_pasted]
    if pasted:
        said = "To be pasted into the model, which then needs no search for them:"
        lines += hang("", [said], page, inset=0)
    for lemma in pasted:
        lines += ["", *_method(lemma)]
    if others:
        said = (
            "These speak of the number of faults or of a process's memory, which no property can "
            "read; they are found again each time:"
        )
        lines += ["", *hang("", [said], page, inset=0)]
    for lemma in others:
        lines += ["", *_method(lemma)]
    return lines


def _parts(part: PartsProved) -> str:
    """What a lemma says that is too long to be printed."""
    of = f"to {' and '.join(f'any {sort}' for sort in part.sorts)}" if part.sorts else "to no id"
    more = part.count - part.seen
    return (
        f"proved with them, and too long to be printed: what belongs {of} is one of "
        f"{part.count:,} parts of states, {part.seen:,} of them seen there or the same with more "
        f"faults{f', {more:,} made of those by steps' if more else ''}"
    )


def _method(lemma: Lemma) -> list[str]:
    # Not wrapped: it is there to be pasted.
    return [f"    {line}".rstrip() for line in lemma.text.splitlines()]
