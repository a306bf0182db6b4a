"""One model held against one twin: the runs of TLC that it takes, and the verdicts on both sides.

Owns which properties share a run. TLC names a violated invariant, but not a violated temporal
property, so those that are expected to fail run alone; liveness runs with one worker, because TLC
has skipped it with several. Where the model has step errors or cuts, TLC sees a unit as disabled
that we see as enabled: its FAILS of a liveness property may then be our UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .. import ir
from ..backends.python import Program
from ..backends.tla import Printed, print_module
from ..errors import UsageError
from ..explore.limits import Limits
from ..explore.outcome import Outcome, Verdict
from ..explore.search import explore
from .compare import Difference, graph_differences
from .sides import PROBE, Side, model_side, probe_module, spec_side
from .tlc import TlcRun, Tools, run_tlc

__all__ = ["Spec", "Twin", "compare", "kept_rules", "may_stand_still", "needs_flip", "read_spec"]


@dataclass(frozen=True)
class Spec:
    """The module that TLC runs: ours, or one that a user keeps, with those beside it."""

    module: str
    text: str
    files: Mapping[str, str]
    ours: bool


@dataclass
class Twin:
    """What was compared. Numbers are of states without the flip bit; depth counts steps."""

    model: ir.Model
    spec: Spec
    outcome: Outcome
    flip: bool
    mode: str  # "graph" or "counts"
    ours: Side
    theirs: Side | None = None
    tlc: TlcRun | None = None
    verdicts: list[tuple[str, str, Verdict, str]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def equal(self) -> bool:
        return not self.differences


def needs_flip(model: ir.Model, side: Side) -> bool:
    """Does a fair step change nothing somewhere? `WF_vars` would not count it as taken."""
    return side.fair_self_loop and any(p.kind.is_liveness for p in model.props)


def kept_rules(source: ir.Model, model: ir.Model) -> ir.Model:
    """The model before `bind`, without the faults that this run has switched off."""
    kept = {rule.name for rule in model.rules}
    return replace(source, rules=tuple(rule for rule in source.rules if rule.name in kept))


def printed_spec(printed: Printed) -> Spec:
    file = f"{printed.module}.tla"
    return Spec(printed.module, printed.text, {file: printed.text}, True)


def compare(
    source: ir.Model,
    model: ir.Model,
    tools: Tools,
    spec: Spec | None = None,
    *,
    states_max: int = 50_000,
    seconds_max: float = 600.0,
) -> Twin:
    """`source` is the model before `bind`, `model` the one of this run. Raises: UsageError."""
    program = Program(model)
    ours = model_side(program, states_max=states_max)
    outcome = explore(program, limits=Limits(seconds_max=seconds_max))
    flip = needs_flip(model, ours) or (ours.capped and may_stand_still(model))
    printed = print_module(source, values=model, flip=flip)
    given = spec or printed_spec(printed)
    twin = Twin(model, given, outcome, "flip" in _variables(given.text), "graph", ours)
    run = _Runs(twin, printed, tools, seconds_max)
    if ours.capped:
        twin.mode = "counts"
        run.counts()
    else:
        run.graph()
    return twin


def _variables(text: str) -> set[str]:
    found = re.search(r"^VARIABLES?\b(.*?)^\S*\w+.*==", text + "\nX ==", re.M | re.S)
    body = re.sub(r"\\\*.*", "", found[1]) if found else ""
    return set(re.findall(r"\w+", body))


def may_stand_still(model: ir.Model) -> bool:
    """Is there anything that a fair step without a change could matter to?"""
    live = any(p.kind.is_liveness for p in model.props)
    return live and any(rule.unit is not None for rule in model.rules)


@dataclass
class _Runs:
    twin: Twin
    printed: Printed
    tools: Tools
    seconds_max: float

    def cfg(self, *, invariants: Sequence[str] = (), properties: Sequence[str] = ()) -> str:
        """The constants of this run, and these things to check."""
        head = self.printed.cfg.split("\nINVARIANTS")[0]
        if not re.search(r"\bNone\b", re.sub(r"\\\*.*", "", self.twin.spec.text)):
            head = head.replace("    None = None\n", "")
        if head.rstrip().endswith("CONSTANTS"):
            head = head.rstrip().removesuffix("CONSTANTS")
        lines = [head.rstrip()]
        lines += [f"INVARIANT {name}" for name in invariants]
        lines += [f"PROPERTY {name}" for name in properties]
        return "\n".join(lines) + "\n"

    def run(self, module: str, files: Mapping[str, str], cfg: str, *, dump: bool = False) -> TlcRun:
        done = run_tlc(self.tools, files, module, cfg, dump=dump, seconds_max=self.seconds_max)
        self.twin.seconds += done.seconds
        return done

    # ── With the whole graph ──

    def graph(self) -> None:
        twin, spec, model = self.twin, self.twin.spec, self.twin.model
        probe = probe_module(self.printed, model, spec.module, spec.text)
        files = {**spec.files, f"{PROBE}.tla": probe}
        live = [p for p in model.props if p.kind.is_liveness]
        known = {p.name: p.verdict for p in twin.outcome.properties}
        together = [p for p in live if known[p.name] is not Verdict.FAILS]
        # One that fails shares the first run, because a run is a second or two.
        alone = [p for p in live if p not in together]
        first = together or alone[:1]
        names = [self.printed.names[p.name] for p in first]
        cfg = self.cfg(invariants=[f"{PROBE}Says"], properties=names)
        done = self.run(PROBE, files, cfg, dump=True)
        twin.tlc = done
        twin.theirs = spec_side(self.printed, model, spec.text, done.dump, done.output)
        broken = self.temporal(live, first, done)
        twin.differences += graph_differences(model, twin.ours, twin.theirs)
        self.judge(broken)
        self.numbers()

    def temporal(
        self, live: Sequence[ir.Prop], first: Sequence[ir.Prop], done: TlcRun
    ) -> dict[str, bool]:
        """Of each liveness property: did TLC find it violated?"""
        found = {p.name: False for p in first}
        if done.temporal and len(first) == 1:
            found[first[0].name] = True
        for prop in live:
            if prop in first and not (done.temporal and len(first) > 1):
                continue
            cfg = self.cfg(properties=[self.printed.names[prop.name]])
            spec = self.twin.spec
            found[prop.name] = self.run(spec.module, spec.files, cfg).temporal
        return found

    def judge(self, broken: Mapping[str, bool]) -> None:
        """The verdict that the twin gives to each property, and whether it is ours."""
        twin, theirs = self.twin, self.twin.theirs
        assert theirs is not None
        error = theirs.fails_at_start or self.anywhere("StepError")
        doubt = error or theirs.cut_at_start or self.anywhere("Cut")
        for result in twin.outcome.properties:
            if result.name == "no_step_error":
                fails = error
            elif result.name in broken:
                fails = broken[result.name]
            else:
                fails = self.fails(twin.model.prop(result.name))
            verdict = Verdict.FAILS if fails else Verdict.UNKNOWN if doubt else Verdict.HOLDS
            if result.kind == "witness":
                verdict = self.seen(twin.model.prop(result.name), doubt)
            same = verdict is result.verdict
            if result.kind == "liveness" and doubt:
                same = result.verdict is not Verdict.FAILS or verdict is Verdict.FAILS
            self.verdict(result.name, result.kind, result.verdict, verdict, same)

    def verdict(self, name: str, kind: str, mine: Verdict, other: Verdict, same: bool) -> None:
        self.twin.verdicts.append((name, kind, mine, other.value))
        if not same:
            words = (mine.value, other.value)
            self.twin.differences.append(Difference("verdict", (), None, name, (), (), words))

    def anywhere(self, name: str) -> bool:
        assert self.twin.theirs is not None
        return any(facts.get(name) is True for facts in self.twin.theirs.facts.values())

    def fails(self, prop: ir.Prop) -> bool:
        assert self.twin.theirs is not None
        return any(facts.get(prop.name) is False for facts in self.twin.theirs.facts.values())

    def seen(self, prop: ir.Prop, doubt: bool) -> Verdict:
        """Seen for all values of its parameters; undefined anywhere, it fails."""
        assert self.twin.theirs is not None
        true: set[object] = set()
        for facts in self.twin.theirs.facts.values():
            if facts.get(f"{prop.name} is defined") is False:
                return Verdict.FAILS
            value = facts.get(prop.name)
            true |= value if isinstance(value, frozenset) else set()
        if len(true) == len(Program(self.twin.model).prop_args(prop)):
            return Verdict.HOLDS
        return Verdict.UNKNOWN if doubt else Verdict.FAILS

    def numbers(self) -> None:
        """Counts that follow from the graphs, except for `generated`, which is TLC's own."""
        twin, theirs = self.twin, self.twin.theirs
        assert theirs is not None and twin.tlc is not None
        pairs = [
            ("states", len(twin.ours.edges), len(theirs.edges)),
            ("edges", twin.ours.edge_count, theirs.edge_count),
        ]
        if not twin.flip:
            pairs.append(("generated", twin.ours.generated, twin.tlc.generated))
            pairs.append(("depth", twin.ours.depth(), max(twin.tlc.depth, 1) - 1))
        if twin.tlc.temporal:
            pairs = pairs[:3]  # TLC prints no depth after a violation
        self.count_differences(pairs)

    def count_differences(self, pairs: Sequence[tuple[str, int, int]]) -> None:
        for name, mine, other in pairs:
            if mine != other:
                words = (f"{mine:,}", f"{other:,}")
                self.twin.differences.append(Difference("count", (), None, name, (), (), words))

    # ── Beyond what a dump can hold ──

    def counts(self) -> None:
        """Counts, depth and verdicts, without the graph."""
        twin, spec, model = self.twin, self.twin.spec, self.twin.model
        done = twin.tlc = self.run(spec.module, spec.files, self.cfg())
        if not twin.flip:
            outcome = twin.outcome
            pairs = [("states", outcome.distinct, done.distinct)]
            pairs += [("generated", outcome.generated, done.generated)]
            self.count_differences([*pairs, ("depth", outcome.depth, done.depth - 1)])
        for result in twin.outcome.properties:
            if result.name == "no_step_error":
                continue
            prop, name = model.prop(result.name), self.printed.names[result.name]
            if prop.kind.is_liveness:
                fails = self.run(spec.module, spec.files, self.cfg(properties=[name])).temporal
            else:
                asked = f"never_{name}" if prop.kind is ir.PropKind.WITNESS else name
                found = self.run(spec.module, spec.files, self.cfg(invariants=[asked])).violated
                fails = bool(found) != (prop.kind is ir.PropKind.WITNESS)
            verdict = Verdict.FAILS if fails else Verdict.HOLDS
            same = verdict is result.verdict or result.verdict is Verdict.UNKNOWN
            self.verdict(result.name, result.kind, result.verdict, verdict, same)


def read_spec(path: str) -> Spec:
    """A spec from a file, with the modules beside it. Raises: UsageError."""
    from pathlib import Path

    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
        beside = {f.name: f.read_text(encoding="utf-8") for f in file.parent.glob("*.tla")}
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"cannot read {path}: {problem}") from problem
    found = re.search(r"-{4,}\s*MODULE\s+(\w+)", text)
    if found is None:
        raise UsageError(f"{path} is no TLA+ module")
    return Spec(found[1], text, {**beside, f"{found[1]}.tla": text}, False)
